"""The smoother against Bayes' rule where that is exact, and where the data say nothing."""

import numpy as np
import pytest

from engager.inference.smoother import assimilate, inflations

MEMBERS = 4000


def fitted(steps, members=MEMBERS, dimensions=2):
    """Parameters with standard normal priors, data y = A·z + e on the first two of them."""
    rng = np.random.default_rng(3)
    A = np.zeros((3, dimensions))
    A[:, :2] = [[1.0, 0.5], [0.2, -1.0], [0.7, 0.7]]
    error = np.array([[0.3, 0.1, 0.0], [0.1, 0.5, 0.0], [0.0, 0.0, 0.2]])
    observed = np.array([1.0, -0.5, 0.8])
    points = rng.standard_normal((members, dimensions))
    for inflation in inflations(steps):
        points = assimilate(
            points, points @ A.T, observed, error, inflation, rng.standard_normal((members, 3))
        )
    precision = np.eye(dimensions) + A.T @ np.linalg.solve(error, A)
    mean = np.linalg.solve(precision, A.T @ np.linalg.solve(error, observed))
    return points, mean, np.linalg.inv(precision)


@pytest.mark.parametrize("steps", [1, 4])
def test_a_linear_problem_ends_at_the_exact_posterior(steps):
    points, mean, covariance = fitted(steps)
    assert np.allclose(points.mean(0), mean, atol=0.05)
    assert np.allclose(np.cov(points.T), covariance, atol=0.05)


@pytest.mark.parametrize("steps", [1, 4, 6])
def test_inflations_add_up_to_one_assimilation(steps):
    assert np.isclose((1 / inflations(steps)).sum(), 1)
    assert np.all(np.diff(inflations(steps)) < 0) or steps == 1


def test_what_the_data_say_nothing_about_keeps_its_prior():
    """Forty parameters that no datum depends on, in a small ensemble: without care they would shrink by a third."""
    points, _, _ = fitted(4, members=200, dimensions=42)
    assert 0.93 < points[:, 2:].std(0, ddof=1).mean() < 1.03
    assert np.abs(points[:, 2:].mean(0)).mean() < 0.1
