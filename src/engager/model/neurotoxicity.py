"""Neurologic events: a fast and a slow filter of concentration; hazard while the fast one runs ahead."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value


def neurologic_rates(y: Any, C: Value, p: Any, xp: Any) -> dict[str, Any]:
    """Production and loss [1/day] of the filters.

    dNf = kNf·(C/Cref − Nf)        dNs = (kNs if Nf > Ns else kNr)·(Nf − Ns)

    With kNr below kNs the slow filter forgets more slowly than it learns, so that a later cycle meets a patient
    who has got used to the drug.
    """
    adaptation = xp.where(y.Nf > y.Ns, p.kNs, p.kNr)
    return {"Nf": (p.kNf * C / p.Cref, p.kNf), "Ns": (adaptation * y.Nf, adaptation)}


def neurologic_hazard(y: Any, p: Any, xp: Any) -> Value:
    """Hazard of a neurologic event of grade ≥ 3: hne·max(0, Nf − wNs·Ns) [1/day].

    hne is the patient's own factor: h0ne times frailty and age.
    """
    return p.hne * xp.maximum(y.Nf - p.wNs * y.Ns, 0.0)
