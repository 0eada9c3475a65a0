"""Sums: arms to the total, shares to 100 %, parts and strata to the whole."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence.findings import Finding, Record
from engager.evidence.printed import span
from engager.evidence.record import ALL, Result, Study
from engager.evidence.rules.common import groups, percent

PARTS = {
    "remission_crh": ("complete_remission", "crh"),
    "remission_crh_cri": ("complete_remission", "crh", "cri"),
}
"""Endpoints that are made of others which exclude each other."""


def arms_to_total(record: Record) -> Iterator[Finding]:
    """Counts of every treated arm in one source that do not add up to its total."""
    for study in record.studies:
        rows = [
            r for r in study.results if r.endpoint == "patients" and r.value is not None and not r.subgroup
        ]
        for group in groups(rows, lambda r: (r.source, r.cut, r.population)).values():
            arms = {row.arm: row for row in group if row.arm != ALL}
            total = next((row for row in group if row.arm == ALL), None)
            wanted = [arm.name for arm in study.arms if arm.treatment]
            if total is None or total.value is None or len(wanted) < 2 or any(n not in arms for n in wanted):
                continue
            parts = [arms[name] for name in wanted]
            numbers = [row.value or 0.0 for row in parts]
            if sum(numbers) != total.value:
                message = f"{' + '.join(f'{x:g}' for x in numbers)} = {sum(numbers):g}, not {total.value:g}"
                hint = "; ".join(_repairs(study, parts, total))
                yield Finding("sum of arms", "hard", tuple(r.id for r in (*parts, total)), message, hint)


def _repairs(study: Study, parts: list[Result], total: Result) -> Iterator[str]:
    missing = (total.value or 0.0) - sum(row.value or 0.0 for row in parts)
    for row in parts:
        needed = (row.value or 0.0) + missing
        other = [
            r.source
            for r in study.results
            if (r.endpoint, r.arm, r.value) == ("patients", row.arm, needed) and r.source != row.source
        ]
        printed = f", which {other[0]} prints" if other else ""
        yield f"{row.arm} {needed:g} would fit{printed}"


def shares(record: Record) -> Iterator[Finding]:
    """Shares of one whole that do not add up to 100 %: soft where rounding explains it."""
    rows = [
        r for s in record.studies for r in s.results if r.endpoint == "regimen_share" and r.value is not None
    ]
    for group in groups(rows, lambda r: (r.study, r.arm, r.source, r.place, r.cut)).values():
        total = sum(row.value or 0.0 for row in group)
        if len(group) < 2 or abs(total - 1) < 1e-9:
            continue
        low, high = _added(group)
        message = f"{' + '.join(f'{100 * (r.value or 0):g}' for r in group)} = {percent(total)}"
        ids = tuple(row.id for row in group)
        if low - 1e-9 <= 1 <= high + 1e-9:
            hint = f"rounding of {len(group)} shares allows {percent(low)} to {percent(high)}"
            yield Finding("sum of shares", "soft", ids, message, hint)
        elif low > 1:
            yield Finding("sum of shares", "hard", ids, message, "more than 100 % even after rounding")
        else:
            yield Finding("sum of shares", "soft", ids, message, "a share is missing")


def parts_to_whole(record: Record) -> Iterator[Finding]:
    """CR + CRh that is not CR/CRh, beyond rounding."""
    rows = [
        r for s in record.studies for r in s.results if r.statistic == "proportion" and r.value is not None
    ]
    for group in groups(
        rows, lambda r: (r.study, r.arm, r.subgroup, r.source, r.cut, r.population, r.time)
    ).values():
        by_name = {row.endpoint: row for row in group}
        for whole, names in PARTS.items():
            if whole not in by_name or any(name not in by_name for name in names):
                continue
            parts = [by_name[name] for name in names]
            low, high = _added(parts)
            bounds = span(by_name[whole])
            if bounds and (low > bounds[1] + 1e-9 or high < bounds[0] - 1e-9):
                terms = " + ".join(percent(row.value or 0) for row in parts)
                message = f"{terms} is not {percent(by_name[whole].value or 0)}"
                ids = tuple(row.id for row in (*parts, by_name[whole]))
                yield Finding("sum of parts", "hard", ids, message)


def strata_to_whole(record: Record) -> Iterator[Finding]:
    """A pooled rate that no mixture of its strata gives, or counts of strata that do not add up."""
    for study in record.studies:
        rows = [r for r in study.results if r.statistic == "proportion" and r.value is not None]
        for group in groups(
            rows, lambda r: (r.arm, r.endpoint, r.source, r.place, r.cut, r.population, r.time)
        ).values():
            by_name = {row.subgroup: row for row in group}
            for names in study.strata:
                if "" in by_name and all(name in by_name for name in names):
                    yield from _pooled(by_name[""], [by_name[name] for name in names])


def counts_to_whole(record: Record) -> Iterator[Finding]:
    """Patients counted by stratum that do not add up to the patients of the whole group."""
    for study in record.studies:
        rows = [r for r in study.results if r.endpoint == "patients" and r.value is not None]
        for group in groups(rows, lambda r: (r.arm, r.source, r.place, r.cut, r.population)).values():
            by_name = {row.subgroup: row for row in group}
            for names in study.strata:
                if "" not in by_name or any(name not in by_name for name in names):
                    continue
                parts, whole = [by_name[name] for name in names], by_name[""]
                total = sum(row.value or 0.0 for row in parts)
                if total != whole.value:
                    terms = " + ".join(f"{row.value:g}" for row in parts)
                    message = f"{terms} = {total:g}, not {whole.value:g}"
                    ids = tuple(row.id for row in (*parts, whole))
                    yield Finding("sum of strata", "hard", ids, message)


def _pooled(whole: Result, strata: list[Result]) -> Iterator[Finding]:
    spans = [s for row in strata if (s := span(row))]
    pooled = span(whole) or (0.0, 1.0)
    ids = tuple(row.id for row in (whole, *strata))
    low, high = min(a for a, _ in spans), max(b for _, b in spans)
    if pooled[1] < low - 1e-9 or pooled[0] > high + 1e-9:
        message = (
            f"{percent(whole.value or 0)} of all lies outside {percent(low)} to {percent(high)} of the strata"
        )
        yield Finding("strata", "hard", ids, message)
        return
    n, N = [row.n for row in strata], [row.N for row in strata]
    if None in n or None in N or whole.n is None or whole.N is None:
        return
    sums = (sum(x or 0 for x in n), sum(x or 0 for x in N))
    if sums != (whole.n, whole.N):
        terms = " + ".join(f"{row.n}/{row.N}" for row in strata)
        message = f"{terms} are {sums[0]}/{sums[1]} together, not {whole.n}/{whole.N}"
        yield Finding("strata", "hard", ids, message)


def _added(rows: list[Result]) -> tuple[float, float]:
    spans = [s for row in rows if (s := span(row))]
    return sum(a for a, _ in spans), sum(b for _, b in spans)
