"""When an agency approved which drug for what, as the sources print it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engager.documents import DocumentError, Problem, Row, near, read_table
from engager.evidence.blocks import DATA, sources

COLUMNS = ("date", "agency", "drug", "kind", "indication", "source", "place", "reference", "printed", "note")
KINDS = ("", "accelerated", "full", "expansion")
DATE = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2]))?")


@dataclass(frozen=True)
class Approval:
    """One statement of an approval. ``date`` is a year or a year and month, '' where none is printed."""

    date: str
    agency: str
    drug: str
    kind: str
    indication: str
    source: str
    place: str
    reference: int | None
    printed: str
    note: str


@cache
def approvals() -> list[Approval]:
    """Every statement of an approval, oldest first; one without a date stands beside its event, or first.

    Raises:
        DocumentError: every problem of the table.
    """
    found = read_approvals(DATA / "approvals.csv")
    dates: dict[tuple[str, str, str], str] = {}
    for a in sorted(found, key=lambda a: a.date):
        if a.date:
            dates.setdefault(_event(a), a.date)
    return sorted(found, key=lambda a: a.date or dates.get(_event(a), ""))


def _event(a: Approval) -> tuple[str, str, str]:
    return a.agency, a.drug, a.kind


def read_approvals(path: Path) -> list[Approval]:
    """Read approvals from a CSV table with the columns :data:`COLUMNS`.

    Raises:
        DocumentError: every date that is none, every unknown source or kind.
    """
    rows = read_table(path, COLUMNS)
    problems = [Problem(row.place, text) for row in rows for text in _mistakes(row)]
    if problems:
        raise DocumentError(problems)
    return [_approval(row) for row in rows]


def _mistakes(row: Row) -> Iterator[str]:
    if row["date"] and not DATE.fullmatch(row["date"]):
        yield f"date: {row['date']!r} is not a year (2017) or a year and month (2018-03)"
    if row["date"] and row["date"][:4] not in row["printed"]:
        yield f"printed: {row['printed']!r} does not say {row['date'][:4]}"
    if row["source"] not in sources():
        yield f"source: {row['source']!r} is not known; {near(row['source'], sources())}"
    if row["kind"] not in KINDS:
        yield f"kind: {row['kind']!r} is not known; {near(row['kind'], KINDS)}"
    if row["reference"] and not row["reference"].isdigit():
        yield f"reference: {row['reference']!r} is not a number"


def _approval(row: Row) -> Approval:
    number = int(row["reference"]) if row["reference"] else None
    return Approval(**{**row.cells, "reference": number})  # type: ignore[arg-type]
