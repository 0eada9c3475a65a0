"""From charts and daily records to tables: what a trial's database would hold.

Days in tables count from 1 (the day of randomisation); what happens after a patient's follow-up ended is
not in them. One row per patient, visit, adverse event, or stretch of equal dosing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.trials import chart as ch
from engager.trials.adverse_events import adverse_events, cycles_given
from engager.trials.chart import NOT_YET
from engager.trials.conduct import Courses
from engager.trials.design import Trial
from engager.trials.enrol import Enrolled
from engager.trials.further_lines import lines_begun
from engager.trials.ledger import ledger
from engager.trials.marrow import marrow_assessments
from engager.trials.plan import Lowered
from engager.trials.responses import best, own_window
from engager.trials.rows import keys, labels, nullable
from engager.trials.times import clock

Array = NDArray[Any]

COURSE_DAYS = 43
"""Days that a dense course covers: the first cycle and a day."""

QUARTER = 0.25

TIMED = (
    "overall_survival",
    "event_free_survival",
    "progression_free_survival",
    "relapse_free_survival",
    "remission_duration",
)
"""Endpoints of the times table; the others have the clock of one of them."""


@dataclass(frozen=True)
class History:
    """The tables of a group of patients."""

    patients: pl.DataFrame
    times_to_event: pl.DataFrame
    visits: pl.DataFrame
    adverse_events: pl.DataFrame
    ledger: pl.DataFrame
    courses: pl.DataFrame
    failures: pl.DataFrame


TABLES = tuple(History.__dataclass_fields__)


def history(trial: Trial, low: Lowered, e: Enrolled, c: Courses, v: dict[str, float], dense: int) -> History:
    """Tables of the patients in ``e`` with courses ``c``; dense courses of those numbered below ``dense``."""
    follow = e.follow_up.astype(np.int64)
    marrow = marrow_assessments(trial, low, e, c, follow)
    patients = _patients(trial, low, e, c, follow, marrow)
    return History(
        patients=patients,
        times_to_event=_times(patients),
        visits=_visits(trial, e, c, follow, marrow),
        adverse_events=adverse_events(trial, low, e, c, follow, v),
        ledger=ledger(trial, low, e, c, follow),
        courses=_courses(trial, e, c, follow, dense),
        failures=_failures(trial, e, c),
    )


def _within(days: Array, follow: Array) -> Array:
    """Study day (from 1) of something that happened on ``days`` (from 0) within follow-up; 0 if it did not."""
    return np.where(days < np.minimum(follow, NOT_YET), days + 1, 0)


def _patients(
    trial: Trial, low: Lowered, e: Enrolled, c: Courses, follow: Array, marrow: pl.DataFrame
) -> pl.DataFrame:
    h = c.chart
    died, relapsed, failed = (_within(x, follow) for x in (h.died, h.relapsed, h.failed))
    responded, off = (_within(x, follow) for x in (h.responded, h.off))
    at_entry = e.entrant.fate.remission > 0
    os_event = died > 0
    os_time = np.where(os_event, died, follow)
    first = np.where(relapsed > 0, relapsed, os_time)
    in_remission = at_entry | (responded > 0)
    efs_time, efs_event = _event_free(
        trial, at_entry | (h.early > 0), first, (relapsed > 0) | os_event, failed, follow
    )
    rfs_start = np.where(at_entry, 0, responded)
    names = np.array([choice.name for arm in trial.arms.values() for choice in arm.regimens])
    reasons = np.where(off > 0, h.off_reason, np.where(died > 0, ch.DEATH, ch.CENSORED))
    broken = h.broken < NOT_YET
    began, response = _further(e, c)
    frame = pl.DataFrame(
        {
            **keys(trial, e),
            "regimen": names[e.entrant.fate.regimen],
            "age": e.patients.age,
            "line": e.patients.line.astype(np.int8),
            "prior_transplant": np.asarray(e.patients.disease.grafted) > 0,
            "refractory": e.patients.refractory > 0,
            "body_surface": np.asarray(e.patients.values["BSA"]),
            "clearance": np.asarray(e.patients.values["CL"]),
            "blasts": e.patients.disease.b0,
            "ph": np.asarray(e.patients.disease.ph) > 0,
            "t315i": np.asarray(e.patients.disease.t315i) > 0,
            "entry_day": e.entry.astype(np.int32),
            "follow_up": follow.astype(np.int32),
            "best_response": labels(h.best, ch.RESPONSES),
            "response": labels(h.early, ch.RESPONSES),
            "response_day": nullable(responded),
            "in_remission": in_remission,
            "relapse_day": nullable(relapsed),
            "relapse_type": labels(np.where(relapsed > 0, h.relapse_type, 0), ch.RELAPSES),
            "failure_day": nullable(failed),
            "further_lines": began,
            "further_response": response,
            "transplant_day": nullable(_within(h.transplanted, follow)),
            "vod_day": nullable(_within(h.vod, follow)),
            "cycles": cycles_given(low, e, c, follow),
            "engager_off_day": nullable(_within(np.minimum(h.stopped, h.off), follow)),
            "off_day": nullable(off),
            "off_reason": labels(reasons, ch.OFF_REASONS),
            "death_day": nullable(died),
            "death_cause": labels(np.where(died > 0, h.cause, 0), ch.CAUSES),
            "os_time": os_time.astype(np.int32),
            "os_event": os_event,
            "efs_time": efs_time.astype(np.int32),
            "efs_event": efs_event,
            "rfs_start": rfs_start.astype(np.int32),
            "rfs_time": np.where(in_remission, first - rfs_start, 0).astype(np.int32),
            "rfs_event": in_remission & ((relapsed > 0) | os_event),
            "status": np.where(broken, "failed", "simulated"),
            "failed_on": nullable(np.where(broken, h.broken + 1, 0)),
        }
    )
    # the response of the chart is in the table already
    return best(frame, marrow, own_window(trial.response), trial.visits.assay, response=False)


def _further(e: Enrolled, c: Courses) -> tuple[pl.Series, pl.Series]:
    """Lines of salvage begun after the study treatment failed, and the best response of these lines.

    Null where no further line is simulated; the response also where none was begun.
    """
    if not c.ladder:
        none = pl.Series([None] * len(e.arm))
        return none.cast(pl.Int8), none.cast(pl.Enum(ch.RESPONSES))
    began = lines_begun(c.chart, c.ladder, len(e.entrant.further.r))
    best = labels(c.ladder.best, ch.RESPONSES)
    return pl.Series(began.astype(np.int8)), best.set(pl.Series(began == 0), None)


def _times(patients: pl.DataFrame) -> pl.DataFrame:
    """Times to event in long form: days from ``start`` (0: randomisation) to the event or to censoring."""
    parts = [clock(patients, name).with_columns(endpoint=pl.lit(name)) for name in TIMED]
    columns = ("replicate", "patient", "arm", "endpoint", "start", "time", "event")
    return pl.concat(parts).select(columns).sort("replicate", "patient", "endpoint", maintain_order=True)


def _event_free(
    trial: Trial, in_time: Array, first: Array, event: Array, failed: Array, follow: Array
) -> tuple[Array, Array]:
    """Event-free survival: relapse or death, or day 1 for who was not in remission within the trial's window.

    A patient without remission whose follow-up ended before the window did is censored, unless something that
    rules remission out (failure, death) had happened.
    """
    window = trial.response.window or 0
    known = in_time | (follow >= window) | event | (failed > 0)
    time = np.where(in_time, first, np.where(known, 1, follow))
    return time, np.where(in_time, event, known)


def _visits(trial: Trial, e: Enrolled, c: Courses, follow: Array, marrow: pl.DataFrame) -> pl.DataFrame:
    """Blood at the trial's visit days, and marrow assessments, while the patient's cells were followed."""
    planned = np.array([day for day in trial.visits.days if day <= len(c.daily.blasts)]) - 1
    seen = (c.daily.studied[planned] > 0) & (planned[:, None] < follow)
    at, who = np.nonzero(seen)
    blood = _blood(trial, e, c, planned[at], who).with_columns(
        kind=pl.lit("blood"),
        visit=pl.lit(None, pl.Int16),
        cycle=pl.lit(None, pl.Int16),
        engager_cycle=pl.lit(None, pl.Int16),
        mrd=pl.lit(None, pl.Float64),
        transcripts=pl.lit(None, pl.Float64),
        response=pl.lit(None, pl.Enum(ch.RESPONSES)),
        remission=pl.lit(None, pl.Boolean),
    )
    rows, days = marrow["row"].to_numpy(), marrow["index"].to_numpy()
    bone = _blood(trial, e, c, days, rows).with_columns(
        kind=pl.lit("marrow"),
        visit=marrow["visit"],
        cycle=marrow["cycle"],
        engager_cycle=marrow["engager_cycle"],
        mrd=marrow["mrd"],
        transcripts=marrow["transcripts"],
        blasts=marrow["blasts"].cast(pl.Float32),
        response=marrow["response"],
        remission=marrow["remission"],
    )
    return pl.concat([blood, bone.select(blood.columns)]).sort(
        "replicate", "patient", "day", "kind", maintain_order=True
    )


def _blood(trial: Trial, e: Enrolled, c: Courses, day: Array, who: Array) -> pl.DataFrame:
    d = c.daily
    return pl.DataFrame(
        {
            **keys(trial, e, who),
            "day": (day + 1).astype(np.int32),
            "blasts": d.blasts[day, who],
            "neutrophils": d.anc[day, who],
            "platelets": d.platelets[day, who],
            "b_cells": d.b_cells[day, who],
            "t_cells": d.t_cells[day, who],
            "il6": d.I6[day, who],
            "concentration": d.C[day, who],
        }
    )


def _courses(trial: Trial, e: Enrolled, c: Courses, follow: Array, dense: int) -> pl.DataFrame:
    """Concentration and IL-6 every six hours, cells at midnight, over the first cycle of a few patients."""
    rows = np.flatnonzero((e.replicate == 0) & (e.patients.number < dense))
    days = min(COURSE_DAYS, len(c.quarters.C))
    grid = np.meshgrid(np.arange(days), np.arange(4), rows, indexing="ij")
    day, quarter, who = (axis.ravel() for axis in grid)
    kept = (c.daily.studied[day, who] > 0) & (day < follow[who])
    day, quarter, who = day[kept], quarter[kept], who[kept]
    midnight = quarter == 3
    return pl.DataFrame(
        {
            **keys(trial, e, who),
            "time": day + QUARTER * (quarter + 1),
            "concentration": c.quarters.C[day, quarter, who],
            "il6": c.quarters.I6[day, quarter, who],
            "blasts": pl.Series(np.where(midnight, c.daily.blasts[day, who], np.nan)).fill_nan(None),
            "neutrophils": pl.Series(np.where(midnight, c.daily.anc[day, who], np.nan)).fill_nan(None),
            "t_cells": pl.Series(np.where(midnight, c.daily.t_cells[day, who], np.nan)).fill_nan(None),
        }
    ).sort("replicate", "patient", "time", maintain_order=True)


def _failures(trial: Trial, e: Enrolled, c: Courses) -> pl.DataFrame:
    """Who could not be computed: study day, why, and every state at the last midnight before that."""
    rows = np.flatnonzero(c.chart.broken < NOT_YET)
    return pl.DataFrame(
        {
            **keys(trial, e, rows),
            "failed_on": (c.chart.broken[rows] + 1).astype(np.int32),
            "reason": labels(c.chart.broken_by[rows], ch.FAULTS),
            **{name: x[rows] for name, x in c.state._asdict().items()},
        }
    )
