"""From a prior ensemble to a posterior one with nothing but simulations: the ensemble smoother with multiple data
assimilation.

The data are assimilated several times with their error variance inflated by factors a whose inverses add up to 1.
In the linear Gaussian case that is Bayes' rule; elsewhere it follows the posterior in steps small enough to be nearly
linear (Emerick and Reynolds 2013, Computers and Geosciences 55:3). Correlations that an ensemble of this size shows by
chance are left out (after Luo and Bhakta 2020), so a parameter that the data say nothing about keeps its prior. They
are judged between parameters and uncorrelated combinations of the data: among data that say nearly the same a few
left out here and there would turn small differences into large steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHANCE = 3.0
"""A correlation counts from so many times 1/√members on, which is its standard error where there is none."""


def inflations(steps: int) -> Floats:
    """Factors of the error variance by step, falling by halves, with inverses that add up to 1."""
    growing = 2.0 ** np.arange(steps)
    return np.asarray(growing.sum() / growing)


def assimilate(
    points: Floats,
    simulated: Floats,
    observed: Floats,
    error: Floats,
    inflation: float,
    noise: Floats,
) -> Floats:
    """One step of the smoother.

    Args:
        points: parameters [member, dimension].
        simulated: what each member gives for the data [member, datum]; finite.
        observed: the data [datum].
        error: covariance of the data's error, that of the simulation included [datum, datum].
        inflation: factor on ``error`` in this step.
        noise: standard normal numbers that the data are perturbed with [member, datum].

    Returns:
        Moved points [member, dimension].
    """
    members = len(points)
    dz = points - points.mean(0)
    # in units of their error the data are turned to the directions in which the ensemble differs, one by one
    root = np.linalg.cholesky(error)
    white = np.linalg.solve(root, (simulated - simulated.mean(0)).T).T
    left, sizes, directions = np.linalg.svd(white / np.sqrt(members - 1), full_matrices=False)
    gap = np.linalg.solve(root, (observed - simulated).T).T + np.sqrt(inflation) * (noise - noise.mean(0))
    between = dz.T @ left / np.sqrt(members - 1)  # covariance of parameters with directions of size 1
    between *= _significant(between, dz.std(0, ddof=1), members)
    gain = between * (sizes / (sizes**2 + inflation))
    return np.asarray(points + (gap @ directions.T) @ gain.T)


def _significant(covariance: Floats, sd: Floats, members: int) -> Floats:
    """1 where a parameter and a direction of the data are correlated beyond chance, else 0 [dimension, direction]."""
    correlation = covariance / np.where(sd > 0, sd, np.inf)[:, None]
    return np.asarray(np.abs(correlation) > CHANCE / np.sqrt(members), float)
