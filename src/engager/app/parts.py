"""A run's tables, read a part at a time and at once made small, so that no run is ever in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from engager.inference import SHOWN
from engager.io import Store
from engager.trials import Tables, Trial, with_first_days, with_grades, worst_by_cycle
from engager.trials.responses import EVENTS, KEYS
from engager.trials.shards import shards

PART = 32_768
"""Patients whose tables are read in one go; a replicate that has more is looked at part by part."""

MARROW = (
    *KEYS, "arm", "day", "visit", "cycle", "engager_cycle", "mrd", "transcripts", "blasts", "response", "remission",
)  # fmt: skip
"""Columns of marrow assessments that are measured."""


@dataclass(frozen=True)
class Part:
    """Consecutive shards, by number; ``last``: replicates end with them."""

    shards: list[int]
    last: bool


@dataclass(frozen=True)
class Shown:
    """What a report draws from, of a part or of a run: see these fields of :class:`engager.inference.Summary`."""

    patients: pl.DataFrame
    marrow: pl.DataFrame
    worst: pl.DataFrame
    courses: pl.DataFrame
    ledger: pl.DataFrame


def parts(patients: int, replicates: int) -> Iterator[Part]:
    """A run in parts of about ``PART`` patients."""
    numbers: list[int] = []
    held = 0
    for number, segments in enumerate(shards(patients, replicates)):
        numbers.append(number)
        held += sum(s.stop - s.start for s in segments)
        last = segments[-1].stop == patients
        if held >= PART:
            yield Part(numbers, last)
            numbers, held = [], 0
    if numbers:
        yield Part(numbers, True)


def read(store: Store, part: Part, failures: list[dict[str, Any]]) -> Tables:
    """Patients of a part who were computed, with their adverse events, and their marrow assessments."""
    patients = _computable(store, "patients", part, failures).collect().sort(KEYS)
    events = _computable(store, "adverse_events", part, failures).collect()
    marrow = _computable(store, "visits", part, failures).filter(pl.col("kind") == "marrow").select(MARROW)
    return Tables(with_first_days(with_grades(patients, events), events), marrow.collect())


def joined(tables: list[Tables]) -> Tables:
    """Tables of several parts as those of one."""
    if len(tables) == 1:
        return tables[0]
    return Tables(*(pl.concat([getattr(one, name) for one in tables]) for name in ("patients", "marrow")))


def shown(trial: Trial, store: Store, part: Part, failures: list[dict[str, Any]], tables: Tables) -> Shown:
    """What a report draws from, of a part whose ``tables`` were read."""
    regimen = pl.Enum(sorted({c.name for arm in trial.arms.values() for c in arm.regimens}))
    columns = list(dict.fromkeys((*SHOWN, *EVENTS[trial.response.overall].meta.root_names())))
    return Shown(
        patients=tables.patients.select(columns).with_columns(pl.col("regimen").cast(regimen)),
        marrow=tables.marrow.select("arm", "visit", "day", "mrd"),
        worst=worst_by_cycle(_computable(store, "adverse_events", part, failures).collect()),
        courses=_computable(store, "courses", part, failures).collect(),
        ledger=_ledger(_computable(store, "ledger", part, failures)).collect(),
    )


def added(pieces: list[Shown]) -> Shown:
    """What a report draws from, of a run whose parts are ``pieces``."""
    whole = {name: pl.concat([getattr(one, name) for one in pieces]) for name in Shown.__dataclass_fields__}
    cells = ("arm", "event", "cycle", "grade")
    return Shown(
        whole["patients"],
        whole["marrow"],
        whole["worst"].group_by(cells).agg(pl.col("patients").sum()).sort(cells),
        whole["courses"],
        _ledger(whole["ledger"].lazy()).sort("arm", "drug", "reason").collect(),
    )


def _ledger(table: pl.LazyFrame) -> pl.LazyFrame:
    return table.group_by("arm", "drug", "unit", "reason").agg(pl.col("intended", "delivered").sum())


def _computable(store: Store, name: str, part: Part, failures: list[dict[str, Any]]) -> pl.LazyFrame:
    """A table without the patients who could not be computed: one not-a-number would spoil every sum."""
    table = store.scan(name, part.shards)
    if not failures:
        return table
    lost = pl.LazyFrame(failures).select(pl.col("replicate", "patient").cast(pl.Int32))
    return table.join(lost, on=KEYS, how="anti", maintain_order="left")
