"""Published against simulated, and one simulated trial against another: differences with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from engager.evidence import Result, Study, role_of
from engager.evidence.printed import read
from engager.trials import NotSimulated, Trial, measured, standard_results

Floats = NDArray[np.float64]

LEVEL = 0.90
"""Level of the intervals over replicates."""

ENOUGH = 10
"""Fewest replicates that an interval is drawn from."""


@dataclass(frozen=True)
class Interval:
    """Median over replicates and the central interval of ``LEVEL``; bounds are None for few replicates."""

    value: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Compared:
    """One row of the record (or of the trial's standard results) beside what came out.

    ``role`` is calibrated, predicted, informed or context ('' for rows that nobody published); ``covered``
    says whether the published value lies in the interval, None where that cannot be said; ``reason`` says
    why a row was not simulated.
    """

    result: Result
    role: str
    simulated: Interval | None
    covered: bool | None
    reason: str = ""


@dataclass(frozen=True)
class Contrast:
    """One result under two trials with the same patients.

    here, there: each over replicates. expected: mean difference with the interval of that mean, which more
    replicates narrow; ``differs`` is True where it excludes 0 (the two designs differ in the model).
    difference: what single pairs of trials of this size show; ``exceeds`` is True where that interval
    excludes 0 (the difference exceeds the trial-to-trial uncertainty). None: too few replicates to say.
    """

    result: Result
    here: Interval
    there: Interval
    expected: Interval
    differs: bool | None
    difference: Interval
    exceeds: bool | None


def interval(values: Floats) -> Interval | None:
    """Median and central interval of what the replicates gave; None where none gave a number.

    A bound that falls on replicates in which a median was not reached is None: it lies beyond what was seen.
    """
    if not len(values) or np.isnan(values).all():
        return None
    # a median that was not reached is later than any that was
    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    at = [
        _finite(float(np.quantile(ordered, q, method="nearest")))
        for q in ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
    ]
    if at[1] is None:
        return None
    enough = len(values) >= ENOUGH
    return Interval(at[1], at[0] if enough else None, at[2] if enough else None)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def compare(trial: Trial, patients: pl.DataFrame, study: Study) -> list[Compared]:
    """Every published row of ``study`` beside the simulation, in the order of the record; none is dropped."""
    out = []
    cache: dict[object, tuple[Interval | None, str, Floats | None]] = {}
    for row in study.results:
        key = (row.arm, row.subgroup, row.endpoint, row.statistic, str(row.time), row.population)
        if key not in cache:
            cache[key] = _simulated(trial, patients, row)
        found, reason, values = cache[key]
        out.append(Compared(row, role_of(row), found, _covered(row, found, values), reason))
    return out


def standard(trial: Trial, patients: pl.DataFrame) -> list[Compared]:
    """The trial's standard results, with no published value beside them."""
    out = []
    for row in standard_results(trial):
        found, reason, _ = _simulated(trial, patients, row)
        out.append(Compared(row, "", found, None, reason))
    return out


def _simulated(
    trial: Trial, patients: pl.DataFrame, row: Result
) -> tuple[Interval | None, str, Floats | None]:
    try:
        values = measured(trial, patients, row)
    except NotSimulated as why:
        return None, str(why), None
    found = interval(values)
    reason = "" if found else "no replicate reached it within follow-up"
    return found, reason, values


def _covered(row: Result, found: Interval | None, values: Floats | None) -> bool | None:
    if row.value is None or found is None or values is None or len(values) < ENOUGH:
        return None
    # a missing bound lies beyond what follow-up shows, so it excludes nothing on its side
    low = -np.inf if found.lower is None else found.lower
    high = np.inf if found.upper is None else found.upper
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


def contrast(trial: Trial, patients: pl.DataFrame, other: Trial, others: pl.DataFrame) -> list[Contrast]:
    """Standard results of ``trial`` against those of ``other``, replicate by replicate (common patients)."""
    out = []
    for row in standard_results(trial):
        if row.arm.split(" vs ")[0] not in other.arms:
            continue
        try:
            here, there = measured(trial, patients, row), measured(other, others, row)
        except NotSimulated:
            continue
        if len(here) != len(there):
            continue
        mine, theirs, gap = interval(here), interval(there), interval(here - there)
        if mine is None or theirs is None or gap is None:
            continue
        expected = _mean(here - there)
        out.append(Contrast(row, mine, theirs, expected, _excludes_zero(expected), gap, _excludes_zero(gap)))
    return out


def _mean(gaps: Floats) -> Interval:
    """Mean over the replicates that have a value, with the interval of the mean."""
    gaps = gaps[np.isfinite(gaps)]
    mean = float(gaps.mean())
    if len(gaps) < ENOUGH:
        return Interval(mean, None, None)
    half = float(ndtri((1 + LEVEL) / 2) * gaps.std(ddof=1) / np.sqrt(len(gaps)))
    return Interval(mean, mean - half, mean + half)


def _excludes_zero(i: Interval) -> bool | None:
    return None if i.lower is None or i.upper is None else i.lower > 0 or i.upper < 0
