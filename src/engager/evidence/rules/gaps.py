"""Gaps: what a simulation or a comparison needs and no source states."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence.findings import Finding, Record
from engager.evidence.record import ALL, Result
from engager.evidence.rules.common import groups

NEEDED = {
    "relapsed": ("age", "blasts_at_least_half", "second_or_later_salvage", "prior_transplant"),
    "MRD": ("age", "mrd_level", "prior_transplant"),
    "untreated": ("age",),
    "mixed": ("age",),
}
"""Baselines without which a population cannot be drawn, for each setting."""

SHARES = ("proportion", "count")
"""Statistics whose N is the denominator of a share."""

EFFECTS = ("hazard_ratio", "odds_ratio")
"""Statistics that compare two groups."""


def treatments(record: Record) -> Iterator[Finding]:
    """Dose, schedule or number of cycles of an arm that no source states."""
    for study in record.studies:
        for arm in study.arms:
            if not arm.treatment:
                continue
            missing = [name for name, text in arm.treatment if text is None]
            if missing:
                message = f"no source states the {', '.join(missing)} of {arm.name}"
                yield Finding("treatment not stated", "gap", (f"{study.id}/{arm.name}",), message)


def baselines(record: Record) -> Iterator[Finding]:
    """Baselines of an arm that no row states, neither for it nor for all arms together."""
    for study in record.studies:
        for arm in study.arms:
            if not arm.treatment:
                continue
            known = {row.endpoint for row in study.results if row.arm in (arm.name, ALL)}
            missing = [name for name in NEEDED[study.setting] if name not in known]
            if missing:
                message = f"no source states {', '.join(missing)} of {arm.name}"
                yield Finding("baseline not stated", "gap", (f"{study.id}/{arm.name}",), message)


def stated_denominators(record: Record) -> Iterator[Finding]:
    """Proportions whose denominator no source states for their cut of the data."""
    for study in record.studies:
        known = {_cell(row) for row in study.results if row.N is not None and row.statistic in SHARES}
        rows = [
            row
            for row in study.results
            if row.statistic == "proportion"
            and row.N is None
            and row.standing == "usable"
            and _cell(row) not in known
        ]
        for arm, group in groups(rows, lambda r: r.arm).items():
            message = f"no source states the denominator of {', '.join(dict.fromkeys(map(_named, group)))}"
            yield Finding("denominator not stated", "gap", (f"{study.id}/{arm}",), message)


def _named(row: Result) -> str:
    told = ", ".join(part for part in (row.subgroup, row.cut and f"cut: {row.cut}") if part)
    return f"{row.what.symbol} ({told})" if told else row.what.symbol


def _cell(row: Result) -> tuple[str, str, str, str]:
    return row.arm, row.subgroup, row.endpoint, row.cut


def intervals(record: Record) -> Iterator[Finding]:
    """Medians and rates of times to an event, and ratios, without an interval."""
    for study in record.studies:
        rows = [
            row
            for row in study.results
            if row.standing == "usable"
            and (
                row.statistic in EFFECTS
                or (row.what.kind == "time" and row.statistic in ("median", "rate_at"))
            )
        ]
        known = {(r.arm, r.endpoint, r.statistic) for r in rows if r.lower is not None or r.upper is not None}
        missing = dict.fromkeys(
            f"{row.what.symbol} {row.statistic.replace('_', ' ')} of {row.arm}"
            for row in rows
            if (row.arm, row.endpoint, row.statistic) not in known
        )
        if missing:
            message = f"no source states an interval for {', '.join(missing)}"
            yield Finding("interval not stated", "gap", (study.id,), message)
