"""Survival statistics against an independent library (lifelines) and exact small cases."""

import numpy as np
import pandas as pd
import pytest
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from statsmodels.duration.hazard_regression import PHReg

from engager.outcomes import cumulative_incidence, hazard_ratio, kaplan_meier, median, value_at

RNG = np.random.Generator(np.random.Philox(7))
N = 300
TREATED = RNG.random(N) < 0.6
TIME = np.ceil(RNG.exponential(200 * (1 + 0.5 * TREATED)))  # whole days, so there are ties
LIMIT = np.ceil(RNG.uniform(100, 700, N))
EVENT = (TIME <= LIMIT).astype(int)
SEEN = np.minimum(TIME, LIMIT)


def test_kaplan_meier_by_hand():
    """Deaths on days 1, 2 (of 4, then 3), one lost on 2, death on day 5."""
    curve = kaplan_meier([1, 2, 2, 5], [1, 1, 0, 1])
    assert curve.value.tolist() == pytest.approx([1, 3 / 4, 1 / 2, 0])
    assert median(curve) == 2
    assert value_at(curve, 0.5) == 1 and value_at(curve, 4.9) == pytest.approx(0.5)


def test_a_median_that_is_not_reached_lies_beyond_everything_seen():
    assert median(kaplan_meier([1, 9, 9], [1, 0, 0])) == np.inf
    assert median(kaplan_meier([], [])) == np.inf


def test_kaplan_meier_against_lifelines():
    curve, oracle = kaplan_meier(SEEN, EVENT), KaplanMeierFitter().fit(SEEN, EVENT)
    for t in (50, 120, 300):
        assert value_at(curve, t) == pytest.approx(float(oracle.predict(t)), abs=1e-12)
    assert median(curve) == oracle.median_survival_time_


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_cumulative_incidence_against_lifelines():
    cause = EVENT * (1 + (RNG.random(N) < 0.4))
    curve = cumulative_incidence(SEEN, cause, 1)
    oracle = AalenJohansenFitter(calculate_variance=False, jitter_level=1e-6, seed=1).fit(
        SEEN, cause, event_of_interest=1
    )
    for t in (60.5, 150.5, 400.5):
        expected = float(oracle.cumulative_density_.loc[:t].iloc[-1, 0])
        assert value_at(curve, t) == pytest.approx(expected, abs=0.003)  # lifelines breaks ties at random


def test_hazard_ratio_with_ties_against_lifelines():
    frame = pd.DataFrame({"time": SEEN, "event": EVENT, "treated": TREATED.astype(float)})
    oracle = CoxPHFitter().fit(frame, "time", "event")
    assert hazard_ratio(SEEN, EVENT, TREATED) == pytest.approx(
        float(oracle.hazard_ratios_["treated"]), rel=1e-4
    )


def test_hazard_ratio_with_ties_against_statsmodels():
    fit = PHReg(SEEN, TREATED.astype(float), status=EVENT, ties="efron").fit(disp=0)
    assert hazard_ratio(SEEN, EVENT, TREATED) == pytest.approx(float(np.exp(fit.params[0])), rel=1e-8)


def test_a_hazard_ratio_with_events_on_one_side_only():
    assert hazard_ratio([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]) == np.inf
    assert hazard_ratio([1, 2, 3, 4], [1, 1, 0, 0], [0, 0, 1, 1]) == 0
    assert np.isnan(hazard_ratio([1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 0, 0]))
