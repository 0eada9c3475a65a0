"""Numbers of a synthesis as people write them, for the terminal and for the forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engager.inference.poolable import Row
    from engager.inference.pooling import Estimate, Synthesis


def is_share(quantity: str) -> bool:
    """Whether the quantity is a share of patients, written in per cent."""
    return quantity == "share" or quantity.startswith("rate")


def title(s: Synthesis) -> str:
    """What a synthesis is called: its quantity and, where all rows are of one, the disease."""
    names = {"MRD": "residual disease", "mixed": "mixed disease"}
    return f"{s.quantity}, {names.get(s.setting, f'{s.setting} disease')}" if s.setting else s.quantity


def unit(quantity: str) -> str:
    """What an axis or a column with this quantity is called."""
    if is_share(quantity):
        return f"{'share' if quantity == 'share' else quantity} [%]"
    return "hazard ratio" if quantity == "hazard ratio" else "median [months]"


def number(quantity: str, value: float) -> str:
    """One value: per cent and months with one decimal, ratios with two; beyond a thousand a bound."""
    if value > 1000:
        return ">1000"
    return (
        f"{value:.2f}" if quantity == "hazard ratio" else f"{value * (100 if is_share(quantity) else 1):.1f}"
    )


def spread(quantity: str, ends: Sequence[float]) -> str:
    """An interval."""
    return "–".join(number(quantity, end) for end in ends)


def told(quantity: str, value: float | None, lower: float | None, upper: float | None) -> str:
    """A value with its interval, as far as they are there."""
    parts = [] if value is None else [number(quantity, value)]
    if lower is not None and upper is not None:
        parts.append(f"({spread(quantity, (lower, upper))})")
    return " ".join(parts)


def counts(row: Row) -> str:
    """n/N of a share, N of anything else, '' where nobody says it."""
    if row.N is None:
        return ""
    return str(row.N) if row.quantity != "share" else f"{'?' if row.n is None else row.n}/{row.N}"


def heterogeneity(s: Synthesis) -> str:
    """The variance between studies in words."""
    p = s.pooled
    if p is None or p.tau2 is None:
        return ""
    low, high = (None if x is None else f"{x:.3g}" for x in (p.tau2_lower, p.tau2_upper))
    words = f"τ² {p.tau2:.3g} ({low or 0} to {high or 'beyond the search'}) on the scale of {s.scale}"
    if s.inconsistency is not None:
        words += f"; I² {100 * s.inconsistency:.0f} %"
    if s.median_odds_ratio is not None:
        words += f"; median odds ratio {s.median_odds_ratio:.2g}"
    return words


def left_out(s: Synthesis) -> str:
    """The range of the pooled value when each row is left out in turn."""
    if not s.without:
        return ""
    least, most = (f(s.without, key=lambda e: e.value) for f in (min, max))
    if number(s.quantity, least.value) == number(s.quantity, most.value):
        return f"{number(s.quantity, least.value)} whichever is left out"
    return (
        f"{number(s.quantity, least.value)} (without {_study(least)}) to "
        f"{number(s.quantity, most.value)} (without {_study(most)})"
    )


def tested(s: Synthesis) -> str:
    """The test of a difference between groups."""
    d = s.difference
    if d is None:
        return ""
    p = "p < 0.001" if d.p < 0.001 else f"p = {d.p:.2g}"
    return f"likelihood ratio χ² = {d.statistic:.2f}, {d.df} df, {p}"


def _study(e: Estimate) -> str:
    return e.name.partition(",")[0]
