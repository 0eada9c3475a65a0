"""The 25 states of a patient by name: unit, meaning, source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engager.documents import read_table

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class StateMeaning:
    """One state: ``name`` as in :class:`engager.model.State`, its unit, what it is, where it comes from."""

    name: str
    unit: str
    meaning: str
    source: str


@cache
def states() -> dict[str, StateMeaning]:
    """All states by name, in the order of the model. Raises DocumentError listing every bad row."""
    rows = read_table(DATA / "states.csv", tuple(StateMeaning.__dataclass_fields__), unique="name")
    return {row["name"]: StateMeaning(**row.cells) for row in rows}
