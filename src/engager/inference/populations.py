"""The posterior's population in more than one way: sampled, weighted, and accepted or rejected.

All ways answer to the same prior and the same likelihood (:mod:`engager.inference.emulated`). Where they differ, a
question asked of the population depends on how it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from engager.documents import DocumentError
from engager.engine.streams import derived, to_normal, uniform
from engager.inference.chains import independent, r_hat, sampled
from engager.inference.emulated import Emulated

Floats = NDArray[np.float64]

CHAINS, ROUNDS, WARMING, STEPS = 64, 4, 300, 3000
"""Chains; rounds after each of which ellipses are those of where the chains have been, and the steps of a round, which
are left out; steps that count."""

DRAWS = 100_000
"""Points that are drawn to be weighted, accepted or rejected."""

DEFENCE = 0.1
"""Share of weighted points that come from the prior, so that no weight is out of bounds."""

WIDEST = 5.0
"""How many times as large as they are errors may be taken before what is accepted says nothing of the data."""

AT_ONCE = 4096
"""Points that are evaluated in one go."""


@dataclass(frozen=True)
class Population:
    """One way's population.

    Attributes:
        points: equally likely members, in prior standard deviations [member, dimension].
        effective: number of independent draws that it is worth; None where it cannot be said.
        told: further figures by name.
    """

    points: Floats
    effective: float | None
    told: Mapping[str, float]


def effective(weights: Floats) -> float:
    """Kish's effective sample size of weights, 1/Σw² after they are made to add up to 1."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def posterior_sampling(e: Emulated, start: Floats, members: int, seed: int) -> Population:
    """Markov chains on the emulated posterior, which begin at members of ``start`` [member, dimension]; ``members`` of
    their points at even distances."""
    middle, covariance = e.normal(start.mean(axis=0))
    at, chains = np.resize(start, (CHAINS, e.dimensions)), start[None]
    for number, steps in enumerate([*[WARMING] * ROUNDS, STEPS]):
        own = derived(seed, f"populations/chains {number}")
        chains = sampled(lambda u: _log_posterior(e, u), middle, covariance, at, steps, own)
        seen = chains[steps // 3 :].reshape(-1, e.dimensions)
        at, middle, covariance = chains[-1], seen.mean(axis=0), np.cov(seen.T)
    worst = float(r_hat(chains).max())
    flat = chains.transpose(1, 0, 2).reshape(-1, e.dimensions)
    chosen = flat[(np.arange(members) * len(flat)) // members]
    least = float(independent(chains).min())
    return Population(chosen, least, {"draws": len(flat), "r_hat": worst})


def weighting(e: Emulated, start: Floats, members: int, seed: int) -> Population:
    """Points of the normal distribution at the posterior's mode and some of the prior, weighted by posterior over
    proposal, of which ``members`` are drawn by their weights."""
    middle, covariance = e.normal(start.mean(axis=0))
    root = np.linalg.cholesky(covariance)
    points = _draws(DRAWS, e.dimensions, seed, "weighting")
    near = np.arange(DRAWS) >= DEFENCE * DRAWS
    points[near] = middle + points[near] @ root.T
    around = np.linalg.solve(root, (points - middle).T)
    shares = np.array([[1 - DEFENCE], [DEFENCE]])
    densities = np.stack(
        [-0.5 * (around**2).sum(axis=0) - np.log(np.diag(root)).sum(), -0.5 * (points**2).sum(axis=1)]
    )
    log_weights = _log_posterior(e, points) - logsumexp(densities, axis=0, b=shares)
    weights = np.exp(log_weights - log_weights.max())
    u = float(uniform(seed, "populations/resampling", 0, range(1))[0])
    chosen = points[resampled(weights, members, u)]
    told = {"draws": DRAWS, "largest_weight": float(weights.max() / weights.sum())}
    return Population(chosen, effective(weights), told)


def resampled(weights: Floats, members: int, u: float) -> NDArray[np.int64]:
    """``members`` indices, each as often as its weight says but for less than one (systematic resampling)."""
    edges = np.cumsum(weights) / weights.sum()
    return np.minimum(
        np.searchsorted(edges, (np.arange(members) + u) / members, side="right"), len(weights) - 1
    )


def accept_reject(e: Emulated, start: Floats, members: int, seed: int) -> Population:
    """Points of the prior, each accepted with the ratio of its likelihood to the best.

    Where fewer than ``members`` would be accepted, all errors are taken as many times as large (``widened``) as it
    takes, up to :data:`WIDEST`.

    Raises:
        DocumentError: even then too few are.
    """
    points = _draws(DRAWS, e.dimensions, seed, "accept-reject")
    misfit = _misfit(e, points)
    best = min(float(misfit.min()), float(e.misfit(e.normal(start.mean(axis=0))[0][None])[0]))
    widened = _widened(misfit - best, members)
    chance = np.exp(-0.5 * (misfit - best) / widened**2)
    kept = points[uniform(seed, "populations/acceptance", 0, range(DRAWS)) < chance]
    told = {
        "draws": DRAWS,
        "acceptance": len(kept) / DRAWS,
        "acceptance_at_printed_errors": float(np.exp(-0.5 * (misfit - best)).mean()),
        "widened": widened,
        "effective_if_weighted": effective(np.exp(-0.5 * (misfit - misfit.min()))),
    }
    return Population(kept[:members] if widened == 1 else kept, float(len(kept)), told)


def _widened(beyond: Floats, members: int) -> float:
    """Factor of all errors with which ``members`` points are expected to be accepted, at least 1.

    Args:
        beyond: misfit beyond that of the best [point].
    """

    def expected(factor: float) -> float:
        return float(np.exp(-0.5 * beyond / factor**2).sum())

    if expected(1.0) >= members:
        return 1.0
    if expected(WIDEST) < members:
        raise DocumentError(
            f"accept–reject: of {len(beyond):,} points of the prior {expected(1.0):.2g} are expected to be accepted, "
            f"and {expected(WIDEST):.2g} with errors {WIDEST:g} times as large, fewer than {members}: the prior is "
            "too wide for this way; look at the other ways, or narrow the prior"
        )
    return float(brentq(lambda factor: expected(factor) - members, 1.0, WIDEST))


def _log_posterior(e: Emulated, points: Floats) -> Floats:
    return np.asarray(-0.5 * (_misfit(e, points) + (points**2).sum(axis=1)))


def _misfit(e: Emulated, points: Floats) -> Floats:
    parts = [e.misfit(points[at : at + AT_ONCE]) for at in range(0, len(points), AT_ONCE)]
    return np.concatenate(parts)


def _draws(many: int, dimensions: int, seed: int, way: str) -> Floats:
    """Points of the prior [point, dimension]."""
    return to_normal(uniform(seed, f"populations/{way}", 0, range(many * dimensions))).reshape(
        many, dimensions
    )
