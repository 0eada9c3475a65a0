"""From a prior ensemble to a posterior one with nothing but simulations: the ensemble smoother with multiple data
assimilation.

The data are assimilated several times with their error variance inflated by factors a whose inverses add up to 1.
In the linear Gaussian case that is Bayes' rule; elsewhere it follows the posterior in steps small enough to be nearly
linear (Emerick and Reynolds 2013, Computers and Geosciences 55:3). Correlations between parameters and data that an
ensemble of this size shows by chance are left out (Luo and Bhakta 2020), so a parameter that the data say nothing about
keeps its prior.
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
    dz, dg = points - points.mean(0), simulated - simulated.mean(0)
    between, spread = dz.T @ dg / (members - 1), dg.T @ dg / (members - 1)
    inflated = inflation * error
    perturbed = observed + (noise - noise.mean(0)) @ np.linalg.cholesky(inflated).T
    gap = perturbed - simulated
    gain = np.linalg.solve(spread + inflated, gap.T)
    return np.asarray(points + ((between * _significant(dz, dg)) @ gain).T)


def _significant(dz: Floats, dg: Floats) -> Floats:
    """1 where a parameter and a datum are correlated beyond chance, else 0 [dimension, datum]."""
    norms = np.linalg.norm(dz, axis=0)[:, None] * np.linalg.norm(dg, axis=0)
    correlation = np.divide(dz.T @ dg, norms, out=np.zeros_like(norms), where=norms > 0)
    return np.asarray(np.abs(correlation) > CHANCE / np.sqrt(len(dz)), float)
