"""Rows in blocks: what the files of studies and of facts have in common."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field

from engager.documents import Document, DocumentError, Problem, Strict, read_table, validate
from engager.evidence.record import Names

DATA = Path(__file__).parent / "data"

Path_ = tuple[str | int, ...]
S = TypeVar("S", bound=Strict)


class Block(Strict):
    """Rows from one place of one source."""

    source: str
    place: Annotated[str, Field(min_length=1)]
    reference: int | None = None
    cut: str = ""
    rows: list[Any]


@cache
def sources() -> dict[str, str]:
    """The reviews that rows come from: short name to citation."""
    table = read_table(DATA / "sources.csv", ("name", "citation"), unique="name")
    return {row["name"]: row["citation"] for row in table}


def unique(name: str, taken: Iterable[str]) -> str:
    twins = sum(other.partition("#")[0] == name for other in taken)
    return f"{name}#{twins + 1}" if twins else name


def part(document: Document, schema: type[S], path: Path_, problems: list[Problem]) -> S | None:
    try:
        return validate(document, schema, at=path)
    except DocumentError as error:
        problems += error.problems
        return None


def items(document: Document, path: Path_) -> list[Any]:
    value = document.value
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return []
    return value if isinstance(value, list) else []


def names_in(document: Document, path: Path_) -> Names:
    # read from the raw file, so that rows are checked even where the header has mistakes
    return tuple(str(arm["name"]) for arm in items(document, path) if isinstance(arm, dict) and "name" in arm)
