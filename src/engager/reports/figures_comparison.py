"""Published against simulated, one line per printed fact."""

from __future__ import annotations

import textwrap
from typing import Any

import polars as pl
from matplotlib.lines import Line2D

from engager.evidence import Result
from engager.inference import Interval, Summary
from engager.inference.random_effects import exact
from engager.reports.facts import SCORED, Fact, merged
from engager.reports.replicates import enough
from engager.reports.style import (
    INK,
    PAPER,
    ROLES,
    WIDTH,
    Figure,
    beside,
    legend,
    legend_height,
    saved,
    sheet,
)
from engager.trials import Trial

PANELS = (
    ("shares of patients", "%", ("proportion", "rate_at"), 100.0),
    ("medians", "months", ("median",), 1.0),
    ("hazard ratios", "hazard ratio", ("hazard_ratio",), 1.0),
)
"""Title, axis label, statistics, factor of each panel."""

MARKERS = {"predicted": "o", "calibrated": "s", "informed": "^"}

ROW, LINE, HEAD = 0.24, 0.11, 0.72
"""Height of a row, of each further line of its label, and of a panel's title and axis [inch]."""

LETTERS = 37
"""Longest line of a label: as much as half of the figure holds."""


def comparison(s: Summary) -> Figure | None:
    """Simulated median and interval with the published value, by role, in panels by kind of number."""
    facts = [
        f for f in merged(s.published) if f.role in SCORED and f.simulated and f.result.value is not None
    ]
    seen = list(dict.fromkeys((f.role, f.result.endpoint, f.result.arm) for f in facts))
    facts.sort(key=lambda f: (SCORED.index(f.role), seen.index((f.role, f.result.endpoint, f.result.arm))))
    panels = [(p, [f for f in facts if f.result.statistic in p[2]]) for p in PANELS]
    panels = [(p, rows) for p, rows in panels if rows]
    if not panels:
        return None
    texts = {id(f): textwrap.wrap(_label(f, s.trial), LETTERS) for _, rows in panels for f in rows}
    row = ROW + LINE * (max(map(len, texts.values())) - 1)
    heights = [HEAD + row * len(rows) for _, rows in panels]
    roles = [r for r in SCORED if any(f.role == r for f in facts)]
    handles = [
        Line2D([], [], color=ROLES[r], marker=MARKERS[r], ms=5, lw=2.2, label=f"simulated, {r}")
        for r in roles
    ]
    handles.append(Line2D([], [], color=INK, marker="D", ms=5, mfc=PAPER, mew=1.1, lw=0.9, label="published"))
    above = legend_height(handles)
    total = sum(heights) + above
    drawn = sheet(total, tight=False)
    legend(drawn, handles)
    longest = max(len(line) for lines in texts.values() for line in lines)
    left = min(0.5, (0.066 * longest + 0.15) / WIDTH)
    top = total - above
    data: list[dict[str, Any]] = []
    for ((title, unit, _, factor), rows), height in zip(panels, heights, strict=True):
        axes = drawn.add_axes(
            (left, (top - height + 0.48) / total, 0.97 - left, (height - HEAD) / total)
        )  # fmt: skip
        top -= height
        axes.set_title(title, fontsize=9.5)
        pairs = {f.result.arm for f in rows}
        one = unit == "hazard ratio" and len(pairs) == 1
        axes.set_xlabel(f"{unit}, {pairs.pop()}" if one else unit, labelpad=1)
        for y, f in enumerate(rows):
            data.append(_mark(axes, f, y, factor) | {"panel": title, "unit": unit})
        axes.set_yticks([])
        for y, f in enumerate(rows):
            beside(axes, texts[id(f)], y, 3.5, 9)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="x")
        _limits(axes, unit, data)
    title = "Published against simulated"
    alt = " ".join(f"{f.title}, {f.result.arm}: published {f.published}, simulated {f.span}." for f in facts)
    shown = (
        "Coloured: simulated median and 90 % interval over replicates; the interval shows what trials of this "
        f"size scatter by{'' if s.varied == 'point' else ', and what the parameters may be'}. "
        if enough(s.replicates)
        else "Coloured: simulated median (too few replicates for an interval). "
    )
    caption = (
        f"{shown}"
        "Open diamond: published value, with its own exact binomial 95 % interval where n and N are printed. "
        "Arrows: beyond follow-up. Calibrated facts were fitted; predicted ones were not."
    )
    svg, table = saved(drawn, "comparison", title, alt), pl.DataFrame(data, infer_schema_length=None)
    return Figure("comparison", "comparison", title, alt, caption, svg, table)


def _label(f: Fact, trial: Trial) -> str:
    if f.result.statistic == "hazard_ratio":
        return f.title.replace(", hazard ratio", "")
    single = len(trial.arms) == 1 or f.result.arm == "all"
    return f.title if single else f"{f.title}, {f.result.arm}"


def _mark(axes: Any, f: Fact, y: int, factor: float) -> dict[str, Any]:
    """Draw one line; returns what was drawn."""
    r, i = f.result, f.simulated
    assert i is not None and r.value is not None
    colour = ROLES[f.role]
    _interval(axes, i, y, factor, colour)
    axes.plot([factor * i.value], [y], marker=MARKERS[f.role], ms=5.5, color=colour, zorder=3)
    low, high = _exact(r)
    if low is not None and high is not None:
        axes.plot([factor * low, factor * high], [y + 0.26, y + 0.26], color=INK, lw=0.9, zorder=4)
    axes.plot([factor * r.value], [y + 0.26], marker="D", ms=4.8, mfc=PAPER, mec=INK, mew=1.1, zorder=5)
    return {
        "endpoint": r.endpoint, "statistic": r.statistic, "arm": r.arm, "subgroup": r.subgroup, "role": f.role,
        "published": factor * r.value, "published_lower": _times(factor, low), "published_upper": _times(factor, high),
        "simulated": factor * i.value, "simulated_lower": _times(factor, i.lower),
        "simulated_upper": _times(factor, i.upper), "covered": f.compared.covered, "sources": " ".join(f.sources),
    }  # fmt: skip


def _interval(axes: Any, i: Interval, y: int, factor: float, colour: str) -> None:
    if i.lower is None and i.upper is None:
        return
    low = i.value if i.lower is None else i.lower
    if i.upper is not None:
        axes.plot([factor * low, factor * i.upper], [y, y], color=colour, lw=2.4, zorder=2)
        return
    arrow = {"arrowstyle": "->", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0}
    ends = {"xycoords": ("axes fraction", "data"), "textcoords": "data"}
    axes.annotate("", (1.0, y), (factor * low, y), arrowprops=arrow, **ends)


def _exact(r: Result) -> tuple[float | None, float | None]:
    """The published share's own interval; None where its counts are not printed."""
    if r.statistic in ("proportion", "rate_at") and r.n is not None and r.N is not None:
        return exact(r.n, r.N)
    return None, None


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def _limits(axes: Any, unit: str, data: list[dict[str, Any]]) -> None:
    numbers = [k for k in data[0] if k.startswith(("published", "simulated"))]
    shown = [d[k] for d in data if d["unit"] == unit for k in numbers if d[k] is not None]
    if unit == "%":
        axes.set_xlim(-1, 101)
    elif unit == "hazard ratio":
        axes.axvline(1, color=INK, lw=0.8, ls=(0, (2, 2)))
        axes.set_xlim(min(0.4, *shown) - 0.05, max(1.1, *shown) + 0.05)
    else:
        axes.set_xlim(0, max(shown) * 1.12)
