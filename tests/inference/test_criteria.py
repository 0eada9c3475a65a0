"""Criteria held against a scoreboard of four numbers, worked out by hand."""

import pytest

from engager.evidence import study
from engager.inference.checks import Checked, checks
from engager.inference.credibility import Criterion
from engager.inference.criteria import judged
from engager.inference.scoreboard import Board
from engager.inference.validation import Against, Scored, Unscored


def number(name, place, *, inside, pit, crps, null=None, role="predicted"):
    row = next(row for row in study(name).results if row.statistic == "proportion")
    nulls = {} if null is None else {"pooled": Against(null, 1.0, 0.0, 1.0, True, ("A", "B"))}
    return Scored(
        result=row, role=role, kind="share", observed=0.5, N=10, median=0.5, inner=(0.4, 0.6), outer=(0.3, 0.7),
        inside_inner=inside[0], inside_outer=inside[1], pit=pit, crps=crps, log_score=1.0, place=place, nulls=nulls,
    )  # fmt: skip


ROWS = (
    number("TOWER", 0.5, inside=(True, True), pit=(0.5, 0.7), crps=0.1, null=0.2),
    number("TOWER", 2.0, inside=(False, False), pit=(0.9, 1.0), crps=0.3, null=0.2),
    number("BLAST", -0.8, inside=(False, True), pit=(0.2, 0.3), crps=0.1, null=0.4),
    number("MT103-202", 0.0, inside=(True, True), pit=(0.4, 0.6), crps=0.0, role="calibrated"),
    Unscored(study("BLAST").results[0], "predicted", "no patients"),
)
HELD = tuple(
    Checked(check, verdict)
    for check, verdict in zip(checks(), ["holds", "holds", "leans", "open"], strict=False)
)
BOARD = Board(20, 1, "point", (), ROWS, 0, {}, (), HELD)


def judge(board=BOARD, failed=0, tests=5, **keys):
    return judged(Criterion(name="it", because="so", **keys), board, failed, tests)


COVERED = {"measure": "coverage", "role": "predicted", "level": 0.9}
SKILL = {"measure": "skill", "role": "predicted", "kind": "share", "null": "pooled"}


@pytest.mark.parametrize(
    ("keys", "value", "counted", "of", "verdict"),
    [
        ({**COVERED, "at_least": 0.6}, 2 / 3, 2, 3, "met"),
        ({**COVERED, "at_least": 0.7}, 2 / 3, 2, 3, "not met"),
        ({**COVERED, "level": 0.5, "at_least": 0.3}, 1 / 3, 1, 3, "met"),
        ({**COVERED, "role": "calibrated", "at_least": 1.0}, 1.0, 1, 1, "met"),
        ({"measure": "bias", "role": "predicted", "at_most": 0.1}, (0.1 + 0.45 - 0.25) / 3, 2, 3, "met"),
        ({"measure": "bias", "role": "predicted", "at_most": 0.09}, 0.1, 2, 3, "not met"),
        ({**SKILL, "at_least": 0}, 1 - 0.5 / 0.8, 2, 3, "met"),
        ({**SKILL, "at_least": 0.5}, 1 - 0.5 / 0.8, 2, 3, "not met"),
        ({"measure": "scored", "role": "predicted", "at_least": 0.75}, 0.75, 3, 4, "met"),
        ({"measure": "checks", "at_least": 0.7}, 2 / 3, 2, 3, "not met"),
    ],
)
def test_criteria_are_judged_by_hand(keys, value, counted, of, verdict):
    found = judge(**keys)
    assert found.value.value == pytest.approx(value)
    assert (found.counted, found.of, found.verdict) == (counted, of, verdict)


def test_a_bias_below_the_middle_counts_as_one_above():
    low = number("BLAST", -2.0, inside=(False, False), pit=(0.0, 0.1), crps=0.1)
    board = Board(20, 1, "point", (), (low,), 0, {}, (), ())
    found = judge(board, measure="bias", role="predicted", at_most=0.2)
    assert found.value.value == pytest.approx(-0.45) and found.verdict == "not met"


def test_what_no_number_speaks_of_cannot_be_judged():
    assert judge(**{**COVERED, "role": "informed", "at_least": 0}).verdict == "cannot be judged"
    assert judge(**{**SKILL, "null": "regression", "at_least": 0}).verdict == "cannot be judged"
    assert judge(**{**COVERED, "endpoints": ["crs"], "at_least": 0}).verdict == "cannot be judged"


def test_one_failed_check_of_the_program_is_one_too_many():
    assert judge(measure="verification", at_most=0).verdict == "met"
    assert judge(measure="verification", at_most=0, failed=1).verdict == "not met"
    assert judge(measure="verification", at_most=0, tests=0).verdict == "cannot be judged"
