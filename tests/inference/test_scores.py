"""Scores of forecasts: exact small cases, closed forms, and laws that hold for any forecast."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from engager.inference.scoreboard import pit_histogram
from engager.inference.scores import count_loss, crps, density_loss, pit


@pytest.mark.parametrize(
    ("observed", "sample", "weighted"), [(0.5, 0.0, 0.25), (0.0, 0.0, 0.25), (2.0, 1.0, 1.25)]
)
def test_crps_of_two_points(observed, sample, weighted):
    # E|X - y| = 1/2, 1/2, 3/2; E|X - X'|/2 is 1/2 over different values, 1/4 over all
    two = np.array([1.0, 0.0])
    assert crps(two, observed) == pytest.approx(sample)
    assert crps(two, observed, np.array([0.5, 0.5])) == pytest.approx(weighted)


@pytest.mark.parametrize("z", [-2.0, 0.0, 0.7])
def test_crps_of_a_normal_forecast_is_the_closed_form(z):
    x = np.linspace(-9, 9, 4001)
    weights = stats.norm.pdf(x) / stats.norm.pdf(x).sum()
    closed = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    assert crps(x, z, weights) == pytest.approx(closed, abs=1e-5)


@pytest.mark.parametrize("many", [2, 3, 5])
def test_crps_of_a_sample_does_not_depend_on_its_size(many):
    # over all samples of a coin with p = 0.3 and the observation 1: E|X - 1| - p(1 - p) = 0.7 - 0.21
    p = 0.3
    expected = sum(
        np.prod([p if x else 1 - p for x in values]) * crps(np.array(values, float), 1.0)
        for values in product((0, 1), repeat=many)
    )
    assert expected == pytest.approx(0.49)


@pytest.mark.parametrize("outcomes", [(0, 1), (0, 1, 2)])
def test_levels_of_a_calibrated_forecast_are_even_whatever_ties(outcomes):
    chance = dict(zip(outcomes, (0.5, 0.2, 0.3) if len(outcomes) == 3 else (0.8, 0.2), strict=True))
    counts = np.zeros(10)
    for *values, seen in product(outcomes, repeat=4):
        p = np.prod([chance[x] for x in (*values, seen)])
        counts += p * np.array(pit_histogram([pit(np.array(values, float), seen, seen)]))
    assert counts == pytest.approx(np.full(10, 0.1))


def test_a_rounded_number_ties_with_what_rounds_to_it():
    assert pit(np.array([7.5, 7.66, 7.74, 9.0]), 7.65, 7.75) == (0.2, 0.8)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.2, 0.4, 0.3], [0.0, 1.0, 0.1], [0.0, 0.0, 0.0]])
@pytest.mark.parametrize("N", [1, 2, 10])
def test_probabilities_of_all_counts_add_up_to_one(shares, N):
    total = sum(np.exp(-count_loss(np.array(shares), n, N)) for n in range(N + 1))
    assert total == pytest.approx(1)


def test_the_log_score_of_a_count():
    # mean (1/2·2·2 + 1/2)/(2·2 + 1) = 1/2, no spread: P(1 of 2) = 1/2; a third is spread over three counts
    assert count_loss(np.array([0.5, 0.5]), 1, 2) == pytest.approx(-np.log(2 / 3 * 1 / 2 + 1 / 3 * 1 / 3))


def test_more_spread_than_counting_gives_makes_a_count_less_sure():
    calm, wild = np.array([0.5, 0.45, 0.55, 0.5]), np.array([0.2, 0.8, 0.1, 0.9])
    assert count_loss(calm, 50, 100) < count_loss(wild, 50, 100)
    assert count_loss(calm, 90, 100) > count_loss(wild, 90, 100)


@pytest.mark.parametrize("values", [[0.4, 0.5, 0.55], [0.5, 0.5, 0.5]])
def test_the_density_is_a_density(values):
    grid = np.linspace(0, 1, 4001)
    f = [np.exp(-density_loss(np.array(values), x, (0.0, 1.0), 0.005)) for x in grid]
    assert np.trapezoid(f, grid) == pytest.approx(1, abs=1e-3)


def test_values_that_were_not_reached_take_their_share_of_the_density():
    some, all_ = np.array([1.0, 1.2, 1.1, np.inf]), np.array([np.inf] * 4)
    ends = (0.0, 4.0)
    assert density_loss(some, 1.1, ends, 0.01) < density_loss(all_, 1.1, ends, 0.01)
    assert density_loss(all_, 1.1, ends, 0.01) == pytest.approx(-np.log(1 / 5 / 4))
