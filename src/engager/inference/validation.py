"""Every published number of a study against the distribution over simulated trials, scored, beside the null models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engager.evidence import Result, Role, Study, distinct, role_of
from engager.inference.comparison import ENOUGH, ONE_SIDED, inside, interval, quantiles, stands_for
from engager.inference.null_models import NULLS, Forecast, NoForecast, NullModels
from engager.inference.scores import count_loss, crps, density_loss, pit
from engager.trials import NotSimulated, Tables, Trial, counted, measured
from engager.trials.responses import DAYS_PER_MONTH

Floats = NDArray[np.float64]
Kind = Literal["share", "rate", "median", "ratio"]

SCORED: tuple[Role, ...] = ("predicted", "calibrated", "informed")
"""Roles that are scored, each apart."""

KINDS: dict[str, Kind] = {
    "proportion": "share", "rate_at": "rate", "median": "median", "hazard_ratio": "ratio", "odds_ratio": "ratio",
}  # fmt: skip
"""Kinds of number, by statistic: each has a scale of its own and is never added to another."""

SCALES: dict[Kind, str] = {
    "share": "share of patients",
    "rate": "share of patients at a time",
    "median": "log of months",
    "ratio": "log of ratio",
}
"""What the scores of a kind are measured in."""

INNER, OUTER = 0.5, 0.9
"""Levels of the two intervals."""

SHORTEST = 0.1
"""Months that a median counts as at least."""

RATIOS = (0.02, 50.0)
"""Ratios that a ratio counts as at least and at most."""


@dataclass(frozen=True)
class Against:
    """What a null model made of a row: scores as those of the model, its 90 % interval in the row's unit, and the other
    studies that it went by."""

    crps: float
    log_score: float
    lower: float
    upper: float
    inside: bool
    studies: tuple[str, ...]


@dataclass(frozen=True)
class Scored:
    """A published number and what the model said of it.

    observed: the printed value, n/N where both are known. median, inner, outer: over simulated trials, in the row's
    unit; infinite where a median lies beyond follow-up. inside_inner, inside_outer: whether what the printed number
    stands for meets the interval. pit: see :func:`engager.inference.scores.pit`. crps, log_score: on the scale of the
    kind (:data:`SCALES`). N: patients of a share, as printed or else as simulated. place: where the number stands
    against the outer interval, 0 at the median and ±1 at the bounds. nulls: null models by name; no_null: why one is
    missing.
    """

    result: Result
    role: Role
    kind: Kind
    observed: float
    N: int | None
    median: float
    inner: tuple[float, float]
    outer: tuple[float, float]
    inside_inner: bool
    inside_outer: bool
    pit: tuple[float, float]
    crps: float
    log_score: float
    place: float
    nulls: dict[str, Against] = field(default_factory=dict)
    no_null: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unscored:
    """A published number that is not scored, and why."""

    result: Result
    role: Role
    reason: str


@dataclass(frozen=True)
class Scale:
    """Where a kind is scored: ``there`` turns values into it, ``ends`` are as far as it reaches."""

    there: Callable[[Floats], Floats]
    ends: tuple[float, float]

    def of(self, values: Floats | float) -> Floats:
        """Values on the scale, those beyond its ends at them."""
        with np.errstate(divide="ignore"):
            return np.clip(self.there(np.asarray(values, np.float64)), *self.ends)


def scored_rows(study: Study) -> list[tuple[Result, Role]]:
    """Every result of a study that is scored or should be, each once, with its role."""
    rows = [(row, role_of(row)) for row in distinct(study.results)]
    return [(row, role) for row, role in rows if role in SCORED]


def score_study(trial: Trial, tables: Tables, study: Study, nulls: NullModels) -> list[Scored | Unscored]:
    """Every result of ``study`` in a scored role, each once, in the order of the record; none is dropped.

    Args:
        trial: the study's own trial.
        tables: its patients over all replicates.
    """
    return [_scored(trial, tables, row, role, nulls) for row, role in scored_rows(study)]


def _scored(trial: Trial, tables: Tables, row: Result, role: Role, nulls: NullModels) -> Scored | Unscored:
    kind = KINDS.get(row.statistic)
    if kind is None or row.value is None:
        return Unscored(
            row, role, "a bound or a range, not a value" if kind else f"a {row.statistic} is not scored"
        )
    try:
        values = measured(trial, tables, row)
        values = values[~np.isnan(values)]
        if len(values) < ENOUGH:
            raise NotSimulated(f"{len(values)} replicates have patients of this group, fewer than {ENOUGH}")
        if kind == "ratio" and interval(values) is None:
            raise NotSimulated(ONE_SIDED)
        N = _size(trial, tables, row) if kind == "share" else None
    except NotSimulated as why:
        return Unscored(row, role, str(why))
    made = _against_simulation(trial, row, role, kind, N, values)
    for name in NULLS:
        try:
            forecast = nulls.forecast(name, row, N)
        except NoForecast as why:
            made.no_null[name] = str(why)
        else:
            made.nulls[name] = _against(forecast, made, scale_of(kind, trial), len(values))
    return made


def _size(trial: Trial, tables: Tables, row: Result) -> int:
    """Patients of a share: those printed, else the median over replicates of those simulated."""
    return row.N or max(1, round(float(np.median(counted(trial, tables, row)))))


def scale_of(kind: Kind, trial: Trial) -> Scale:
    """The scale of a kind of number in a trial: a median is known up to the end of follow-up only."""
    if kind == "median":
        return Scale(np.log, (float(np.log(SHORTEST)), float(np.log(trial.follow_up.total / DAYS_PER_MONTH))))
    if kind == "ratio":
        return Scale(np.log, (float(np.log(RATIOS[0])), float(np.log(RATIOS[1]))))
    return Scale(lambda x: x, (0.0, 1.0))


def _against_simulation(
    trial: Trial, row: Result, role: Role, kind: Kind, N: int | None, values: Floats
) -> Scored:
    least, most = stands_for(row)
    known = kind == "share" and row.n is not None and row.N is not None
    observed = (row.n or 0) / (row.N or 1) if known else row.value or 0.0
    scale = scale_of(kind, trial)
    x, y = scale.of(values), float(scale.of(observed))
    inner, outer = (quantiles(values, level) for level in (INNER, OUTER))
    assert inner is not None and outer is not None  # there are values
    if N is not None:
        loss = count_loss(values, row.n if known and row.n is not None else round(observed * N), N)
    else:
        coarse = float(np.ptp(scale.of(np.array([least, most])))) / 2
        loss = density_loss(np.where(np.isfinite(values), x, np.inf), y, scale.ends, coarse)
    return Scored(
        result=row, role=role, kind=kind, observed=observed, N=N,
        median=outer[1], inner=(inner[0], inner[2]), outer=(outer[0], outer[2]),
        inside_inner=inside(row, inner[0], inner[2]), inside_outer=inside(row, outer[0], outer[2]),
        pit=pit(values, least, most), crps=crps(x, y), log_score=loss,
        place=place_of(y, *(float(scale.of(v)) for v in outer)),
    )  # fmt: skip


def place_of(observed: float, low: float, middle: float, high: float) -> float:
    """Where a number stands against a forecast: 0 at the median, ±1 at the bounds, in proportion on either side;
    infinite off a bound that is the median."""
    gap = observed - middle
    if gap == 0:
        return 0.0
    half = high - middle if gap > 0 else middle - low
    return gap / half if half > 0 else float(np.copysign(np.inf, gap))


def _against(forecast: Forecast, row: Scored, scale: Scale, many: int) -> Against:
    y = float(scale.there(np.array(row.observed)))
    low, high = forecast.interval(OUTER)
    logs = row.kind in ("median", "ratio")
    low, high = (float(np.exp(v)) if logs else v for v in (low, high))
    return Against(
        crps=forecast.crps(y, scale.ends),
        log_score=forecast.log_score(y, many, scale.ends),
        lower=low,
        upper=high,
        inside=inside(row.result, low, high),
        studies=forecast.studies,
    )
