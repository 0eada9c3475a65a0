"""Null models: hand-computable tables, closed forms, and that no study ever takes part in its own forecast."""

import numpy as np
import pytest
from scipy import stats

from engager.evidence import role_of, studies, study
from engager.inference import null_models
from engager.inference.null_models import (
    NULLS,
    Forecast,
    NoForecast,
    NullModels,
    covariates,
    grid,
    logistic,
    new_study,
)
from engager.inference.poolable import LOG
from engager.inference.scores import count_loss
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


@pytest.mark.parametrize(("which", "least"), list(zip(NULLS, (20, 20, 6, 8), strict=True)))
def test_no_study_forecasts_itself(nulls, which, least):
    made = 0
    for row in EVERY.values():
        try:
            forecast = nulls.forecast(which, row, row.N or 50)
        except NoForecast as why:
            assert str(why)
            continue
        made += 1
        assert row.study not in forecast.studies and len(forecast.studies) >= 2
        assert forecast.weights.sum() == pytest.approx(1) and (forecast.weights >= 0).all()
        low, high = forecast.interval(0.9)
        assert low <= high and np.isfinite(forecast.log_score(low, 100, (0, 1)))
        if "calibrated" in which:
            assert all(
                any(role_of(r) == "calibrated" for r in study(name).results) for name in forecast.studies
            )
    assert made >= least


def test_a_forecast_from_calibrated_rows_leaves_out_all_others(nulls):
    row = EVERY["TOWER/blinatumomab/overall_survival/median/zhao2019"]
    assert set(nulls.forecast("pooled", row, None).studies) == {"ALCANTARA", "MT103-211", "RR36"}
    assert set(nulls.forecast("pooled_calibrated", row, None).studies) == {
        "MT103-211",
        "RR36",
    }


def changed(nulls, row, **cells):
    """The null models of a record in which that row prints something else, and the row."""
    other = row.model_copy(update=cells)
    own = study(row.study)
    kept = tuple(other if r.id == row.id else r for r in own.results)
    record = [s if s.id != row.study else own.model_copy(update={"results": kept}) for s in nulls.studies]
    return NullModels(tuple(record)), other


def test_a_printed_interval_is_nothing_to_forecast_by(nulls):
    row = EVERY["TOWER/blinatumomab/overall_survival/median/zhao2019"]
    forecast = nulls.pooled(row, 1)
    others, told = changed(nulls, row, lower=1.0, upper=60.0, level=0.95)
    assert others._row(told).se > 0.9  # as a row to go by it is that unsure
    assert np.array_equal(others.pooled(told, 1).weights, forecast.weights)
    fewer, small = changed(nulls, row, N=20)
    assert fewer.pooled(small, 1).interval(0.9)[1] > forecast.interval(0.9)[1]


def test_both_forecasts_have_the_same_floor():
    never = Forecast(np.arange(11) / 10, np.eye(11)[0], True, ())
    assert never.log_score(1.0, 100, (0, 1)) == pytest.approx(np.log(101 * 11))
    assert count_loss(np.zeros(100), 200, 200) == pytest.approx(np.log(101 * 201), rel=1e-6)
    far = Forecast(np.linspace(0, 1, 11), np.eye(11)[5], False, ())
    assert far.log_score(0.95, 100, (-2, 2)) == pytest.approx(np.log(101 * 4))


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
