"""The polynomial against functions whose Sobol indices are known, and against scipy's estimate of them."""

import numpy as np
import pytest
from scipy.stats import norm, sobol_indices

from engager.inference.emulator import fitted, predicted_share

RNG = np.random.default_rng(2)
POINTS = RNG.standard_normal((400, 10))
GROUPS = np.arange(400) % 8


def linear(u):
    return 2 * u[:, 0] - u[:, 1] + 0.5


def crossed(u):
    """Variance 1 + 4 + 2: u0 alone, u1·u2 alone, u3²."""
    return u[:, 0] + 2 * u[:, 1] * u[:, 2] + u[:, 3] ** 2 + 0.1 * u[:, 1] + 0.1 * u[:, 2]


@pytest.mark.parametrize(
    ("f", "first", "total"),
    [
        (linear, {0: 4 / 5, 1: 1 / 5}, {0: 4 / 5, 1: 1 / 5}),
        (
            crossed,
            {0: 1 / 7.02, 1: 0.01 / 7.02, 3: 2 / 7.02},
            {0: 1 / 7.02, 1: 4.01 / 7.02, 2: 4.01 / 7.02, 3: 2 / 7.02},
        ),
    ],
)
def test_indices_of_known_functions(f, first, total):
    S, T = fitted(POINTS, f(POINTS)).sobol()
    for i in range(10):
        assert S[i] == pytest.approx(first.get(i, 0), abs=0.01)
        assert T[i] == pytest.approx(total.get(i, 0), abs=0.01)
    assert predicted_share(POINTS, f(POINTS), GROUPS) > 0.99


def test_the_indices_are_scipys():
    emulator = fitted(POINTS, crossed(POINTS) + RNG.standard_normal(400))
    found = sobol_indices(
        func=lambda x: emulator(x.T), n=2**14, dists=[norm()] * 10, rng=np.random.default_rng(1)
    )
    S, T = emulator.sobol()
    assert np.allclose(S, found.first_order, atol=0.03) and np.allclose(T, found.total_order, atol=0.03)


def test_noise_is_not_predicted():
    assert predicted_share(POINTS, RNG.standard_normal(400), GROUPS) < 0.1
    assert predicted_share(POINTS, np.ones(400), GROUPS) == 0
    S, T = fitted(POINTS, np.ones(400)).sobol()
    assert not S.any() and not T.any()


def test_what_a_polynomial_cannot_follow_shows():
    """Ishigami's function, whose third term is of a high degree: what is predicted falls short."""
    u = POINTS * 1.5
    y = np.sin(u[:, 0]) + 7 * np.sin(u[:, 1]) ** 2 + 0.1 * u[:, 2] ** 4 * np.sin(u[:, 0])
    assert predicted_share(POINTS, y, GROUPS) < 0.7
