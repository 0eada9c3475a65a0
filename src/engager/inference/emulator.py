"""A target as a polynomial of the parameters, and from it the share of its variance that each parameter has.

The basis is orthonormal under the prior (Hermite polynomials up to degree two, in prior standard deviations), so first
and total Sobol indices are sums of squared coefficients (Sudret 2008, Reliab Eng Syst Saf 93:964): of the polynomial
they are exact. How far the polynomial stands for the simulation is told by its error at points it was not fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CROSSED = 12
"""Parameters whose products are terms: those with the largest linear terms."""

CURVED = 0.5
"""Size of a term of degree two that is as likely beforehand as a linear one of size 1."""

PENALTIES = np.logspace(-3, 4, 29)


@dataclass(frozen=True)
class Emulator:
    """A polynomial: constant, linear terms and squares [dimension], products of pairs with their coefficients."""

    constant: float
    linear: Floats
    squares: Floats
    pairs: Integers
    products: Floats

    def __call__(self, points: Floats) -> Floats:
        """Values [point] at points [point, dimension] in prior standard deviations."""
        terms = _terms(points, self.pairs)
        return np.asarray(self.constant + terms @ np.concatenate([self.linear, self.squares, self.products]))

    def sobol(self) -> tuple[Floats, Floats]:
        """First-order and total indices [dimension]; all 0 for a constant."""
        first = self.linear**2 + self.squares**2
        crossed = np.zeros_like(first)
        np.add.at(crossed, self.pairs.ravel(), np.repeat(self.products**2, 2))
        all_of_it = first.sum() + (self.products**2).sum() or 1.0
        return first / all_of_it, (first + crossed) / all_of_it


def fitted(points: Floats, values: Floats) -> Emulator:
    """Ridge regression on the polynomial's terms, the penalty by generalised cross-validation.

    Args:
        points: [point, dimension], in prior standard deviations.
        values: [point].
    """
    dimensions = points.shape[1]
    none = np.zeros((0, 2), int)
    straight = _ridge(_terms(points, none), values, _sizes(dimensions, 0))[1][:dimensions]
    crossed = np.sort(np.argsort(-np.abs(straight), kind="stable")[:CROSSED])
    pairs = np.array([(i, j) for at, i in enumerate(crossed) for j in crossed[at + 1 :]]).reshape(-1, 2)
    constant, found = _ridge(_terms(points, pairs), values, _sizes(dimensions, len(pairs)))
    return Emulator(
        constant, found[:dimensions], found[dimensions : 2 * dimensions], pairs, found[2 * dimensions :]
    )


def predicted_share(points: Floats, values: Floats, groups: Integers) -> float:
    """Share of the variance of ``values`` that an emulator fitted to the other groups predicts (R²; at most 1)."""
    found = np.empty_like(values)
    for group in np.unique(groups):
        out = groups == group
        found[out] = fitted(points[~out], values[~out])(points[out])
    spread = ((values - values.mean()) ** 2).sum()
    return float(1 - ((values - found) ** 2).sum() / spread) if spread > 0 else 0.0


def _terms(points: Floats, pairs: Integers) -> Floats:
    """[point, linear then squares then products]: mean 0, variance 1 and uncorrelated under the prior."""
    products = points[:, pairs[:, 0]] * points[:, pairs[:, 1]]
    return np.concatenate([points, (points**2 - 1) / np.sqrt(2), products], axis=1)


def _sizes(dimensions: int, pairs: int) -> Floats:
    return np.concatenate([np.ones(dimensions), np.full(dimensions + pairs, CURVED)])


def _ridge(terms: Floats, values: Floats, sizes: Floats) -> tuple[float, Floats]:
    """Constant and coefficients."""
    scaled = terms * sizes
    middle, mean = scaled.mean(0), float(values.mean())
    centred, y = scaled - middle, values - mean
    w, V = np.linalg.eigh(centred.T @ centred)  # a third of the time of a singular value decomposition
    w = np.maximum(w, 0.0)
    along = V.T @ (centred.T @ y)
    seen = np.where(w > w.max() * 1e-12, along**2 / np.where(w > 0, w, 1.0), 0.0)
    shrunk = w / (w + PENALTIES[:, None])
    left = (y**2).sum() - (seen * (2 * shrunk - shrunk**2)).sum(1)
    free = len(values) - 1 - shrunk.sum(1)
    best = int(np.argmin(left / np.maximum(free, 1e-9) ** 2))
    found = (V @ (along / (w + PENALTIES[best]))) * sizes
    return mean - float((middle / sizes) @ found), found
