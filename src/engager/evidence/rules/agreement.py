"""Between sources and places: one number printed twice must be the same number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.printed import apart, read, span
from engager.evidence.record import Fact, Result
from engager.evidence.rules.common import WHOLE, groups, same_time, shown
from engager.vocabulary import unit


def rows_agree(record: Record) -> Iterator[Finding]:
    """Two values of one result in one cut: hard where people and time are the same, else soft."""
    rows = [row for study in record.studies for row in study.results if row.value is not None]
    for group in groups(
        rows, lambda r: (r.study, r.arm, r.subgroup, r.endpoint, r.statistic, r.cut)
    ).values():
        told = set()
        for a, b in combinations(group, 2):
            x, y = span(a), span(b)
            pair = frozenset((a.value, b.value))
            if not x or not y or not apart(x, y) or pair in told or not _may_be_one(a, b):
                continue
            told.add(pair)
            exact = a.population == b.population and same_time(a, b)
            message = (
                f"{a.what.symbol} {shown(a)} ({a.source}, {a.place}) and {shown(b)} ({b.source}, {b.place})"
            )
            hint = "" if exact else "the rows differ in time or in whom they count, or one does not say it"
            yield Finding("agreement", "hard" if exact else "soft", (a.id, b.id), message, hint)


def _may_be_one(a: Result, b: Result) -> bool:
    people = a.population == b.population or not a.population or not b.population
    if a.endpoint != "patients":  # counts of enrolled and of treated patients are two numbers
        people = people or (a.population in WHOLE and b.population in WHOLE)
    return people and (same_time(a, b) or a.time is None or b.time is None)


def sizes_agree(record: Record) -> Iterator[Finding]:
    """A denominator that is not the printed number of the very patients that it counts.

    Hard in one place; elsewhere the same words ("evaluable") may name other patients.
    """
    for study in record.studies:
        stated = [r for r in study.results if r.N is not None and r.basis == "stated" and r.population]
        sizes = groups(
            [r for r in study.results if r.endpoint == "patients" and r.value is not None and r.population],
            _whom,
        )
        told = set()
        for row in stated:
            same = sizes.get(_whom(row), [])
            if same and row.endpoint != "patients" and all(r.value != row.N for r in same):
                key = (_whom(row), row.N)
                if key not in told:
                    told.add(key)
                    message = (
                        f"{row.what.symbol} {shown(row)} is of {row.N} {row.population}, "
                        f"of whom there are {same[0].value:g}"
                    )
                    severity: Severity = "hard" if row.place == same[0].place else "soft"
                    yield Finding("group size", severity, (row.id, same[0].id), message)


def _whom(row: Result) -> tuple[str, ...]:
    return row.study, row.arm, row.subgroup, row.source, row.cut, row.population


def facts_agree(record: Record) -> Iterator[Finding]:
    """Two values of one property of the drug under the same condition."""
    for group in groups(record.facts, lambda f: (f.name, f.at, unit(f.unit).dimension)).values():
        told = set()
        for a, b in combinations(group, 2):
            if apart(_span(a), _span(b)) and frozenset((a.low, b.low)) not in told:
                told.add(frozenset((a.low, b.low)))
                message = f"{a.name} {a.printed!r} ({a.source}) and {b.printed!r} ({b.source})"
                yield Finding("agreement", "soft", (a.id, b.id), message)


def _span(fact: Fact) -> tuple[float, float]:
    reading = read(fact.printed)
    if reading is None or fact.value is None:
        return fact.low, fact.high
    half = reading.step / 2 * (1.0 if reading.percent else unit(fact.unit).size)
    return fact.low - half, fact.high + half
