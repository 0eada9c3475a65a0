"""Published against simulated, and one simulated trial against another: differences with their uncertainty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from engager.evidence import Result, Study, role_of
from engager.evidence.printed import read
from engager.inference.measures import Ask
from engager.inference.spread import Spread
from engager.patients.ensemble import PAIR
from engager.trials import NotSimulated, Trial, standard_results
from engager.trials.analysis import COMPARING, VERSUS
from engager.trials.controls import beside
from engager.trials.standard import effects, sides
from engager.vocabulary import endpoints

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVEL = 0.90
"""Level of the intervals over replicates."""

ENOUGH = 10
"""Fewest replicates that an interval is drawn from."""


ONE_SIDED = "one of the two groups has no event or no patient in most replicates"


@dataclass(frozen=True)
class Interval:
    """Median over replicates and the central interval of ``LEVEL``; bounds are None for few replicates."""

    value: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Compared:
    """One row of the record (or of the trial's standard results) beside what came out.

    ``role`` is calibrated, predicted, informed or context, or virtual control for what compares a trial with one;
    ``covered`` says whether the published value lies in the interval, None where that cannot be said; ``reason`` says
    why a row was not simulated; ``spread`` tells parameters and chance apart, in runs of an ensemble.
    """

    result: Result
    role: str
    simulated: Interval | None
    covered: bool | None
    reason: str = ""
    spread: Spread | None = None


@dataclass(frozen=True)
class Contrast:
    """One result under two trials with the same patients.

    here, there: each over replicates. expected: mean difference with the interval of that mean, which more
    replicates narrow; ``differs`` is True where it excludes 0 (the two designs differ in the model).
    difference: what single pairs of trials of this size show; ``exceeds`` is True where that interval
    excludes 0 (the difference exceeds the trial-to-trial uncertainty). None: it cannot be said, because there
    are too few replicates or because a median was not reached in some of them.
    """

    result: Result
    here: Interval | None
    there: Interval | None
    expected: Interval | None
    differs: bool | None
    difference: Interval | None
    exceeds: bool | None


def interval(values: Floats) -> Interval | None:
    """Median and central interval of what the replicates gave; None where that median is not a number.

    Replicates without a value (nan) are left out. Infinite ones (medians that were not reached) take part: a
    bound that falls on them is None, as it lies beyond what was seen.
    """
    found = quantiles(values)
    if found is None or not np.isfinite(found[1]):
        return None
    low, _, high = (x if np.isfinite(x) else None for x in found)
    enough = np.isfinite(values).sum() >= ENOUGH
    return Interval(found[1], low if enough else None, high if enough else None)


def quantiles(values: Floats, level: float = LEVEL) -> tuple[float, float, float] | None:
    """Lower bound, median and upper bound of the central interval of ``level`` over the replicates that have a value,
    infinite ones included; None where none has.

    Bounds are values of replicates: of 100 the 6th and the 95th in order, between which one more of the same kind lies
    in 88 % of cases (:func:`attained`), not in 90 %.
    """
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return None
    levels = ((1 - level) / 2, 0.5, (1 + level) / 2)
    low, middle, high = (float(np.quantile(ordered, q, method="nearest")) for q in levels)
    return low, middle, high


def attained(replicates: int, level: float = LEVEL) -> float:
    """How often one more trial of the same kind lies within :func:`quantiles` of as many replicates, without ties: the
    difference of the bounds' ranks, of ``replicates`` + 1 places that are equally likely."""
    low, _, high = quantiles(np.arange(replicates, dtype=np.float64), level) or (0.0, 0.0, 0.0)
    return (high - low) / (replicates + 1)


def rows_published(trial: Trial, study: Study) -> tuple[list[Result], list[Result]]:
    """The rows of ``study`` that a simulation is asked for: those about the trial's arms, and those about a virtual
    control of the trial."""
    asked = [row for row in study.results if row.statistic != "p_value"]
    return [r for r in asked if not of_control(trial, r)], [r for r in asked if of_control(trial, r)]


def of_control(trial: Trial, row: Result) -> bool:
    """Whether a row speaks of a virtual control of the trial."""
    return bool(set(row.arm.split(VERSUS)) & set(trial.controls))


def compare(trial: Trial, study: Study, ask: Ask, with_controls: Ask) -> list[Compared]:
    """Every published row of ``study`` beside the simulation, in the order of the record; none is dropped.

    Args:
        ask: answers the first rows of :func:`rows_published`.
        with_controls: answers the second, from the trial :func:`engager.trials.controls.beside` its controls.
    """
    out = []
    for row in study.results:
        found, reason, values = _published(with_controls if of_control(trial, row) else ask, row)
        out.append(Compared(row, role_of(row), found, _covered(row, values), reason))
    return out


def _published(ask: Ask, row: Result) -> tuple[Interval | None, str, Floats | None]:
    if row.statistic == "p_value":
        return None, "a p value belongs to one trial; the effect itself is compared", None
    return _simulated(ask, row)


def standard(trial: Trial, ask: Ask) -> list[Compared]:
    """The trial's standard results, with no published value beside them, in the role of their arm and endpoint."""
    out = []
    for row in standard_results(trial):
        found, reason, _ = _simulated(ask, row)
        out.append(Compared(row, role_of(row), found, None, reason))
    return out


def _simulated(ask: Ask, row: Result) -> tuple[Interval | None, str, Floats | None]:
    try:
        values = ask(row)
    except NotSimulated as why:
        return None, str(why), None
    found = interval(values)
    if found:
        return found, "", values
    return None, ONE_SIDED if row.statistic in COMPARING else _unreached(row, values), values


def _unreached(row: Result, values: Floats) -> str:
    """Why there is no median over replicates: how many did not reach theirs, and where the interval over all begins."""
    seen = values[~np.isnan(values)]
    missed, low = int(np.isinf(seen).sum()), quantiles(seen)
    if low is None:
        return "no replicate has such patients"
    if missed == len(seen):
        return "no replicate reached it within follow-up"
    begins = f"; the {LEVEL:.0%} interval begins at {low[0]:.3g} {endpoints()[row.endpoint].unit}s"
    told = f"{missed} of {len(seen)} replicates did not reach it within follow-up"
    return told + (begins.replace("%", " %") if np.isfinite(low[0]) and len(seen) >= ENOUGH else "")


def _covered(row: Result, values: Floats | None) -> bool | None:
    """Whether a printed value lies in the interval; None without a value or with too few replicates."""
    found = None if values is None else quantiles(values)
    if row.value is None or found is None or values is None or (~np.isnan(values)).sum() < ENOUGH:
        return None
    return inside(row, found[0], found[2])


def inside(row: Result, low: float, high: float) -> bool:
    """Whether what a printed number stands for meets the interval from ``low`` to ``high``."""
    least, most = stands_for(row)
    return bool(low <= most and least <= high)


def stands_for(row: Result) -> tuple[float, float]:
    """The values that a printed number stands for: n/N where it is known, else what rounds to it."""
    value = row.value or 0.0
    if row.statistic == "proportion" and row.n is not None and row.N:
        return row.n / row.N, row.n / row.N
    reading = read(row.printed)
    half = reading.step / 2 if reading else 0.0
    return value - half, value + half


def rows_common(trial: Trial, other: Trial) -> list[Result]:
    """The standard results of ``trial`` that ``other`` has as well."""
    return [
        row
        for row in standard_results(trial)
        if row.arm.split(VERSUS)[0] in other.arms and row.statistic != "p_value"
    ]


def contrast(trial: Trial, ask: Ask, other: Trial, ask_other: Ask, *, varied: bool) -> list[Contrast]:
    """Standard results of ``trial`` against those of ``other``, replicate by replicate (common patients).

    Args:
        varied: replicates have parameters of an ensemble, see :func:`members_of`.
    """
    out = []
    for row in rows_common(trial, other):
        try:
            here, there = ask(row), ask_other(row)
        except NotSimulated:
            continue
        gaps = _difference(here, there)
        mine, theirs, gap = interval(here), interval(there), interval(gaps)
        if mine is None and theirs is None:
            continue
        expected = mean_of(gaps, members_of(len(gaps), varied))
        out.append(Contrast(row, mine, theirs, expected, _excludes_zero(expected), gap, _exceeds(gaps)))
    return out


CONTROL = "virtual control"
"""Role of results that compare patients with themselves under a virtual control."""


def rows_under_control(trial: Trial, arm: str, control: str) -> tuple[Trial, list[Result]]:
    """An arm beside one virtual control, as a trial of its own, and what is compared: rows of the arm, of the control
    and of the two (``arm vs control``)."""
    alone = trial.model_copy(update={"arms": {arm: trial.arms[arm]}})
    both = beside(alone, [control])
    return both, [*sides(both, arm), *sides(both, control), *effects(both, arm, control)]


def controlled(rows: Iterable[Result], ask: Ask) -> list[Compared]:
    """An arm against a virtual control: the arm's patients, and the same patients under the control.

    Args:
        rows: those of :func:`rows_under_control`.
    """
    out = []
    for row in rows:
        found, reason, _ = _simulated(ask, row)
        out.append(Compared(row, CONTROL, found, None, reason))
    return out


def _difference(here: Floats, there: Floats) -> Floats:
    """Differences of the same replicates; nan where either has no value or both lie beyond what was seen."""
    size = max(len(here), len(there))
    mine, theirs = (np.append(x, np.full(size - len(x), np.nan)) for x in (here, there))
    with np.errstate(invalid="ignore"):
        return np.asarray(mine - theirs, np.float64)


def members_of(many: int, varied: bool) -> Integers:
    """A number for each replicate, the same for those that share a member of an ensemble; all differ if not
    ``varied``."""
    return np.arange(many) // (PAIR if varied else 1)


def mean_of(values: Floats, members: Integers) -> Interval | None:
    """Mean of values (or differences) with the interval of that mean; None where one of them is not finite.

    Values of one member differ by chance alone and share what the parameters do, so only members are independent: the
    standard error is that of sums over members (for complete pairs that of the pairs' means), the interval Student's.

    Args:
        members: of each value, see :func:`members_of`.
    """
    if not len(values) or not np.isfinite(values).all():
        return None
    mean = float(values.mean())
    _, of = np.unique(members, return_inverse=True)
    sums = np.bincount(of, weights=values - mean)
    many = len(sums)
    if len(values) < ENOUGH or many < 2:
        return Interval(mean, None, None)
    error = np.sqrt(many / (many - 1) * float(sums @ sums)) / len(values)
    half = float(stdtrit(many - 1, (1 + LEVEL) / 2) * error)
    return Interval(mean, mean - half, mean + half)


def _excludes_zero(i: Interval | None) -> bool | None:
    return None if i is None or i.lower is None or i.upper is None else i.lower > 0 or i.upper < 0


def _exceeds(gaps: Floats) -> bool | None:
    found = quantiles(gaps)
    if found is None or (~np.isnan(gaps)).sum() < ENOUGH:
        return None
    return found[0] > 0 or found[2] < 0
