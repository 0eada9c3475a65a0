"""Counts against each other: responders against responses, a count against the N that its share needs."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.printed import read
from engager.evidence.record import Result
from engager.evidence.rules.attainability import counts
from engager.evidence.rules.common import WHOLE, groups, percent
from engager.evidence.rules.order import contains
from engager.vocabulary import endpoints

REMISSIONS = ("complete_remission", "remission_crh", "remission_crh_cri", "remission_cri_crp")
"""Endpoints that count patients in remission, of whom residual disease is measured."""

HAEMATOLOGIC = (*REMISSIONS, "complete_haematologic_response", "remission_cri")
"""Responses that only a patient with overt disease can have."""

OVERT = "overt relapse"
"""The subgroup of patients with more than residual disease."""


def responders(record: Record) -> Iterator[Finding]:
    """As many "CR/CRh responders" as there were CR/CRh: more cannot be, fewer means that some are left out."""
    for study in record.studies:
        told = set()
        for row in study.results:
            endpoint, size = _responding(row.population), _size(row)
            if not endpoint or size is None or row.subgroup:
                continue
            parents = [
                r
                for r in study.results
                if (r.arm, r.subgroup, r.endpoint, r.cut) == (row.arm, "", endpoint, row.cut)
                and r.n is not None
                and r.population != row.population
            ]
            if not parents or any(r.n == size for r in parents) or (row.arm, endpoint, size) in told:
                continue
            told.add((row.arm, endpoint, size))
            parent = min(parents, key=lambda r: (r.source != row.source, r.place != row.place))
            more = size > (parent.n or 0)
            message = f"{size} {row.population}, but {parent.what.symbol} in {parent.n}/{parent.N}"
            severity: Severity = "hard" if more and parent.source == row.source else "soft"
            hint = "" if more else "or not all of them were evaluable"
            yield Finding("responders", severity, (row.id, parent.id), message, hint)


def _responding(population: str) -> str:
    """The endpoint that "CR/CRh responders" or "MRD responders" have reached; '' for other populations."""
    name = population.removesuffix(" responders")
    if name == population:
        return ""
    return next((e.name for e in endpoints().values() if e.symbol in (name, f"{name} response")), "")


def _size(row: Result) -> int | None:
    return int(row.value) if row.endpoint == "patients" and row.value is not None else row.N


def residual_disease(record: Record) -> Iterator[Finding]:
    """More patients free of residual disease than in remission, where patients enter with overt disease."""
    rows = [
        row
        for study in record.studies
        if study.setting != "MRD"
        for row in study.results
        if row.n is not None and row.endpoint in ("mrd_response", "complete_mrd_response", *REMISSIONS)
    ]
    for group in groups(rows, lambda r: (r.study, r.arm, r.subgroup, r.cut)).values():
        remissions = [row for row in group if row.endpoint in REMISSIONS]
        if not remissions:
            continue
        widest = max(remissions, key=lambda r: r.n or 0)
        if any(contains(other, widest.endpoint) for other in REMISSIONS):
            continue  # a wider remission, of which these patients may be, is not printed
        told = set()
        for row in group:
            if row.endpoint in REMISSIONS or (row.n or 0) <= (widest.n or 0) or row.n in told:
                continue
            told.add(row.n)
            same = row.population == widest.population and row.source == widest.source
            message = f"{row.n} of {row.N} without residual disease, {widest.n} of {widest.N} in {widest.what.symbol}"
            hint = "" if same else "others were evaluable, or some entered in remission"
            yield Finding("residual disease", "hard" if same else "soft", (row.id, widest.id), message, hint)


def overt_disease(record: Record) -> Iterator[Finding]:
    """More patients evaluable for a haematologic response than had overt disease to respond."""
    for study in record.studies:
        overt = [
            r
            for r in study.results
            if (r.endpoint, r.subgroup) == ("patients", OVERT) and r.value is not None
        ]
        for row in study.results:
            sized = [r for r in overt if (r.arm, r.source, r.cut) == (row.arm, row.source, row.cut)]
            if row.endpoint not in HAEMATOLOGIC or row.subgroup or row.N is None or not sized:
                continue
            if row.N > (sized[0].value or 0):
                message = (
                    f"{row.what.symbol} in {row.n}/{row.N}, but {sized[0].value:g} patients had an {OVERT}"
                )
                hint = "a patient in remission was counted, or a number is wrong"
                yield Finding("overt disease", "soft", (row.id, sized[0].id), message, hint)


def exposures(record: Record) -> Iterator[Finding]:
    """Patients on each regimen that add up to more than the patients of the arm."""
    for study in record.studies:
        rows = [r for r in study.results if r.endpoint == "regimen_share" and r.n is not None and r.subgroup]
        for (name, *_), group in groups(rows, lambda r: (r.arm, r.source, r.place, r.cut)).items():
            first = {drug: same[0] for drug, same in groups(group, lambda r: r.subgroup).items()}
            sizes = {row.N for row in group if row.N is not None}
            arm = study.arm(name)
            N = sizes.pop() if len(sizes) == 1 else arm.size if arm and not sizes else None
            numbers = [row.n or 0 for row in first.values()]
            if N is not None and len(numbers) > 1 and sum(numbers) > N:
                message = f"{' + '.join(map(str, numbers))} = {sum(numbers)}, more than {N} patients"
                ids = tuple(row.id for row in first.values())
                yield Finding(
                    "exposures", "soft", ids, message, "some had more than one, or a count is wrong"
                )


def unstated_denominator(record: Record) -> Iterator[Finding]:
    """A count printed with its share, but without N, where no printed group has an N that fits both.

    Hard where the place prints the number of the very patients that the row counts.
    """
    for study in record.studies:
        sized = [r for r in study.results if r.endpoint == "patients" and r.value and not r.subgroup]
        for row in study.results:
            reading = read(row.printed)
            if row.statistic != "proportion" or not row.n or row.N is not None or row.value is None:
                continue
            if row.subgroup or not reading or not reading.percent:
                continue  # the size of a subgroup is the mixtures' question
            near = [r for r in sized if (r.arm, r.cut) == (row.arm, row.cut)]
            same = [r for r in near if (r.source, r.population) == (row.source, row.population)]
            if not same and row.population not in WHOLE:
                continue
            known = sorted({int(r.value or 0) for r in same or near})
            if not known or any(row.n in counts(row.value, reading.step, N) for N in known if N >= row.n):
                continue
            fits = [N for N in range(row.n, _far(row)) if row.n in counts(row.value, reading.step, N)]
            needed = f"{fits[0]} to {fits[-1]}" if fits else "no number of"
            message = (
                f"{row.n} patients as {percent(row.value)} need {needed} patients, "
                f"the printed groups have {', '.join(map(str, known))}"
            )
            ids = (row.id, *(r.id for r in same[:1]))
            here = any(r.place == row.place for r in same)
            yield Finding("unstated denominator", "hard" if here else "soft", ids, message)


def _far(row: Result) -> int:
    """A size beyond which n patients are a smaller share than the row's."""
    reading = read(row.printed)
    least = (row.value or 0.0) - (reading.step / 2 if reading else 0.0)
    return int((row.n or 0) / least) + 2 if least > 0 else 10 * (row.n or 0)
