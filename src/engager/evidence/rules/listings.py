"""Listings: what sources say about one ongoing trial, and what they call things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from engager.evidence.abbreviations import Abbreviation
from engager.evidence.findings import Finding, Record
from engager.evidence.ongoing import Listing
from engager.evidence.record import Study
from engager.evidence.rules.common import groups

CYTOTOXIC = frozenset(
    ("chemotherapy", "hyper-CVAD", "hyper-CVD", "mini-hyper-CVD", "POMP", "cytarabine", "methotrexate", "asparaginase")
)  # fmt: skip
"""What one source may name and another only call chemotherapy."""

IGNORED = frozenset(("and", "or", "of", "the", "with", "a"))
"""Words in which two spellings of one meaning may differ."""


def _settings(listing: Listing) -> frozenset[str]:
    return frozenset(listing.setting)


def _ph(listing: Listing) -> frozenset[str]:
    both = {"": (), "either": ("negative", "positive")}
    return frozenset(both.get(listing.ph, (listing.ph,)))


def _drugs(listing: Listing) -> frozenset[str]:
    named = {
        "chemotherapy" if drug in CYTOTOXIC else drug for drug in (*listing.drugs, listing.against) if drug
    }
    return frozenset(named) if len(named) > 1 else frozenset()  # one name in a list of ids says no regimen


def _phase(listing: Listing) -> frozenset[str]:
    return frozenset((listing.roman,)) if listing.roman else frozenset()


FIELDS: dict[str, Callable[[Listing], frozenset[str]]] = {
    "setting": _settings,
    "Ph status": _ph,
    "drugs": _drugs,
    "phase": _phase,
}


def identity(listing: Listing) -> str:
    """How a finding names a listing."""
    return f"ongoing/{listing.registry}/{listing.source}, {listing.place}"


def listed_twice(record: Record) -> Iterator[Finding]:
    """One trial in two lines of one table that say the same."""
    rows = [listing for listing in record.ongoing if listing.in_table]
    same = groups(rows, lambda r: (r.registry, r.source, r.setting, r.ph, r.drugs, r.phase))
    for group in same.values():
        if len(group) > 1:
            places = " and ".join(row.place for row in group)
            message = f"{group[0].source} lists {group[0].registry} twice with the same words: {places}"
            yield Finding("listed twice", "structural", tuple(map(identity, group)), message)


def not_in_table(record: Record) -> Iterator[Finding]:
    """A trial that a source names in its text and not in its table of ongoing trials."""
    for source, group in groups(record.ongoing, lambda r: r.source).items():
        tabled = {row.registry for row in group if row.in_table}
        for registry, rows in groups(group, lambda r: r.registry).items():
            if tabled and registry not in tabled:
                message = f"{source} names {registry} in {rows[0].place}, but not in its table"
                yield Finding("not in table", "structural", tuple(map(identity, rows)), message)


def listings_agree(record: Record) -> Iterator[Finding]:
    """One id with different settings, Ph status, drugs or phase: between tables, and text beyond its table.

    A sentence may be about a part of a trial, so it is only compared with the table of its own source, and
    only what it adds counts. Where a table has a row for each Ph group, each is compared with its like.
    """
    for registry, field, group in _compared(record):
        said = FIELDS[field]
        tables = {
            source: frozenset().union(*map(said, rows))
            for source, rows in groups([r for r in group if r.in_table], lambda r: r.source).items()
        }
        told = {source: words for source, words in tables.items() if words}
        if len(set(told.values())) > 1:
            yield _differ(registry, field, told, [r for r in group if r.in_table and said(r)])
        for row in group:
            extra = said(row) - tables.get(row.source, frozenset())
            if not row.in_table and tables.get(row.source) and extra:
                words = {"its text": said(row), "its table": tables[row.source]}
                rows = [row, *(r for r in group if r.in_table and r.source == row.source)]
                yield _differ(registry, field, words, rows)


def _compared(record: Record) -> Iterator[tuple[str, str, list[Listing]]]:
    """The listings of one id that speak of one field of one group of patients."""
    for registry, group in groups(record.ongoing, lambda r: r.registry).items():
        tables = groups([row for row in group if row.in_table and row.ph], lambda r: r.source).values()
        parts = sorted({row.ph for rows in tables if len({r.ph for r in rows}) > 1 for row in rows})
        for field in FIELDS:
            if not parts or field == "Ph status":
                yield registry, field, group
                continue
            for ph in parts:
                yield registry, field, [row for row in group if row.ph in (ph, "", "either")]


def _differ(registry: str, field: str, told: dict[str, frozenset[str]], rows: list[Listing]) -> Finding:
    parts = "; ".join(f"{who} {', '.join(sorted(words))}" for who, words in told.items())
    ids = tuple(dict.fromkeys(identity(row) for row in rows))
    return Finding(f"listing: {field}", "soft", ids, f"{field} of {registry}: {parts}")


def listings_and_studies(record: Record) -> Iterator[Finding]:
    """A study whose setting or Ph status no listing of its registry id names."""
    for study in record.studies:
        rows = [row for row in record.ongoing if row.registry in study.registry]
        for field, own in (("setting", _study_setting(study)), ("Ph status", _study_ph(study))):
            listed = frozenset().union(*map(FIELDS[field], rows)) if rows else frozenset()
            if listed and own and not own & listed:
                message = f"{study.id} is {', '.join(own)}, its listings say {', '.join(sorted(listed))}"
                yield Finding(f"listing: {field}", "soft", (study.id, *map(identity, rows)), message)


def _study_setting(study: Study) -> frozenset[str]:
    return frozenset((study.setting,)) & {"relapsed", "untreated", "MRD"}


def _study_ph(study: Study) -> frozenset[str]:
    return frozenset((study.ph,)) & {"negative", "positive"}


def abbreviations_agree(record: Record) -> Iterator[Finding]:
    """One short form with two meanings, and one meaning with two short forms, within or between sources.

    A meaning that only adds words to another ("total clearance") is the same. Short forms of the same source within
    a meaning count like their own meaning ("CR with partial recovery").
    """
    for group in groups(record.abbreviations, lambda a: a.short.casefold()).values():
        meanings = groups(group, lambda a: _words(_shortened(a, record.abbreviations)))
        shortest = min(meanings, key=len)
        if not all(shortest <= words for words in meanings):
            told = "; ".join(f"{same[0].meaning} ({same[0].source})" for same in meanings.values())
            rows = tuple(f"abbreviations/{a.short}/{a.source}, {a.place}" for a in group)
            yield Finding("abbreviation", "structural", rows, f"{group[0].short} stands for: {told}")
    for group in groups(record.abbreviations, lambda a: (a.source, _words(a.meaning))).values():
        shorts = list(dict.fromkeys(a.short.casefold().removesuffix("s") for a in group))
        if len(shorts) > 1:
            names = " and ".join(dict.fromkeys(a.short for a in group))
            rows = tuple(f"abbreviations/{a.short}/{a.source}, {a.place}" for a in group)
            message = f"{group[0].source} writes {names} for {group[0].meaning}"
            yield Finding("abbreviation", "structural", rows, message)


def _shortened(a: Abbreviation, known: Sequence[Abbreviation]) -> str:
    """The meaning with every part that has a short form of its own in this source written so."""
    meaning = a.meaning
    nested = [b for b in known if b.source == a.source and _words(b.meaning) < _words(a.meaning)]
    for b in sorted(nested, key=lambda b: -len(b.meaning)):
        meaning = re.sub(rf"\b{re.escape(b.meaning)}\b", b.short, meaning, flags=re.IGNORECASE)
    return meaning


def _words(meaning: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9%-]+", meaning.casefold().replace("/", " "))
    return frozenset(word.rstrip("s") for word in words) - IGNORED
