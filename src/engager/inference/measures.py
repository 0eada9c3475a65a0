"""What rows measure in a run that is read a part at a time, put together replicate by replicate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.evidence import Result
from engager.trials import Measure, Nobody, NotSimulated, Seen, Tables, Trial, by_replicate, seen

Floats = NDArray[np.float64]

Ask = Callable[[Result], Floats]
"""What a row measures, one value per replicate (see :func:`engager.trials.measured`); raises NotSimulated."""

Key = tuple[str, ...]


class Measures:
    """An :data:`Ask` for the given rows of one trial. Parts are added one after the other, and replicates are measured
    when their last part was. Until then only what a row looks at is kept, patients with the same as one line: some
    thousand lines for days and events of any number of patients; one number each where it is an age or a level."""

    def __init__(self, trial: Trial, rows: Iterable[Result], replicates: int) -> None:
        self.trial = trial
        self._rows = {_key(row): row for row in rows}
        self._replicates = replicates
        self._before: dict[Key, list[pl.DataFrame]] = {}
        self._measure: dict[Key, Measure] = {}
        self._without: dict[Key, Mapping[str, Nobody]] = {}
        self._values: dict[Key, Floats] = {}
        self._reasons: dict[Key, NotSimulated] = {}

    def add(self, tables: Tables, *, last: bool = True) -> None:
        """Look at the patients of a part; ``last``: replicates end with it, and are measured."""
        for key, row in self._rows.items():
            looked = None if tables.patients.is_empty() else self._look(key, row, tables)
            if looked:
                self._measure[key] = looked.measure
                before = self._without.get(key, looked.without)
                self._without[key] = {name: why for name, why in before.items() if name in looked.without}
            if not last:
                if looked:
                    self._before.setdefault(key, []).append(_alike(looked.each))
                continue
            each = [_one_by_one(part) for part in self._before.pop(key, [])]
            each += [looked.each] if looked else []
            if each:
                self._keep(key, by_replicate(pl.concat(each), self._measure[key]))

    def _look(self, key: Key, row: Result, tables: Tables) -> Seen | None:
        try:
            return seen(self.trial, tables, row)
        except NotSimulated as why:
            known = self._reasons.setdefault(key, why)
            if isinstance(known, Nobody):  # of an empty group nothing else was asked
                self._reasons[key] = why
            return None

    def _keep(self, key: Key, found: dict[int, float]) -> None:
        values = self._values.setdefault(key, np.full(self._replicates, np.nan))
        values[list(found)] = list(found.values())

    def __call__(self, row: Result) -> Floats:
        key = _key(row)
        for nobody in self._without.get(key, {}).values():
            raise nobody
        if key in self._values:
            return self._values[key]
        raise self._reasons[key]


def _key(row: Result) -> Key:
    return (row.arm, row.subgroup, row.endpoint, row.statistic, str(row.time), row.population)


def _alike(each: pl.DataFrame) -> pl.DataFrame:
    """Equal rows as one, with their number."""
    return each.group_by(each.columns).len("rows").sort(each.columns)


def _one_by_one(alike: pl.DataFrame) -> pl.DataFrame:
    rows = alike["rows"].to_numpy()
    return alike.drop("rows")[np.repeat(np.arange(len(rows)), rows)]
