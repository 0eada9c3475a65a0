"""The scoreboard: coverage and scores by role and kind, the model beside the null models, with their uncertainty.

Numbers of one study come from the same patients, so what is uncertain is which studies there are: intervals draw
studies anew with replacement, never rows. With fewer than ten studies such intervals are themselves rough, and rather
too short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engager.engine import streams
from engager.inference.checks import Checked
from engager.inference.comparison import attained
from engager.inference.null_models import NULLS
from engager.inference.validation import INNER, KINDS, OUTER, SCORED, Kind, Scored, Unscored

Floats = NDArray[np.float64]

DRAWS = 4000
"""How often studies are drawn."""

LEVEL = 0.90
"""Level of the intervals over studies."""

PIT_BINS = 10


@dataclass(frozen=True)
class Estimated:
    """A number with its interval over studies; bounds are None where it rests on one study."""

    value: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Coverage:
    """How many of ``rows`` lie inside the simulated interval of ``level``."""

    level: float
    inside: int
    rows: int
    share: Estimated


@dataclass(frozen=True)
class Mean:
    """Mean scores of one kind of number (see :data:`engager.inference.validation.SCALES` for their unit)."""

    kind: Kind
    rows: int
    studies: int
    crps: Estimated
    log_score: Estimated


@dataclass(frozen=True)
class Skill:
    """The model against a null model on the rows for which that gives a number.

    crps, null_crps, log_score, null_log_score: means over these rows. skill: 1 - crps / null_crps; gain: null_log_score
    - log_score [nat]; above 0 the model is better. inside, null_inside: rows within the 90 % intervals. won: rows on
    which the model has the smaller CRPS.
    """

    null: str
    kind: Kind
    rows: int
    studies: int
    crps: float
    null_crps: float
    skill: Estimated
    log_score: float
    null_log_score: float
    gain: Estimated
    inside: int
    null_inside: int
    won: int


@dataclass(frozen=True)
class Tally:
    """One role: rows scored and not, the studies of those scored, coverage, the level at which numbers lie, and scores.

    pit: how many numbers lie in each tenth of the forecast's levels; ties are spread, so these are no whole numbers.
    """

    role: str
    rows: int
    unscored: int
    studies: int
    coverage: tuple[Coverage, ...]
    pit: tuple[float, ...]
    means: tuple[Mean, ...]
    skill: tuple[Skill, ...]


def tallies(rows: Sequence[Scored | Unscored], seed: int) -> list[Tally]:
    """One tally for each role that has a row.

    Args:
        seed: of the runs; it decides which studies are drawn for the intervals.
    """
    made = []
    for role in SCORED:
        scored = [row for row in rows if isinstance(row, Scored) and row.role == role]
        unscored = sum(isinstance(row, Unscored) and row.role == role for row in rows)
        if scored or unscored:
            made.append(_tally(role, scored, unscored, seed))
    return made


def _tally(role: str, rows: Sequence[Scored], unscored: int, seed: int) -> Tally:
    kinds = [kind for kind in dict.fromkeys(KINDS.values()) if any(row.kind == kind for row in rows)]
    by_kind = {kind: [row for row in rows if row.kind == kind] for kind in kinds}
    skills = [_skill(null, kind, by_kind[kind], seed) for null in NULLS for kind in kinds]
    return Tally(
        role=role,
        rows=len(rows),
        unscored=unscored,
        studies=len({row.result.study for row in rows}),
        coverage=tuple(_coverage(level, rows, seed) for level in (INNER, OUTER) if rows),
        pit=pit_histogram([row.pit for row in rows]),
        means=tuple(_mean(kind, by_kind[kind], seed) for kind in kinds),
        skill=tuple(skill for skill in skills if skill),
    )


def _coverage(level: float, rows: Sequence[Scored], seed: int) -> Coverage:
    def inside(row: Scored) -> bool:
        return row.inside_inner if level == INNER else row.inside_outer

    share = over_studies(rows, seed, inside, lambda row: 1.0)
    return Coverage(level, sum(map(inside, rows)), len(rows), share)


def pit_histogram(levels: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Numbers by tenth of their forecast's levels, each spread evenly over the levels that it may have."""
    edges = np.linspace(0, 1, PIT_BINS + 1)
    counts = np.zeros(PIT_BINS)
    for low, high in levels:
        counts += np.diff(np.clip((edges - low) / (high - low), 0, 1))
    return tuple(float(count) for count in counts)


def _mean(kind: Kind, rows: Sequence[Scored], seed: int) -> Mean:
    return Mean(
        kind,
        len(rows),
        len({row.result.study for row in rows}),
        crps=over_studies(rows, seed, lambda row: row.crps, lambda row: 1.0),
        log_score=over_studies(rows, seed, lambda row: row.log_score, lambda row: 1.0),
    )


def _skill(null: str, kind: Kind, every: Sequence[Scored], seed: int) -> Skill | None:
    rows = [row for row in every if null in row.nulls]
    if not rows:
        return None
    model = over_studies(rows, seed, lambda row: row.crps, lambda row: row.nulls[null].crps)
    flip = (None if x is None else 1 - x for x in (model.upper, model.lower))
    return Skill(
        null=null,
        kind=kind,
        rows=len(rows),
        studies=len({row.result.study for row in rows}),
        crps=float(np.mean([row.crps for row in rows])),
        null_crps=float(np.mean([row.nulls[null].crps for row in rows])),
        skill=Estimated(1 - model.value, *flip),
        log_score=float(np.mean([row.log_score for row in rows])),
        null_log_score=float(np.mean([row.nulls[null].log_score for row in rows])),
        gain=over_studies(rows, seed, lambda row: row.nulls[null].log_score - row.log_score, lambda row: 1.0),
        inside=sum(row.inside_outer for row in rows),
        null_inside=sum(row.nulls[null].inside for row in rows),
        won=sum(row.crps < row.nulls[null].crps for row in rows),
    )


def over_studies(
    rows: Sequence[Scored], seed: int, above: Callable[[Scored], float], below: Callable[[Scored], float]
) -> Estimated:
    """Sum of ``above`` over sum of ``below``, with the interval over draws of as many studies as there are, with
    replacement. The draws depend on the seed and the number of studies alone."""
    names = list(dict.fromkeys(row.result.study for row in rows))
    sums = np.array(
        [[sum(f(row) for row in rows if row.result.study == name) for f in (above, below)] for name in names]
    )
    value = float(sums[:, 0].sum() / sums[:, 1].sum())
    if len(names) == 1:
        return Estimated(value, None, None)
    u = streams.uniform(seed, "validation/studies", 0, range(DRAWS * len(names)))
    drawn = sums[(u * len(names)).astype(np.int64).reshape(DRAWS, len(names))].sum(axis=1)
    ratios = drawn[:, 0] / drawn[:, 1]
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimated(value, float(low), float(high))


@dataclass(frozen=True)
class Board:
    """Everything of a validation.

    parameters, switched: population and switched structures of the runs (as ``simulate`` takes them). rows: every
    result in a scored role, each once, in the order of the record; context: how many results the record has beside
    them, which are never scored. problems: studies that could not be simulated, with the reason. runs: hash of the
    results of each run that was scored, by study. engager: version that scored. ensemble: hash of the ensemble of the
    runs, empty for the values of the parameter table. basis: see :func:`engager.inference.provenance.contents`.
    """

    replicates: int
    seed: int
    parameters: str
    switched: tuple[str, ...]
    rows: tuple[Scored | Unscored, ...]
    context: int
    problems: dict[str, str]
    tallies: tuple[Tally, ...]
    checks: tuple[Checked, ...]
    runs: dict[str, str] = field(default_factory=dict)
    engager: str = ""
    ensemble: str = ""
    basis: dict[str, str] = field(default_factory=dict)

    def perfect(self, level: float) -> float:
        """How often the interval of ``level`` over that many replicates covers the numbers of a perfect forecast."""
        return attained(self.replicates, level)
