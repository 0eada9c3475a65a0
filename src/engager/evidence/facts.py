"""Facts: numbers about the drug, the disease, and the design and treatment of a study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engager.documents import Document, DocumentError, Problem, Strict, near, read_table, read_yaml
from engager.evidence.blocks import DATA, Block, items, part, sources, unique
from engager.evidence.printed import disagreement
from engager.evidence.record import Fact
from engager.vocabulary import endpoints, unit


@dataclass(frozen=True)
class Quantity:
    """What a fact can be about: ``unit`` is one unit, or several joined by " or "."""

    name: str
    label: str
    unit: str
    definition: str


class FactFile(Strict):
    """A list of facts as it is written."""

    about: str
    note: str = ""
    facts: list[Any]


@cache
def quantities() -> dict[str, Quantity]:
    """What a fact can be about, beside endpoints: name to unit and definition."""
    table = read_table(DATA / "quantities.csv", tuple(Quantity.__dataclass_fields__), unique="name")
    return {row["name"]: Quantity(**row.cells) for row in table}


@cache
def pharmacology() -> list[Fact]:
    """Every number that the sources print about the drug itself.

    Raises:
        DocumentError: every problem of the file.
    """
    return read_facts(DATA / "pharmacology.yaml")


@cache
def context() -> list[Fact]:
    """Every number that the sources print about the disease and its usual treatment, as background.

    Raises:
        DocumentError: every problem of the file.
    """
    return read_facts(DATA / "context.yaml")


def read_facts(source: Path | str, *, name: str | None = None) -> list[Fact]:
    """Read facts from a YAML file (or text); their ids begin with the file's name.

    Raises:
        DocumentError: every problem.
    """
    document = read_yaml(source, name=name)
    problems: list[Problem] = []
    head = part(document, FactFile, (), problems)
    stem = Path(document.name).stem
    facts = read_blocks(document, stem, (), sources(), problems)
    if problems or head is None:
        raise DocumentError(problems)
    return facts


def read_blocks(
    document: Document, about: str, arms: Iterable[str], known: Mapping[str, str], problems: list[Problem]
) -> list[Fact]:
    """The facts under the key ``facts``; ids begin with ``about``, ``known`` are the sources, mistakes are added."""
    found: list[Fact] = []
    for b, _ in enumerate(items(document, ("facts",))):
        block = part(document, Block, ("facts", b), problems)
        if block and block.source not in known:
            message = f"source: {block.source!r} is not known; {near(block.source, known)}"
            problems.append(document.problem(("facts", b, "source"), message))
        for i, _ in enumerate(items(document, ("facts", b, "rows"))):
            path = ("facts", b, "rows", i)
            fact = part(document, Fact, path, problems)
            if fact is None or block is None:
                continue
            problems += (document.problem((*path, f), m) for f, m in fact_mistakes(fact, arms))
            where = {"source": block.source, "place": block.place, "reference": block.reference}
            name = unique(f"{about}/{fact.name}/{block.source}", (f.id for f in found))
            found.append(fact.model_copy(update={**where, "id": name}))
    return found


def fact_mistakes(fact: Fact, arms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with one fact, as (field, sentence)."""
    if fact.value is None and fact.lower is None and fact.upper is None:
        yield "name", f"{fact.name}: needs a value, or a lower or upper bound"
    if fact.lower is not None and fact.upper is not None and fact.lower > fact.upper:
        yield "upper", f"upper: {fact.upper:g} is below lower {fact.lower:g}"
    if fact.arm and fact.arm not in arms:
        yield "arm", f"arm: {fact.arm!r} is not an arm of the study; {near(fact.arm, list(arms))}"
    known = {name: q.unit for name, q in quantities().items()} | {
        e.name: e.unit for e in endpoints().values()
    }
    try:
        own = unit(fact.unit)
    except ValueError as error:
        yield "unit", f"unit: {error}"
    else:
        if fact.name not in known:
            yield (
                "name",
                f"name: {fact.name!r} is neither a quantity nor an endpoint; {near(fact.name, known)}",
            )
        elif own.dimension not in {unit(word).dimension for word in _units(known[fact.name])}:
            yield "unit", f"unit: {fact.unit!r} does not fit {fact.name}, which is in {known[fact.name]}"
    size = 0.01 if "%" in fact.printed else 1.0  # a table's column may hold the sign instead
    read = [None if x is None else x * size for x in (fact.value, fact.lower, fact.upper)]
    if not fact.printed:
        yield "printed", "printed: a fact needs the text that is printed"
    elif wrong := disagreement(fact.printed, *read):
        yield "printed", f"printed: {wrong}"


def _units(words: str) -> list[str]:
    return [{"patients": "1"}.get(word, word) for word in words.split(" or ")]
