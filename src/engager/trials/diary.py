"""One patient's diary: what was given, seen and decided, in the order of the days; and the days themselves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from engager.trials.conduct import Courses
from engager.trials.history import History


class Entry(NamedTuple):
    """Something that happened on a study day (counted from 1)."""

    day: int
    what: str


def diary(tables: History) -> list[Entry]:
    """Entries of the one patient in ``tables``, in the order of the days."""
    [patient] = tables.patients.to_dicts()
    found = [
        *_doses(tables.ledger),
        *_marrow(tables.visits),
        *_adverse_events(tables.adverse_events),
        *_milestones(patient),
        *(
            Entry(row["failed_on"], f"cannot be computed: {row['reason']}")
            for row in tables.failures.to_dicts()
        ),
    ]
    return sorted(found, key=lambda entry: entry.day)


def days(c: Courses) -> pl.DataFrame:
    """The days of the one patient in ``c``, as long as cells were followed.

    Columns: day (from 1); planned and delivered engager [µg]; at midnight concentration [µg/L], il6 [pg/mL], blasts
    [share], neutrophils and platelets [10⁹/L], b_cells and t_cells in the blood [cells]. On the day of a failure the
    concentration may be no number, the others are those of the midnight before.
    """
    d = c.daily
    followed = np.flatnonzero(d.studied[:, 0])
    columns: dict[str, Any] = {
        "planned": d.planned, "delivered": d.delivered, "concentration": d.C, "il6": d.I6,
        "blasts": d.blasts, "neutrophils": d.anc, "platelets": d.platelets, "b_cells": d.b_cells, "t_cells": d.t_cells,
    }  # fmt: skip
    return pl.DataFrame({"day": followed + 1, **{name: x[followed, 0] for name, x in columns.items()}})


def _doses(ledger: pl.DataFrame) -> list[Entry]:
    out = []
    for row in ledger.drop_nulls("from_day").to_dicts():
        until = f" to day {row['to_day']}" if row["to_day"] > row["from_day"] else ""
        amount = f"{row['delivered']:.3g} of {row['intended']:.3g} {row['unit']}"
        out.append(Entry(row["from_day"], f"{row['drug']}{until}: {amount} ({row['reason']})"))
    return out


def _marrow(visits: pl.DataFrame) -> list[Entry]:
    return [
        Entry(
            row["day"],
            f"marrow {row['visit']} (cycle {row['cycle']}): blasts {row['blasts']:.2g}, response {row['response']}",
        )
        for row in visits.filter(pl.col("kind") == "marrow").to_dicts()
    ]


def _adverse_events(events: pl.DataFrame) -> list[Entry]:
    return [Entry(row["day"], f"{row['event']}, grade {row['grade']}") for row in events.to_dicts()]


def _milestones(patient: dict[str, Any]) -> list[Entry]:
    told = {
        "response_day": "first response",
        "engager_off_day": "the engager ends",
        "off_day": f"treatment ends: {patient['off_reason']}",
        "failure_day": "treatment has failed",
        "relapse_day": f"relapse, {patient['relapse_type']}",
        "transplant_day": "transplant",
        "vod_day": "veno-occlusive disease",
        "death_day": f"death: {patient['death_cause']}",
    }
    found = [Entry(patient[name], what) for name, what in told.items() if patient[name] is not None]
    if patient["death_day"] is None and patient["status"] != "failed":
        found.append(Entry(patient["follow_up"], "end of follow-up"))
    return found
