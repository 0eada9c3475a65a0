"""Structures of the model that can be taken out: each is a few parameters with values that make it do nothing.

One program serves every combination; a structure is a choice of values, not of code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engager.documents import DocumentError, Problem, near, read_table

DATA = Path(__file__).parent / "data"
DEFAULTS = ("in", "out")
COLUMNS = ("name", "default", "rival_of", "meaning", "reason")


@dataclass(frozen=True)
class Structure:
    """One structure.

    ``default`` says whether it is ``in`` or ``out`` of the model unless it is switched; ``without`` holds the values
    of its parameters that take it out (with it they have those of the parameter table); ``meaning`` says what it
    adds, ``reason`` why it is there, and the miss that prompted it, if one did. ``rival_of`` names the structure that
    explains the same data, if there is one; rivals were in the model from the start.
    """

    name: str
    default: str
    rival_of: str
    meaning: str
    reason: str
    without: dict[str, float]


@cache
def structures() -> dict[str, Structure]:
    """All structures by name. Raises DocumentError listing every bad row."""
    problems: list[Problem] = []
    without: dict[str, dict[str, float]] = {}
    for row in read_table(DATA / "structure_values.csv", ("structure", "parameter", "without")):
        value = row.number("without")
        if value is None:
            problems.append(Problem(row.place, "needs the value that takes the structure out"))
        else:
            without.setdefault(row["structure"], {})[row["parameter"]] = value
    out = {}
    for row in read_table(DATA / "structures.csv", COLUMNS, unique="name"):
        if row["default"] not in DEFAULTS:
            message = f"default {row['default']!r} is not known; {near(row['default'], DEFAULTS)}"
            problems.append(Problem(row.place, message))
        if row["name"] not in without:
            problems.append(Problem(row.place, f"{row['name']} has no value in structure_values.csv"))
        out[row["name"]] = Structure(**row.cells, without=without.pop(row["name"], {}))
    for one in out.values():
        if one.rival_of and getattr(out.get(one.rival_of), "rival_of", None) != one.name:
            problems.append(
                Problem(None, f"{one.name} is a rival of {one.rival_of!r}, but not the other way round")
            )
    problems += [Problem(None, f"structure_values.csv: unknown structure {name!r}") for name in without]
    if problems:
        raise DocumentError(problems)
    return out


def setting(switched: Iterable[str] = ()) -> dict[str, float]:
    """Values that take out what is not in the model once the structures ``switched`` are the other way round.

    Raises:
        DocumentError: every name that is no structure.
    """
    asked = set(switched)
    known = structures()
    unknown = sorted(asked - set(known))
    if unknown:
        raise DocumentError(
            [Problem(None, f"unknown structure {name!r}; {near(name, known)}") for name in unknown]
        )
    out: dict[str, float] = {}
    for structure in known.values():
        if (structure.default == "out") != (structure.name in asked):
            out |= structure.without
    return out


def simplest() -> list[str]:
    """The structures to switch so that none is in the model but rivals, which explain the same data."""
    return [one.name for one in structures().values() if one.default == "in" and not one.rival_of]


def rivalries() -> list[tuple[str, str]]:
    """Pairs of structures that explain the same data, in the order of the table."""
    order = list(structures())
    paired = [(one.name, one.rival_of) for one in structures().values() if one.rival_of]
    return [(one, other) for one, other in paired if order.index(one) < order.index(other)]
