"""Ranges: a median lies inside its range, a range inside what entry allowed, a time inside the follow-up."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence.findings import Finding, Record
from engager.evidence.printed import legible, span
from engager.evidence.record import Result
from engager.evidence.rules.common import groups, shown


def medians_inside(record: Record) -> Iterator[Finding]:
    """A median (or mean) outside the range of the same quantity in the same patients."""
    for group in _quantities(record):
        ranges = [r for r in group if r.statistic == "range" and None not in (r.lower, r.upper)]
        for row in (r for r in group if r.statistic in ("median", "mean")):
            inside = span(row)
            for whole in ranges:
                low, high = whole.lower or 0.0, whole.upper or 0.0
                people = row.population == whole.population or not row.population or not whole.population
                if inside and people and (inside[1] < low or inside[0] > high):
                    message = f"{row.statistic} {shown(row)} lies outside {low:g} to {high:g}"
                    yield Finding("range", "hard", (row.id, whole.id), message)


def within_entry(record: Record) -> Iterator[Finding]:
    """A range that goes beyond a limit of entry (a range with one bound)."""
    for group in _quantities(record):
        ranges = [r for r in group if r.statistic == "range"]
        for limit in (r for r in ranges if (r.lower is None) != (r.upper is None)):
            strict = not any(sign in limit.printed for sign in ("≥", "≤", "geq", "leq"))
            for seen in (r for r in ranges if r.lower is not None and r.upper is not None):
                low, high = seen.lower or 0.0, seen.upper or 0.0
                below = limit.lower is not None and (low < limit.lower or (strict and low == limit.lower))
                above = limit.upper is not None and (high > limit.upper or (strict and high == limit.upper))
                if below or above:
                    edge = low if below else high
                    message = (
                        f"{edge:g} is among {low:g} to {high:g}, entry required {legible(limit.printed)}"
                    )
                    hint = "the limit may include its own value" if edge in (limit.lower, limit.upper) else ""
                    yield Finding("range", "soft", (seen.id, limit.id), message, hint)


def beyond_follow_up(record: Record) -> Iterator[Finding]:
    """A median or a rate on a curve later than anybody was followed."""
    rows = [row for study in record.studies for row in study.results]
    for group in groups(rows, lambda r: (r.study, r.arm, r.subgroup, r.cut, r.source)).values():
        longest = [
            row
            for row in group
            if row.endpoint == "follow_up" and row.statistic == "range" and row.upper is not None
        ]
        if not longest:
            continue
        last = max(longest, key=lambda r: r.upper or 0.0)
        for row in group:
            if row.what.kind != "time":
                continue
            at = row.time.months if row.time and row.time.of == "at" and row.statistic == "rate_at" else None
            bounds = span(row) if row.statistic == "median" else (at, at) if at is not None else None
            if bounds and bounds[0] > (last.upper or 0.0):
                what = f"a median of {shown(row)}" if at is None else f"{shown(row)} at {at:g} months"
                message = f"{what}, after a follow-up of at most {last.upper:g} months"
                yield Finding(
                    "follow-up", "soft", (row.id, last.id), message, "an extrapolation, or another cut"
                )


def _quantities(record: Record) -> list[list[Result]]:
    rows = [row for study in record.studies for row in study.results]
    return list(groups(rows, lambda r: (r.study, r.arm, r.subgroup, r.endpoint, r.source, r.cut)).values())
