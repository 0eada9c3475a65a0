"""One patient of a run once more, alone: what happened day by day, and whether it is what the run holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from engager.app.request import Request, asked_before, same_inputs, trials_beside
from engager.documents import DocumentError, near
from engager.io import Store
from engager.model import State
from engager.trials import Trial
from engager.trials.diary import Entry, days, diary
from engager.trials.history import TABLES, History
from engager.trials.shards import shards, simulate_one


@dataclass(frozen=True)
class Rerun:
    """One patient, simulated alone.

    Attributes:
        patient: the row of the patients table.
        state: for who could not be computed, the states of the last good midnight by name; else None.
        entries: the diary; days: one row a day (see ``trials.diary``).
        differs: tables and columns in which the run holds something else; None where the run does not hold the
            patient (yet).
    """

    run: str
    trial: str
    patient: dict[str, Any]
    reason: str | None
    state: dict[str, float] | None
    entries: list[Entry]
    days: list[dict[str, Any]]
    differs: list[str] | None


def rerun(folder: Path | str, patient: int, replicate: int = 0, beside: str | None = None) -> Rerun:
    """Simulate one patient of the run in ``folder`` again; nothing in it is changed.

    Args:
        patient, replicate: as in the tables, from 0.
        beside: name of a trial beside (``reference``, ``control-1``, …) in which the patient is looked at.

    Raises:
        DocumentError: no such run, patient, replicate or trial beside; a run begun with other inputs.
    """
    store = Store(folder)
    r = asked_before(store, workers=1)
    same_inputs(store, r)
    for name, value, many in (("patient", patient, r.patients), ("replicate", replicate, r.replicates)):
        if not 0 <= value < many:
            raise DocumentError(f"--{name} {value}: {folder} has {name}s 0 to {many - 1}")
    trial, kept = (r.trial, store) if beside is None else _beside(r, store, beside)
    tables, courses = simulate_one(r.prepared(trial), replicate, patient, r.batch)
    [row] = tables.patients.to_dicts()
    failed = tables.failures.to_dicts()
    return Rerun(
        run=str(kept.folder),
        trial=trial.name,
        patient=row,
        reason=failed[0]["reason"] if failed else None,
        state={name: failed[0][name] for name in State._fields} if failed else None,
        entries=diary(tables),
        days=days(courses).to_dicts(),
        differs=_differs(r, kept, replicate, patient, tables),
    )


def _beside(r: Request, store: Store, name: str) -> tuple[Trial, Store]:
    known = trials_beside(r.trial)
    if name not in known:
        hint = near(name, known) if known else "it has none at all: leave the option out"
        raise DocumentError(f"--beside {name}: {store.folder} has no such trial beside; {hint}")
    return known[name], Store(store.folder / name)


def _differs(r: Request, kept: Store, replicate: int, patient: int, found: History) -> list[str] | None:
    pieces = enumerate(shards(r.patients, r.replicates))
    number = next(
        n
        for n, segments in pieces
        if any(g.replicate == replicate and g.start <= patient < g.stop for g in segments)
    )
    shard = kept.shard(number)
    if shard is None:
        return None
    own = (pl.col("replicate") == replicate) & (pl.col("patient") == patient)
    out = []
    for table in TABLES:
        here, there = getattr(found, table), shard[table].filter(own)
        if len(here) != len(there):
            out.append(f"{table}: {len(there)} rows, here {len(here)}")
        else:
            out += [f"{table}.{name}" for name in here.columns if not here[name].equals(there[name])]
    return out
