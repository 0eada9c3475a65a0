"""The forest plot: each study of a synthesis with its interval, the pooled value, where a new study would lie."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from matplotlib.figure import Figure as Sheet
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from engager.documents import DocumentError
from engager.inference.poolable import Row
from engager.inference.pooling import Estimate, Pooled, Synthesis
from engager.reports import pooled_text as text
from engager.reports import style

LABELS, NUMBERS, EDGE = 1.62, 1.34, 0.1
"""Room for the names left of the axis, for the numbers right of it, and at the edges [inch]."""

LINE, HEAD, FOOT = 0.33, 0.42, 0.46
"""Height of a line of the plot, of a panel's title, and of its axis [inch]."""

LETTERS, WORDS = 62, 90
"""Letters of a reason beside the axis, and of a note below it."""

BEYOND = 2.5
"""How many times farther than the studies' own intervals an axis of months or ratios reaches at most."""


@dataclass(frozen=True)
class Line:
    """One line of the plot: what stands left and right of the axis, and what is drawn on it."""

    kind: Literal["study", "left", "group", "pooled", "prediction"]
    name: str
    under: str
    value: float | None
    lower: float | None
    upper: float | None
    weight: float = 0.0


def forest_svg(pooled: Pooled) -> str:
    """The plot as SVG text, the same on every call: a panel for each synthesis, a title, a description.

    Raises:
        DocumentError: no row of the endpoint can be pooled, so that there is nothing to draw.
    """
    if not pooled.syntheses:
        raise DocumentError(f"{pooled.symbol}: no row can be pooled, there is nothing to draw")
    title = f"{pooled.label}: {pooled.question}"
    with style.styled():
        return style.saved(draw(pooled), "forest", title, " ".join(_alt(s) for s in pooled.syntheses))


def _alt(s: Synthesis) -> str:
    rows = "; ".join(
        f"{row.study} {text.told(s.quantity, row.value, row.lower, row.upper)}" for row in s.rows
    )
    words = f"{text.title(s)}, {text.unit(s.quantity)}: {rows}."
    if s.pooled:
        words += f" Pooled {text.told(s.quantity, s.pooled.value, s.pooled.lower, s.pooled.upper)}."
    if s.pooled and s.pooled.prediction:
        words += f" A new study: {text.spread(s.quantity, s.pooled.prediction)}."
    return words


def draw(pooled: Pooled) -> Sheet:
    """The plot as a matplotlib figure."""
    panels = [(s, lines_of(s, pooled.left), _words(s)) for s in pooled.syntheses]
    title = textwrap.wrap(f"{pooled.label}: {pooled.question}", 56)
    heights = [HEAD + LINE * len(lines) + FOOT + 0.16 * len(words) for _, lines, words in panels]
    top = 0.18 + 0.19 * len(title)
    sheet = style.sheet(top + sum(heights) + EDGE, tight=False)
    sheet.set_facecolor(style.PAPER)
    whole = sheet.get_figheight()
    sheet.text(
        EDGE / style.WIDTH, 1 - 0.1 / whole, "\n".join(title), va="top", fontsize=11, fontweight="bold"
    )
    for (s, lines, words), height in zip(panels, heights, strict=True):
        width = style.WIDTH - LABELS - NUMBERS - 2 * EDGE
        bottom = whole - top - HEAD - LINE * len(lines)
        box = (LABELS + EDGE, bottom, width, LINE * len(lines))
        axes = sheet.add_axes((box[0] / style.WIDTH, box[1] / whole, box[2] / style.WIDTH, box[3] / whole))
        _panel(axes, s, lines, width)
        below = (bottom - FOOT) / whole
        sheet.text(EDGE / style.WIDTH, below, "\n".join(words), va="top", fontsize=7.5, color=style.MUTED)
        top += height
    return sheet


def lines_of(s: Synthesis, left: tuple[Row, ...]) -> list[Line]:
    """The lines of a panel from the top: studies (by group), the pooled value, then what was not pooled.

    Of the rows that were not pooled those of the same quantity and disease about a whole arm are drawn.
    """
    ends = dict(zip(accumulate(group.k for group in s.groups), s.groups, strict=True))
    made = []
    for i, (row, weight) in enumerate(zip(s.rows, s.weights, strict=True), start=1):
        made.append(_study(row, weight if s.pooled else 1.0, _under(row)))
        if group := ends.get(i):
            made.append(_estimate("group", group.name, group))
    if s.pooled:
        made.append(_estimate("pooled", "pooled", s.pooled))
        if s.pooled.prediction:
            low, high = s.pooled.prediction
            made.append(Line("prediction", "new study", "95 % prediction", None, low, high))
    for row in left:
        if (
            row.quantity == s.quantity
            and s.setting in ("", row.setting)
            and row.value is not None
            and not row.result.subgroup
        ):
            made.append(_study(row, 0.0, f"{row.arm}: {row.reason}"))
    return made


def _under(row: Row) -> str:
    counted = text.counts(row)
    return ", ".join(
        part for part in (row.result.population, counted if "/" in counted else f"N {counted}") if part
    )


def _study(row: Row, weight: float, under: str) -> Line:
    return Line("left" if row.reason else "study", row.study, under, row.value, row.lower, row.upper, weight)


def _estimate(kind: Literal["group", "pooled"], name: str, e: Estimate) -> Line:
    return Line(kind, name, "1 row" if e.k == 1 else f"{e.k} rows", e.value, e.lower, e.upper)


def _words(s: Synthesis) -> list[str]:
    """What is written under a panel."""
    told = [text.heterogeneity(s), f"groups differ: {text.tested(s)}" if s.difference else "", *s.notes]
    return [line for part in told if part for line in textwrap.wrap(part, WORDS)]


def _panel(axes: Any, s: Synthesis, lines: list[Line], width: float) -> None:
    """One synthesis: an axis of ``width`` [inch] with a line for each of ``lines``."""
    factor = 100.0 if text.is_share(s.quantity) else 1.0
    low, high = _limits(s, lines)
    if factor == 1.0:
        axes.set_xscale("log")
    axes.set_xlim(low * factor, high * factor)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    _ticks(axes, s.quantity)
    if s.pooled:  # the line ends where the rows begin that were not pooled: it would cross their reasons
        last = max(y for y, line in enumerate(lines) if line.kind != "left")
        at = s.pooled.value * factor
        axes.plot(
            [at, at], [-0.5, last + 0.3], color=style.MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1
        )
    if s.quantity == "hazard ratio":
        axes.axvline(1.0, color=style.INK, linewidth=0.7, zorder=1)
    heaviest = max((line.weight for line in lines), default=1.0) or 1.0
    for y, line in enumerate(lines):
        _mark(axes, line, y, factor, (low, high), line.weight / heaviest)
        _labels(axes, s, line, y, width)
    axes.set_xlabel(text.unit(s.quantity))
    axes.text(
        -LABELS / width,
        -0.8,
        text.title(s),
        transform=axes.get_yaxis_transform(),
        fontsize=9.5,
        fontweight="bold",
    )
    told = "95 % interval" + (", weight" if s.pooled else "")
    axes.text(
        1 + NUMBERS / width, -0.8, told, transform=axes.get_yaxis_transform(), ha="right", fontsize=8,
        color=style.MUTED,
    )  # fmt: skip


def _limits(s: Synthesis, lines: list[Line]) -> tuple[float, float]:
    """Ends of the axis. A share's begins at 0; months and ratios reach as far as is needed, within BEYOND."""
    ends = [x for line in lines for x in (line.lower, line.value, line.upper) if x is not None]
    if text.is_share(s.quantity):
        return 0.0, min(1.0, math.ceil(max(ends) * 10.5) / 10)
    own = [
        x
        for line in lines
        if line.kind in ("study", "left")
        for x in (line.lower, line.value, line.upper)
        if x
    ]
    low, high = max(min(ends), min(own) / BEYOND), min(max(ends), max(own) * BEYOND)
    return low / 1.15, high * 1.15


def _ticks(axes: Any, quantity: str) -> None:
    if text.is_share(quantity):
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", which="minor", length=0)
    axes.grid(axis="x")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _mark(axes: Any, line: Line, y: float, factor: float, ends: tuple[float, float], size: float) -> None:
    """The line's mark: a square with its interval, a diamond, or a bar; an arrow where it leaves the axis."""
    grey = line.kind == "left"
    colour = {"left": style.FAINT, "study": style.INK}.get(line.kind, style.ARMS[0])
    up = y - 0.18
    if line.lower is not None and line.upper is not None:
        left, right = max(line.lower, ends[0]) * factor, min(line.upper, ends[1]) * factor
        if line.kind in ("group", "pooled") and line.value is not None:
            middle = line.value * factor
            filled = colour if line.kind == "pooled" else "none"
            corners = [(left, up), (middle, up - 0.2), (right, up), (middle, up + 0.2)]
            axes.fill(
                *zip(*corners, strict=True), facecolor=filled, edgecolor=colour, linewidth=1.2, zorder=3
            )
        else:
            thick = 5.0 if line.kind == "prediction" else 1.3
            axes.plot([left, right], [up, up], color=colour, linewidth=thick, zorder=2)
        for out, at, sign in ((line.lower < ends[0], left, "<"), (line.upper > ends[1], right, ">")):
            if out:
                axes.plot([at], [up], sign, color=colour, markersize=5, clip_on=False, zorder=4)
    if line.kind in ("study", "left") and line.value is not None:
        side = 4.0 if grey else 3.0 + 5.0 * math.sqrt(size)
        face = style.PAPER if grey else style.ARMS[0]
        axes.plot(
            [line.value * factor], [up], "s", markersize=side, markerfacecolor=face, clip_on=False,
            markeredgecolor=style.MUTED if grey else face, zorder=3,
        )  # fmt: skip


def _labels(axes: Any, s: Synthesis, line: Line, y: float, width: float) -> None:
    """The name left of the axis, the numbers right of it, each with a smaller line below."""
    at = axes.get_yaxis_transform()
    left, right = -LABELS / width, 1 + NUMBERS / width
    colour = style.MUTED if line.kind == "left" else style.INK
    weight = "bold" if line.kind in ("pooled", "group") else "normal"
    numbers = text.told(s.quantity, line.value, line.lower, line.upper)
    room = LETTERS if line.kind == "left" else 26
    under = textwrap.shorten(line.under, room, placeholder=" …")
    small = {"fontsize": 7.5, "color": style.MUTED, "va": "center", "transform": at, "zorder": 5}
    main = {"fontsize": 8.5, "color": colour, "va": "center", "transform": at, "fontweight": weight}
    axes.text(left, y - 0.18, line.name, **main)
    axes.text(left, y + 0.2, under, **small)
    axes.text(right, y - 0.18, numbers, ha="right", **main)
    if line.kind == "study" and s.pooled:
        axes.text(right, y + 0.2, f"{100 * line.weight:.0f} %", ha="right", **small)
