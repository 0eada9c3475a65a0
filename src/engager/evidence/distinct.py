"""One row for each result: what two places print is one fact when it comes to comparing and fitting."""

from __future__ import annotations

from collections.abc import Iterable

from engager.evidence.printed import read
from engager.evidence.record import Result, Time
from engager.evidence.rules.common import groups, people


def distinct(results: Iterable[Result]) -> list[Result]:
    """Of rows that print the same result, the one that says most, in order of first appearance.

    The same result is the same study, arm, subgroup, endpoint, statistic and cut, the same people (enrolled,
    randomised and treated patients count as one) and the same time; a row without a time belongs to the first
    that has one. Preferred is a usable row, then one with n, with N, with a time, printed more finely.
    """
    chosen: list[Result] = []
    for group in groups(results, _names).values():
        dated = [row for row in group if row.time]
        undated = [row for row in group if not row.time]
        clusters = list(groups(dated, lambda row: _when(row.time)).values()) or [[]]
        clusters[0] += undated
        chosen += (max(cluster, key=_says) for cluster in clusters)
    return chosen


def _names(row: Result) -> tuple[str, ...]:
    return row.study, row.arm, row.subgroup, row.endpoint, row.statistic, row.cut, people(row)


def _when(time: Time | None) -> tuple[str, float]:
    if time is None:
        return "", 0.0
    months = time.months
    return (time.unit, time.value) if months is None else ("months", round(months, 6))


def _says(row: Result) -> tuple[bool, bool, bool, bool, float]:
    reading = read(row.printed)
    finer = -reading.step if reading else 0.0
    return row.standing == "usable", row.n is not None, row.N is not None, row.time is not None, finer
