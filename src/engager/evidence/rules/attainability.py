"""Attainability: a percentage of N patients is n/N for a whole n, rounded or cut off."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.printed import Reading, read
from engager.evidence.record import Result
from engager.evidence.rules.common import WHOLE, groups, percent

LISTED = 6
"""How many other denominators a hint lists."""


def counts(value: float, step: float, N: int, *, cut_off: bool = False) -> range:
    """All whole n for which n/N prints as ``value`` with a last digit of ``step`` (both as fractions of 1).

    Rounding takes a half either way, since houses differ; ``cut_off`` asks for truncation instead. Exact.
    """
    digits, scale = round(value / step), round(1 / step)
    if cut_off:
        low, high = -(-digits * N // scale), ((digits + 1) * N - 1) // scale
    else:
        low, high = -(-(2 * digits - 1) * N // (2 * scale)), (2 * digits + 1) * N // (2 * scale)
    return range(max(low, 0), min(high, N) + 1)


def attainable(record: Record) -> Iterator[Finding]:
    """A printed percentage that no n of the row's own N (or not its own n) gives."""
    for row, reading in _percentages(record):
        if row.N is None or row.value is None:
            continue
        rounded = counts(row.value, reading.step, row.N)
        if (row.n in rounded) if row.n is not None else bool(rounded):
            continue
        cut = counts(row.value, reading.step, row.N, cut_off=True)
        printed = f"{percent(row.value)} is printed"
        if row.n is not None:
            what = f"{row.n}/{row.N} = {100 * row.n / row.N:.2f} %, {printed}"
            truncated, hint = row.n in cut, _other_counts(rounded, row.N)
        else:
            what = f"{printed}, but no n/{row.N} rounds to it: {_nearest(row.value, row.N)}"
            truncated = bool(cut)
            hint = _denominators(fitting([(row.value, reading.step)], row.N, below=False))
        if truncated:
            yield Finding("attainability", "soft", (row.id,), what, "it fits when cut off instead of rounded")
        else:
            severity: Severity = "hard" if row.basis == "stated" else "soft"
            yield Finding("attainability", severity, (row.id,), what, hint)


def denominators(record: Record) -> Iterator[Finding]:
    """Percentages of a whole arm without an N of their own that the arm's size cannot give."""
    studies = {study.id: study for study in record.studies}
    open_ = [
        (row, reading)
        for row, reading in _percentages(record)
        if row.N is None and row.population in WHOLE - {""} and not row.subgroup
    ]
    for (name, arm_name, _, population), pairs in groups(
        open_, lambda p: (p[0].study, p[0].arm, p[0].source, p[0].population)
    ).items():
        arm = studies[name].arm(arm_name)
        if arm is None or not arm.size:
            continue
        values = [(row.value or 0.0, reading.step) for row, reading in pairs]
        bad = [
            row
            for (row, _), (value, step) in zip(pairs, values, strict=True)
            if not counts(value, step, arm.size)
        ]
        if bad:
            which = ", ".join(
                f"{percent(row.value or 0)} ({_nearest(row.value or 0, arm.size)})" for row in bad
            )
            message = f"no n/{arm.size} rounds to {which}; {population} are not all {arm.size} of the arm"
            hint = _denominators(fitting(values, arm.size, below=True))
            yield Finding("denominator", "soft", tuple(row.id for row in bad), message, hint)


def fitting(values: list[tuple[float, float]], N: int, *, below: bool) -> list[int]:
    """The denominators nearest to N that give every one of the (value, step) percentages, nearest first.

    ``below`` asks for smaller ones only. At most ``LISTED``; none below half or above twice N.
    """
    candidates = range(N - 1, N // 2, -1) if below else [m for d in range(1, N) for m in (N - d, N + d)]
    fits = (m for m in candidates if m > 0 and all(counts(value, step, m) for value, step in values))
    return [m for m, _ in zip(fits, range(LISTED), strict=False)]


def _percentages(record: Record) -> Iterator[tuple[Result, Reading]]:
    for study in record.studies:
        for row in study.results:
            reading = read(row.printed)
            if row.statistic == "proportion" and row.value is not None and reading and reading.percent:
                yield row, reading


def _nearest(value: float, N: int) -> str:
    n = int(value * N)
    return f"{n}/{N} = {100 * n / N:.2f} %, {n + 1}/{N} = {100 * (n + 1) / N:.2f} %"


def _other_counts(rounded: range, N: int) -> str:
    return f"{' or '.join(map(str, rounded))} of {N} would" if rounded else f"no n of {N} would"


def _denominators(found: list[int]) -> str:
    return f"fits N = {', '.join(map(str, found))}" if found else "no N nearby fits"
