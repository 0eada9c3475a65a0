"""Intervals over replicates, coverage, and contrasts: exact small cases."""

import numpy as np
import polars as pl
import pytest

from engager.evidence import Result
from engager.inference import interval
from engager.inference.comparison import (
    _difference,
    _exceeds,
    _simulated,
    attained,
    mean_of,
    members_of,
    stands_for,
)
from engager.trials import Tables, measured, trial

HUNDRED = np.arange(100, dtype=float)
INF, NAN = np.inf, np.nan


def test_the_interval_is_the_central_ninety_percent():
    i = interval(HUNDRED)
    assert (i.lower, i.upper) == (5, 94) and i.value in (49, 50)


def test_few_replicates_have_no_bounds():
    i = interval(HUNDRED[:5])
    assert i.value == 2 and i.lower is None and i.upper is None


def test_a_median_not_reached_in_some_trials_opens_the_interval_upwards():
    values = np.where(np.arange(100) < 20, INF, 10.0)
    i = interval(values)
    assert (i.value, i.lower, i.upper) == (10, 10, None)
    assert interval(np.full(30, INF)) is None


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.full(100, INF), "no replicate reached it within follow-up"),
        (
            np.append(np.full(95, INF), np.full(5, 20.0)),
            "95 of 100 replicates did not reach it within follow-up",
        ),
        (
            np.append(np.full(80, INF), np.full(20, 21.64)),
            "80 of 100 replicates did not reach it within follow-up; the 90 % interval begins at 21.6 months",
        ),
        (np.append(np.full(6, INF), np.full(3, 20.0)), "6 of 9 replicates did not reach it within follow-up"),
        (np.full(10, NAN), "no replicate has such patients"),
    ],
)
def test_why_there_is_no_median_over_replicates(values, told):
    asked = row(endpoint="overall_survival", statistic="median", value=23.6, printed="23.6")
    assert _simulated(lambda _: values, asked)[:2] == (None, told)


def test_missing_replicates_are_left_out_not_counted_as_large():
    values = np.concatenate([np.full(30, NAN), np.full(30, 2.0)])
    i = interval(values)
    assert (i.value, i.lower, i.upper) == (2, 2, 2)


def test_differences_are_paired_by_replicate_and_mirror_each_other():
    here, there = np.array([1.0, NAN, 3.0, INF]), np.array([0.5, 2.0, INF])
    gaps = _difference(here, there)
    assert np.array_equal(gaps, [0.5, NAN, -INF, NAN], equal_nan=True)
    assert np.array_equal(_difference(there, here), -gaps, equal_nan=True)


def test_no_expected_difference_where_a_median_was_not_reached():
    assert mean_of(np.array([1.0, INF, 1.0]), np.arange(3)) is None
    i = mean_of(np.tile([1.0, 3.0], 50), np.arange(100))
    assert i.value == 2 and i.upper - i.value == pytest.approx(1.6604 * 1.005 / 10, rel=1e-3)
    assert i.lower == pytest.approx(2 * i.value - i.upper)


T5 = 2.015
"""Student's 95 % quantile with five degrees of freedom, from a table."""


def test_the_mean_of_an_ensemble_is_as_sure_as_its_members_are_many():
    # pairs with means 0 and 2 by turns: the standard error of six means is √(6 · 1 / 5 / 6) = √0.2
    pairs = np.repeat([0.0, 2.0, 0.0, 2.0, 0.0, 2.0], 2)
    told = mean_of(pairs, members_of(12, True))
    assert told.upper - 1 == pytest.approx(T5 * np.sqrt(0.2), rel=1e-3)
    # what pairs scatter within is in their means
    within = mean_of(pairs + np.tile([-3.0, 3.0], 6), members_of(12, True))
    assert within.upper == pytest.approx(told.upper)
    alone = mean_of(pairs, members_of(12, False))
    assert alone.upper - 1 == pytest.approx(1.796 * np.sqrt(12 / 11 / 12), rel=1e-3)


def test_a_pair_that_lost_a_replicate_counts_once():
    # sums about the mean 1.2 of ten values: the pairs give (-2.4, 1.6, ...), the single one 0.8
    values = np.array([0, 0, 2, 2, 0, 0, 2, 2, 2.0, 2.0])
    members = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 5])
    sums = np.array([-2.4, 1.6, -2.4, 1.6, 0.8, 0.8])
    error = np.sqrt(6 / 5 * (sums @ sums)) / 10
    assert mean_of(values, members).upper - 1.2 == pytest.approx(T5 * error, rel=1e-3)


@pytest.mark.parametrize(
    ("replicates", "level", "share"), [(100, 0.9, 89 / 101), (100, 0.5, 49 / 101), (19, 0.9, 16 / 20)]
)
def test_an_interval_between_replicates_covers_less_than_its_level(replicates, level, share):
    assert attained(replicates, level) == pytest.approx(share)


def test_a_difference_exceeds_when_the_interval_excludes_zero():
    assert _exceeds(np.full(20, 0.1)) is True
    assert _exceeds(np.tile([0.1, -0.1], 20)) is False
    assert _exceeds(np.full(5, 0.1)) is None


def row(**cells):
    given = {"study": "S", "arm": "a", "endpoint": "complete_remission", "statistic": "proportion", **cells}
    return Result(**given)


@pytest.mark.parametrize(
    ("cells", "range_"),
    [
        ({"value": 0.34, "n": 91, "N": 271, "printed": "34%"}, (91 / 271, 91 / 271)),
        ({"value": 0.8, "printed": "80%"}, (0.795, 0.805)),
        ({"value": 0.049, "printed": "4.9%"}, (0.0485, 0.0495)),
        (
            {"value": 5.9, "printed": "5.9 m", "statistic": "median", "endpoint": "overall_survival"},
            (5.85, 5.95),
        ),
    ],
)
def test_a_printed_number_stands_for_what_rounds_to_it(cells, range_):
    assert stands_for(row(**cells)) == pytest.approx(range_)


def test_shares_are_per_replicate_and_empty_replicates_are_missing():
    patients = pl.DataFrame(
        {
            "replicate": [0, 0, 1, 2, 2],
            "arm": ["blinatumomab", "blinatumomab", "chemotherapy", "blinatumomab", "blinatumomab"],
            "response": ["CR", "none", "CR", "CR", "CRh"],
        }
    )
    asked = row(study="TOWER", arm="blinatumomab")
    assert np.array_equal(
        measured(trial("TOWER"), Tables(patients, pl.DataFrame()), asked), [0.5, NAN, 0.5], equal_nan=True
    )
