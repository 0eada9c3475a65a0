"""What one would have said without the model: forecasts of a printed number from the other studies alone.

``pooled``: random effects of the same number in the other studies. ``regression``: logistic regression of response
rates on the share of blasts and the setting. Neither ever sees the study that it forecasts. Both come in two variants:
from all other studies, and from their calibrated rows alone, as the fit is.

Studies are few, often two. A prediction interval with k - 2 degrees of freedom does not exist then, and one with
one degree would be so wide that any model wins against it. The standard deviation between studies has a prior instead,
half-normal with scale 0.5 (Röver et al. 2021, Res Synth Methods 12:448): a null model that is hard to beat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special, stats

from engager.evidence import Result, Study, role_of
from engager.inference.poolable import (
    CLOGLOG,
    LOGIT,
    Row,
    Scale,
    error_of_median,
    error_of_rate,
    rows_of,
    scale_of,
    whole,
)
from engager.inference.scores import crps, loss
from engager.trials import trial, trials
from engager.trials.groups import SUBGROUPS
from engager.vocabulary import endpoints

Floats = NDArray[np.float64]

ENGAGER = "blinatumomab"

FEWEST = 2
"""Fewest other studies that a forecast is made from."""

GRIDS = {"log odds": (-6.0, 6.0), "log(-log)": (-6.0, 2.5), "log": (-3.0, 5.75)}
"""Where effects are looked for, by scale: shares from 0.25 to 99.75 %, months (and ratios) from 0.05 to 314."""

STEP = 0.025

TAUS = np.arange(0.05, 2.025, 0.05)
"""Standard deviations between studies that take part, on the scale of pooling."""

TAU = 0.5
"""Scale of their half-normal prior."""

MU = 1.7
"""Prior standard deviation of a mean log odds: about uniform as a share. Other means have a flat prior."""

SLOPE, INTERCEPT = 2.5, 5.0
"""Prior standard deviations of the regression's coefficients [log odds]."""

BY_BLASTS = ("blasts < 50 %", "blasts >= 50 %", "MRD above 1e-2", "overt relapse", "MRD only")
"""Subgroups that the regression can tell apart, since they are made by the share of blasts alone."""

_MRD = ("mrd_response", "complete_mrd_response", "molecular_response", "complete_molecular_response")
_REMISSION = (
    "complete_remission", "remission_crh", "remission_crh_cri", "remission_cri", "remission_cri_crp",
    "overall_response", "complete_haematologic_response",
)  # fmt: skip
FAMILIES = {**dict.fromkeys(_REMISSION, _REMISSION), **dict.fromkeys(_MRD, _MRD)}
"""Endpoints that the regression takes for the same thing."""


BEFORE_ENGAGER = ("D-ALBA/dasatinib-blinatumomab/molecular_response/proportion/85 days/franquiz2020",)
"""Rows of an arm with blinatumomab about the time before it, by id: they are neither forecast by the regression nor
part of it."""


NULLS = ("pooled", "regression", "pooled_calibrated", "regression_calibrated")
"""Null models, by name; the last two go by calibrated rows of the other studies alone."""


class NoForecast(Exception):
    """The null model gives no number for the row; the message says why."""


@dataclass(frozen=True)
class Forecast:
    """Values and their weights (sum 1), in the order of the values.

    Shares and rates are shares, medians and ratios are logarithms. ``discrete``: each value is a count of the printed N
    and its weight a probability; else weights over their distance are a density. ``studies``: what it is made from.
    """

    values: Floats
    weights: Floats
    discrete: bool
    studies: tuple[str, ...]

    def crps(self, observed: float, ends: tuple[float, float]) -> float:
        """CRPS, what lies beyond ``ends`` counting as lying there."""
        return crps(np.clip(self.values, *ends), float(np.clip(observed, *ends)), self.weights)

    def log_score(self, observed: float, many: int, ends: tuple[float, float]) -> float:
        """Logarithmic score, as :func:`engager.inference.scores.count_loss` and ``density_loss`` have it: with as much
        spread evenly as is of a forecast of ``many`` replicates."""
        if self.discrete:
            p = float(self.weights[int(np.argmin(np.abs(self.values - observed)))])
            return loss(p, many, len(self.values))
        density = self.weights / np.gradient(self.values)
        return loss(float(np.interp(observed, self.values, density)), many, ends[1] - ends[0])

    def interval(self, level: float) -> tuple[float, float]:
        """Central interval."""
        below = np.cumsum(self.weights)
        low, high = (
            float(self.values[np.searchsorted(below, q)]) for q in ((1 - level) / 2, (1 + level) / 2)
        )
        return low, high


@dataclass(frozen=True)
class NullModels:
    """The null models over the ``studies`` of a record."""

    studies: tuple[Study, ...]

    @cached_property
    def _rows(self) -> dict[str, list[Row]]:
        return _by_endpoint(self.studies)

    @cached_property
    def _fitted(self) -> dict[str, list[Row]]:
        """Calibrated rows to go by; which row of an arm is taken is decided among them."""
        return _by_endpoint(map(_calibrated, self.studies))

    def forecast(self, name: str, result: Result, N: int | None) -> Forecast:
        """The forecast of one of :data:`NULLS`; see :meth:`pooled` and :meth:`regression`."""
        which, _, calibrated = name.partition("_")
        model = self.pooled if which == "pooled" else self.regression
        return model(result, N or 1, calibrated_only=bool(calibrated))

    def pooled(self, result: Result, N: int, *, calibrated_only: bool = False) -> Forecast:
        """Random-effects forecast from the other studies that print the same number of the same kind of patients: the
        same setting, people (all patients or responders), quantity and time, with or without blinatumomab alike.

        Args:
            N: patients of a share.
            calibrated_only: go by calibrated rows of the other studies alone.

        Raises:
            NoForecast: the row cannot be pooled itself, or fewer than two other studies can; of a median or rate nobody
                prints how many patients it counts.
        """
        row = self._row(result)
        if not row.quantity or row.result.subgroup:
            raise NoForecast(row.reason)
        seen = self._fitted if calibrated_only else self._rows
        others = [other for other in seen.get(result.endpoint, []) if _comparable(row, other)]
        names = _enough(others)
        scale = scale_of(row.quantity)
        theta = grid(scale)
        effect = new_study(np.stack([_likelihood(other, scale, theta) for other in others]), theta, scale)
        if row.quantity == "share":
            return _counted(effect, theta, N, names)
        error = np.maximum(self._error(row, scale, theta), STEP)
        return _continuous(_kernel(theta, error) @ effect, theta, scale, names)

    def regression(self, result: Result, N: int, *, calibrated_only: bool = False) -> Forecast:
        """Forecast of n of ``N`` from a logistic regression on blasts and setting over the other studies' arms with
        blinatumomab, one row each: the same endpoint where it is printed, else another of its family.

        Raises:
            NoForecast: not a response rate of an arm with blinatumomab, or fewer than two other studies.
        """
        family = FAMILIES.get(result.endpoint)
        if family is None or result.statistic != "proportion":
            raise NoForecast("not a rate of remission or of residual disease")
        if result.subgroup and result.subgroup not in BY_BLASTS:
            raise NoForecast(f"the regression does not know the subgroup {result.subgroup!r}")
        if result.id in BEFORE_ENGAGER:
            raise NoForecast("before blinatumomab was given")
        if ENGAGER not in self._row(result).drugs:
            raise NoForecast("an arm without blinatumomab")
        others = self._training(result, family, self._fitted if calibrated_only else self._rows)
        names = _enough(others)
        setting = trial(result.study).cohort.setting
        if setting not in {trial(name).cohort.setting for name in names}:
            raise NoForecast(f"no other study of {setting} disease to go by")
        X = np.stack([covariates(row.study, row.result.subgroup) for row in others])
        n, N_ = (np.array([getattr(row, name) for row in others], float) for name in ("n", "N"))
        beta, covariance = logistic(X, n, N_)
        x = covariates(result.study, result.subgroup)
        theta = grid(LOGIT)
        effect = stats.norm.pdf(theta, x @ beta, np.sqrt(x @ covariance @ x))
        return _counted(effect / effect.sum(), theta, N, names)

    def _row(self, result: Result) -> Row:
        found = (row for row in self._rows[result.endpoint] if row.result.id == result.id)
        row = next(found, None)
        if row is None:
            raise NoForecast("another row of the record prints the same result")
        return row

    def _error(self, row: Row, scale: Scale, theta: Floats) -> Floats | float:
        """Standard error of a number about each effect, by its patients and the effect alone: an interval printed with
        the number would tell of what is to be forecast."""
        study = next(study for study in self.studies if study.id == row.study)
        N = row.result.N or whole(row.result, study.arm(row.arm))
        if N is None:
            raise NoForecast("how many patients the number counts is not printed")
        if scale is CLOGLOG:
            return error_of_rate(np.exp(-np.exp(theta)), N)
        if row.quantity == "median":
            return error_of_median(N)
        raise NoForecast(f"patients alone do not say how much a {row.quantity} scatters")

    def _training(self, result: Result, family: Sequence[str], seen: Mapping[str, list[Row]]) -> list[Row]:
        """One row for each other study and arm."""
        ordered = [result.endpoint, *(name for name in family if name != result.endpoint)]
        chosen: dict[tuple[str, str], Row] = {}
        for name in ordered:
            for row in seen.get(name, []):
                usable = not row.reason and row.quantity == "share" and ENGAGER in row.drugs
                if (
                    usable
                    and row.study != result.study
                    and row.study in trials()
                    and row.result.id not in BEFORE_ENGAGER
                ):
                    chosen.setdefault((row.study, row.arm), row)
        return list(chosen.values())


def _by_endpoint(record: Iterable[Study]) -> dict[str, list[Row]]:
    found = tuple(record)
    names = dict.fromkeys(r.endpoint for study in found for r in study.results)
    return {name: rows_of(endpoints()[name], found) for name in names}


def _calibrated(study: Study) -> Study:
    """The study as the fit sees it; p values stay, as ratios without an interval are pooled by them."""
    kept = [row for row in study.results if role_of(row) == "calibrated" or row.statistic == "p_value"]
    return study.model_copy(update={"results": tuple(kept)})


def grid(scale: Scale) -> Floats:
    """Effects that are considered, in steps of :data:`STEP`."""
    low, high = GRIDS[scale.name]
    return np.arange(low, high + STEP / 2, STEP)


def new_study(likelihoods: Floats, theta: Floats, scale: Scale) -> Floats:
    """Where the effect of a new study lies, given those that were seen: weights over ``theta``.

    Every study's effect is normal about a common mean with a standard deviation τ. Mean and τ are integrated out on a
    grid, so that nothing is approximated but the grid.

    Args:
        likelihoods: of each study's data at each effect [study, effect].
    """
    prior = -((theta / MU) ** 2) / 2 if scale is LOGIT else np.zeros(len(theta))
    kernels = [_kernel(theta, tau) for tau in TAUS]
    with np.errstate(divide="ignore"):
        logs = np.stack([np.log(likelihoods @ kernel).sum(axis=0) for kernel in kernels])
    logs += prior - ((TAUS[:, None] / TAU) ** 2) / 2
    weights = np.exp(logs - special.logsumexp(logs))
    return np.asarray(sum(kernel @ w for kernel, w in zip(kernels, weights, strict=True)))


def _kernel(theta: Floats, spread: Floats | float) -> Floats:
    """Weights of effects [effect, mean] that are normal about each mean of the grid, with one standard deviation or one
    for each mean; each column has the sum 1."""
    kernel = np.exp(-(((theta[:, None] - theta) / spread) ** 2) / 2)
    return np.asarray(kernel / kernel.sum(axis=0))


def _comparable(row: Row, other: Row) -> bool:
    same = (row.quantity, row.setting, row.whom) == (other.quantity, other.setting, other.whom)
    alike = (ENGAGER in row.drugs) == (ENGAGER in other.drugs)
    return same and alike and not other.reason and other.study != row.study


def _enough(others: Iterable[Row]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(row.study for row in others))
    if len(names) < FEWEST:
        raise NoForecast(f"{len(names) or 'no'} other {'study' if len(names) == 1 else 'studies'} to go by")
    return names


def _likelihood(row: Row, scale: Scale, theta: Floats) -> Floats:
    if row.quantity == "share":
        return np.asarray(stats.binom.pmf(row.n, row.N, special.expit(theta)))
    assert row.value is not None and row.se is not None  # what can be pooled has both
    return np.asarray(stats.norm.pdf(scale.there(row.value), theta, row.se))


def _counted(effect: Floats, theta: Floats, N: int, names: tuple[str, ...]) -> Forecast:
    """Counts of ``N`` patients whose log odds are weighed by ``effect``."""
    n = np.arange(N + 1)
    weights = stats.binom.pmf(n[:, None], N, special.expit(theta)) @ effect
    return Forecast(n / N, weights / weights.sum(), True, names)


def _continuous(effect: Floats, theta: Floats, scale: Scale, names: tuple[str, ...]) -> Forecast:
    if scale is CLOGLOG:  # the rate falls as the effect grows
        return Forecast(np.exp(-np.exp(theta[::-1])), effect[::-1], False, names)
    return Forecast(theta, effect, False, names)


def covariates(study: str, subgroup: str) -> Floats:
    """Intercept, typical share of blasts at entry (less a half), residual disease, untreated disease.

    The share is the median of the cohort's distribution in the study's trial file, within the subgroup where it is made
    by blasts. An assumption where no source prints it, and in RR36 set to that study's own response.
    """
    cohort = trial(study).cohort
    drawn = pl.DataFrame({"blasts": cohort.blasts.draw((np.arange(2000) + 0.5) / 2000)})
    if subgroup in BY_BLASTS:
        drawn = drawn.filter(SUBGROUPS[subgroup])
    typical = float(np.median(drawn["blasts"]))
    return np.array([1.0, typical - 0.5, cohort.setting == "MRD", cohort.setting == "untreated"])


def logistic(X: Floats, n: Floats, N: Floats) -> tuple[Floats, Floats]:
    """Logistic regression of ``n`` of ``N`` on ``X`` with normal priors: most likely coefficients and their covariance.

    The priors (:data:`INTERCEPT`, :data:`SLOPE`) keep it finite where all or none responded. Differences between
    studies beyond the covariates are not in it.
    """
    precision = np.diag([INTERCEPT**-2] + [SLOPE**-2] * (X.shape[1] - 1))
    beta = np.zeros(X.shape[1])
    for _ in range(100):
        p = special.expit(X @ beta)
        curvature = X.T @ ((N * p * (1 - p))[:, None] * X) + precision
        step = np.linalg.solve(curvature, X.T @ (n - N * p) - precision @ beta)
        beta = beta + np.clip(step, -1, 1)
        if np.max(np.abs(step)) < 1e-10:
            break
    p = special.expit(X @ beta)
    curvature = X.T @ ((N * p * (1 - p))[:, None] * X) + precision
    return beta, np.asarray(np.linalg.inv(curvature))
