"""Interleukin-6: released when T cells meet targets under a rising signal, falling as they adapt."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value
from engager.model.t_cells import Engagement, all_targets, effectors


def cytokine_rates(
    y: Any, g: Engagement, C: Value, dexamethasone: Value, drugs: Value, p: Any
) -> dict[str, Any]:
    """Production [pg/mL/day] and loss [1/day] of I6.

    dI6 = k6·(base6 + q6·Teff·Gall/(Gall + KQ)·u^gQ·dex·drugs·C/(C + KCy) − I6)

    ``dexamethasone`` is 1 on a day with premedication, else 0; then dex = dex_cytokine, else 1. ``drugs`` is
    the factor by which other drugs change the release.
    """
    targets = all_targets(y, p)
    damping = 1 - dexamethasone * (1 - p.dex_cytokine)
    release = (
        p.q6
        * effectors(y, p)
        * targets
        / (targets + p.KQ)
        * g.surprise**p.gQ
        * damping
        * drugs
        * C
        / (C + p.KCy)
    )
    return {"I6": (p.k6 * (p.base6 + release), p.k6)}
