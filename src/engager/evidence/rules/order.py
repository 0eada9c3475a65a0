"""Order: an endpoint that lies within another cannot have the larger value in the same patients."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from engager.evidence.findings import Finding, Record
from engager.evidence.printed import span
from engager.evidence.record import Result
from engager.evidence.rules.common import groups, same_time, shown
from engager.vocabulary import endpoints


def contains(outer: str, inner: str) -> bool:
    """Whether every event of ``inner`` also counts for ``outer``, through any number of steps."""
    table, name = endpoints(), inner
    while name := table[name].within if name in table else "":
        if name == outer:
            return True
    return False


def ordered(record: Record) -> Iterator[Finding]:
    """EFS above OS, CR above CR/CRh, grade 3 above any grade. Soft between sources and without a time."""
    rows = [
        row
        for study in record.studies
        for row in study.results
        if row.statistic in ("proportion", "rate_at", "median") and row.value is not None
    ]
    same = groups(rows, lambda r: (r.study, r.arm, r.subgroup, r.statistic, r.population, r.cut))
    for group in same.values():
        for inner, outer in permutations(group, 2):
            if not contains(outer.endpoint, inner.endpoint) or not _comparable(inner, outer):
                continue
            low, high = span(inner), span(outer)
            if low and high and low[0] > high[1] + 1e-9:
                exact = inner.source == outer.source and same_time(inner, outer)
                message = (
                    f"{inner.what.symbol} {shown(inner)} is above {outer.what.symbol} {shown(outer)}, "
                    f"which contains it"
                )
                yield Finding("order", "hard" if exact else "soft", (inner.id, outer.id), message)


def _comparable(a: Result, b: Result) -> bool:
    if a.what.kind == "time" and not a.population:
        return False  # relapse-free survival is mostly of responders, survival of all
    if a.statistic == "rate_at":  # only on the same day; a later rate is lower anyway
        return same_time(a, b)
    return same_time(a, b) or a.time is None or b.time is None or a.statistic == "median"
