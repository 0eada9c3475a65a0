"""Survival statistics against their definitions, statsmodels, and exact small cases."""

import numpy as np
import pytest
from scipy.stats import chi2
from statsmodels.duration.hazard_regression import PHReg

from engager.outcomes import (
    cumulative_incidence,
    hazard_ratio,
    kaplan_meier,
    log_rank,
    median,
    odds_ratio,
    restricted_mean,
    restricted_mean_difference,
    value_at,
)

RNG = np.random.Generator(np.random.Philox(7))
N = 300
TREATED = RNG.random(N) < 0.6
TIME = np.ceil(RNG.exponential(200 * (1 + 0.5 * TREATED)))  # whole days, so there are ties
LIMIT = np.ceil(RNG.uniform(100, 700, N))
EVENT = (TIME <= LIMIT).astype(int)
SEEN = np.minimum(TIME, LIMIT)
CAUSE = EVENT * (1 + (RNG.random(N) < 0.4))


def test_kaplan_meier_by_hand():
    """Deaths on days 1, 2 (of 4, then 3), one lost on 2, death on day 5."""
    curve = kaplan_meier([1, 2, 2, 5], [1, 1, 0, 1])
    assert curve.value.tolist() == pytest.approx([1, 3 / 4, 1 / 2, 0])
    assert median(curve) == 2
    assert value_at(curve, 0.5) == 1 and value_at(curve, 4.9) == pytest.approx(0.5)


def test_a_median_that_is_not_reached_lies_beyond_everything_seen():
    assert median(kaplan_meier([1, 9, 9], [1, 0, 0])) == np.inf
    assert median(kaplan_meier([], [])) == np.inf


def product_limit(time, event, t):
    """Kaplan–Meier from its definition, one death time after the other."""
    value = 1.0
    for at in sorted(set(time[(event > 0) & (time <= t)])):
        value *= 1 - np.sum((time == at) & (event > 0)) / np.sum(time >= at)
    return value


def aalen_johansen(time, cause, of, t):
    """Cumulative incidence from its definition: overall survival just before, times the cause's hazard."""
    total, alive = 0.0, 1.0
    for at in sorted(set(time[(cause > 0) & (time <= t)])):
        risk = np.sum(time >= at)
        total += alive * np.sum((time == at) & (cause == of)) / risk
        alive *= 1 - np.sum((time == at) & (cause > 0)) / risk
    return total


@pytest.mark.parametrize("t", [10, 50, 120, 300, 600])
def test_kaplan_meier_against_its_definition(t):
    assert value_at(kaplan_meier(SEEN, EVENT), t) == pytest.approx(product_limit(SEEN, EVENT, t), abs=1e-12)


@pytest.mark.parametrize("t", [10, 60, 150, 400])
def test_cumulative_incidence_against_its_definition(t):
    for of in (1, 2):
        found = value_at(cumulative_incidence(SEEN, CAUSE, of), t)
        assert found == pytest.approx(aalen_johansen(SEEN, CAUSE, of, t), abs=1e-12)


def test_what_can_happen_adds_up():
    """Free of any event and the incidences of all causes make the whole."""
    for t in (30, 200, 500):
        parts = [value_at(cumulative_incidence(SEEN, CAUSE, of), t) for of in (1, 2)]
        assert value_at(kaplan_meier(SEEN, CAUSE > 0), t) + sum(parts) == pytest.approx(1)


def test_hazard_ratio_with_ties_against_statsmodels():
    fit = PHReg(SEEN, TREATED.astype(float), status=EVENT, ties="efron").fit(disp=0)
    assert hazard_ratio(SEEN, EVENT, TREATED) == pytest.approx(float(np.exp(fit.params[0])), rel=1e-8)


def test_a_hazard_ratio_with_events_on_one_side_only():
    assert hazard_ratio([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]) == np.inf
    assert hazard_ratio([1, 2, 3, 4], [1, 1, 0, 0], [0, 0, 1, 1]) == 0
    assert np.isnan(hazard_ratio([1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 0, 0]))


def test_a_restricted_mean_is_the_area_under_the_curve():
    """Deaths on days 10 and 20 of four, the others observed to day 50: 10 + 3/4 · 10 + 1/2 · 20 up to day 40."""
    curve = kaplan_meier([10, 20, 50, 50], [1, 1, 0, 0])
    assert restricted_mean(curve, 40) == pytest.approx(10 + 7.5 + 10)
    assert restricted_mean(curve, 10) == 10 and restricted_mean(curve, 15) == pytest.approx(13.75)
    assert restricted_mean(kaplan_meier([5, 9], [0, 0]), 30) == 30


def test_a_restricted_mean_of_uncensored_times_is_the_mean_of_the_times_cut_off():
    times = np.ceil(RNG.exponential(100, 200))
    assert restricted_mean(kaplan_meier(times, np.ones(200)), 150) == pytest.approx(
        np.minimum(times, 150).mean()
    )


def test_restricted_means_differ_by_their_areas():
    time, event, treated = [10, 20, 50, 50, 5, 40], [1, 1, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0]
    assert restricted_mean_difference(time, event, treated, 40) == pytest.approx(27.5 - (5 + 40) / 2)
    mirrored = 1 - np.asarray(treated)
    assert restricted_mean_difference(time, event, mirrored, 40) == pytest.approx(-5)
    assert np.isnan(restricted_mean_difference(time, event, np.ones(6), 40))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (([1, 1, 0], [1, 0, 0]), 4.0),
        (([0, 0], [1, 0]), 0.0),
        (([1, 0], [0, 0]), np.inf),
        (([1, 1], [1, 0]), np.inf),
        (([0, 0], [0, 0]), np.nan),
        (([1, 1], [1, 1]), np.nan),
        (([], [1, 0]), np.nan),
    ],
)
def test_odds_ratios_and_their_ends(events, expected):
    first, second = events
    treated = [1] * len(first) + [0] * len(second)
    found = odds_ratio([*first, *second], treated)
    assert found == expected or (np.isnan(found) and np.isnan(expected))


def test_a_hazard_ratio_with_late_entry_against_statsmodels():
    start = (
        np.minimum(np.floor(SEEN / 3), 40.0) + 0.5
    )  # between days: who enters on the day of an event is no matter
    fit = PHReg(SEEN, TREATED.astype(float), status=EVENT, entry=start, ties="efron").fit(disp=0)
    found = hazard_ratio(SEEN, EVENT, TREATED, start)
    assert found == pytest.approx(float(np.exp(fit.params[0])), rel=1e-6)
    everybody = hazard_ratio(SEEN, EVENT, TREATED, np.full(len(SEEN), -1.0))
    assert everybody == hazard_ratio(SEEN, EVENT, TREATED)


def test_no_hazard_ratio_of_those_who_are_never_at_risk_together():
    assert np.isnan(hazard_ratio([1, 2, 5, 6], [1, 1, 1, 1], [0, 0, 1, 1], [-1, -1, 3, 3]))


def test_log_rank_by_hand():
    """Deaths on days 1 (treated) and 2 (control) of two in each group: O − E is 1 − 2/4 − 1/3, variance 1/4 + 2/9."""
    z2 = (1 - 1 / 2 - 1 / 3) ** 2 / (1 / 4 + 2 / 9)
    assert log_rank([1, 5, 2, 5], [1, 0, 1, 0], [1, 1, 0, 0]) == pytest.approx(chi2.sf(z2, 1))
    assert np.isnan(log_rank([1, 2], [1, 1], [1, 1])) and np.isnan(log_rank([1, 2], [0, 0], [1, 0]))
