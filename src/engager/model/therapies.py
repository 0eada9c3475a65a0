"""Drugs that act by their own mechanism beside the engager: chemotherapy, dexamethasone, transplant."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value


def chemotherapy_kill(A: Value, log_kill: Value, p: Any) -> Value:
    """kchem = kes·ln 10·LK·A [1/day]: one unit of A, decaying at kes, kills LK log10 in all.

    Args:
        A: active chemotherapy [1]; a cycle at full intensity adds 1.
        log_kill: log10 kill LK of the present cycle in this patient [1].
    """
    return p.kes * p.ln10 * log_kill * A


def chemotherapy_decay(A: Value, p: Any, dt: Value, xp: Any) -> Value:
    """Amount after ``dt`` [day]: A·exp(−kes·dt)."""
    return A * xp.exp(-p.kes * dt)


def t_cell_function(dexamethasone: Value, p: Any) -> Value:
    """E_T: T-cell function relative to no drug [1]; dex_T on a day with dexamethasone."""
    return 1 - dexamethasone * (1 - p.dex_T)


def transplant(y: Any, lkh: Value, p: Any) -> Any:
    """State after conditioning and graft: clones × 10^−lkh, sanctuary × 10^(−x_lkh·lkh), Am × A_hsct."""
    kept = 10.0**-lkh
    return y._replace(
        Ls=y.Ls * kept,
        Lr=y.Lr * kept,
        Ln=y.Ln * kept,
        Lb=y.Lb * kept,
        Lx=y.Lx * 10.0 ** (-p.x_lkh * lkh),
        Am=y.Am * p.A_hsct,
    )
