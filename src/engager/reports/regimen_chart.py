"""A regimen as a chart: one lane per drug, weeks along the axis, cycles and phases above."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from matplotlib.figure import Figure as Sheet

from engager.regimens import Premedicate, Regimen
from engager.reports import style
from engager.vocabulary import Quantity

SHEET_WIDTH = 11.0
"""Width of the chart [inch]."""

PER_LETTER = 0.08
"""Room that a letter of a label takes [inch]."""

AXIS_WIDTH = 9.2
"""Room for all weeks beside the names of the lanes [inch], about."""

STEPS = (1, 2, 4, 6, 12, 26, 52, 104)
"""Distances of ticks that read well [week]."""

LOWEST_BAR = 0.35
"""Height of a bar for a rate of nearly nothing; the lane's highest rate has height 1."""

DAYS = 7

COURSE = "course"
"""Unit of drugs that are given in courses; a whole one needs no number."""


@dataclass(frozen=True)
class Bar:
    """A continuous infusion at one rate, from ``start`` to ``end`` [days from the start]."""

    start: int
    end: int
    rate: float


@dataclass(frozen=True)
class Course:
    """Single doses of one amount on neighbouring days of one cycle [days from the start]."""

    days: tuple[int, ...]
    text: str


@dataclass
class Lane:
    """A drug with what is given of it; ``by_rule`` are days on which only a rule gives it."""

    name: str
    unit: str
    size: float
    bars: list[Bar] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    by_rule: list[int] = field(default_factory=list)
    note: str = ""

    @property
    def label(self) -> str:
        unit = self.unit if self.bars or self.unit == COURSE else f"{self.unit} a day" if self.courses else ""
        return "\n".join(part for part in (self.name, unit, self.note) if part)

    def number(self, amount: Quantity) -> float:
        """The amount in the lane's unit."""
        return amount.canonical / self.size


@dataclass(frozen=True)
class Phase:
    """Cycles of the same name in a row, and where each begins [days from the start]."""

    label: str
    first: int
    starts: tuple[int, ...]
    end: int


def lanes(regimen: Regimen) -> list[Lane]:
    """What is given on which day, drug by drug, in the order of the plan; drugs that only rules give last."""
    found: dict[str, Lane] = {}
    days = regimen.days()

    def lane(drug: str, amount: Quantity) -> Lane:
        return found.setdefault(drug, Lane(drug, amount.unit.symbol, amount.unit.size))

    for _, same in groupby(days, key=lambda d: (d.infused, d.infusion, d.cycle)):
        run = list(same)
        rate = run[0].infusion
        if rate is not None:
            made = lane(run[0].infused, rate)
            made.bars.append(Bar(run[0].day - 1, run[-1].day, made.number(rate)))
    for _, cycle in groupby(days, key=lambda d: d.cycle):
        given: dict[tuple[str, Quantity], list[int]] = {}
        for day in cycle:
            for dose in day.doses:
                given.setdefault(dose, []).append(day.day - 1)
        for (drug, amount), on in given.items():
            made = lane(drug, amount)
            number = f"{made.number(amount):g}"
            text = "" if (number, made.unit) == ("1", COURSE) else number
            made.courses += [Course(run, text) for run in _neighbours(on)]
    for rule in regimen.rules:
        if isinstance(rule, Premedicate):
            made = lane(rule.drug, rule.amount)
            made.by_rule = [day - 1 for day in regimen.rises()]
            made.note = f"{rule.amount} at a rise"
    return list(found.values())


def _neighbours(days: list[int]) -> Iterator[tuple[int, ...]]:
    """Days not more than two days apart, together: they share one label."""
    run: list[int] = []
    for day in days:
        if run and day - run[-1] > 2:
            yield tuple(run)
            run = []
        run.append(day)
    if run:
        yield tuple(run)


def phases(regimen: Regimen) -> list[Phase]:
    """Runs of cycles that have the same label."""
    found, start, number = [], 0, 1
    for label, same in groupby(regimen.cycles, key=lambda cycle: cycle.label):
        starts, first = [], number
        for cycle in same:
            starts.append(start)
            start += cycle.length
            number += 1
        found.append(Phase(label, first, tuple(starts), start))
    return found


def regimen_svg(regimen: Regimen) -> str:
    """The chart as SVG text, the same on every call; text stays text, a title and description come with it."""
    drugs = ", ".join(regimen.drugs)
    alt = f"{len(regimen.cycles)} cycles over {regimen.length} days: {drugs}, week by week."
    with style.styled():
        return style.saved(draw(regimen), "regimen", regimen.name, alt)


def draw(regimen: Regimen) -> Sheet:
    """The chart as a matplotlib figure."""
    rows = lanes(regimen)
    sheet = style.sheet(1.75 + 0.62 * (len(rows) + 1), SHEET_WIDTH)
    sheet.set_facecolor(style.PAPER)
    axes = sheet.add_subplot()
    weeks = regimen.length / DAYS
    heights = {id(row): len(rows) - i for i, row in enumerate(rows)}
    for i, row in enumerate(rows):
        _lane(axes, row, heights[id(row)], style.ARMS[i % len(style.ARMS)], AXIS_WIDTH / weeks)
    seen = [day.day - 0.5 for day in regimen.days() if day.assess]
    if seen:
        axes.plot(_weeks(seen), [0.3] * len(seen), "D", color=style.INK, markersize=4.5, clip_on=False)
    for phase in phases(regimen):
        _phase(axes, phase, len(rows) + 1, AXIS_WIDTH / weeks)
    axes.set_xlim(0, weeks)
    axes.set_ylim(-0.15, len(rows) + 1.75)
    axes.set_yticks(
        [*(heights[id(row)] + 0.3 for row in rows), 0.3], [*(row.label for row in rows), "marrow"]
    )
    axes.tick_params(axis="y", length=0)
    step = next((s for s in STEPS if weeks / s <= 16), 2 * STEPS[-1])
    axes.set_xticks([i * step for i in range(int(weeks / step) + 1)])
    axes.set_xlabel(f"weeks from the start     ({_legend(rows)})")
    axes.spines["left"].set_visible(False)
    axes.set_title(regimen.name)
    return sheet


def _legend(rows: list[Lane]) -> str:
    """What the marks mean, for those that are there."""
    marks = {
        "bars: continuous infusion, height by rate": any(row.bars for row in rows),
        "lines: single doses": any(row.courses for row in rows),
        "hollow: given by a rule": any(row.by_rule for row in rows),
    }
    return "; ".join(text for text, there in marks.items() if there)


def _weeks(days: list[float]) -> list[float]:
    return [day / DAYS for day in days]


def _lane(axes: Any, lane: Lane, y: float, colour: str, inch: float) -> None:
    """One lane from ``y`` up; ``inch`` is the width of a week on paper."""
    axes.axhline(y, color=style.FAINT, linewidth=0.8)
    top = max((bar.rate for bar in lane.bars), default=1.0)
    for bar in lane.bars:
        height = 0.62 * (LOWEST_BAR + (1 - LOWEST_BAR) * bar.rate / top)
        left, width = bar.start / DAYS, (bar.end - bar.start) / DAYS
        shade = 0.45 + 0.55 * bar.rate / top
        axes.bar(
            left,
            height,
            width,
            y,
            align="edge",
            color=colour,
            alpha=shade,
            edgecolor=style.PAPER,
            linewidth=0.6,
        )
        text = f"{bar.rate:g}"
        fits = width * inch >= PER_LETTER * len(text)
        over = (
            {"va": "center", "color": style.PAPER}
            if fits and shade > 0.7
            else {"va": "bottom", "color": style.INK}
        )
        at = y + height / 2 if over["va"] == "center" else y + height + 0.02
        axes.text(left + width / 2, at, text, ha="center", fontsize=8.5, **over)
    reach = -math.inf
    for course in lane.courses:
        on = [(day + 0.5) / DAYS for day in course.days]
        axes.vlines(on, y, y + 0.45, color=colour, linewidth=1.8)
        middle, half = (on[0] + on[-1]) / 2, PER_LETTER * len(course.text) / inch / 2
        if middle - half > reach:  # a label that would lie on the one before is left out
            axes.text(middle, y + 0.5, course.text, ha="center", va="bottom", fontsize=8.5)
            reach = middle + half
    on = [(day + 0.5) / DAYS for day in lane.by_rule]
    axes.plot(
        on,
        [y + 0.2] * len(on),
        "v",
        markerfacecolor="none",
        markeredgecolor=colour,
        markersize=6,
        clip_on=False,
    )


def _phase(axes: Any, phase: Phase, y: float, inch: float) -> None:
    """A bracket with the phase's name over its cycles, each with its number."""
    end = phase.end / DAYS
    starts = _weeks(list(phase.starts))
    for i, (left, right) in enumerate(zip(starts, [*starts[1:], end], strict=True)):
        number = phase.first + i
        if number % 2:
            axes.axvspan(left, right, ymax=(y + 0.3) / (y + 0.9), color="#f3f5f7", zorder=0)
        if (right - left) * inch >= PER_LETTER * len(str(number)):
            axes.text((left + right) / 2, y + 0.02, str(number), ha="center", fontsize=8.5, color=style.MUTED)
    gap = 0.04 / inch
    axes.plot([starts[0] + gap, end - gap], [y + 0.3, y + 0.3], color=style.INK, linewidth=1.6)
    many = f"{phase.label} ×\N{NO-BREAK SPACE}{len(starts)}" if len(starts) > 1 else phase.label
    room = max(int((end - starts[0]) * inch / PER_LETTER), 1)
    # a word a little longer than the room still fits (letters differ in width); a much longer one is cut
    words = " ".join(word if len(word) <= 1.5 * room else f"{word[: room - 1]}…" for word in many.split(" "))
    lines = textwrap.wrap(words, room, max_lines=2, placeholder="…", break_long_words=False)
    text = "\n".join(lines) if room > 2 else ""
    axes.text((starts[0] + end) / 2, y + 0.36, text, ha="center", va="bottom", fontsize=9, linespacing=1.0)
