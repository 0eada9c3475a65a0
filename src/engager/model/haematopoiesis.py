"""Neutrophils and platelets: two transit chains under feedback, crowding, inflammation and chemotherapy."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value
from engager.model.power import power
from engager.model.target_cells import blast_share


def crowding(b: Value, p: Any, xp: Any) -> Value:
    """Room left for haematopoiesis at blast share b: cr = max(1 − min(b, 1), cr_floor)^hb [1]."""
    return power(xp.maximum(1 - xp.minimum(b, 1.0), p.cr_floor), p.hb, xp)


def myelosuppression(A: Value, given: Value, pomp: Value, occupancy: Value, p: Any, xp: Any) -> Value:
    """Edrug = max(given·Ech·A/(A + kA), E_pomp·pomp, E_ino·occupancy) [1]

    Args:
        A: active chemotherapy [1].
        given: 1 once any was given.
        pomp: level of POMP [1].
        occupancy: share of inotuzumab's largest effect [1].
    """
    least = xp.maximum(p.E_pomp * pomp, p.E_ino * occupancy)
    return xp.maximum(given * p.Ech * A / (A + p.kA), least)


def haematopoiesis_rates(y: Any, surprise: Value, Edrug: Value, p: Any, xp: Any) -> dict[str, Any]:
    """Production [10⁹/L/day] and loss [1/day] of Pn, Tn, N and Pp, Tt, Pl (Friberg's chain, shortened).

    dPn = kN·(N0·cr·(1 − ils·min(1, gils·u))·(1 − Edrug)·(N0/max(N, N_floor))^gN − Pn)
    dTn = kN·(Pn − Tn),  dN = kN·(Tn − N),  kN = 4/MTT_N; platelets alike with their own constants
    """
    room = crowding(blast_share(y, p), p, xp)
    drive = room * (1 - p.ils * xp.minimum(p.gils * surprise, 1.0)) * (1 - Edrug)
    feedback_N = power(p.N0 / xp.maximum(y.N, p.N_floor), p.gN, xp)
    feedback_P = power(p.P0 / xp.maximum(y.Pl, p.P_floor), p.gP, xp)
    return {
        "Pn": (p.kN * p.N0 * drive * feedback_N, p.kN),
        "Tn": (p.kN * y.Pn, p.kN),
        "N": (p.kN * y.Tn, p.kN),
        "Pp": (p.kP * p.P0 * drive * feedback_P, p.kP),
        "Tt": (p.kP * y.Pp, p.kP),
        "Pl": (p.kP * y.Tt, p.kP),
    }
