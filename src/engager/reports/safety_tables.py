"""Adverse events by cycle, and events of the T-cell engager against stopping it."""

from __future__ import annotations

import polars as pl

from engager.inference import Summary
from engager.outcomes import cumulative_incidence
from engager.outcomes.survival import value_at
from engager.reports.sections import Table
from engager.trials.analysis import has_engager

BY_DAYS = (7, 14, 28, 42, 84, 168)
"""Days by which first events of the engager are counted."""

FIRST = {
    "cytokine release syndrome": "crs_day",
    "cytokine release syndrome, grade 3 or higher": "crs_grade_3_day",
    "neurologic event, grade 3 or higher": "ne_grade_3_day",
}
"""Column, in the patient table, of the day of the first event that competes with stopping."""


def by_cycle(s: Summary) -> Table | None:
    """Patients with each adverse event in each cycle, per 100 of the arm, by its worst grade in the cycle."""
    if not len(s.worst):
        return None
    people = pl.col("patients")
    counted = s.worst.group_by("event", "arm", "cycle").agg(
        people.sum().alias("any"),
        *(people.filter(pl.col("grade") == grade).sum().alias(str(grade)) for grade in range(1, 6)),
    )
    sizes = dict(s.patients.group_by("arm").len().rows())
    order = {arm: i for i, arm in enumerate(s.trial.arms)}
    rows = [
        (event, str(arm), str(cycle), *(f"{100 * n / sizes[arm]:.1f}" if n else "–" for n in counts))
        for event, arm, cycle, *counts in sorted(
            counted.rows(), key=lambda row: (row[0].lower(), order[row[1]], row[2])
        )
    ]
    columns = ("event", "arm", "cycle", "any", *(f"grade {grade}" for grade in range(1, 6)))
    caption = "Patients with an event by cycle and worst grade, per 100 of the arm"
    return Table(caption, columns, rows, (2, 3, 4, 5, 6, 7, 8))


def against_stopping(s: Summary) -> Table | None:
    """Cumulative incidence of first events of the engager; its end, or death, without such an event competes."""
    rows = []
    for arm in s.trial.arms:
        people = s.of_arm(arm, "engager_off_day", "os_time", "os_event", *FIRST.values())
        if not len(people) or not has_engager(s.trial, arm):
            continue
        ended = pl.min_horizontal("engager_off_day", "os_time")
        for name, column in FIRST.items():
            happened = (pl.col(column) <= ended).fill_null(False)
            stopped = pl.col("engager_off_day").is_not_null() | pl.col("os_event")
            timed = people.select(
                time=pl.when(happened).then(column).otherwise(ended),
                cause=pl.when(happened).then(1).when(stopped).then(2).otherwise(0),
            )
            for what, code in ((name, 1), ("engager ended without it", 2)):
                curve = cumulative_incidence(timed["time"], timed["cause"], code)
                rows.append((what, arm, *(f"{100 * value_at(curve, day):.1f}" for day in BY_DAYS)))
    columns = ("first event", "arm", *(f"day {day}" for day in BY_DAYS))
    caption = "First events against the end of the engager, cumulative incidence per 100 patients"
    return Table(caption, columns, rows, tuple(range(2, 2 + len(BY_DAYS)))) if rows else None
