"""Times to event: when the clock of each endpoint starts and stops, from the columns of the patient table."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

LONG_TERM = 30.0
"""Survival beyond this counts as a long-term response [month]."""


class Clock(NamedTuple):
    """Start and end in days since randomisation, whether the event ended it, and whether it runs only for patients
    in remission (from the first response, or from entry for who entered in remission)."""

    start: pl.Expr
    end: pl.Expr
    event: pl.Expr
    in_remission: bool


_ENTRY = pl.lit(0, pl.Int32)
_REMISSION, _LOST = pl.col("rfs_start"), pl.col("rfs_start") + pl.col("rfs_time")
_SURVIVAL = Clock(_ENTRY, pl.col("os_time"), pl.col("os_event"), False)
_RELAPSE_FREE = Clock(_REMISSION, _LOST, pl.col("rfs_event"), True)
_PROGRESSED = pl.col("failure_day").is_not_null() | pl.col("relapse_day").is_not_null()

TIMES: dict[str, Clock] = {
    "overall_survival": _SURVIVAL,
    "long_term_response": _SURVIVAL,
    "event_free_survival": Clock(_ENTRY, pl.col("efs_time"), pl.col("efs_event"), False),
    "progression_free_survival": Clock(
        _ENTRY,
        pl.min_horizontal("failure_day", "relapse_day", "os_time"),
        _PROGRESSED | pl.col("os_event"),
        False,
    ),
    "relapse_free_survival": _RELAPSE_FREE,
    "disease_free_survival": _RELAPSE_FREE,
    "remission_duration": Clock(_REMISSION, _LOST, pl.col("relapse_day").is_not_null(), True),
    "continuous_remission": Clock(_ENTRY, _LOST, pl.col("rfs_event"), True),
}
"""The clock of each time-to-event endpoint. Progression is the failure of treatment in the patient's chart: no
response in the cycles that the regimen allows, growth under treatment, or relapse."""


CAUSES = {"relapse": 1, "death_in_remission": 2}
"""Codes of what ends a remission, each competing with the other."""

CAUSE = (
    pl.when(pl.col("relapse_day").is_not_null())
    .then(CAUSES["relapse"])
    .when(pl.col("rfs_event"))
    .then(CAUSES["death_in_remission"])
    .otherwise(0)
)
"""What ended relapse-free survival (see ``CAUSES``); 0 where it was censored."""


def clock(patients: pl.DataFrame, endpoint: str, *, landmarked: bool = False) -> pl.DataFrame:
    """Replicate, patient, arm, start [day], time since then [day] and event of those for whom the clock runs.

    Args:
        landmarked: time runs from the day in the column ``landmark``, for who is at risk on that day.
    """
    start, end, event, in_remission = TIMES[endpoint]
    if in_remission:
        patients = patients.filter(pl.col("in_remission"))
    if landmarked:
        mark = pl.col("landmark")
        patients, start = patients.filter(start <= mark, end > mark), mark
    return patients.select("replicate", "patient", "arm", start=start, time=end - start, event=event)
