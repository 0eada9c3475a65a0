"""Survival statistics of one group: Kaplan–Meier, cumulative incidence, hazard ratio (statsmodels).

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
    """First time at which half have had the event [day]; nan while more than half are free of it."""
    reached = np.flatnonzero(curve.value <= 0.5 + 1e-12)  # a product of shares may miss one half by rounding
    return float(curve.time[reached[0]]) if len(reached) else float("nan")


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


def hazard_ratio(time: Any, event: Any, treated: Any) -> float:
    """Cox hazard ratio of ``treated`` (1) against the others (0), Efron's ties; nan where it has no estimate."""
    from statsmodels.duration.hazard_regression import PHReg

    event, treated = np.asarray(event, int), np.asarray(treated, float)
    if event[treated > 0].sum() == 0 or event[treated == 0].sum() == 0:
        return float("nan")
    fit = PHReg(np.asarray(time, float), treated, status=event, ties="efron").fit(disp=0)
    return float(np.exp(fit.params[0]))
