"""Acceptance criteria held against scores: met, not met, or not to be judged, with the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engager.inference.credibility import Criterion
from engager.inference.scoreboard import Board, Estimated, over_studies
from engager.inference.validation import INNER, KINDS, Scored, Unscored

Row = Scored | Unscored
Verdict = Literal["met", "not met", "cannot be judged"]


@dataclass(frozen=True)
class Judged:
    """A criterion and what came of it.

    value: what was measured, with its 90 % interval over studies where there are several; None where there is nothing
    to measure. counted, of: numbers (or checks) that it rests on, such as 20 of 45 inside; aside: those of the same
    kind that have no forecast (or cannot be asked). rows: ids of the record's rows that count.
    """

    criterion: Criterion
    verdict: Verdict
    value: Estimated | None
    counted: int
    of: int
    studies: int
    aside: int = 0
    rows: tuple[str, ...] = ()


def judged(criterion: Criterion, board: Board, failed: int, tests: int) -> Judged:
    """Hold a criterion against the scoreboard.

    Args:
        failed, tests: checks of the program that failed, and how many there were.
    """
    if criterion.measure == "verification":
        found = Estimated(float(failed), None, None) if tests else None
        return Judged(criterion, _verdict(criterion, found), found, tests - failed, tests, 0)
    if criterion.measure == "checks":
        asked = [check for check in board.checks if check.verdict != "open"]
        held = sum(check.verdict == "holds" for check in asked)
        found = Estimated(held / len(asked), None, None) if asked else None
        aside = len(board.checks) - len(asked)
        return Judged(criterion, _verdict(criterion, found), found, held, len(asked), 0, aside)
    rows = chosen(criterion, board.rows)
    aside = len(about(criterion, board.rows)) - len(rows)
    if not rows:
        return Judged(criterion, "cannot be judged", None, 0, 0, 0, aside)
    if criterion.measure == "scored":
        there = sum(isinstance(row, Scored) for row in rows)
        found = Estimated(there / len(rows), None, None)
        return _made(criterion, found, there, rows, aside)
    scored = [row for row in rows if isinstance(row, Scored)]
    above, below = PARTS[criterion.measure](criterion)
    value = over_studies(scored, board.seed, above, below)
    if criterion.measure == "skill":
        value = _skill(value)
    return _made(criterion, value, sum(_counts(criterion, row) for row in scored), rows, aside)


def _made(criterion: Criterion, value: Estimated, counted: int, rows: Sequence[Row], aside: int) -> Judged:
    studies = len({row.result.study for row in rows})
    ids = tuple(row.result.id for row in rows)
    return Judged(criterion, _verdict(criterion, value), value, counted, len(rows), studies, aside, ids)


def about(criterion: Criterion, rows: Sequence[Row]) -> list[Row]:
    """The published numbers that a criterion is about, with or without a forecast."""
    return [
        row
        for row in rows
        if row.role == criterion.role
        and (criterion.endpoints is None or row.result.endpoint in criterion.endpoints)
        and criterion.kind in (None, KINDS.get(row.result.statistic))
    ]


def chosen(criterion: Criterion, rows: Sequence[Row]) -> list[Row]:
    """Those that it can be judged by: with a forecast, and with one of the null model where it asks for skill."""
    found = about(criterion, rows)
    if criterion.measure == "scored":
        return found
    return [
        row
        for row in found
        if isinstance(row, Scored) and (criterion.null is None or criterion.null in row.nulls)
    ]


def level(row: Scored) -> float:
    """The middle of the levels of the forecast at which a number may lie."""
    return float(np.mean(row.pit))


def _inside(criterion: Criterion, row: Scored) -> bool:
    return row.inside_inner if criterion.level == INNER else row.inside_outer


def _counts(criterion: Criterion, row: Scored) -> bool:
    """Numbers that speak for the model: inside, with a forecast, above the forecast's middle, won."""
    if criterion.measure == "coverage":
        return _inside(criterion, row)
    if criterion.measure == "bias":
        return level(row) > 0.5
    return row.crps < row.nulls[criterion.null or ""].crps


Of = Callable[[Scored], float]

PARTS: dict[str, Callable[[Criterion], tuple[Of, Of]]] = {
    "coverage": lambda c: (lambda row: float(_inside(c, row)), lambda row: 1.0),
    "bias": lambda c: (lambda row: level(row) - 0.5, lambda row: 1.0),
    "skill": lambda c: (lambda row: row.crps, lambda row: row.nulls[c.null or ""].crps),
}
"""What is summed over numbers above and below the line, by measure."""


def _skill(ratio: Estimated) -> Estimated:
    low, high = (None if x is None else 1 - x for x in (ratio.upper, ratio.lower))
    return Estimated(1 - ratio.value, low, high)


def _verdict(criterion: Criterion, found: Estimated | None) -> Verdict:
    if found is None:
        return "cannot be judged"
    if criterion.at_most is not None:
        return "met" if abs(found.value) <= criterion.at_most else "not met"
    return "met" if found.value >= (criterion.at_least or 0.0) else "not met"
