"""Terminal pages of the record beside its studies: ongoing trials, facts, approvals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Protocol

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engager.evidence import Abbreviation, Approval, Fact, Listing, Statement, quantities
from engager.evidence.printed import bound
from engager.reports.layout import head, pairs, table
from engager.vocabulary import endpoints


def ongoing_page(listings: Sequence[Listing]) -> RenderableType:
    """Ongoing trials by registry id, one line for each place that names them."""
    shown = table(
        "trial", "said in", "setting", "Ph", "drugs", "phase", "note", wrap="said in|setting|drugs|note"
    )
    trials = groupby(sorted(listings, key=lambda r: r.registry), key=lambda r: r.registry)
    count = 0
    for registry, rows in trials:
        count += 1
        for i, row in enumerate(rows):
            shown.add_row(
                registry if i == 0 else "",
                f"{row.source}, {row.place}",
                ", ".join(row.setting),
                row.ph,
                row.treatment,
                row.roman,
                row.note,
            )
    return Group(
        shown, Text(), Text(f"{count} {'trial' if count == 1 else 'trials'}, named in {len(listings)} places")
    )


def approvals_page(found: Sequence[Approval]) -> RenderableType:
    """Approvals in the order of their dates, the undated beside their event."""
    shown = table("date", "agency", "drug", "kind", "for", "said in", "note", wrap="for|said in|note|drug")
    for a in found:
        reference = f" [{a.reference}]" if a.reference else ""
        shown.add_row(
            a.date or "no date",
            a.agency,
            a.drug,
            a.kind,
            a.indication,
            f"{a.source}, {a.place}{reference}",
            a.note,
        )
    return shown


def abbreviations_page(found: Sequence[Abbreviation]) -> RenderableType:
    """Abbreviations in alphabetical order with every meaning and its place."""
    shown = table("short", "stands for", "said in", wrap="stands for|said in")
    for _, group in groupby(found, key=lambda a: a.short.casefold()):
        for i, a in enumerate(group):
            shown.add_row(a.short if i == 0 else "", a.meaning, f"{a.source}, {a.place}")
    return shown


def facts_page(title: str, facts: Sequence[Fact], sources: Iterable[tuple[str, str]]) -> RenderableType:
    """Facts under the name of their quantity, each as printed, with condition and place."""
    return Group(head(title), facts_by_name(facts), Text(), pairs(list(sources)))


class Pharmacology(Protocol):
    """Numbers and statements about the drug (see ``app.jobs.Pharmacology``)."""

    @property
    def facts(self) -> Sequence[Fact]: ...
    @property
    def statements(self) -> Sequence[Statement]: ...


def pharmacology_page(found: Pharmacology, sources: Iterable[tuple[str, str]]) -> RenderableType:
    """The drug: its numbers by quantity, then what is said of it without a number, by topic."""
    shown = statements_table(found.statements, study=True)
    parts = (head("Blinatumomab"), facts_by_name(found.facts), Text(), shown, Text(), pairs(list(sources)))
    return Group(*parts)


def statements_table(found: Sequence[Statement], *, study: bool) -> Table:
    """What is said without a number, by topic; ``study`` shows the study that it was seen in, if any."""
    heads = ("topic", "statement", *(("study",) if study else ()), "said in")
    shown = table(*heads, wrap="statement|said in")
    for topic, group in groupby(found, key=lambda s: s.topic):
        for i, s in enumerate(group):
            reference = f" [{s.reference}]" if s.reference else ""
            place = f"{s.source}, {s.place}{reference}"
            shown.add_row(topic if i == 0 else "", s.statement, *((s.study,) if study else ()), place)
    return shown


def facts_by_name(facts: Sequence[Fact]) -> RenderableType:
    """One line for each fact: quantity, number, what it is about, place, note."""
    labels = {name: q.label for name, q in quantities().items()} | {
        e.name: e.label for e in endpoints().values()
    }
    order = {name: i for i, name in enumerate(labels)}
    shown = table("quantity", "number", "of", "said in", "note", wrap="quantity|of|said in|note")
    for name, group in groupby(sorted(facts, key=lambda f: order[f.name]), key=lambda f: f.name):
        for i, f in enumerate(group):
            reference = f" [{f.reference}]" if f.reference else ""
            place = f"{f.source}, {f.place}{reference}"
            shown.add_row(labels[name] if i == 0 else "", number(f), about(f), place, f.note)
    return shown


def number(f: Fact) -> str:
    """The fact's number with its unit: '9 µg/day', '565 to 771 pg/mL', 'at most 4', '> 60 years', '2/3'."""
    unit = "" if f.unit == "1" else f" {f.unit}"
    if f.value is not None:
        return f"{_plain(f.value)}{unit}"
    if f.lower is not None and f.upper is not None:
        return f"{_plain(f.lower)} to {_plain(f.upper)}{unit}"
    edge, otherwise = (f.lower, "at least") if f.lower is not None else (f.upper or 0.0, "at most")
    strict = bound(f.printed)
    return f"{strict if strict in ('<', '>') else otherwise} {_plain(edge)}{unit}"


def _plain(x: float) -> str:
    """Thirds as fractions, any other number in at most six digits."""
    share = Fraction(x).limit_denominator(3)
    return str(share) if share.denominator == 3 and abs(share - x) < 1e-9 else f"{x:.6g}"


def about(f: Fact) -> str:
    """What the fact is about, from the general to the particular."""
    return ", ".join(word for word in (f.arm, f.version, f.phase, f.drug, f.at, f.statistic) if word)
