"""Intervals over replicates, coverage, and contrasts: exact small cases."""

import numpy as np
import polars as pl
import pytest

from engager.evidence import Result
from engager.inference import interval
from engager.inference.comparison import _difference, _exceeds, mean_of, stands_for
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
    assert mean_of(np.array([1.0, INF, 1.0])) is None
    i = mean_of(np.tile([1.0, 3.0], 50))
    assert i.value == 2 and i.upper - i.value == pytest.approx(1.645 * 1.005 / 10, rel=1e-3)
    assert i.lower == pytest.approx(2 * i.value - i.upper)


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
