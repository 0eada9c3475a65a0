"""What rows measure in a run that is read a part at a time, put together replicate by replicate."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from engager.evidence import Result
from engager.trials import Nobody, NotSimulated, Tables, Trial, measured

Floats = NDArray[np.float64]

Ask = Callable[[Result], Floats]
"""What a row measures, one value per replicate (see :func:`engager.trials.measured`); raises NotSimulated."""

Key = tuple[str, ...]


class Measures:
    """An :data:`Ask` for the given rows of one trial. Parts are added one after the other; a part is tables of whole
    replicates, so that what it measures is what the whole run would."""

    def __init__(self, trial: Trial, rows: Iterable[Result], replicates: int) -> None:
        self.trial = trial
        self._rows = {_key(row): row for row in rows}
        self._replicates = replicates
        self._values: dict[Key, Floats] = {}
        self._reasons: dict[Key, NotSimulated] = {}

    def add(self, tables: Tables) -> None:
        """Measure all rows in the replicates of a part."""
        if not self._rows or tables.patients.is_empty():
            return
        first = int(tables.patients["replicate"].min())  # type: ignore[arg-type]
        for key, row in self._rows.items():
            try:
                found = measured(self.trial, tables, row)
            except NotSimulated as why:
                known = self._reasons.setdefault(key, why)
                if isinstance(known, Nobody):  # of an empty group nothing else was asked
                    self._reasons[key] = why
                continue
            if key not in self._values:
                self._values[key] = np.full(self._replicates, np.nan)
            self._values[key][first : len(found)] = found[first:]

    def __call__(self, row: Result) -> Floats:
        key = _key(row)
        if key in self._values:
            return self._values[key]
        raise self._reasons[key]


def _key(row: Result) -> Key:
    return (row.arm, row.subgroup, row.endpoint, row.statistic, str(row.time), row.population)
