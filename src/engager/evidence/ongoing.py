"""Trials that were running when the sources were written: who names which, with what, in whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engager.documents import DocumentError, Problem, Row, near, read_table
from engager.evidence.blocks import DATA, sources

COLUMNS = ("registry", "source", "place", "setting", "ph", "drugs", "last", "against", "phase", "note")
REGISTRY = re.compile(r"NCT\d{8}")
SETTINGS = ("relapsed", "untreated", "MRD", "lymphoma")
PH = ("", "negative", "positive", "either")
LAST = ("", "or", "with or without")
"""How the last drug of a listing is joined to the others; '' is "and"."""
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


@dataclass(frozen=True)
class Listing:
    """One mention of a trial: a row of a table, or an id in a sentence.

    ``setting`` and ``drugs`` are what this place says and no more, () where it says nothing; ``against`` is
    the comparator, ``last`` how the last drug is joined (:data:`LAST`). ``phase`` is as printed.
    Two mentions that differ are two listings.
    """

    registry: str
    source: str
    place: str
    setting: tuple[str, ...]
    ph: str
    drugs: tuple[str, ...]
    last: str
    against: str
    phase: str
    note: str

    @property
    def treatment(self) -> str:
        """The drugs as this place joins them: "blinatumomab or inotuzumab against CAR T cells"."""
        *others, final = self.drugs or ("",)
        joined = f" {self.last or '+'} ".join((" + ".join(others), final)) if others else final
        return f"{joined} against {self.against}" if self.against else joined

    @property
    def in_table(self) -> bool:
        """Whether this is a row of a table and not an id in a sentence."""
        return self.place.startswith("Table")

    @property
    def roman(self) -> str:
        """The phase in Roman numerals: 'Phase 1/2' is 'I/II', '' where none is printed."""
        found = re.search(r"(?:[IV]+|\d)(?:/(?:[IV]+|\d))?$", self.phase)
        parts = found.group().split("/") if found else []
        return "/".join(_ROMAN.get(part, part) for part in parts)


@cache
def ongoing() -> list[Listing]:
    """Every mention of an ongoing trial, in the order of the sources.

    Raises:
        DocumentError: every problem of the table.
    """
    return read_ongoing(DATA / "ongoing.csv")


def read_ongoing(path: Path) -> list[Listing]:
    """Read mentions from a CSV table with the columns :data:`COLUMNS`; lists are joined by ';'.

    Raises:
        DocumentError: every unknown source, setting or Ph status, every id that is not NCT and eight digits.
    """
    rows = read_table(path, COLUMNS)
    problems = [Problem(row.place, text) for row in rows for text in _mistakes(row)]
    if problems:
        raise DocumentError(problems)
    return [_listing(row) for row in rows]


def _mistakes(row: Row) -> Iterator[str]:
    if not REGISTRY.fullmatch(row["registry"]):
        yield f"registry: {row['registry']!r} is not NCT and eight digits"
    if row["source"] not in sources():
        yield f"source: {row['source']!r} is not known; {near(row['source'], sources())}"
    if not row["place"]:
        yield "place: says where the source names the trial; it is needed"
    for word in _words(row["setting"]):
        if word not in SETTINGS:
            yield f"setting: {word!r} is not known; {near(word, SETTINGS)}"
    if row["last"] not in LAST:
        yield f"last: {row['last']!r} is not known; {near(row['last'], LAST)}"
    if row["ph"] not in PH:
        yield f"ph: {row['ph']!r} is not known; {near(row['ph'], PH)}"


def _listing(row: Row) -> Listing:
    lists = {name: _words(row[name]) for name in ("setting", "drugs")}
    return Listing(**{**row.cells, **lists})  # type: ignore[arg-type]


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in cell.split(";") if word.strip())
