"""Interleukin-6: released when T cells meet targets under a rising signal, falling as they adapt and as targets go."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value
from engager.model.power import power
from engager.model.t_cells import Engagement, all_targets, effectors


def cytokine_rates(
    y: Any, g: Engagement, presence: Value, dexamethasone: Value, drugs: Value, p: Any, xp: Any
) -> dict[str, Any]:
    """Production [pg/mL/day] and loss [1/day] of I6.

    dI6 = k6·(base6 + q6·Teff·hill(Gall, KQ, gK)·u^gQ·dex·drugs·hC − I6)

    with hill(x, K, g) = (x/K)^g/(1 + (x/K)^g).

    Two rivals for why release wanes on a steady dose can be taken out: where ``adapts`` is 0 the whole signal S stands
    in place of its unadapted part u, where ``depletes`` is 0 the targets before treatment, Gall0, in place of those
    that are left.

    ``presence`` is hC [1], the share that the concentration allows, ``drugs`` the factor by which other drugs change
    the release. ``dexamethasone`` is 1 on a day with premedication, else 0; then dex = dex_cytokine, else 1.
    """
    targets = xp.where(p.depletes > 0, all_targets(y, p), p.Gall0)
    signal = xp.where(p.adapts > 0, g.surprise, g.signal)
    damping = 1 - dexamethasone * (1 - p.dex_cytokine)
    release = (
        p.q6
        * effectors(y, p)
        * hill(targets, p.KQ, p.gK, xp)
        * power(signal, p.gQ, xp)
        * damping
        * drugs
        * presence
    )
    return {"I6": (p.k6 * (p.base6 + release), p.k6)}


def drug_presence(C: Value, p: Any, xp: Any) -> Value:
    """hC = hill(C, KCy, gC) [1]: share of the largest release of IL-6 that concentration C [µg/L] allows."""
    return hill(C, p.KCy, p.gC, xp)


def hill(x: Value, K: Value, g: Value, xp: Any) -> Value:
    """Share of the largest effect at x, with half of it at K [1]."""
    z = power(x / K, g, xp)
    return z / (1 + z)
