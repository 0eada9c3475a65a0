"""Order: an endpoint that lies within another cannot have the larger value in the same patients."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.printed import span
from engager.evidence.record import Result
from engager.evidence.rules.common import groups, people, same_time, shown
from engager.vocabulary import endpoints

ALSO = {("overall_response", "complete_remission")}
"""Outer and inner endpoints beside the table's chain: every study's own response includes CR."""

CROSSING = 0.05
"""How far two estimated curves of the same patients may cross, where few are left at risk, and be sound."""


def contains(outer: str, inner: str) -> bool:
    """Whether every event of ``inner`` also counts for ``outer``, through any number of steps."""
    if (outer, inner) in ALSO:
        return True
    table, name = endpoints(), inner
    while name := table[name].within if name in table else "":
        if name == outer:
            return True
    return False


def ordered(record: Record) -> Iterator[Finding]:
    """EFS above OS, CR above CR/CRh or ORR, grade 3 above any grade, more deaths from an event than events.

    Soft between sources, between words for the whole group, and without a time.
    """
    rows = [
        row
        for study in record.studies
        for row in study.results
        if row.statistic in ("proportion", "rate_at", "median", "count") and row.value is not None
    ]
    same = groups(rows, lambda r: (r.study, r.arm, r.subgroup, _kind(r), people(r), r.cut))
    for group in same.values():
        for inner, outer in permutations(group, 2):
            if not contains(outer.endpoint, inner.endpoint) or not _comparable(inner, outer):
                continue
            above = _above(inner, outer)
            if above:
                exact = inner.source == outer.source and same_time(inner, outer)
                exact = exact and inner.population == outer.population
                tail = _in_the_tail(inner, outer)
                hint = "estimated curves can cross where few are left at risk" if exact and tail else ""
                severity: Severity = "hard" if exact and not tail else "soft"
                yield Finding("order", severity, (inner.id, outer.id), above, hint)


def _in_the_tail(inner: Result, outer: Result) -> bool:
    return inner.statistic == "rate_at" and (inner.value or 0.0) - (outer.value or 0.0) <= CROSSING


def _kind(row: Result) -> str:
    return "share" if row.statistic in ("proportion", "count") else row.statistic


def _above(inner: Result, outer: Result) -> str:
    """The sentence that ``inner`` is above ``outer``, by value or else by count; '' where it is not."""
    low, high = span(inner), span(outer)
    if inner.statistic == outer.statistic and low and high and low[0] > high[1] + 1e-9:
        numbers = shown(inner), shown(outer)
    elif inner.n is not None and outer.n is not None and inner.n > outer.n and inner.N == outer.N:
        numbers = f"in {inner.n} patients", f"in {outer.n}"
    else:
        return ""
    return f"{inner.what.symbol} {numbers[0]} is above {outer.what.symbol} {numbers[1]}, which contains it"


def _comparable(a: Result, b: Result) -> bool:
    if a.what.kind == "time" and not (a.population and b.population):
        return False  # relapse-free survival is mostly of responders, survival of all
    if a.statistic == "rate_at":  # only on the same day; a later rate is lower anyway
        return same_time(a, b)
    return same_time(a, b) or a.time is None or b.time is None or a.statistic == "median"
