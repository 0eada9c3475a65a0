"""What the sources say about the drug without a number, in few words of our own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engager.documents import read_table
from engager.evidence.blocks import DATA


@dataclass(frozen=True)
class Statement:
    """A mechanism, an influence or the absence of one.

    ``study`` is the study that it was seen in or said of, '' where it is none of this record; ``reference`` is ''
    where none is cited.
    """

    topic: str
    study: str
    statement: str
    source: str
    place: str
    reference: str


@cache
def statements() -> list[Statement]:
    """Every statement about the drug, by topic. Raises DocumentError."""
    table = read_table(DATA / "statements.csv", tuple(Statement.__dataclass_fields__))
    return [Statement(**row.cells) for row in table]
