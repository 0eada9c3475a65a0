"""Survival statistics: Kaplan–Meier and cumulative incidence (statsmodels), restricted means, ratios.

Times are in days, events 0 or 1, one entry per patient.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Curve(NamedTuple):
    """A step function: ``value`` holds from ``time`` [day] on; ``variance`` of the value (Greenwood)."""

    time: Floats
    value: Floats
    variance: Floats


def kaplan_meier(time: Any, event: Any) -> Curve:
    """Share still free of the event; starts at time 0 with value 1."""
    from statsmodels.duration.survfunc import SurvfuncRight  # slow to import: only when a curve is wanted

    time, event = np.asarray(time, float), np.asarray(event, int)
    if not len(time) or not event.any():
        return Curve(np.zeros(1), np.ones(1), np.zeros(1))
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # the last step to zero has no variance
        fit = SurvfuncRight(time, event)
        error = np.nan_to_num(fit.surv_prob_se)
    return Curve(
        np.concatenate([[0.0], fit.surv_times]),
        np.concatenate([[1.0], fit.surv_prob]),
        np.concatenate([[0.0], error**2]),
    )


def median(curve: Curve) -> float:
    """First time at which half have had the event [day]; infinite while more than half are free of it."""
    reached = np.flatnonzero(curve.value <= 0.5 + 1e-12)  # a product of shares may miss one half by rounding
    return float(curve.time[reached[0]]) if len(reached) else float("inf")


def value_at(curve: Curve, time: float) -> float:
    """Value of the step function at ``time`` [day]."""
    return float(curve.value[np.searchsorted(curve.time, time, side="right") - 1])


def cumulative_incidence(time: Any, cause: Any, of: int) -> Curve:
    """Aalen–Johansen incidence of cause ``of`` among competing causes (0 is censored); starts at 0."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    time, cause = np.asarray(time, float), np.asarray(cause, int)
    present = [c for c in np.unique(cause) if c > 0]
    if of not in present:
        return Curve(np.zeros(1), np.zeros(1), np.zeros(1))
    recoded = np.where(cause == of, 1, np.where(cause > 0, 2, 0))
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        fit = CumIncidenceRight(time, recoded)
    start = np.zeros(1)
    error = np.nan_to_num(fit.cinc_se[0])
    return Curve(
        np.concatenate([start, fit.times]),
        np.concatenate([start, fit.cinc[0]]),
        np.concatenate([start, error**2]),
    )


def hazard_ratio(time: Any, event: Any, treated: Any, start: Any = None) -> float:
    """Cox hazard ratio of ``treated`` (1) against the others (0), Efron's ties.

    0 or infinite where only one side had events, nan where neither had.

    Args:
        start: day after which each entry is at risk, where a covariate that changes with time splits a patient into
            an entry before and one after the change; everybody from the beginning if None.

    For one yes-or-no covariate the partial likelihood needs only counts at each distinct time, so Newton's
    method takes well under a millisecond; a general fit takes a hundred times as long, and a run needs
    hundreds. Tested against statsmodels.
    """
    time, event, treated = np.asarray(time, float), np.asarray(event, bool), np.asarray(treated, bool)
    at = np.unique(time[event])
    risk = [_at_or_after(time[group], at) for group in (~treated, treated)]
    if start is not None:
        began = np.asarray(start, float)
        risk = [n - _at_or_after(began[g], at) for n, g in zip(risk, (~treated, treated), strict=True)]
    dead = [_events_at(time[group & event], at) for group in (~treated, treated)]
    if dead[0].sum() == 0 or dead[1].sum() == 0:
        return float("nan") if not event.any() else float("inf") if dead[0].sum() == 0 else 0.0
    ties = (dead[0] + dead[1]).astype(int)
    # Efron: of the d who die together, the k-th leaves after k/d of them have gone
    gone = np.concatenate([np.arange(d) / d for d in ties])
    n0, n1, d0, d1 = (np.repeat(x, ties) for x in (*risk, *dead))
    left0, left1 = n0 - gone * d0, n1 - gone * d1
    log_ratio = 0.0
    for _ in range(50):
        share = left1 * np.exp(log_ratio) / (left0 + left1 * np.exp(log_ratio))
        information = (share * (1 - share)).sum()
        if information == 0:  # never are both sides at risk
            return float("nan")
        change = (dead[1].sum() - share.sum()) / information
        log_ratio += float(np.clip(change, -1.0, 1.0))
        if abs(change) < 1e-10:
            return float(np.exp(log_ratio))
    return float("nan")


def log_rank(time: Any, event: Any, treated: Any) -> float:
    """p value of the log-rank test of ``treated`` (1) against the others (0); nan where a side is empty or no event
    has happened."""
    from statsmodels.duration.survfunc import survdiff

    time, event, treated = np.asarray(time, float), np.asarray(event, bool), np.asarray(treated, bool)
    if treated.all() or not treated.any() or not event.any():
        return float("nan")
    return float(survdiff(time, event.astype(int), treated.astype(int))[1])


def _at_or_after(time: Floats, at: Floats) -> Floats:
    return np.asarray(len(time) - np.searchsorted(np.sort(time), at, side="left"), np.float64)


def _events_at(time: Floats, at: Floats) -> Floats:
    return np.asarray(np.bincount(np.searchsorted(at, time), minlength=len(at)), np.float64)


def restricted_mean(curve: Curve, until: float) -> float:
    """Mean time free of the event within ``until`` days: the area under a Kaplan–Meier curve up to then [day].

    A curve that ends earlier without having come to 0 goes on at its last value.
    """
    kept = curve.time < until
    edges = np.append(curve.time[kept], until)
    return float(np.sum(curve.value[kept] * np.diff(edges)))


def restricted_mean_difference(time: Any, event: Any, treated: Any, until: float) -> float:
    """Restricted mean time of ``treated`` (1) minus that of the others (0) [day]; nan where a side is empty."""
    time, event, treated = np.asarray(time, float), np.asarray(event, bool), np.asarray(treated, bool)
    if treated.all() or not treated.any():
        return float("nan")
    sides = (kaplan_meier(time[side], event[side]) for side in (treated, ~treated))
    first, second = (restricted_mean(curve, until) for curve in sides)
    return first - second


def odds_ratio(event: Any, treated: Any) -> float:
    """Odds of the event among ``treated`` (1) over those among the others (0).

    0 or infinite where one side's odds are, nan where a side is empty or both odds are 0 or infinite.
    """
    event, treated = np.asarray(event, bool), np.asarray(treated, bool)
    a, b = float((event & treated).sum()), float((~event & treated).sum())
    c, d = float((event & ~treated).sum()), float((~event & ~treated).sum())
    if b * c == 0:
        return float("nan") if a * d == 0 else float("inf")
    return a * d / (b * c)
