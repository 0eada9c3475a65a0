"""What is known of the fitted parameters before the fit, on scales on which the fit may move freely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from engager.documents import DocumentError, Problem, near, read_table
from engager.engine.streams import to_normal, uniform
from engager.patients import population

DATA = Path(__file__).parent / "data"

SUPPORTS = ("positive", "share", "real")

LEVEL = 0.90
"""A parameter lies within its prior_factor with this probability."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dimension:
    """One fitted parameter: on ``scale`` (log, logit or as it is) its prior is normal with ``centre`` and ``sd``."""

    name: str
    support: str
    centre: float
    sd: float
    reason: str

    def value(self, z: Floats) -> Floats:
        """The parameter itself, in the unit of the population's table."""
        if self.support == "real":
            return z
        return np.exp(z) if self.support == "positive" else np.asarray(expit(z))


@dataclass(frozen=True)
class Prior:
    """Independent normal priors of all fitted parameters, in the order of the table."""

    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> list[str]:
        return [d.name for d in self.dimensions]

    @property
    def centre(self) -> Floats:
        return np.array([d.centre for d in self.dimensions])

    @property
    def sd(self) -> Floats:
        return np.array([d.sd for d in self.dimensions])

    def values(self, z: Floats) -> dict[str, float]:
        """Parameters by name, from one point [dimension]."""
        return {d.name: float(d.value(x)) for d, x in zip(self.dimensions, z, strict=True)}

    def sample(self, members: int, seed: int) -> Floats:
        """Points [member, dimension]; a member's value of one parameter does not depend on which others are fitted."""
        drawn = [to_normal(uniform(seed, f"prior/{d.name}", 0, range(members))) for d in self.dimensions]
        return np.asarray(self.centre + self.sd * np.stack(drawn, axis=1))


@cache
def prior() -> Prior:
    """The prior that is shipped: which parameters are fitted stands in ``fit.csv``, how well they are known in the
    population's table."""
    return read_prior(DATA / "fit.csv")


def read_prior(path: Path) -> Prior:
    """Read a table of fitted parameters (name, support, reason).

    Raises:
        DocumentError: every unknown name or support, every parameter that is exact or outside its support.
    """
    table, problems, found = population(), list[Problem](), list[Dimension]()
    for row in read_table(path, ("name", "support", "reason"), unique="name"):
        known = table.get(row["name"])
        if known is None:
            problems.append(
                Problem(row.place, f"unknown parameter {row['name']!r}; {near(row['name'], table)}")
            )
        elif row["support"] not in SUPPORTS:
            message = f"support {row['support']!r} is not known; {near(row['support'], SUPPORTS)}"
            problems.append(Problem(row.place, message))
        elif wrong := _unfit(row["support"], known.value, known.prior_factor):
            problems.append(Problem(row.place, f"{known.name}: {wrong}"))
        else:
            found.append(_dimension(known, row["support"], row["reason"]))
    if problems:
        raise DocumentError(problems)
    return Prior(tuple(found))


def _unfit(support: str, value: float, factor: float) -> str:
    if factor == 1:
        return "its prior_factor is 1: it is exact and cannot be fitted"
    if support == "positive" and value <= 0:
        return f"its value {value:g} is not positive, so a prior on positive numbers excludes it; take real"
    if support == "share" and not 0 < value < 1:
        return f"its value {value:g} is not between 0 and 1, so a prior on shares excludes it; take positive"
    return ""


def _dimension(row: Any, support: str, reason: str) -> Dimension:
    """A factor f is a width of ln f on the log and logit scales, and of log10 f for what is a log10 already."""
    width = np.log10(row.prior_factor) if row.unit.startswith("log10") else np.log(row.prior_factor)
    scale = {"positive": np.log, "share": logit, "real": float}[support]
    return Dimension(
        row.name, support, float(scale(row.value)), float(width / ndtri(0.5 + LEVEL / 2)), reason
    )


def frame(prior: Prior, points: Floats) -> Mapping[str, Sequence[float]]:
    """Columns of parameter values, one per dimension, from points [member, dimension]."""
    columns: Iterable[tuple[Dimension, Floats]] = zip(prior.dimensions, points.T, strict=True)
    return {d.name: [float(v) for v in d.value(z)] for d, z in columns}
