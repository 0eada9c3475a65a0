"""What a trial reports: every endpoint with symbol, unit, definition, and the endpoint that contains it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engager.documents import DocumentError, near, read_table

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    ``kind`` is ``proportion`` (share of patients), ``time`` (time to event), ``count``, ``duration`` or
    ``baseline`` (described at entry, not an outcome). ``better`` says which direction is good for the
    patient ('' where neither is). ``within`` names the endpoint that every event of this one also counts
    for: CR is within CR/CRh, RFS events are within OS' order (RFS ≤ OS).
    """

    name: str
    symbol: str
    label: str
    unit: str
    kind: str
    definition: str
    better: str
    within: str


@cache
def endpoints() -> dict[str, Endpoint]:
    """All endpoints by name, in the order of the table."""
    columns = tuple(Endpoint.__dataclass_fields__)
    rows = read_table(DATA / "endpoints.csv", columns, unique="name")
    return {row["name"]: Endpoint(**row.cells) for row in rows}


def endpoint(word: str) -> Endpoint:
    """The endpoint with this name or symbol ('CR', 'overall_survival').

    Raises:
        DocumentError: no such endpoint; near names are offered.
    """
    found = {**{e.symbol.casefold(): e for e in endpoints().values()}, **endpoints()}
    hit = found.get(word) or found.get(word.casefold())
    if hit is None:
        raise DocumentError(f"unknown endpoint {word!r}; {near(word, endpoints())}")
    return hit
