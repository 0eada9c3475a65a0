"""What several rules need: rows in groups, and numbers as people write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from engager.evidence.record import Result

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

WHOLE = frozenset({"", "enrolled", "randomised", "treated"})
"""Populations that are (nearly) everybody; '' is a row that does not say whom it counts."""


def people(row: Result) -> str:
    """Whom a row counts, where all words for the whole group are ''."""
    return "" if row.population in WHOLE else row.population


def groups(rows: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    """Rows by their key, in order of appearance."""
    found: dict[K, list[V]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def same_time(a: Result, b: Result) -> bool:
    """Whether two rows hold at the same time: 1 year is 12 months; no time is only like no time."""
    if a.time is None or b.time is None:
        return a.time is b.time
    x, y = a.time.months, b.time.months
    if x is None or y is None:
        return a.time == b.time
    return a.time.of == b.time.of and abs(x - y) < 0.01


def percent(value: float) -> str:
    """A fraction as a percentage with at most one decimal: 0.34 is '34 %'."""
    return f"{round(100 * value, 1):g} %"


def shown(row: Result) -> str:
    """A row's value as a reader knows it: '34 %', '7.7 months', '271'."""
    value = row.value if row.value is not None else float("nan")
    if row.statistic in ("proportion", "rate_at"):
        return percent(value)
    unit = {"month": " months", "year": " years"}.get(row.what.unit, "")
    return f"{value:g}{unit if row.statistic in ('median', 'mean') else ''}"
