"""Adverse events of a trial as rows: cytokine release, neurologic events, veno-occlusive disease, fatal infections,
cytopenias."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.trials.chart import NOT_YET, OF_INFECTION
from engager.trials.conduct import Courses
from engager.trials.design import Trial
from engager.trials.enrol import Enrolled
from engager.trials.plan import Lowered
from engager.trials.rows import keys, nullable

Array = NDArray[Any]

CYTOPENIAS = {"neutropenia": ("anc", 1.0, 0.5), "thrombocytopenia": ("platelets", 50.0, 25.0)}
"""The count of each, and the counts [10⁹/L] under which it is of grade 3 and of grade 4 (CTCAE 4.03)."""

GRADED = {
    "CRS": "crs_grade",
    "neurologic event": "ne_grade",
    "neutropenia": "neutropenia_grade",
    "thrombocytopenia": "thrombocytopenia_grade",
}
"""Column of a patient's highest grade, by event."""

FIRST = {
    "crs_day": ("CRS", 1),
    "crs_grade_3_day": ("CRS", 3),
    "ne_grade_3_day": ("neurologic event", 3),
}
"""Column of the day of a patient's first event, by event and its lowest grade."""

UNGRADED = 0
"""Stands for an event whose grade is not modelled."""

NEUROLOGIC_GRADE = 3
"""Neurologic events are simulated from this grade on, and not told apart above it unless they kill."""


def adverse_events(
    trial: Trial, low: Lowered, e: Enrolled, c: Courses, follow: Array, v: dict[str, float]
) -> pl.DataFrame:
    """Columns: replicate, patient, arm, event, day, cycle, grade (5 where it killed; null where it has none).

    Cytokine release by window, graded by its IL-6 peak; neurologic events of grade 3 or higher; veno-occlusive
    disease, whose grade is not modelled; infections that killed; cytopenias of grade 3 and 4, a row per cycle in which
    they occur while the patient is on treatment. An event after the end of treatment counts for the last cycle begun.
    """
    h, fate = c.chart, e.entrant.fate
    shifts = [v["crs_shift_1"], v["crs_shift_2"], 0.0, v["crs_shift_4"]]
    levels = [fate.crs_threshold * 10.0 ** (-shift / v["bcrs"]) for shift in shifts]
    grade: Array = np.sum([h.peak > level for level in levels], axis=0)
    severe_day, opened = np.asarray(h.severe_day), np.asarray(h.crs_day)
    day = np.where(severe_day < NOT_YET, severe_day, opened)
    grade = np.where((severe_day < NOT_YET) & (fate.crs_fatal > 0) & (grade > 0), 5, grade)
    window, who = np.nonzero((grade > 0) & (day < follow))
    crs = _rows(trial, low, e, c, "CRS", day[window, who], who, grade[window, who])
    nth, who = np.nonzero(h.ne_day < follow)
    grade = np.where(np.asarray(fate.ne_fatal)[nth, who] > 0, 5, NEUROLOGIC_GRADE)
    ne = _rows(trial, low, e, c, "neurologic event", h.ne_day[nth, who], who, grade)
    who = np.flatnonzero(h.vod < follow)
    grade = np.where(np.asarray(fate.vod_fatal)[who] > 0, 5, 0)
    vod = _rows(trial, low, e, c, "veno-occlusive disease", h.vod[who], who, grade)
    day = np.asarray(h.died)
    who = np.flatnonzero((day < follow) & (np.asarray(h.cause) == OF_INFECTION))
    infection = _rows(trial, low, e, c, "infection", day[who], who, np.full(len(who), 5))
    low_counts = [_cytopenia(trial, low, e, c, follow, name) for name in CYTOPENIAS]
    return pl.concat([crs, ne, vod, infection, *low_counts]).sort(
        "replicate", "patient", "day", maintain_order=True
    )


def _rows(
    trial: Trial, low: Lowered, e: Enrolled, c: Courses, name: str, day: Array, who: Array, grade: Array
) -> pl.DataFrame:
    cycle = low.plan.cycle[e.entrant.fate.regimen[who], c.daily.plan_day[day, who]]
    return pl.DataFrame(
        {
            **keys(trial, e, who),
            "event": pl.Series([name] * len(who), dtype=pl.String),
            "day": (day + 1).astype(np.int32),
            "cycle": cycle.astype(np.int16),
            "grade": nullable(grade.astype(np.int8)),
        }
    )


def _cytopenia(trial: Trial, low: Lowered, e: Enrolled, c: Courses, follow: Array, name: str) -> pl.DataFrame:
    """The worst grade of each cycle, on the first day of the cycle that shows it."""
    column, severe, worst = CYTOPENIAS[name]
    count = np.asarray(getattr(c.daily, column))
    days = np.arange(len(count))[:, None]
    treated = (days <= c.chart.off) & (days < follow) & (np.asarray(c.daily.studied) > 0)
    day, who = np.nonzero(treated & (count < severe))
    cycle = low.plan.cycle[e.entrant.fate.regimen[who], c.daily.plan_day[day, who]].astype(np.int64)
    grade = np.where(count[day, who] < worst, 4, 3)
    # by patient, cycle, falling grade, day: the first row of each patient's cycle is the one to keep
    order = np.lexsort((day, -grade, cycle, who))
    pair = np.stack([who[order], cycle[order]])
    first = order[np.flatnonzero(np.any(np.diff(pair, axis=1, prepend=-1) != 0, axis=0))]
    return _rows(trial, low, e, c, name, day[first], who[first], grade[first])


def cycles_given(low: Lowered, e: Enrolled, c: Courses, follow: Array) -> Array:
    """Number of cycles in which each patient received the engager."""
    delivered = np.asarray(c.daily.delivered)
    day, who = np.nonzero((delivered > 0) & (np.arange(len(delivered))[:, None] < follow))
    cycle = low.plan.cycle[e.entrant.fate.regimen[who], c.daily.plan_day[day, who]].astype(np.int64)
    given = np.zeros((len(e.arm), int(low.plan.cycle.max()) + 1), bool)
    given[who, cycle] = True
    return np.asarray(given.sum(axis=1), np.int16)


def with_grades(patients: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The patient table with the highest grade of each graded event (see ``GRADED``; 0 where there was none)."""
    by = ["replicate", "patient"]
    for name, column in GRADED.items():
        worst = events.filter(pl.col("event") == name).group_by(by).agg(pl.col("grade").max().alias(column))
        patients = patients.join(worst, on=by, how="left", maintain_order="left")
    return patients.with_columns(pl.col(*GRADED.values()).fill_null(0))


def with_first_days(patients: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The patient table with the day of each patient's first event of the kinds in ``FIRST`` (null: there was none)."""
    by = ["replicate", "patient"]
    for column, (name, grade) in FIRST.items():
        which = (pl.col("event") == name) & (pl.col("grade") >= grade)
        first = events.filter(which).group_by(by).agg(pl.col("day").min().alias(column))
        patients = patients.join(first, on=by, how="left", maintain_order="left")
    return patients


def worst_by_cycle(events: pl.DataFrame) -> pl.DataFrame:
    """Patients with each event in each cycle by its worst grade (``UNGRADED`` where it has none): arm, event, cycle,
    grade, patients."""
    return (
        events.with_columns(pl.col("grade").fill_null(UNGRADED))
        .group_by("arm", "event", "cycle", "replicate", "patient")
        .agg(pl.col("grade").max())
        .group_by("arm", "event", "cycle", "grade")
        .agg(pl.len().cast(pl.Int64).alias("patients"))
    )
