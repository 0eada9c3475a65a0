"""Curves over time: overall survival by arm, and what ends remissions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from engager.inference import Summary
from engager.outcomes import Curve, cumulative_incidence, kaplan_meier
from engager.reports.comparison_table import number
from engager.reports.facts import Fact, merged
from engager.reports.replicates import EXACT, HIGH, LOW, Floats, at_risk, enough, on_grid
from engager.reports.style import (
    INK,
    MUTED,
    PAPER,
    Figure,
    arm_colours,
    beside,
    legend,
    month_ticks,
    saved,
    sheet,
)
from engager.trials.times import CAUSE, CAUSES
from engager.vocabulary import quantity

MONTH = quantity("1 month").canonical

POINTS = 360
"""Most points of a curve's grid, which is of whole days."""

OBSERVED = 0.05
"""Curves end where fewer than this share of a group is still observed."""

NAME = 23
"""Longest line of an arm's name beside the numbers at risk, of two at most."""

NORMAL = 1.959964
"""Standard normal quantile of the 95 % interval."""


@dataclass(frozen=True)
class Band:
    """One curve on a grid [day]: value over all replicates together, and bounds."""

    day: Floats
    value: Floats
    lower: Floats
    upper: Floats

    def frame(self, **names: str) -> pl.DataFrame:
        """The band as rows."""
        shown = {"month": self.day / MONTH, "value": self.value, "lower": self.lower, "upper": self.upper}
        return pl.DataFrame(shown).with_columns(**{k: pl.lit(v) for k, v in names.items()}).fill_nan(None)


def band(group: pl.DataFrame, time: str, fit: Callable[[pl.DataFrame], Curve], replicates: int) -> Band:
    """Curve of all patients of ``group``, with the pointwise spread of the replicates' curves about it."""
    times = group[time].to_numpy()
    shown = _end(group, time, replicates)
    step = max(1.0, np.ceil(shown / POINTS))
    grid = np.arange(0, shown + step, step, dtype=float)
    grid = np.append(grid[grid < shown], shown)
    value, variance = on_grid(fit(group), grid, float(times.max(initial=0)))
    if not enough(replicates):
        half = NORMAL * np.sqrt(variance)
        return Band(grid, value, np.clip(value - half, 0, 1), np.clip(value + half, 0, 1))
    each = [on_grid(fit(g), grid, float(g[time].max()))[0] for g in group.partition_by("replicate")]  # type: ignore[arg-type]
    curves = np.array(each)
    known = ~np.isnan(curves)
    most = known.mean(axis=0) >= 0.9
    filled = np.where(most, np.where(known, curves, np.nanmean(np.where(most, curves, 0.0), axis=0)), np.nan)
    low, high = np.quantile(filled, [LOW, HIGH], axis=0)
    return Band(grid, value, low, high)


def _end(group: pl.DataFrame, time: str, replicates: int) -> float:
    """The day on which fewer than ``OBSERVED`` of the group are still under observation."""
    times = group[time].to_numpy()
    least = max(replicates, int(OBSERVED * len(times)))
    return float(np.sort(times)[::-1][min(least, len(times)) - 1]) if len(times) else 0.0


def _risk_table(axes: Any, rows: list[tuple[str, str, Floats]], ticks: list[int], label: str) -> None:
    """Numbers under the ticks, one line per arm, in the arm's colour."""
    axes.set_axis_off()
    axes.set_ylim(len(rows) + 0.2, -0.9)
    axes.text(0, -0.55, label, fontsize=8.5, color=MUTED, transform=axes.get_yaxis_transform(), va="center")
    digits = max(len(f"{numbers[0]:.0f}") for _, _, numbers in rows)
    gap = 17 + 2.5 * max(digits - 5, 0)  # the first number is centred on the axis that the names end before
    for i, (arm, colour, numbers) in enumerate(rows):
        lines = textwrap.wrap(arm, NAME, max_lines=2, placeholder="…")
        beside(axes, lines, i + 0.3, gap, 8.5 if len(lines) == 1 else 7.5, colour)
        for tick, n in zip(ticks, numbers, strict=True):
            axes.text(tick, i + 0.3, f"{n:.0f}", fontsize=8.5, ha="center", va="center", color=INK)


def _line(axes: Any, b: Band, colour: str, style: str = "-") -> None:
    axes.fill_between(b.day / MONTH, b.lower, b.upper, step="post", color=colour, alpha=0.18, lw=0)
    axes.step(b.day / MONTH, b.value, where="post", color=colour, ls=style)


def _time_axis(axes: Any, last: float, label: str) -> list[int]:
    ticks = month_ticks(last)
    axes.set_xlim(0, max(last * 1.02, 1))
    axes.set_xticks(ticks)
    axes.set_xlabel(label)
    return ticks


def _band_words(replicates: int) -> str:
    if enough(replicates):
        return "shaded: central 90 % of the replicates' curves at each time"
    return f"shaded: {100 * EXACT:.0f} % interval of the curve (too few replicates for a spread over them)"


def survival(s: Summary) -> Figure | None:
    """Kaplan–Meier overall survival by arm with numbers at risk and published medians."""
    return _survival(s, "survival", "Overall survival by arm", {})


def counterfactual(s: Summary) -> Figure | None:
    """Overall survival by arm and of all patients under each virtual control; nothing published is in it."""
    title = "Overall survival, and that of the same patients under the virtual control"
    return _survival(s, "controls", title, s.control_patients) if s.control_patients else None


def _survival(s: Summary, name: str, title: str, controls: Mapping[str, pl.DataFrame]) -> Figure | None:
    """The curves of the arms; with ``controls`` also theirs, dashed, and without published medians."""
    arms = {arm: s.of_arm(arm, "replicate", "os_time", "os_event") for arm in s.trial.arms}
    groups = {arm: group for arm, group in {**arms, **controls}.items() if len(group)}
    colours = arm_colours(groups if controls else s.trial.arms)
    bands = {arm: band(group, "os_time", _of_survival, s.replicates) for arm, group in groups.items()}
    if not bands:
        return None
    last = max(b.day[-1] for b in bands.values()) / MONTH
    drawn = sheet(3.9 + 0.22 * len(bands))
    axes, below = drawn.subplots(2, 1, height_ratios=[3.2, 0.24 * (len(bands) + 1)])
    for arm, b in bands.items():
        _line(axes, b, colours[arm], "--" if arm in controls else "-")
        if s.replicates == 1:
            _censored(axes, groups[arm], b, colours[arm])
    axes.set_ylim(0, 1.0)
    axes.set_yticks(np.arange(0, 1.01, 0.25), ["0", "25", "50", "75", "100"])
    axes.grid(axis="y")
    axes.set_ylabel("overall survival (%)")
    ticks = _time_axis(axes, last, "months since randomisation" if len(arms) > 1 else "months since start")
    marks = [] if controls else _medians(axes, s, colours)
    below.sharex(axes)
    risk = {arm: at_risk(g, "os_time", np.array(ticks) * MONTH, s.replicates) for arm, g in groups.items()}
    _risk_table(below, [(a, colours[a], n) for a, n in risk.items()], ticks, "at risk (median per replicate)")
    handles: list[Any] = [
        Line2D([], [], color=colours[a], label=f"{a}, virtual control", ls="--")
        if a in controls
        else Line2D([], [], color=colours[a], label=a)
        for a in bands
    ]
    handles.append(
        Patch(color=MUTED, alpha=0.25, label="90 % band" if enough(s.replicates) else "95 % interval")
    )
    if marks:
        handles.append(_diamond("published median"))
    legend(drawn, handles)
    data = [b.frame(arm=a, what="curve") for a, b in bands.items()]
    data += [_risk_frame(a, ticks, n) for a, n in risk.items()]
    known = [
        {"month": f.result.value, "value": 0.5, "arm": f.result.arm, "what": "published median"}
        for f in marks
    ]
    data += [pl.DataFrame(known)] if known else []
    alt = "Kaplan–Meier curves of overall survival. " + " ".join(_said(a, b) for a, b in bands.items())
    caption = (
        f"Line: all {s.replicates} replicate{'s' if s.replicates != 1 else ''} together; "
        f"{_band_words(s.replicates)}. Curves end where fewer than 5 % of an arm are still observed."
        + (" Diamonds: published medians." if marks else "")
        + (" Dashed: the patients of all arms under the control." if controls else "")
        + (" Ticks: censored patients." if s.replicates == 1 else " Censored patients are not marked.")
    )
    svg = saved(drawn, name, title, alt)
    return Figure(name, name, title, alt, caption, svg, pl.concat(data, how="diagonal"))


def _of_survival(group: pl.DataFrame) -> Curve:
    return kaplan_meier(group["os_time"], group["os_event"])


def _risk_frame(arm: str, ticks: list[int], numbers: Floats) -> pl.DataFrame:
    return pl.DataFrame({"month": ticks, "value": numbers}).with_columns(
        pl.col("month").cast(pl.Float64), arm=pl.lit(arm), what=pl.lit("at risk, median per replicate")
    )


def _said(arm: str, b: Band) -> str:
    below = np.flatnonzero(b.value <= 0.5)
    if not len(below):
        return f"{arm}: median not reached within {b.day[-1] / MONTH:.0f} months."
    return f"{arm}: half are alive at {b.day[below[0]] / MONTH:.1f} months."


def _diamond(label: str) -> Line2D:
    return Line2D([], [], ls="", marker="D", ms=6, mfc=PAPER, mec=INK, mew=1.3, label=label)


def _censored(axes: Any, group: pl.DataFrame, b: Band, colour: str) -> None:
    days = np.unique(group.filter(~pl.col("os_event"))["os_time"].to_numpy())
    days = days[days <= b.day[-1]]
    at = np.searchsorted(b.day, days, side="right") - 1
    axes.plot(days / MONTH, b.value[at], ls="", marker="|", ms=5, mew=0.8, color=colour)


def _medians(axes: Any, s: Summary, colours: dict[str, str]) -> list[Fact]:
    """Mark the published medians on the line at one half; returns those marked."""
    facts = [
        f
        for f in merged(s.published)
        if f.result.endpoint == "overall_survival" and f.result.statistic == "median" and not f.result.subgroup
        and f.result.arm in colours and f.result.value is not None and f.role != "context"
    ]  # fmt: skip
    order = sorted(facts, key=lambda f: f.result.value or 0)
    for i, f in enumerate(order):
        colour = colours[f.result.arm]
        axes.plot(
            [f.result.value], [0.5], marker="D", ms=7, mfc=PAPER, mec=colour, mew=1.6, zorder=6, clip_on=False
        )
        first = i == 0 and len(order) > 1
        # the earlier one is written to the lower left of its mark, the later to the upper right: both miss the curves
        axes.annotate(
            number(f.result.value, "median", "month"), (f.result.value, 0.5),
            xytext=(-7, -6) if first else (7, 6), textcoords="offset points", color=colour,
            ha="right" if first else "left", va="top" if first else "bottom", fontsize=9, zorder=7,
        )  # fmt: skip
    return order


def _incidence(code: int, group: pl.DataFrame) -> Curve:
    return cumulative_incidence(group["rfs_time"], group["cause"], code)


def remission(s: Summary) -> Figure | None:
    """Cumulative incidence of relapse and of death in remission among patients in remission."""
    people = (
        s.patients.lazy().filter("in_remission").select("replicate", "arm", "rfs_time", cause=CAUSE).collect()
    )
    colours = arm_colours(s.trial.arms)
    groups = {a: people.filter(pl.col("arm") == a) for a in s.trial.arms}
    groups = {a: g for a, g in groups.items() if len(g)}
    if not groups:
        return None
    kinds = [(name.replace("_", " "), code) for name, code in CAUSES.items()]
    drawn = sheet(3.5 + 0.22 * len(groups))
    grid = drawn.subplots(2, 2, height_ratios=[2.7, 0.24 * (len(groups) + 1)], sharex="col")
    data, said, last, top = [], [], 0.0, 0.1
    for column, (kind, code) in enumerate(kinds):
        axes = grid[0][column]
        for arm, group in groups.items():
            fit = partial(_incidence, code)
            b = band(group, "rfs_time", fit, s.replicates)
            _line(axes, b, colours[arm])
            data.append(b.frame(arm=arm, what=kind))
            said.append(f"{arm}, {kind}: {100 * np.nanmax(b.value):.0f} % by {b.day[-1] / MONTH:.0f} months.")
            last, top = max(last, b.day[-1] / MONTH), max(top, float(np.nanmax(b.upper)))
        axes.set_title(kind)
        axes.grid(axis="y")
    since = "response" if s.trial.cohort.setting == "relapsed" else "start of treatment"
    for column in range(2):
        axes = grid[0][column]
        axes.set_ylim(0, min(1.0, np.ceil(top * 10 + 0.2) / 10))
        axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f}")
        ticks = _time_axis(axes, last, "")
        ticks = ticks[:: 2 if len(ticks) > 6 else 1]
        axes.set_xticks(ticks)
        axes.tick_params(labelbottom=True)
        grid[1][column].set_axis_off()
    grid[0][0].set_ylabel("cumulative incidence (%)")
    # one label for both panels: two do not fit beside each other
    grid[0][0].set_xlabel(f"months since {since}", loc="left")
    risk = {a: at_risk(g, "rfs_time", np.array(ticks) * MONTH, s.replicates) for a, g in groups.items()}
    _risk_table(grid[1][0], [(a, colours[a], n) for a, n in risk.items()], ticks, "in remission, observed")
    data += [_risk_frame(a, ticks, n) for a, n in risk.items()]
    handles: list[Any] = [Line2D([], [], color=colours[a], label=a) for a in groups]
    handles.append(
        Patch(color=MUTED, alpha=0.25, label="90 % band" if enough(s.replicates) else "95 % interval")
    )
    legend(drawn, handles)
    title = "Relapse and death in remission"
    alt = "Cumulative incidence among patients in remission. " + " ".join(said)
    caption = (
        f"Competing risks (Aalen–Johansen) among all who reached remission, from {since}; a transplant does not "
        f"end observation; {_band_words(s.replicates)}. Below: median number per replicate that is still in "
        "remission and observed."
    )
    svg = saved(drawn, "remission", title, alt)
    return Figure("remission", "remission", title, alt, caption, svg, pl.concat(data, how="diagonal"))
