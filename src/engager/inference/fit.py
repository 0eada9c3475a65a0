"""A finished fit as tables: targets before and after, parameters before and after, and how the fit went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.inference.forward import Errors
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
            standard errors of the printed trial (on the scale of the fit), without what else the fit allowed for.
        posterior: one row a parameter: prior and posterior median and 5 and 95 % quantiles in its unit, ``spread``
            (posterior over prior standard deviation on the scale of the fit), ``shift`` (in prior standard deviations)
            and the parameter that it is most correlated with in the posterior.
        trace: one row a step: mean squared distance of members from the data, in all errors that they are held to, and
            of their median, in standard errors of the printed trial.
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
    errors: Errors,
    points: Sequence[Floats],
    shown: Sequence[Floats],
) -> Fit:
    """Put a fit together.

    Args:
        errors: of the targets.
        points: parameters by step, the first of the prior, the last of the posterior [member, dimension].
        shown: what they give, by step [member, target].
    """
    last = np.asarray(np.corrcoef(points[-1].T))
    return Fit(
        ensemble,
        _targets(wanted, errors, shown[0], shown[-1]),
        _posterior(known, points[0], points[-1], last),
        _trace(wanted, errors, shown),
        last,
        list(left_out),
    )


def _targets(wanted: Sequence[Target], errors: Errors, before: Floats, after: Floats) -> pl.DataFrame:
    sd, rows = np.sqrt(np.diag(errors.printed)), []
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


def _trace(wanted: Sequence[Target], errors: Errors, shown: Sequence[Floats]) -> pl.DataFrame:
    observed = np.array([t.observed for t in wanted])
    each, printed = (np.sqrt(np.diag(of)) for of in (errors.whole, errors.printed))
    members = [(values - observed) / each for values in shown]
    medians = [(np.median(values, axis=0) - observed) / printed for values in shown]
    return pl.DataFrame(
        {
            "step": range(len(shown)),
            "members_mean_square": [float((z**2).mean()) for z in members],
            "median_mean_square": [float((z**2).mean()) for z in medians],
            "good": [int((np.abs(z) <= GOOD).sum()) for z in medians],
            "of": [len(wanted)] * len(shown),
        }
    )
