"""Null models: hand-computable tables, closed forms, and that no study ever takes part in its own forecast."""

import numpy as np
import pytest
from scipy import stats

from engager.evidence import studies
from engager.inference import null_models
from engager.inference.null_models import NoForecast, NullModels, covariates, grid, logistic, new_study
from engager.inference.poolable import LOG
from engager.inference.validation import scored_rows

EVERY = {row.id: row for study in studies().values() for row, _ in scored_rows(study)}


@pytest.fixture(scope="module")
def nulls():
    return NullModels(tuple(studies().values()))


def test_a_new_study_under_one_variance_is_the_closed_form(monkeypatch):
    monkeypatch.setattr(null_models, "TAUS", np.array([0.3]))
    theta, y, s = grid(LOG), np.array([1.0, 1.6]), np.array([0.2, 0.4])
    weights = new_study(stats.norm.pdf(y[:, None], theta, s[:, None]), theta, LOG)
    precision = 1 / (s**2 + 0.09)
    mean, variance = (precision @ y) / precision.sum(), 1 / precision.sum() + 0.09
    assert weights.sum() == pytest.approx(1)
    assert weights @ theta == pytest.approx(mean, abs=1e-6)
    assert weights @ (theta - mean) ** 2 == pytest.approx(variance, rel=1e-4)


def test_studies_that_differ_widen_the_forecast():
    theta = grid(LOG)
    spread = []
    for y in ([1.0, 1.0, 1.0], [0.2, 1.0, 1.8]):
        weights = new_study(stats.norm.pdf(np.array(y)[:, None], theta, 0.1), theta, LOG)
        spread.append(weights @ (theta - weights @ theta) ** 2)
    assert spread[1] > 4 * spread[0]


def test_the_regression_of_two_groups_is_their_log_odds(monkeypatch):
    monkeypatch.setattr(null_models, "INTERCEPT", 1e4)
    monkeypatch.setattr(null_models, "SLOPE", 1e4)
    beta, covariance = logistic(
        np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([20.0, 30.0]), np.array([40.0, 40.0])
    )
    assert beta == pytest.approx([0, np.log(3)], abs=1e-6)  # 20 of 40 and 30 of 40
    assert covariance[0, 0] == pytest.approx(1 / 10) and covariance[1, 1] == pytest.approx(1 / 10 + 1 / 7.5)


def test_the_regression_stays_finite_where_all_responded():
    beta, _ = logistic(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([27.0, 12.0]), np.array([27.0, 12.0]))
    assert np.isfinite(beta).all() and 2 < beta[0] < 10


def test_subgroups_by_blasts_have_their_own_typical_share():
    low, whole, high = (
        covariates("MT103-211", subgroup)[1] for subgroup in ("blasts < 50 %", "", "blasts >= 50 %")
    )
    assert low < 0 <= high and low < whole < high


@pytest.mark.parametrize("which", ["pooled", "regression"])
def test_no_study_forecasts_itself(nulls, which):
    made = 0
    for row in EVERY.values():
        try:
            forecast = getattr(nulls, which)(row, row.N or 50)
        except NoForecast as why:
            assert str(why)
            continue
        made += 1
        assert row.study not in forecast.studies and len(forecast.studies) >= 2
        assert forecast.weights.sum() == pytest.approx(1) and (forecast.weights >= 0).all()
        low, high = forecast.interval(0.9)
        assert low <= high and np.isfinite(forecast.log_score(low))
    assert made >= 20


def test_towers_remission_is_forecast_from_the_two_others_that_print_it(nulls):
    row = EVERY["TOWER/blinatumomab/complete_remission/proportion/12 weeks/zhao2019"]
    forecast = nulls.pooled(row, 271)
    assert set(forecast.studies) == {"ALCANTARA", "MT103-211"}  # 31 and 33 %
    assert forecast.values[-1] == 1 and len(forecast.values) == 272
    assert 0.31 < forecast.weights @ forecast.values < 0.34
    low, high = forecast.interval(0.9)
    assert 0.1 < low < 0.25 < 0.45 < high < 0.6


@pytest.mark.parametrize(
    ("name", "which", "why"),
    [
        ("TOWER/chemotherapy/complete_remission/proportion/12 weeks/zhao2019", "regression", "without blin"),
        (
            "TOWER/blinatumomab vs chemotherapy/overall_survival/hazard_ratio/franquiz2020",
            "pooled",
            "no other",
        ),
        (
            "MINIHCVD-INO-RR/mini-hcvd-ino/first salvage/overall_survival/median/franquiz2020",
            "pooled",
            "subg",
        ),
        ("BLAST/blinatumomab/overall_survival/median/franquiz2020", "regression", "not a rate of remission"),
        (
            "D-ALBA/dasatinib-blinatumomab/molecular_response/proportion/85 days/franquiz2020",
            "regression",
            "before blinatumomab",
        ),
    ],
)
def test_where_there_is_no_forecast_it_is_said_why(nulls, name, which, why):
    with pytest.raises(NoForecast, match=why):
        getattr(nulls, which)(EVERY[name], 50)
