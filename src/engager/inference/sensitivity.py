"""What the calibrated targets can say about the parameters, as tables: effects, shares of variance, what is tied to
what, and how well rival structures do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.documents import DocumentError
from engager.inference import emulator
from engager.inference.basis import basis
from engager.inference.morris import Effects, posterior
from engager.inference.prior import DATA, Prior
from engager.inference.targets import Target

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHIPPED = DATA / "sensitivity"
ABOUT = "about.json"

PREDICTS = 0.7
"""Share of a target's variance that its polynomial must predict before shares of it are given to parameters."""

CLEAR = 4.0
"""Standard errors from which a slope counts: of 64 × 64 pairs hardly one without a slope passes."""

NOTHING = 0.1
"""Effect [standard errors per prior standard deviation] below which a target says nothing, even one without noise."""

TIED = 0.3
"""Posterior correlation from which a pair of parameters is listed."""


@dataclass(frozen=True)
class Sensitivity:
    """What a study of sensitivity found.

    Attributes:
        effects: one row a parameter and target: mean (``mu``), mean size (``mu_star``) and standard deviation
            (``sigma``) of elementary effects, in standard errors of the target per prior standard deviation of the
            parameter, and ``floor``, below which ``mu_star`` may be noise. Without paths slopes over the members stand
            in their place, and sigma is null.
        sobol: one row a target and parameter: ``predicted``, the share of the target's variance that its polynomial
            predicts, and the parameter's ``first`` and ``total`` share (null where too little is predicted).
        parameters: one row a parameter, most informed first: ``targets``, how many have a clear slope over it;
            ``strongest``, the target that it moves most beyond noise, with that effect's ``mu_star``; and ``spread``,
            its posterior standard deviation over its prior's, were all effects straight.
        pairs: parameters that the targets tie together (posterior ``correlation``), strongest first.
        rivals: one row a structure taken out and stage (``shipped`` parameters, ``refitted``): ``misfit``, the sum of
            squares of all targets' distances from what was printed, in standard errors and with their correlation;
            ``moved``, the squared distance of the parameters from their priors' centres; ``outside``, the targets that
            lie more than one standard error from where they lie with everything in.
        rival_targets: one row a structure taken out, stage and target: ``z``, simulated less printed in standard
            errors, and ``change`` against everything in.
        about: request, hashes of the inputs, version.
    """

    effects: pl.DataFrame
    sobol: pl.DataFrame
    parameters: pl.DataFrame
    pairs: pl.DataFrame
    rivals: pl.DataFrame
    rival_targets: pl.DataFrame
    about: dict[str, Any]

    @property
    def uninformed(self) -> list[str]:
        """Parameters that no target has a clear slope over."""
        return self.parameters.filter(pl.col("targets") == 0)["parameter"].to_list()

    @property
    def changed(self) -> list[str]:
        """Inputs that are not now what they were then."""
        now = basis()
        return [name for name, sha in self.about.get("inputs", {}).items() if now.get(name) != sha]


TABLES = tuple(f.name for f in fields(Sensitivity) if f.name != "about")


def read_sensitivity(folder: Path) -> Sensitivity:
    """Read what ``engager sensitivity`` left in ``folder``.

    Raises:
        DocumentError: it is not there, or cannot be read.
    """
    try:
        tables = {name: pl.read_csv(folder / f"{name}.csv", infer_schema_length=None) for name in TABLES}
        return Sensitivity(**tables, about=json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise DocumentError(
            f"{folder} holds no finished study of sensitivity ({error}): engager sensitivity --out makes one"
        ) from None


@cache
def shipped() -> Sensitivity:
    """The study that is shipped."""
    return read_sensitivity(SHIPPED)


def effects_table(known: Prior, wanted: Sequence[Target], found: Effects, floor: Floats) -> pl.DataFrame:
    """See :class:`Sensitivity`; ``floor`` is that of each target, or of each [dimension, target]."""
    least = np.broadcast_to(floor, found.mu.shape)
    return pl.DataFrame(
        [
            {
                "parameter": name, "target": target.name, "mu": float(found.mu[i, j]),
                "mu_star": float(found.mu_star[i, j]), "sigma": float(found.sigma[i, j]), "floor": float(least[i, j]),
            }
            for i, name in enumerate(known.names)
            for j, target in enumerate(wanted)
        ]
    ).with_columns(pl.col("sigma").fill_nan(None))  # fmt: skip


@dataclass(frozen=True)
class Slopes:
    """Slopes of targets over parameters by least squares, and their standard errors [dimension, target]."""

    values: Floats
    errors: Floats

    @property
    def clear(self) -> Floats:
        """Slopes that chance does not give, 0 for the others."""
        return np.asarray(np.where(np.abs(self.values) > self.floor, self.values, 0.0))

    @property
    def floor(self) -> Floats:
        """Sizes up to which slopes may be chance."""
        return np.asarray(np.maximum(CLEAR * self.errors, NOTHING))


def slopes(points: Floats, values: Floats) -> Slopes:
    """Slopes over all points.

    Args:
        points: [point, dimension] in prior standard deviations.
        values: [point, target] in standard errors.

    Raises:
        DocumentError: fewer points than parameters.
    """
    many, dimensions = points.shape
    free = many - dimensions - 1
    if free < 1:
        raise DocumentError(f"{many} points are too few for {dimensions} parameters: ask for more members")
    terms, y = np.column_stack([np.ones(many), points]), filled(values)
    found, *_ = np.linalg.lstsq(terms, y, rcond=None)
    left = ((y - terms @ found) ** 2).sum(0) / free
    error = np.sqrt(np.outer(np.diag(np.linalg.inv(terms.T @ terms)), left))
    return Slopes(np.asarray(found[1:]), np.asarray(error[1:]))


def filled(values: Floats) -> Floats:
    """A target that a point has no value for, taken at its mean over the others [point, target]."""
    return np.asarray(np.where(np.isfinite(values), values, np.nanmean(values, axis=0)))


def parameter_tables(
    known: Prior,
    wanted: Sequence[Target],
    found: Effects,
    floor: Floats,
    straight: Floats,
    correlation: Floats,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables ``parameters`` and ``pairs``, see :class:`Sensitivity`.

    Args:
        straight: slopes [dimension, target].
        correlation: of the targets' errors [target, target].
    """
    covariance = posterior(straight, correlation)
    sd = np.sqrt(np.diag(covariance))
    tied = covariance / np.outer(sd, sd)
    beyond = np.where(found.mu_star > floor, found.mu_star, 0.0)
    rows = [
        {
            "parameter": d.name, "targets": int((straight[i] != 0).sum()),
            "strongest": wanted[int(beyond[i].argmax())].name if beyond[i].any() else None,
            "mu_star": float(beyond[i].max()), "spread": float(sd[i]), "role": d.reason,
        }
        for i, d in enumerate(known.dimensions)
    ]  # fmt: skip
    pairs = [
        {"parameter": known.names[i], "other": known.names[j], "correlation": float(tied[i, j])}
        for i in range(len(sd))
        for j in range(i)
        if abs(tied[i, j]) >= TIED
    ]
    schema = {"parameter": pl.String, "other": pl.String, "correlation": pl.Float64}
    return (
        pl.DataFrame(rows, infer_schema_length=None).sort("spread", "mu_star", descending=[False, True]),
        pl.DataFrame(pairs, schema=schema).sort(pl.col("correlation").abs(), descending=True),
    )


def sobol_table(
    known: Prior, wanted: Sequence[Target], points: Floats, values: Floats, groups: Integers
) -> pl.DataFrame:
    """See :class:`Sensitivity`.

    Args:
        points: [point, dimension] in prior standard deviations.
        values: [point, target] in standard errors.
        groups: points that are left out together when the polynomial is tested [point].
    """
    rows = []
    for j, target in enumerate(wanted):
        y = filled(values[:, [j]])[:, 0]
        predicted = emulator.predicted_share(points, y, groups)
        first, total = emulator.fitted(points, y).sobol()
        good = predicted >= PREDICTS
        rows += [
            {
                "target": target.name, "predicted": predicted, "parameter": name,
                "first": float(first[i]) if good else None, "total": float(total[i]) if good else None,
            }
            for i, name in enumerate(known.names)
        ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)
