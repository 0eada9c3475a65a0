"""Elementary effects where they are known exactly, and what chance alone does."""

import numpy as np
import pytest

from engager.inference.morris import LEVELS, STEP, design, effects, noise_floor, posterior, summarised

D = 7
SLOPES = np.array([0.0, 1.0, -2.0, 0.5, 0.0, 3.0, -0.25])


def found(f, trajectories=6, seed=1):
    made = design(D, trajectories, seed)
    return effects(made, f(made.points))


def test_a_path_moves_every_parameter_once_by_one_step():
    made = design(D, 5, 3)
    assert made.points.shape == (5, D + 1, D)
    moves = np.diff(made.points, axis=1)
    assert np.allclose(np.abs(moves).sum(1), STEP) and ((moves != 0).sum(2) == 1).all()
    assert np.isin(made.points, LEVELS).all()
    assert np.array_equal(
        design(D, 2, 3).points, made.points[:2]
    )  # more paths leave the first ones as they are
    assert not np.array_equal(design(D, 5, 4).points, made.points)


def test_a_linear_function_has_its_slopes_and_no_spread():
    e = summarised(found(lambda u: (u @ SLOPES)[..., None]))
    assert np.allclose(e.mu[:, 0], SLOPES) and np.allclose(e.mu_star[:, 0], np.abs(SLOPES))
    assert np.allclose(e.sigma, 0)


def test_an_additive_quadratic_has_its_chords():
    """Between z and z + h the chord of z² is 2z + h: plus or minus one number, from either pair of levels."""
    one = found(lambda u: (u**2).sum(-1)[..., None])
    assert np.allclose(np.abs(one), abs(LEVELS[0] + LEVELS[2]))
    both = summarised(found(lambda u: (3 * u + u**2).sum(-1)[..., None], trajectories=40))
    assert np.allclose(both.mu_star, both.mu) and np.all(both.sigma > 0.5)
    assert np.allclose(both.mu.mean(), 3, atol=0.3)


def test_paths_without_a_value_are_left_out():
    values = found(lambda u: (u @ SLOPES)[..., None])
    values[2] = np.nan
    assert np.allclose(summarised(values).mu[:, 0], SLOPES)
    assert np.all(summarised(np.full_like(values, np.nan)).mu_star == 0)


@pytest.mark.parametrize("trajectories", [4, 12])
def test_noise_alone_passes_the_floor_in_one_of_twenty_cases(trajectories):
    rng = np.random.default_rng(5)
    made = design(40, trajectories, 1)
    noise = np.array([0.3, 1.0])
    values = rng.standard_normal((trajectories, 41, 2)) * noise
    passed = [
        summarised(effects(made, rng.standard_normal(values.shape) * noise)).mu_star
        > noise_floor(noise, trajectories)
        for _ in range(30)
    ]
    assert 0.02 < np.mean(passed) < 0.09


def test_the_posterior_of_a_linear_model_is_that_of_bayes():
    slopes = np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 0.0]])
    found = posterior(slopes, np.eye(2))
    assert np.allclose(found[2], [0, 0, 1])  # nothing is said of the third
    assert np.allclose(np.diag(found)[:2], 5 / 9) and np.allclose(found[0, 1], -4 / 9)
    precision = np.eye(3) + slopes @ np.linalg.inv([[1, 0.5], [0.5, 1]]) @ slopes.T
    assert np.allclose(posterior(slopes, np.array([[1, 0.5], [0.5, 1]])), np.linalg.inv(precision))
