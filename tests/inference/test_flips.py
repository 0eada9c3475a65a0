"""What counts as a conclusion, and what as a flip."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from engager.evidence import Result
from engager.inference import Compared, Contrast, Interval
from engager.inference.flips import (
    AGAIN,
    COVERED,
    DIFFERS,
    EXCEEDS,
    EXCLUDES,
    PUBLISHED,
    SIDE,
    STANDARD,
    Answer,
    Row,
    _of_compared,
    _of_contrast,
    side_by_side,
)


def row(statistic: str, value: float | None = None) -> Result:
    return Result(study="TOWER", arm="a vs b", endpoint="overall_survival", statistic=statistic, value=value)


def compared(statistic: str, interval: Interval | None, covered: bool | None = None) -> Compared:
    return Compared(row(statistic), "predicted", interval, covered)


@pytest.mark.parametrize(
    ("found", "drawn"),
    [
        (compared("hazard_ratio", Interval(0.7, 0.5, 0.9), True),
         {COVERED: "yes", SIDE: "below 1", EXCLUDES: "yes"}),
        (compared("hazard_ratio", Interval(0.7, 0.5, 1.1), False),
         {COVERED: "no", SIDE: "below 1", EXCLUDES: "no"}),
        (compared("difference", Interval(-0.1, -0.2, -0.05)), {SIDE: "below 0", EXCLUDES: "yes"}),
        (compared("restricted_mean_difference", Interval(0.0, None, None)), {SIDE: "at 0"}),
        (compared("median", Interval(7.0, 5.0, 9.0), True), {COVERED: "yes"}),
        (compared("hazard_ratio", None), {}),
    ],
)  # fmt: skip
def test_conclusions_of_a_result(found, drawn):
    assert _of_compared(found) == drawn


def test_conclusions_of_a_changed_trial():
    gap = Interval(0.05, 0.02, 0.08)
    told = Contrast(row("difference"), gap, gap, gap, True, gap, False)
    assert _of_contrast(told) == {DIFFERS: "above 0", EXCEEDS: "no"}
    untold = Contrast(row("difference"), gap, gap, gap, False, gap, None)
    assert _of_contrast(untold) == {DIFFERS: "not told apart"}


def test_a_flip_needs_two_populations_that_conclude_otherwise():
    wide, narrow = Interval(0.8, 0.6, 1.05), Interval(0.8, 0.7, 0.95)
    answers = {
        "sampling": Answer(narrow, {SIDE: "below 1", EXCLUDES: "yes"}),
        "smoother": Answer(wide, {SIDE: "below 1", EXCLUDES: "no"}),
        "weighting": Answer(None, {}),
        AGAIN: Answer(wide, {SIDE: "above 1", EXCLUDES: "yes"}),
    }
    found = Row("TOWER", "standard", row("hazard_ratio"), "predicted", answers)
    assert found.flips("sampling", "smoother", "weighting") == [EXCLUDES]
    assert found.flips("sampling", AGAIN) == [SIDE]
    assert found.flips("sampling", "weighting") == []


def test_a_standard_result_that_is_published_too_stands_once():
    told = compared("hazard_ratio", Interval(0.7, 0.5, 0.9), True)
    parts = {
        "published": [Compared(row("hazard_ratio", 0.71), "predicted", told.simulated, True)],
        "standard": [told, compared("difference", Interval(0.1, 0.0, 0.2))],
    }
    one = SimpleNamespace(**parts, controls=[], contrasts=[])
    found = side_by_side("TOWER", {"smoother": one, "sampling": one})
    assert [(r.kind, r.result.statistic) for r in found] == [
        (PUBLISHED, "hazard_ratio"),
        (STANDARD, "difference"),
    ]
    assert set(found[0].answers) == {"smoother", "sampling"}
