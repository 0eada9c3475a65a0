"""A finished fit as tables: targets before and after, parameters before and after, and how the fit went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.inference.prior import Prior
from engager.inference.targets import Target
from engager.patients import Ensemble, population

Floats = NDArray[np.float64]

GOOD = 1.5
"""Standard errors within which a calibrated target is fitted."""

INFORMED = 0.8
"""Posterior spread, as a share of the prior's, below which the data have said something about a parameter."""


@dataclass(frozen=True)
class Fit:
    """What a calibration found.

    Attributes:
        ensemble: the posterior's members.
        targets: one row a target: what was printed, what the prior and the posterior ensemble give (median and 5 and
            95 % quantiles over members, in the unit of the record), and ``z``, the posterior median's distance in
            standard errors of the printed trial (on the scale of the fit).
        posterior: one row a parameter: prior and posterior median and 5 and 95 % quantiles in its unit, ``spread``
            (posterior over prior standard deviation on the scale of the fit), ``shift`` (in prior standard deviations)
            and the parameter that it is most correlated with in the posterior.
        trace: one row a step: mean squared distance of members from the data, in standard errors, and of their median.
        correlation: of parameters in the posterior, on the scale of the fit [parameter, parameter].
        left_out: targets that no replicate gives a number for.
    """

    ensemble: Ensemble
    targets: pl.DataFrame
    posterior: pl.DataFrame
    trace: pl.DataFrame
    correlation: Floats
    left_out: list[Target]


def fit_of(
    known: Prior,
    ensemble: Ensemble,
    wanted: Sequence[Target],
    left_out: Sequence[Target],
    error: Floats,
    points: Sequence[Floats],
    shown: Sequence[Floats],
) -> Fit:
    """Put a fit together.

    Args:
        error: covariance of the targets' errors [target, target].
        points: parameters by step, the first of the prior, the last of the posterior [member, dimension].
        shown: what they give, by step [member, target].
    """
    last = np.asarray(np.corrcoef(points[-1].T))
    return Fit(
        ensemble,
        _targets(wanted, error, shown[0], shown[-1]),
        _posterior(known, points[0], points[-1], last),
        _trace(wanted, error, shown),
        last,
        list(left_out),
    )


def _targets(wanted: Sequence[Target], error: Floats, before: Floats, after: Floats) -> pl.DataFrame:
    sd, rows = np.sqrt(np.diag(error)), []
    for i, target in enumerate(wanted):
        quantiles = {
            f"{name}_{edge}": float(target.unscaled(np.quantile(values[:, i], q)))
            for name, values in (("prior", before), ("posterior", after))
            for edge, q in (("lower", 0.05), ("median", 0.5), ("upper", 0.95))
        }
        z = (np.median(after[:, i]) - target.observed) / sd[i]
        before_z = (np.median(before[:, i]) - target.observed) / sd[i]
        published = float(target.unscaled(np.float64(target.observed)))
        rows.append(
            {
                "study": target.study, "target": target.name, "source": target.result.source,
                "printed": target.result.printed, "published": published, **quantiles,
                "standard_error": sd[i], "prior_z": float(before_z), "z": float(z),
                "good": bool(abs(z) <= GOOD),
            }
        )  # fmt: skip
    return pl.DataFrame(rows)


def _posterior(known: Prior, before: Floats, after: Floats, correlation: Floats) -> pl.DataFrame:
    rows, table = [], population()
    others = np.abs(correlation - np.eye(len(correlation)))
    for i, d in enumerate(known.dimensions):
        shape = {
            f"{name}_{edge}": float(d.value(np.asarray(np.quantile(z[:, i], q))))
            for name, z in (("prior", before), ("posterior", after))
            for edge, q in (("lower", 0.05), ("median", 0.5), ("upper", 0.95))
        }
        spread = float(after[:, i].std(ddof=1) / before[:, i].std(ddof=1))
        with_ = int(others[i].argmax())
        rows.append(
            {
                "parameter": d.name, "unit": table[d.name].unit, "standing": table[d.name].standing, **shape,
                "spread": spread, "shift": float((after[:, i].mean() - before[:, i].mean()) / d.sd),
                "informed": spread < INFORMED, "most_correlated_with": known.names[with_],
                "correlation": float(correlation[i, with_]),
            }
        )  # fmt: skip
    return pl.DataFrame(rows)


def _trace(wanted: Sequence[Target], error: Floats, shown: Sequence[Floats]) -> pl.DataFrame:
    observed, sd = np.array([t.observed for t in wanted]), np.sqrt(np.diag(error))
    z = [(values - observed) / sd for values in shown]
    return pl.DataFrame(
        {
            "step": range(len(z)),
            "members_mean_square": [float((one**2).mean()) for one in z],
            "median_mean_square": [float((np.median(one, axis=0) ** 2).mean()) for one in z],
            "good": [int((np.abs(np.median(one, axis=0)) <= GOOD).sum()) for one in z],
            "of": [len(wanted)] * len(z),
        }
    )
