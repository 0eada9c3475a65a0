"""Strict loading of the record: every mistake of every file at once, as ``file:line:column``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import Field

from engager.documents import Document, DocumentError, Problem, near, read_yaml
from engager.evidence.blocks import Block, Path_, items, names_in, part, sources, unique
from engager.evidence.facts import read_blocks
from engager.evidence.printed import row_disagreement
from engager.evidence.record import ALL, VERSUS, Cells, Header, Nth, Report, Result, Study
from engager.vocabulary import endpoints

DATA = Path(__file__).parent / "data"


class Entry(Cells):
    """A row as it is written: what its block says for all rows may be said again for one."""

    reference: int | None = None
    cut: str | None = None
    nth: Nth = None


class StudyFile(Header):
    """A study as it is written; blocks are validated one by one, so that each mistake is told."""

    facts: list[Any] = Field(default_factory=list)
    results: list[Any]


@cache
def studies() -> dict[str, Study]:
    """Every study of the record by id, in the order of the files' names.

    Raises:
        DocumentError: every problem of every file.
    """
    found: dict[str, Study] = {}
    problems: list[Problem] = []
    for path in sorted((DATA / "studies").glob("*.yaml")):
        try:
            study = read_study(path)
        except DocumentError as error:
            problems += error.problems
            continue
        if study.id in found or study.id != path.stem:
            problems.append(Problem(None, f"{path}: the study's id {study.id!r} must be its file's name"))
        found[study.id] = study
    if problems:
        raise DocumentError(problems)
    return found


def study(name: str) -> Study:
    """The study with this id or one of its other names; upper and lower case are the same.

    Raises:
        DocumentError: no such study (near names are offered), or a registry id that several share.
    """
    wanted = name.strip().casefold()
    hits = [s for s in studies().values() if wanted in map(str.casefold, (*s.names, *s.registry, s.id))]
    if not hits:
        raise DocumentError(f"unknown study {name!r}; {near(name, studies())}")
    if len(hits) > 1:
        raise DocumentError(f"{name!r} is not one study but {' and '.join(s.id for s in hits)}")
    return hits[0]


def read_study(source: Path | str, *, name: str | None = None) -> Study:
    """Read one study from a YAML file (or text, shown as ``name``).

    Raises:
        DocumentError: every problem: unknown keys, names and units, duplicate rows, n > N, proportions
            outside 0–1, lower > upper, a printed text that does not say the number entered.
    """
    document = read_yaml(source, name=name)
    problems: list[Problem] = []
    header = part(document, StudyFile, (), problems)
    known = {**sources(), **_own_sources(document)}
    results: list[Result] = []
    seen: dict[tuple[Any, ...], Path_] = {}
    for b, _ in enumerate(items(document, ("results",))):
        block = part(document, Block, ("results", b), problems)
        if block and block.source not in known:
            message = f"source: {block.source!r} is not known; {near(block.source, known)}"
            problems.append(document.problem(("results", b, "source"), message))
        for i, _ in enumerate(items(document, ("results", b, "rows"))):
            path = ("results", b, "rows", i)
            entry = part(document, Entry, path, problems)
            if entry is None:
                continue
            arms = names_in(document, ("arms",))
            problems += (document.problem((*path, f), m) for f, m in row_mistakes(entry, arms))
            if block is None:
                continue
            row = _row(entry, block, header.id if header else "", results)
            key = (row.id.partition("#")[0], row.place, row.cut, row.population, row.printed)
            if key in seen:
                line = document.place(seen[key]).line
                problems.append(document.problem(path, f"the row stands twice (line {line})"))
            seen[key] = path
            results.append(row)
    about = f"{header.id if header else ''}/facts"
    facts = read_blocks(document, about, names_in(document, ("arms",)), known, problems)
    if header:
        problems += _header_problems(document, header)
    if problems or header is None:
        raise DocumentError(problems)
    own = {name: getattr(header, name) for name in Header.model_fields}
    return Study(**own, facts=tuple(facts), results=tuple(results))


def _own_sources(document: Document) -> dict[str, str]:
    # read from the raw file, so that rows are checked even where the header has mistakes
    own = document.value.get("sources") if isinstance(document.value, dict) else None
    return {str(name): str(text) for name, text in own.items()} if isinstance(own, dict) else {}


def row_mistakes(row: Cells, arms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with one published row, as (field, sentence)."""
    names = list(arms)
    arms_of_row = row.arm.split(VERSUS)
    for arm in arms_of_row:
        if arm not in names and not (arm == ALL and len(arms_of_row) == 1):
            yield "arm", f"arm: {arm!r} is not an arm of the study; {near(arm, [*names, ALL])}"
    if row.endpoint not in endpoints():
        yield "endpoint", f"endpoint: {row.endpoint!r} is not known; {near(row.endpoint, endpoints())}"
    yield from _number_mistakes(row)
    if not row.printed:
        yield "printed", "printed: a published row needs the text that is printed"
    elif wrong := row_disagreement(row):
        yield "printed", f"printed: {wrong}"
    if row.standing != "usable" and not row.reason:
        yield "reason", f"reason: a row that is {row.standing!r} needs the reason"
    if (row.n is not None or row.N is not None) != bool(row.basis):
        yield "basis", "basis: says where n and N come from; it is needed with them and only with them"


def _number_mistakes(row: Cells) -> Iterator[tuple[str, str]]:
    if row.value is None and row.lower is None and row.upper is None:
        yield "value", "value: a row needs a value, or a lower or upper bound"
    numbers = [
        (f, x) for f, x in (("lower", row.lower), ("value", row.value), ("upper", row.upper)) if x is not None
    ]
    for (low, a), (high, b) in pairwise(numbers):
        if a > b:
            yield high, f"{high}: {b:g} is below {low} {a:g}"
    if row.n is not None and row.N is not None and row.n > row.N:
        yield "n", f"n: {row.n} is more than N {row.N}"
    share = row.statistic in ("proportion", "rate_at", "p_value")
    for field, x in numbers:
        if share and not 0 <= x <= 1:
            yield field, f"{field}: a {row.statistic} is a fraction between 0 and 1, not {x:g}"
        elif x < 0:
            yield field, f"{field}: {x:g} is negative"
    known = endpoints().get(row.endpoint)
    if known and row.statistic == "rate_at" and row.time is None:
        yield "time", "time: a rate_at needs the time at which it holds"
    if known and row.statistic == "median" and known.unit == "1" and known.name != "mrd_level":
        yield "statistic", f"statistic: {row.endpoint} is a share of patients; it has no median"
    if known and row.statistic == "proportion" and known.unit in ("month", "year"):
        yield "statistic", f"statistic: {row.endpoint} is a time; its share of patients is a rate_at"


def _header_problems(document: Document, header: Header) -> Iterator[Problem]:
    arms = [arm.name for arm in header.arms]
    for i, name in enumerate(arms):
        if name in arms[:i] or name == ALL or VERSUS in name:
            yield document.problem(("arms", i, "name"), f"name: {name!r} stands twice or is a reserved word")
    for i, identifier in enumerate(header.registry):
        if not re.fullmatch(r"NCT\d{8}", identifier):
            message = f"registry: {identifier!r} is not NCT and eight digits"
            yield document.problem(("registry", i), message)
    subgroups = [name for names in header.strata for name in names]
    for endpoint, parts in header.shares.items():
        if endpoint not in endpoints():
            message = f"shares: {endpoint!r} is not a known endpoint; {near(endpoint, endpoints())}"
            yield document.problem(("shares", endpoint), message)
        for i, name in enumerate(parts):
            if name not in subgroups:
                message = f"shares: {name!r} is not one of the strata; {near(name, subgroups)}"
                yield document.problem(("shares", endpoint, i), message)
    known = {**sources(), **header.sources}
    reports: tuple[Report, ...] = header.reports
    for i, report in enumerate(reports):
        if report.source not in known:
            message = f"source: {report.source!r} is not known; {near(report.source, known)}"
            yield document.problem(("reports", i, "source"), message)


def _row(entry: Entry, block: Block, study: str, before: list[Result]) -> Result:
    own = {name: getattr(entry, name) for name in Cells.model_fields}
    parts = (study, entry.arm, entry.subgroup, entry.endpoint, entry.statistic, entry.time, block.source)
    return Result(
        **own,
        study=study,
        id=unique("/".join(str(part) for part in parts if part), (row.id for row in before)),
        source=block.source,
        place=block.place,
        nth=entry.nth,
        reference=block.reference if entry.reference is None else entry.reference,
        cut=block.cut if entry.cut is None else entry.cut,
    )
