"""Elementary effects (Morris 1991, Technometrics 33:161): one parameter moved at a time, along several paths through
the prior.

Points are in prior standard deviations from the centre, effects per standard deviation. Every parameter moves between
the quantiles 1/8 and 5/8 or 3/8 and 7/8 of its prior, which are equally far apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from engager.engine.streams import uniform

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVELS = ndtri((np.arange(4) + 0.5) / 4)
"""Levels of every parameter [prior standard deviation]; a move goes two levels up or down."""

STEP = float(LEVELS[2] - LEVELS[0])

SURE = 1.645
"""Standard deviations above its mean up to which an effect may be noise (95 %)."""


@dataclass(frozen=True)
class Design:
    """Paths through the prior.

    points: [trajectory, stop, dimension]; a path has one stop more than there are dimensions. order: the dimension that
    is moved after each stop but the last [trajectory, dimension].
    """

    points: Floats
    order: Integers


def design(dimensions: int, trajectories: int, seed: int) -> Design:
    """Paths that start anywhere on the lowest or highest two levels and move every parameter once, in random order."""
    points, orders = [], []
    for path in range(trajectories):
        draw = [
            uniform(seed, f"morris/{what}", path, range(dimensions)) for what in ("order", "level", "way")
        ]
        order, low, up = np.argsort(draw[0], kind="stable"), (draw[1] > 0.5).astype(int), draw[2] > 0.5
        start, end = np.where(up, low, low + 2), np.where(up, low + 2, low)
        moved = np.arange(dimensions + 1)[:, None] > np.argsort(order, kind="stable")
        points.append(LEVELS[np.where(moved, end, start)])
        orders.append(order)
    shape = (trajectories, dimensions + 1, dimensions)
    return Design(np.array(points).reshape(shape), np.array(orders, int).reshape(trajectories, dimensions))


def effects(made: Design, values: Floats) -> Floats:
    """Change of each value per prior standard deviation of each parameter.

    Args:
        values: what every stop gives [trajectory, stop, target].

    Returns:
        [trajectory, dimension, target].
    """
    found = np.full((len(values), made.points.shape[2], values.shape[2]), np.nan)
    for path, order in enumerate(made.order):
        steps = np.arange(len(order))
        way = np.sign(made.points[path, steps + 1, order] - made.points[path, steps, order])
        found[path, order] = np.diff(values[path], axis=0) * way[:, None] / STEP
    return found


@dataclass(frozen=True)
class Effects:
    """Mean, mean size and standard deviation of elementary effects over paths [dimension, target].

    sigma is large beside mu_star where an effect depends on the other parameters or is not straight.
    """

    mu: Floats
    mu_star: Floats
    sigma: Floats


def summarised(found: Floats) -> Effects:
    """Over paths; those in which a target had no value are left out, and one that never had any has no effect."""
    there = np.isfinite(found)
    many = np.maximum(there.sum(0), 1)
    kept = np.where(there, found, 0.0)
    mu = kept.sum(0) / many
    spread = np.where(there, found - mu, 0.0)
    return Effects(mu, np.abs(kept).sum(0) / many, np.sqrt((spread**2).sum(0) / np.maximum(many - 1, 1)))


def noise_floor(noise: Floats, trajectories: int) -> Floats:
    """Mean size of effect [per prior standard deviation] that chance alone exceeds in one of twenty cases.

    Args:
        noise: standard deviation of one simulated value [target]. Two stops of a path share their random numbers, so
            what is taken for noise here is more than there is.
    """
    one = noise * np.sqrt(2) / STEP
    mean, sd = np.sqrt(2 / np.pi), np.sqrt((1 - 2 / np.pi) / trajectories)
    return np.asarray(one * (mean + SURE * sd))


def posterior(slopes: Floats, correlation: Floats) -> Floats:
    """Covariance of the parameters once the targets are known, were all effects straight [dimension, dimension].

    Args:
        slopes: effects in standard errors of the targets per prior standard deviation [dimension, target].
        correlation: of the targets' errors [target, target].

    Returns:
        In prior standard deviations: the identity where no target says anything.
    """
    information = slopes @ np.linalg.solve(correlation, slopes.T)
    return np.asarray(np.linalg.inv(np.eye(len(slopes)) + information))
