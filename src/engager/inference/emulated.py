"""How likely the printed targets are at a point of the parameters, from polynomials in place of simulations.

The polynomials are fitted to what a fit has simulated on its way. What they miss there, at points that they were not
fitted to and beyond the chance of those simulations, is added to the error that the targets are held to: a population
that is drawn from them is no better known than they are.

Points [point, dimension] are in prior standard deviations from the prior's centre, so the prior is standard normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from engager.inference.emulator import Emulator, fitted

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FOLDS = 5
"""Parts that the points are dealt to; each is predicted from the others."""


@dataclass(frozen=True)
class Emulated:
    """All targets as polynomials of degree two, and what they are held to.

    Attributes:
        constant: [target].
        weights: of the linear terms, of the squares and of the products of ``pairs`` [term, target].
        pairs: dimensions that are multiplied [pair, 2].
        observed: what was printed, on the targets' scales [target].
        error: covariance of the error of ``observed`` against the polynomials [target, target].
    """

    constant: Floats
    weights: Floats
    pairs: Integers
    observed: Floats
    error: Floats

    @property
    def dimensions(self) -> int:
        return (len(self.weights) - len(self.pairs)) // 2

    @cached_property
    def _unroot(self) -> Floats:
        """Turns deviations [point, target] into independent ones of size 1."""
        return np.asarray(np.linalg.inv(np.linalg.cholesky(self.error)).T)

    def targets(self, points: Floats) -> Floats:
        """What points give for the targets [point, target]."""
        products = points[:, self.pairs[:, 0]] * points[:, self.pairs[:, 1]]
        return np.asarray(
            self.constant + np.concatenate([points, points**2, products], axis=1) @ self.weights
        )

    def distances(self, points: Floats) -> Floats:
        """Simulated less printed, in standard errors [point, target]."""
        return np.asarray((self.targets(points) - self.observed) / np.sqrt(np.diag(self.error)))

    def misfit(self, points: Floats) -> Floats:
        """Squared distance from what was printed, −2 log likelihood but for a constant [point]."""
        return np.asarray((self._white(points) ** 2).sum(axis=1))

    def _white(self, points: Floats) -> Floats:
        return np.asarray((self.targets(points) - self.observed) @ self._unroot)

    def _slopes(self, point: Floats) -> Floats:
        """Derivatives of :meth:`_white` at one point [target, dimension]."""
        d, p = self.dimensions, np.arange(len(self.pairs))
        of_products = np.zeros((d, len(p)))
        first, second = self.pairs.T
        of_products[first, p], of_products[second, p] = point[second], point[first]
        linear, squares, products = np.split(self.weights, [d, 2 * d])
        return np.asarray(((linear + 2 * point[:, None] * squares + of_products @ products) @ self._unroot).T)

    def normal(self, start: Floats) -> tuple[Floats, Floats]:
        """The normal distribution that touches the posterior at its mode: the mode [dimension] and the covariance of
        the polynomials straightened there [dimension, dimension]."""
        identity = np.eye(self.dimensions)
        found = least_squares(
            lambda u: np.concatenate([u, self._white(u[None])[0]]),
            start,
            lambda u: np.concatenate([identity, self._slopes(u)]),
        )
        return found.x, np.linalg.inv(found.jac.T @ found.jac)


def emulated(
    points: Floats,
    values: Floats,
    observed: Floats,
    error: Floats,
    noise: Floats,
    groups: Integers,
    near: Floats,
) -> Emulated:
    """Fit the polynomials, and find what they miss.

    Args:
        points: evaluated points [point, dimension].
        values: what they gave [point, target].
        observed: [target].
        error: covariance of a printed trial against the mean of evaluations [target, target].
        noise: covariance of chance in one evaluation [target, target].
        groups: points that are left out together [point].
        near: whether what is missed at a point counts: those near the posterior [point].
    """
    pairs, constant, weights = _together([fitted(points, y) for y in values.T])
    missed = np.empty_like(values)
    for group in np.unique(groups):
        out = groups == group
        for t, y in enumerate(values.T):
            missed[out, t] = y[out] - fitted(points[~out], y[~out])(points[out])
    away = missed[near.astype(bool)]
    found = Emulated(
        constant, weights, pairs, observed, error + _beyond(away.T @ away / len(away), noise, error)
    )
    return found


def _beyond(missed: Floats, noise: Floats, error: Floats) -> Floats:
    """The part of the covariance ``missed`` that is more than ``noise``, judged in units of ``error``."""
    sd = np.sqrt(np.diag(error))
    sizes, directions = np.linalg.eigh((missed - noise) / np.outer(sd, sd))
    return np.asarray((directions * np.maximum(sizes, 0)) @ directions.T * np.outer(sd, sd))


def _together(emulators: list[Emulator]) -> tuple[Integers, Floats, Floats]:
    """Many polynomials as one product of matrices: pairs, constants [target] and weights [term, target]."""
    pairs = np.unique(np.concatenate([e.pairs for e in emulators]), axis=0)
    at = {(int(i), int(j)): row for row, (i, j) in enumerate(pairs)}
    d = len(emulators[0].linear)
    weights, constant = np.zeros((2 * d + len(pairs), len(emulators))), np.empty(len(emulators))
    for t, e in enumerate(emulators):
        squares = e.squares / np.sqrt(2)  # their term is (u² − 1)/√2
        constant[t] = e.constant - squares.sum()
        weights[:d, t], weights[d : 2 * d, t] = e.linear, squares
        weights[[2 * d + at[int(i), int(j)] for i, j in e.pairs], t] = e.products
    return pairs, constant, weights
