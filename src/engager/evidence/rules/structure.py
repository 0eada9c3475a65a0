"""Structure: columns that mix kinds of numbers, registry ids, and who cites whom."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence.findings import Finding, Record
from engager.evidence.record import Result
from engager.evidence.rules.common import groups


def typing(record: Record) -> Iterator[Finding]:
    """A column of a table that holds different statistics, or endpoints of different definitions: a row of each."""
    rows = [
        r for s in record.studies for r in s.results if r.place.startswith("Table") and "column" in r.place
    ]
    for (source, place), group in groups(rows, lambda r: (r.source, r.place)).items():
        for rule, names in (
            ("typing: statistics", _statistics(group)),
            ("typing: endpoints", _endpoints(group)),
        ):
            if len(names) > 1:
                message = f"{source}, {place} mixes {', '.join(names)}"
                yield Finding(rule, "structural", tuple(names.values()), message)


def _statistics(rows: list[Result]) -> dict[str, str]:
    return {row.statistic: row.id for row in reversed(rows)}


def _endpoints(rows: list[Result]) -> dict[str, str]:
    return {row.what.symbol: row.id for row in reversed(rows)}


def registry(record: Record) -> Iterator[Finding]:
    """One registry id in two studies, which then are one study or one of them has the wrong id."""
    pairs = [(identifier, study) for study in record.studies for identifier in study.registry]
    for identifier, group in groups(pairs, lambda pair: pair[0]).items():
        if len(group) > 1:
            names = [study.id for _, study in group]
            message = f"{identifier} belongs to {' and '.join(names)}"
            yield Finding("registry", "structural", tuple(names), message)


def reports(record: Record) -> Iterator[Finding]:
    """One paper listed twice in the references of one source."""
    for study in record.studies:
        for (source, cite), group in groups(study.reports, lambda r: (r.source, r.cite)).items():
            numbers = sorted(report.reference for report in group)
            if len(numbers) > 1:
                message = f"{source} lists {cite} as references {' and '.join(map(str, numbers))}"
                yield Finding("report listed twice", "structural", (f"{study.id}/reports/{source}",), message)


def citations(record: Record) -> Iterator[Finding]:
    """A row whose source cites a report of another study, or one that no study lists."""
    owners = groups(
        [
            ((report.source, report.reference), study.id)
            for study in record.studies
            for report in study.reports
        ],
        lambda pair: pair[0],
    )
    for study in record.studies:
        for row in study.results:
            if row.reference is None:
                continue
            names = [name for _, name in owners.get((row.source, row.reference), [])]
            if study.id in names:
                continue
            said = f"cites reference {row.reference} of {row.source}"
            if names:
                yield Finding("citation", "soft", (row.id,), f"{said}, a report of {' and '.join(names)}")
            else:
                message = f"{said}, which the study does not list among its reports"
                yield Finding("citation", "structural", (row.id,), message)
