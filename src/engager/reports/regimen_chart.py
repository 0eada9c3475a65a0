"""A regimen as a chart: one lane per drug, weeks along the axis, cycles and phases above."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

from matplotlib.figure import Figure as Sheet

from engager.regimens import Premedicate, Regimen
from engager.reports import style
from engager.vocabulary import Quantity, drugs

SHEET_WIDTH = 11.0
"""Width of the chart [inch]."""

PER_LETTER = 0.08
"""Room that a letter of a label takes [inch]."""

LINE = 0.25
"""Height of a line of the phases' names; a lane has height 1."""

LINES, MOST_LINES = 2, 8
"""Lines above the brackets that there is always room for, and the most that are made where names crowd."""

LANE_HEIGHT = 0.62
"""Height of a lane on paper [inch]."""

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
    """A drug with what is given of it; ``by_rule`` are days on which only a rule gives it. ``often``: several times on
    a day, so that the numbers are a day's."""

    name: str
    unit: str
    size: float
    bars: list[Bar] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    by_rule: list[int] = field(default_factory=list)
    note: str = ""
    often: bool = False

    @property
    def label(self) -> str:
        unit = (
            self.unit if self.bars or self.unit == COURSE or not self.courses else f"{self.unit} {self._per}"
        )
        unit = unit if self.bars or self.courses else ""
        return "\n".join(part for part in (self.name, unit, self.note) if part)

    @property
    def _per(self) -> str:
        """What a number of the lane is for: a day of a drug that is taken day by day, else a dose."""
        days = sorted(day for course in self.courses for day in course.days)
        return "a day" if self.often or any(b - a == 1 for a, b in pairwise(days)) else "per dose"

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
    """What is given on which day, drug by drug, in the order of the plan; drugs that only rules give last. Infusion and
    doses of one drug have a lane each."""
    found: dict[tuple[str, bool], Lane] = {}
    days = regimen.days()
    often = {
        event.drug for cycle in regimen.cycles for event in cycle.doses if getattr(event, "times", 1) > 1
    }

    def lane(drug: str, amount: Quantity, infused: bool = False) -> Lane:
        made = Lane(drug, amount.unit.symbol, amount.unit.size, often=drug in often)
        return found.setdefault((drug, infused), made)

    for _, same in groupby(days, key=lambda d: (d.infused, d.infusion, d.cycle)):
        run = list(same)
        rate = run[0].infusion
        if rate is not None:
            made = lane(run[0].infused, rate, infused=True)
            made.bars.append(Bar(run[0].day - 1, run[-1].day, made.number(rate)))
    for _, cycle in groupby(days, key=lambda d: d.cycle):
        given: dict[tuple[str, Quantity], list[int]] = {}
        for day in cycle:
            for dose in day.doses:
                given.setdefault(dose, []).append(day.day - 1)
        for (drug, amount), on in given.items():
            made = lane(drug, amount)
            made.note = "subcutaneous" if drugs()[drug].subcutaneous_units else made.note
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
    weeks = regimen.length / DAYS
    names = _names(phases(regimen), AXIS_WIDTH / weeks)
    extra = LINE * max(max((name.line + len(name.text) for name in names), default=0) - LINES, 0)
    sheet = style.sheet(1.75 + LANE_HEIGHT * (len(rows) + 1 + extra), SHEET_WIDTH)
    sheet.set_facecolor(style.PAPER)
    axes = sheet.add_subplot()
    heights = {id(row): len(rows) - i for i, row in enumerate(rows)}
    for i, row in enumerate(rows):
        _lane(axes, row, heights[id(row)], style.ARMS[i % len(style.ARMS)], AXIS_WIDTH / weeks)
    seen = [day.day - 0.5 for day in regimen.days() if day.assess]
    if seen:
        axes.plot(_weeks(seen), [0.3] * len(seen), "D", color=style.INK, markersize=4.5, clip_on=False)
    for phase in phases(regimen):
        _phase(axes, phase, len(rows) + 1, extra, AXIS_WIDTH / weeks)
    for name in names:
        _name(axes, name, len(rows) + 1)
    axes.set_xlim(0, weeks)
    axes.set_ylim(-0.15, len(rows) + 1.75 + extra)
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


@dataclass(frozen=True)
class Name:
    """The name of a phase: its lines, its middle [week], and the line above the brackets that it stands on."""

    text: tuple[str, ...]
    middle: float
    line: int


def _names(found: list[Phase], inch: float) -> list[Name]:
    """The phases' names, whole: one that would lie on another stands above it; ``inch`` is the width of a week.

    Where all lines are taken (a plan of very many short phases) a name is left out.
    """
    names: list[Name] = []
    taken = [-math.inf] * MOST_LINES
    for phase in found:
        many = (
            f"{phase.label} ×\N{NO-BREAK SPACE}{len(phase.starts)}" if len(phase.starts) > 1 else phase.label
        )
        room = int((phase.end - phase.starts[0]) / DAYS * inch / PER_LETTER)
        width = max(room, *(len(word) for word in many.split(" ")), math.ceil(len(many) / LINES))
        text = tuple(textwrap.wrap(many, width, break_long_words=False, break_on_hyphens=False))
        middle = (phase.starts[0] + phase.end) / DAYS / 2
        half = max(map(len, text)) * PER_LETTER / inch / 2
        for line in range(MOST_LINES - len(text) + 1):
            lines = range(line, line + len(text))
            if all(taken[i] <= middle - half for i in lines):
                names.append(Name(text, middle, line))
                for i in lines:
                    taken[i] = middle + half
                break
    return names


def _name(axes: Any, name: Name, y: float) -> None:
    """A name over its bracket, with a thread to it where it stands above others."""
    bottom = y + 0.36 + LINE * name.line
    if name.line:
        axes.plot([name.middle] * 2, [y + 0.3, bottom], color=style.FAINT, linewidth=0.8, zorder=0)
    text = "\n".join(name.text)
    axes.text(name.middle, bottom, text, ha="center", va="bottom", fontsize=9, linespacing=1.0)


def _phase(axes: Any, phase: Phase, y: float, extra: float, inch: float) -> None:
    """A bracket over the phase's cycles, each with its number; ``extra`` is the height added for names."""
    end = phase.end / DAYS
    starts = _weeks(list(phase.starts))
    for i, (left, right) in enumerate(zip(starts, [*starts[1:], end], strict=True)):
        number = phase.first + i
        if number % 2:
            axes.axvspan(left, right, ymax=(y + 0.3) / (y + 0.9 + extra), color="#f3f5f7", zorder=0)
        if (right - left) * inch >= PER_LETTER * len(str(number)):
            axes.text((left + right) / 2, y + 0.02, str(number), ha="center", fontsize=8.5, color=style.MUTED)
    gap = 0.04 / inch
    axes.plot([starts[0] + gap, end - gap], [y + 0.3, y + 0.3], color=style.INK, linewidth=1.6)
