"""Treatments that act by their own mechanism beside the engager: what each does, in one function.

Which drug is given by which function, and at which level, is a table (``data/therapies.csv``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model.pharmacokinetics import Value
from engager.model.power import power


class Kill(NamedTuple):
    """Kill rates [1/day] by drugs other than the engager: of the sensitive and the CD19-negative clone, of the clone
    with little CD22, of the resistant clone (in Ph-positive disease the one with T315I), in the sanctuary, of normal
    B cells."""

    sensitive: Value
    low_cd22: Value
    resistant: Value
    sanctuary: Value
    b_cells: Value


def drug_kill(x: Any, kchem: Value, p: Any) -> Kill:
    """All kill of cells that no T cell has part in.

    ks = kchem + kPOMP·pomp + kINO + kDLI·donor + kTKI·tki
    kl22 = kchem + kPOMP·pomp + f22_low·kINO + kDLI·donor + kTKI·tki
    kr = kchem + kPOMP·pomp + kINO + kDLI·donor + kTKI_T315I·t315i
    ko = xchem·kchem + x_pomp·kPOMP·pomp + x_ino·kINO + x_dli·kDLI·donor + x_tki·kTKI·tki + kIT·intrathecal
    kB = Bchem·kchem + B_ino·kINO + kRTX·rituximab

    Of the sensitive clone, the one with little CD22, the resistant one; in the sanctuary, and of normal B cells;
    kTKI and kTKI_T315I are 0 in Ph-negative disease, kDLI (graft against leukaemia, whatever the blasts carry) in who
    has no graft.

    Args:
        x: exposure; its levels are relative to a usual dose [1].
        kchem: kill by chemotherapy [1/day].
    """
    kINO = inotuzumab_kill(x.inotuzumab, p)
    pomp, tki, dli = p.kPOMP * x.pomp, p.kTKI * x.tki, p.kDLI * x.donor
    common = kchem + pomp + kINO + dli
    return Kill(
        common + tki,
        common - (1 - p.f22_low) * kINO + tki,
        common + p.kTKI_T315I * x.t315i,
        p.xchem * kchem
        + p.x_pomp * pomp
        + p.x_ino * kINO
        + p.x_dli * dli
        + p.x_tki * tki
        + p.kIT * x.intrathecal,
        p.Bchem * kchem + p.B_ino * kINO + p.kRTX * x.rituximab,
    )


def occupancy22(c: Value, p: Any) -> Value:
    """o22 = c/(EC22 + c) [1]: share of inotuzumab's largest effect at concentration c [mg/L]."""
    return c / (p.EC22 + c)


def inotuzumab_kill(c: Value, p: Any) -> Value:
    """kINO = Emax22·o22·f22 [1/day]; f22 is the sensitivity of the patient's blasts."""
    return p.Emax22 * occupancy22(c, p) * p.f22


def inotuzumab_decay(c: Value, p: Any, dt: Value, xp: Any) -> Value:
    """Concentration of inotuzumab [mg/L] after ``dt`` [day] without a dose: c·exp(−CLi/Vi·dt)."""
    return c * xp.exp(-p.CLi / p.Vi * dt)


def inotuzumab_exposure(c: Value, p: Any, dt: Value, xp: Any) -> Value:
    """Area under c over ``dt`` [mg·day/L]: c·Vi/CLi·(1 − exp(−CLi/Vi·dt))."""
    return c * p.Vi / p.CLi * (1 - xp.exp(-p.CLi / p.Vi * dt))


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


def t_cell_function(dexamethasone: Value, drugs: Value, p: Any) -> Value:
    """E_T: T-cell function relative to no drug [1]; dex_T on a day with dexamethasone, times that of other drugs."""
    return (1 - dexamethasone * (1 - p.dex_T)) * drugs


def transplant(y: Any, lkh: Value, p: Any, xp: Any) -> Any:
    """State after conditioning and graft: clones × 10^−lkh, sanctuary × 10^(−x_lkh·lkh), Am × A_hsct."""
    kept = power(10.0, -lkh, xp)
    return y._replace(
        Ls=y.Ls * kept,
        Lo=y.Lo * kept,
        Lr=y.Lr * kept,
        Ln=y.Ln * kept,
        Lb=y.Lb * kept,
        Lx=y.Lx * power(10.0, -p.x_lkh * lkh, xp),
        Am=y.Am * p.A_hsct,
        Rt=y.Rt * kept,
    )
