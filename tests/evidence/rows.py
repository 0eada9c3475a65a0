"""Rows of a study "S" in a few words, and what a rule finds in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engager.evidence import Arm, Fact, Finding, Result, Study, Time
from engager.evidence.findings import Record
from engager.evidence.record import Treatment

Rule = Callable[[Record], Iterator[Finding]]
NOT_STATED = Treatment(dose=None, schedule="daily", cycles="2")


def row(endpoint: str, printed: str, value: float, **cells: Any) -> Result:
    cells = {"statistic": "proportion", "arm": "a", "source": "zhao2019", "place": "here"} | cells
    parts = (endpoint, printed, cells["arm"], cells.get("subgroup"), cells["source"], cells.get("time"))
    name = "/".join(map(str, ("S", *parts)))
    return Result(study="S", id=name, endpoint=endpoint, printed=printed, value=value, **cells)


def record_of(*rows: Result, facts: tuple[Fact, ...] = (), **header: Any) -> Record:
    arms = tuple(Arm(name=n, label=n, size=s, treatment=NOT_STATED) for n, s in (("a", 271), ("b", 134)))
    cells = {"strata": (), "reports": (), "registry": (), "setting": "relapsed"} | header
    study = Study(
        id="S", title="", design="", phase="II", ph="negative",
        arms=arms, results=rows, **cells,
    )  # fmt: skip
    return Record([study], facts)


def found_by(rule: Rule, *rows: Result, **more: Any) -> list[Finding]:
    return list(rule(record_of(*rows, **more)))


def at(months: float) -> Time:
    return Time(value=months, unit="months", of="at")


def survival(months: float, printed: str, value: float, **cells: Any) -> Result:
    return row("overall_survival", printed, value, statistic="rate_at", time=at(months), **cells)


def median(printed: str, value: float, **cells: Any) -> Result:
    return row("overall_survival", printed, value, statistic="median", **cells)


def fact(name: str, unit: str, printed: str, **cells: Any) -> Fact:
    return Fact(name=name, unit=unit, printed=printed, id=f"{name}/{printed}", **cells)


STATED = {"basis": "stated"}


def count(arm: str, n: int, **cells: Any) -> Result:
    return row("patients", str(n), n, statistic="count", arm=arm, **cells)
