"""Curve: a median and the rates at other times are points of one falling curve."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.printed import span
from engager.evidence.record import Result
from engager.evidence.rules.common import groups, percent, shown

STEEPER = 4.0
"""Ratio of average hazards above which a median and a later rate are suspect. Chosen, not derived: hazards of
relapse and death in acute leukaemia fall with time, so that even a doubling is unusual."""

LATER = 1.4
"""How many medians after the start a rate must be to say something about the hazard: nearer to the median a
few events of a small trial make any slope. Chosen, not derived."""

BEYOND = 1.5
"""How many median follow-ups a median time may be: half of the patients are followed longer, so a curve is often
known beyond. Chosen, not derived."""


def median_and_rate(record: Record) -> Iterator[Finding]:
    """Fewer than half before the median, or more than half after it."""
    for group in _curves(record):
        for median in (row for row in group if row.statistic == "median"):
            for rate in (row for row in group if row.statistic == "rate_at"):
                time, m, r = _months(rate), span(median), span(rate)
                if time is None or m is None or r is None or not _same_people(median, rate):
                    continue
                before, after = time < m[0] and r[1] < 0.5, time > m[1] and r[0] > 0.5
                if before or after:
                    side = "before" if before else "after"
                    message = (
                        f"{shown(rate)} at {time:g} months, {side} the median of {shown(median)}, "
                        f"where the curve must be {'at least' if before else 'at most'} 50 %"
                    )
                    yield Finding("curve", _severity(median, rate), (median.id, rate.id), message)


def steepening(record: Record) -> Iterator[Finding]:
    """A curve whose average hazard after the median is more than ``STEEPER`` times that before it."""
    for group in _curves(record):
        for median in (row for row in group if row.statistic == "median"):
            for rate in (row for row in group if row.statistic == "rate_at"):
                time, m, left = _months(rate), span(median), span(rate)
                if time is None or m is None or left is None or not _same_people(median, rate):
                    continue
                if time <= LATER * m[1] or not rate.value or left[1] >= 0.5:
                    continue
                # rounding is taken in favour of the curve
                before, after = math.log(2) / m[1], math.log(0.5 / left[1]) / (time - m[0])
                if after > STEEPER * before:
                    message = (
                        f"from 50 % at {median.value:g} to {shown(rate)} at {time:g} months the hazard is {after:.3f} "
                        f"a month, {after / before:.1f} times the {before:.3f} until then"
                    )
                    constant = percent(0.5 ** (time / (median.value or m[1])))
                    hint = f"a constant hazard would leave {constant} at {time:g} months"
                    yield Finding("steepening curve", "soft", (median.id, rate.id), message, hint)


def falling(record: Record) -> Iterator[Finding]:
    """A later rate above an earlier one."""
    for group in _curves(record):
        rates = [row for row in group if row.statistic == "rate_at" and _months(row) is not None]
        for first, second in combinations(sorted(rates, key=lambda r: _months(r) or 0.0), 2):
            a, b, early, late = span(first), span(second), _months(first), _months(second)
            if a and b and early != late and b[0] > a[1] + 1e-9 and _same_people(first, second):
                message = (
                    f"{percent(second.value or 0)} at {late:g} months is above "
                    f"{percent(first.value or 0)} at {early:g} months"
                )
                yield Finding("falling curve", _severity(first, second), (first.id, second.id), message)


def within_follow_up(record: Record) -> Iterator[Finding]:
    """A median time far beyond the median time that patients were followed."""
    for group in _curves(record):
        for row in group:
            if row.statistic != "median" or not row.time or row.time.of != "follow-up":
                continue
            seen = row.time.months
            if seen is not None and row.value is not None and row.value > BEYOND * seen:
                message = f"a median of {shown(row)} after a median follow-up of {seen:g} months"
                yield Finding("follow-up", "soft", (row.id,), message, "an extrapolation, or censored late")


def _curves(record: Record) -> list[list[Result]]:
    rows = [
        row
        for study in record.studies
        for row in study.results
        if row.endpoint != "follow_up" and row.what.kind == "time" and row.value is not None
    ]
    return list(groups(rows, lambda r: (r.study, r.arm, r.subgroup, r.endpoint)).values())


def _months(row: Result) -> float | None:
    # a rate "at a median follow-up" is a share of patients watched for different times, no point of the curve
    return row.time.months if row.time and row.time.of == "at" else None


def _same_people(a: Result, b: Result) -> bool:
    return a.population == b.population or not a.population or not b.population


def _severity(a: Result, b: Result) -> Severity:
    exact = a.cut == b.cut and a.source == b.source and a.population == b.population
    return "hard" if exact else "soft"
