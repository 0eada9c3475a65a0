"""Populations in three ways against the posterior that a linear problem has, and what is told where a way fails."""

import numpy as np
import pytest

from engager.documents import DocumentError
from engager.inference import populations
from engager.inference.chains import independent, r_hat
from engager.inference.emulated import emulated
from engager.inference.populations import (
    WIDEST,
    accept_reject,
    effective,
    posterior_sampling,
    resampled,
    weighting,
)

A = np.array([[1.0, 0.5, 0.0], [0.2, -1.0, 0.0], [0.7, 0.7, 0.3]])
ERROR = np.array([[0.3, 0.1, 0.0], [0.1, 0.5, 0.0], [0.0, 0.0, 0.2]])
OBSERVED = np.array([1.0, -0.5, 0.8])
NOISE = 0.05 * np.eye(3)
RNG = np.random.default_rng(3)
POINTS = RNG.standard_normal((300, 3))
GROUPS, NEAR = np.arange(300) % 5, np.ones(300)


def linear(observed=OBSERVED, dimensions=3):
    """Standard normal parameters, data y = A·u + e on the first three."""
    points = np.random.default_rng(1).standard_normal((300, dimensions))
    none = np.zeros((3, 3))
    return emulated(points, points[:, :3] @ A.T, observed, ERROR, none, GROUPS, NEAR), points[:40] / 2


@pytest.mark.parametrize("way", [posterior_sampling, weighting, accept_reject])
def test_every_way_ends_at_the_exact_posterior(way):
    e, start = linear()
    found = way(e, start, 4000, seed=1)
    precision = np.eye(3) + A.T @ np.linalg.solve(ERROR, A)
    mean = np.linalg.solve(precision, A.T @ np.linalg.solve(ERROR, OBSERVED))
    covariance = np.linalg.inv(precision)
    assert found.points.shape == (4000, 3) and found.effective > 4000
    error = np.sqrt(np.diag(covariance) / 4000)
    assert np.all(np.abs(found.points.mean(0) - mean) < 4 * error)
    assert np.allclose(np.cov(found.points.T), covariance, atol=6 / np.sqrt(4000))
    again = way(e, start, 4000, seed=1)
    assert np.array_equal(again.points, found.points)


def test_ways_agree_where_the_likelihood_is_curved():
    """A banana: data on u0 + u1² alone; the mean of u1² by quadrature."""
    values = (POINTS[:, :1] + POINTS[:, 1:2] ** 2) @ np.ones((1, 1))
    e = emulated(POINTS, values, np.array([2.0]), np.eye(1) / 4, np.zeros((1, 1)), GROUPS, NEAR)
    a, b = np.meshgrid(*[np.linspace(-6, 6, 601)] * 2)
    density = np.exp(-0.5 * (a**2 + b**2 + 4 * (a + b**2 - 2) ** 2))
    exact = (density * b**2).sum() / density.sum()
    for way in (posterior_sampling, weighting, accept_reject):
        found = way(e, POINTS[:40], 3000, seed=2)
        assert (found.points[:, 1] ** 2).mean() == pytest.approx(exact, abs=0.12), way.__name__


@pytest.mark.parametrize(
    ("weights", "worth"),
    [([0.5, 0.5], 2), ([1.0, 0.0], 1), ([0.8, 0.2], 1 / 0.68), ([3.0, 1.0], 1 / (9 / 16 + 1 / 16))],
)
def test_what_two_weights_are_worth(weights, worth):
    assert effective(np.array(weights)) == pytest.approx(worth)


@pytest.mark.parametrize("u", [0.01, 0.5, 0.99])
def test_points_are_taken_as_often_as_their_weight_says(u):
    counts = np.bincount(resampled(np.array([1.0, 0.0, 5.0, 2.0]), 80, u), minlength=4)
    assert np.all(np.abs(counts - [10, 0, 50, 20]) < 1) and counts.sum() == 80


def test_draws_of_a_chain_with_known_memory():
    """An autoregression with coefficient 0.8 forgets (1 + 0.8)/(1 − 0.8) = 9 times as slowly as independent draws."""
    chains = RNG.standard_normal((8000, 4, 2))
    for step in range(1, len(chains)):
        chains[step, :, 0] = 0.8 * chains[step - 1, :, 0] + 0.6 * chains[step, :, 0]
    slow, fast = independent(chains) / chains[..., 0].size
    assert slow == pytest.approx(1 / 9, rel=0.15) and fast == pytest.approx(1, rel=0.15)
    assert np.all(r_hat(chains) < 1.01)
    apart = chains + np.array([0.0, 0.0, 0.0, 3.0])[:, None]
    assert np.all(r_hat(apart) > 1.3)
    assert np.all(independent(apart) < 100)


def test_what_polynomials_miss_beyond_chance_is_added_to_the_error():
    chance = POINTS @ A.T + RNG.multivariate_normal(np.zeros(3), NOISE, 300)
    alike = emulated(POINTS, chance, OBSERVED, ERROR, NOISE, GROUPS, NEAR)
    assert np.allclose(alike.error, ERROR, atol=0.03)
    missed = chance + np.sin(3 * POINTS[:, :1])  # what no polynomial of degree two follows
    found = emulated(POINTS, missed, OBSERVED, ERROR, NOISE, GROUPS, NEAR)
    assert np.all(np.diag(found.error - ERROR) > 0.3)
    assert np.linalg.eigvalsh(found.error - ERROR).min() > -1e-9


def test_where_too_few_would_be_accepted_errors_are_taken_larger():
    e, start = linear(np.array([5.0, -4.0, 3.0]))
    found = accept_reject(e, start, 500, seed=1)
    assert 1 < found.told["widened"] < WIDEST
    assert found.told["acceptance_at_printed_errors"] < found.told["acceptance"]
    assert 400 < len(found.points) < 600


def test_a_prior_that_nothing_of_is_accepted_is_said_so(monkeypatch):
    monkeypatch.setattr(populations, "DRAWS", 2000)
    e, start = linear(np.array([60.0, -60.0, 60.0]))
    with pytest.raises(DocumentError) as caught:
        accept_reject(e, start, 200, seed=1)
    assert "of 2,000 points of the prior" in str(caught.value) and "fewer than 200" in str(caught.value)
    assert "look at the other ways" in str(caught.value)
