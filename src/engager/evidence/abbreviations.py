"""The abbreviations of the sources and what each says that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engager.documents import read_table
from engager.evidence.blocks import DATA


@dataclass(frozen=True)
class Abbreviation:
    """A short form with the meaning that one place gives it."""

    short: str
    meaning: str
    source: str
    place: str


@cache
def abbreviations() -> list[Abbreviation]:
    """Every abbreviation that a source spells out, in alphabetical order. Raises DocumentError."""
    rows = read_table(DATA / "abbreviations.csv", tuple(Abbreviation.__dataclass_fields__))
    return sorted((Abbreviation(**row.cells) for row in rows), key=lambda a: (a.short.casefold(), a.source))
