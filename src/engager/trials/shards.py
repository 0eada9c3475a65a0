"""A run in pieces: which patients of which replicates belong together, and how one piece is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import polars as pl

from engager.documents import DocumentError
from engager.engine.blocks import blocks_for
from engager.engine.phases import phase
from engager.patients import Ensemble, population, values
from engager.patients.ensemble import PAIR
from engager.patients.structures import setting
from engager.trials.conduct import LANES, Courses, conduct
from engager.trials.design import Trial
from engager.trials.enrol import enrol, together
from engager.trials.further_lines import further_regimens
from engager.trials.history import TABLES, History, history
from engager.trials.plan import Lowered, lower
from engager.trials.therapies import parameters_of_regimens

SHARD, SMALLEST, PIECES = 1024, 256, 16
"""Most patients in one shard: a second or two of work, a hundred megabytes. Runs that are small are cut into about
``PIECES``, so that no core waits long for the last, but not into less than ``SMALLEST``."""

BATCH = 512
"""Patients per call of the compiled program, unless the user says otherwise."""

DENSE = 120
"""Patients of the first replicate whose courses are kept every six hours."""


class Segment(NamedTuple):
    """Patients ``start`` to ``stop`` (exclusive) of one replicate."""

    replicate: int
    start: int
    stop: int


@dataclass(frozen=True)
class Setup:
    """What all shards of a run share: the trial, its regimens as arrays, population medians, seed; and the ensemble
    that medians differ by between replicates, without what is ``fixed`` by structures and overrides."""

    trial: Trial
    low: Lowered
    values: dict[str, float]
    seed: int
    ensemble: Ensemble | None = None
    fixed: frozenset[str] = frozenset()

    def member(self, replicate: int) -> int:
        """Member of the ensemble that a replicate belongs to; 0 without an ensemble."""
        return self.ensemble.member(self.seed, replicate) if self.ensemble else 0

    def values_of(self, replicate: int) -> dict[str, float]:
        """Population medians of a replicate."""
        if self.ensemble is None:
            return self.values
        own = self.ensemble.values(self.member(replicate))
        return {**self.values, **{name: value for name, value in own.items() if name not in self.fixed}}


def setup(
    trial: Trial,
    seed: int,
    switched: Sequence[str] = (),
    overrides: Mapping[str, float] | None = None,
    ensemble: Ensemble | None = None,
) -> Setup:
    """Prepare a run, with the structures ``switched`` (see ``patients.structures``), with ``overrides`` of population
    medians by name, and with medians that differ between replicates as the members of ``ensemble`` do.

    Raises:
        DocumentError: a regimen that the model cannot give, a structure or a parameter that does not exist, an
            ensemble of what regimens are made of.
    """
    v = values(overrides, switched)
    units = {name: row.unit for name, row in population().items()}
    regimens = [*trial.regimens, *further_regimens(v)]
    low = lower(regimens, v, units, trial.visits.marrow_window)
    if ensemble and (of_regimens := sorted(set(ensemble.names) & parameters_of_regimens())):
        raise DocumentError(
            f"the ensemble varies {', '.join(of_regimens)}, which regimens are lowered with once for all replicates"
        )
    fixed = frozenset({**setting(switched), **(overrides or {})})
    return Setup(trial, low, v, seed, ensemble, fixed)


def largest(patients: int, replicates: int, pieces: int = PIECES) -> int:
    """Most patients that a shard of a run has."""
    return min(max(patients * replicates // pieces, SMALLEST), SHARD)


def shards(patients: int, replicates: int, pieces: int = PIECES) -> list[list[Segment]]:
    """Split a run into about ``pieces``: whole replicates together while they fit, large replicates in parts."""
    size = largest(patients, replicates, pieces)
    if patients > size:
        cuts = range(0, patients, size)
        return [[Segment(r, at, min(at + size, patients))] for r in range(replicates) for at in cuts]
    each = min(size // patients, replicates)
    if PAIR < each < replicates:
        each -= each % PAIR  # who share a member of the ensemble are simulated together
    return [
        [Segment(r, 0, patients) for r in range(first, min(first + each, replicates))]
        for first in range(0, replicates, each)
    ]


def simulate_shard(s: Setup, segments: list[Segment], batch: int = BATCH, refine: int = 1) -> History:
    """Enrol, conduct and record the patients of a shard. ``batch`` changes the time it takes, no number."""
    found = [
        _simulate_alike(s, list(alike), batch, refine)
        for _, alike in groupby(segments, key=lambda g: s.member(g.replicate))
    ]
    return History(**{name: pl.concat([getattr(part, name) for part in found]) for name in TABLES})


def _simulate_alike(s: Setup, segments: list[Segment], batch: int, refine: int) -> History:
    """Patients of the same population."""
    v = s.values_of(segments[0].replicate)
    with phase("enrol"):
        e = together(
            [enrol(s.trial, s.low, v, s.seed, g.replicate, range(g.start, g.stop)) for g in segments]
        )
    courses = conduct(s.trial, s.low, v, e.entrant, blocks_for(batch, LANES), refine)
    with phase("history tables"):
        return history(s.trial, s.low, e, courses, v, DENSE)


def simulate_one(s: Setup, replicate: int, patient: int, batch: int = BATCH) -> tuple[History, Courses]:
    """One patient alone, with the daily records that a run does not keep: the same rows as in any shard."""
    v = s.values_of(replicate)
    e = enrol(s.trial, s.low, v, s.seed, replicate, range(patient, patient + 1))
    courses = conduct(s.trial, s.low, v, e.entrant, blocks_for(batch, LANES))
    return history(s.trial, s.low, e, courses, v, DENSE), courses
