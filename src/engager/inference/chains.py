"""Posterior sampling of points with a standard normal prior: elliptical slices, and how well the chains have mixed.

A step draws an ellipse through where a chain stands and takes a point on it that is likely enough; there is no step
size, and nothing to tune (Murray, Adams and MacKay 2010, JMLR W&CP 9:541). The ellipses are those of a normal
distribution near the posterior; what the posterior differs from it by is the likelihood (Nishihara, Murray and Adams
2014, JMLR 15:2087). Sixty and more parameters are too many for samplers that stretch from one walker to another.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engager.engine.streams import to_normal, uniform

Floats = NDArray[np.float64]

SHRINKS = 200
"""Most points that are tried on one ellipse; the bracket is then narrower than any rounding."""


def sampled(
    log_density: Callable[[Floats], Floats],
    middle: Floats,
    covariance: Floats,
    start: Floats,
    steps: int,
    seed: int,
) -> Floats:
    """Markov chains whose stationary distribution has ``log_density`` (but for a constant).

    Args:
        log_density: of points [point, dimension] → [point].
        middle: of the normal distribution that ellipses are drawn from [dimension].
        covariance: its covariance [dimension, dimension].
        start: where the chains begin [chain, dimension].
        steps: points that every chain is followed for.

    Returns:
        [step, chain, dimension], the start left out.
    """
    root = np.linalg.cholesky(covariance)
    chains, d = start.shape

    def left(v: Floats) -> Floats:
        """What the density at points v of the ellipses' plane is beyond their own normal distribution."""
        return np.asarray(log_density(middle + v @ root.T) + 0.5 * (v**2).sum(axis=1))

    v = np.linalg.solve(root, (start - middle).T).T
    height, out = left(v), np.empty((steps, chains, d))
    for step in range(steps):
        other = to_normal(uniform(seed, "chains/ellipse", step, range(chains * d))).reshape(chains, d)
        least = height + np.log(uniform(seed, "chains/height", step, range(chains)))
        v, height = _slice(left, v, height, other, least, lambda k, step=step: _angle(seed, step, k, chains))  # type: ignore[misc]
        out[step] = middle + v @ root.T
    return out


def _angle(seed: int, step: int, attempt: int, chains: int) -> Floats:
    return uniform(seed, f"chains/angle {attempt}", step, range(chains))


def _slice(
    left: Callable[[Floats], Floats],
    v: Floats,
    height: Floats,
    other: Floats,
    least: Floats,
    angle: Callable[[int], Floats],
) -> tuple[Floats, Floats]:
    """A point on each chain's ellipse (through ``v`` and ``other``) that is higher than ``least``, and its height."""
    wide = 2 * np.pi * angle(0)
    low, high = wide - 2 * np.pi, wide.copy()
    v, height, at, open_ = v.copy(), height.copy(), wide, np.arange(len(v))
    here = v.copy()
    for attempt in range(1, SHRINKS):
        tried = here[open_] * np.cos(at[open_])[:, None] + other[open_] * np.sin(at[open_])[:, None]
        found = left(tried)
        good = found > least[open_]
        v[open_[good]], height[open_[good]] = tried[good], found[good]
        open_ = open_[~good]
        if not len(open_):
            break
        back = at[open_] < 0
        low[open_[back]], high[open_[~back]] = at[open_[back]], at[open_[~back]]
        at = low + (high - low) * angle(attempt)
    return v, height


def r_hat(chains: Floats) -> Floats:
    """Potential scale reduction of each dimension, each chain taken as two; 1 where all chains tell the same.

    Args:
        chains: [step, chain, dimension].
    """
    halves = _halves(chains)
    within = halves.var(axis=0, ddof=1).mean(axis=0)
    between = halves.mean(axis=0).var(axis=0, ddof=1)
    n = len(halves)
    return np.asarray(np.sqrt((n - 1) / n + between / within))


def independent(chains: Floats) -> Floats:
    """Effective number of independent draws of each dimension, from the autocorrelation of all chains (Geyer's initial
    monotone sequence; Vehtari and others 2021, Bayesian Analysis 16:667).

    Args:
        chains: [step, chain, dimension].
    """
    halves = _halves(chains)
    n, m, d = halves.shape
    centred = halves - halves.mean(axis=0)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n, axis=0)) ** 2
    lagged = np.fft.irfft(spectrum, axis=0)[:n].mean(axis=1) / n  # [lag, dimension]
    within = lagged[0] * n / (n - 1)
    every = within * (n - 1) / n + halves.mean(axis=0).var(axis=0, ddof=1)
    correlation = 1 - (within - lagged * n / (n - 1)) / every
    correlation[0] = 1
    pairs = correlation[: n // 2 * 2].reshape(-1, 2, d).sum(axis=1)
    pairs = np.where(np.minimum.accumulate(pairs > 0, axis=0), np.minimum.accumulate(pairs, axis=0), 0)
    time = np.maximum(2 * pairs.sum(axis=0) - 1, 1 / np.log10(n * m))
    return np.asarray(n * m / time)


def _halves(chains: Floats) -> Floats:
    n = len(chains) // 2
    return np.concatenate([chains[:n], chains[-n:]], axis=1)
