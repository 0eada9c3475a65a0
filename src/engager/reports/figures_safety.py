"""Adverse events by cycle and grade."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.patches import Patch

from engager.inference import Summary
from engager.reports.style import GRADES, MUTED, PAPER, Figure, boxes, legend, saved, sheet

TITLES = {
    "CRS": "cytokine release syndrome",
    "neurologic event": "neurologic events, grade 3 or higher",
    "neutropenia": "neutropenia on treatment, grade 3 or higher",
    "thrombocytopenia": "thrombocytopenia on treatment, grade 3 or higher",
    "veno-occlusive disease": "veno-occlusive disease, grade not modelled unless fatal",
    "infection": "fatal infections",
}
"""Events in the order of the panels, with the panel's title."""


def toxicity(s: Summary) -> Figure | None:
    """Patients with an event in each cycle by its worst grade, per 100 patients in the arm."""
    if not len(s.worst):
        return None
    sizes = s.patients.group_by("arm").len("N")
    data = (
        s.worst.join(sizes, on="arm")
        .with_columns(per_100=100 * pl.col("patients") / pl.col("N"), arm=pl.col("arm").cast(pl.String))
        .sort("event", "arm", "cycle", "grade")
    )
    arms = [arm for arm in s.trial.arms if arm in data["arm"].unique().to_list()]
    events = [e for e in TITLES if e in data["event"].unique().to_list()]
    drawn = sheet(0.7 + 1.85 * len(events))
    panels = drawn.subplots(len(events), 1, sharex=True, squeeze=False)[:, 0]
    cycles = int(data["cycle"].max())  # type: ignore[arg-type]
    width = 0.8 / len(arms)
    for axes, event in zip(panels, events, strict=True):
        for i, arm in enumerate(arms):
            mine = data.filter((pl.col("event") == event) & (pl.col("arm") == arm))
            _stacks(axes, mine, (i - (len(arms) - 1) / 2) * width, width * 0.92)
        axes.set_title(TITLES[event])
        axes.set_ylabel("per 100 patients")
        axes.grid(axis="y")
        axes.set_ylim(0, 1.05 * _highest(data.filter(pl.col("event") == event)))
    panels[-1].set_xticks(range(1, cycles + 1))  # of all panels: they share it
    panels[-1].set_xlim(0.4, cycles + 0.6)
    panels[-1].set_xlabel("treatment cycle")
    present = sorted(data["grade"].unique().to_list())
    legend(
        drawn,
        [Patch(fc=_colour(g), ec=MUTED, lw=0.5, label=f"grade {g}" if g else "no grade") for g in present],
    )
    title = "Adverse events by cycle and grade"
    alt = " ".join(_said(data, event, arm) for event in events for arm in arms)
    order = "" if len(arms) == 1 else f" Bars of a cycle from left to right: {', '.join(arms)}."
    caption = (
        "Patients with an event in the cycle by its worst grade, per 100 patients allocated to the arm (not per "
        f"100 who reached the cycle).{order} Neurologic events below grade 3 are not modelled; those of "
        "grade 4 are counted as grade 3. Of chemotherapy's adverse events only low counts, veno-occlusive disease and "
        "fatal infections are modelled; what comes after treatment counts for the last cycle begun."
    )
    return Figure("toxicity", "toxicity", title, alt, caption, saved(drawn, "toxicity", title, alt), data)


def _highest(rows: pl.DataFrame) -> float:
    return float(rows.group_by("arm", "cycle").agg(pl.col("per_100").sum())["per_100"].max())  # type: ignore[arg-type]


def _colour(grade: int) -> str:
    return GRADES.get(grade, PAPER)


def _stacks(axes: Any, rows: pl.DataFrame, shift: float, width: float) -> None:
    tops = rows.sort("cycle", "grade").with_columns(top=pl.col("per_100").cum_sum().over("cycle"))
    stacked = [
        (cycle + shift - width / 2, cycle + shift + width / 2, top - part, top)
        for cycle, part, top in tops.select("cycle", "per_100", "top").rows()
    ]
    boxes(axes, stacked, [_colour(grade) for grade in tops["grade"]], edgecolors=MUTED, linewidths=0.4)


def _said(data: pl.DataFrame, event: str, arm: str) -> str:
    mine = data.filter((pl.col("event") == event) & (pl.col("arm") == arm) & (pl.col("cycle") == 1))
    severe = mine.filter(pl.col("grade") >= 3)["per_100"].sum()
    return f"{arm}, {event}, cycle 1: {mine['per_100'].sum():.0f} per 100 patients, {severe:.1f} of grade 3 or higher."
