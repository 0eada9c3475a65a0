"""Tables and pages for the terminal: what the reading commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engager.evidence import Finding, Result, Statement, Study
from engager.evidence.printed import legible
from engager.reports.layout import head, indent, pairs, table
from engager.reports.record_tables import facts_by_name, statements_table
from engager.vocabulary import endpoints


class StudyLine(Protocol):
    """A study in a list (see ``app.jobs.StudyLine``)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def setting(self) -> str: ...
    @property
    def ph(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def patients(self) -> int | None: ...
    @property
    def numbers(self) -> int: ...
    @property
    def roles(self) -> Mapping[str, int]: ...


def study_list(lines: Sequence[StudyLine]) -> RenderableType:
    """The studies of the record."""
    shown = table(
        "study", "title", "setting", "Ph", "phase", "patients", "numbers", "calibrated", "predicted",
        wrap="title", right=("patients", "numbers", "calibrated", "predicted"),
    )  # fmt: skip
    for line in lines:
        counts = [str(line.roles.get(role, 0)) for role in ("calibrated", "predicted")]
        patients = "?" if line.patients is None else str(line.patients)
        shown.add_row(
            line.id, line.title, line.setting, line.ph, line.phase, patients, str(line.numbers), *counts
        )
    return shown


class StudyPage(Protocol):
    """A study with its rows' roles, sources, findings and statements (see ``app.jobs.StudyPage``)."""

    @property
    def study(self) -> Study: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def sources(self) -> Mapping[str, str]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def statements(self) -> Sequence[Statement]: ...


def study_page(page: StudyPage) -> RenderableType:
    """One study: header, arms, every number with its place by endpoint, statements, findings, sources."""
    s = page.study
    parts: list[RenderableType] = [head(f"{s.id}: {s.title}"), _study_head(s), Text()]
    for arm in s.arms:
        size = "size not stated" if arm.size is None else f"{arm.size} patients"
        parts.append(Text.assemble((arm.name, "bold"), f"  {arm.label}, {size}"))
        if arm.treatment:
            told = {name: text or "not stated" for name, text in arm.treatment}
            parts.append(indent(pairs([*told.items(), ("regimens", ", ".join(arm.regimens))])))
    if s.facts:
        parts += [Text(), head("Design and treatment"), indent(facts_by_name(s.facts))]
    parts += [Text(), *_numbers(s.results, page.roles)]
    if page.statements:
        parts += [
            Text(),
            head("Said without a number"),
            indent(statements_table(page.statements, study=False)),
        ]
    if page.findings:
        parts += [Text(), head("What does not fit")]
        parts += [indent(f"{f.rule}: {f.message} – {_verdict(f)}") for f in page.findings]
    parts += [Text(), pairs(list(page.sources.items()))]
    return Group(*parts)


def _verdict(f: Finding) -> str:
    """The verdict without its reason."""
    return "not judged" if f.judged is None else f.judged.partition(": ")[0]


def _study_head(s: Study) -> Table:
    reports = [f"{r.cite} [{r.source} {r.reference}]{f', {r.note}' if r.note else ''}" for r in s.reports]
    return pairs(
        [
            ("design", s.design),
            ("phase", s.phase),
            ("disease", f"{s.setting}, Ph {s.ph}"),
            ("eligible", "; ".join(s.eligibility)),
            ("registry", ", ".join(s.registry)),
            ("also called", ", ".join(s.names)),
            ("reports", "\n".join(reports)),
            ("note", s.note),
        ]
    )


def _numbers(results: Sequence[Result], roles: Sequence[str]) -> list[RenderableType]:
    rows = sorted(
        zip(results, roles, strict=True), key=lambda pair: list(endpoints()).index(pair[0].endpoint)
    )
    parts: list[RenderableType] = []
    for name, group in groupby(rows, key=lambda pair: pair[0].endpoint):
        parts.append(head(f"{endpoints()[name].label} ({endpoints()[name].symbol})"))
        for place, same in groupby(group, key=lambda pair: _place(pair[0])):
            parts += [indent(place, "dim"), Padding(_rows(list(same)), (0, 0, 0, 4))]
    return parts


def _rows(found: Sequence[tuple[Result, str]]) -> Table:
    """Rows from one place; the columns have the same widths on the whole page."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for share in (4, 5, 4):
        grid.add_column(ratio=share, overflow="fold")
    for width in (9, 12):
        grid.add_column(width=width, overflow="fold")
    for result, role in found:
        grid.add_row(
            arm_name(result), what(result), legible(result.printed), _counts(result), _role(result, role)
        )
        said = "; ".join(text for text in (result.reason, result.note) if text)
        if said:
            grid.add_row("", Text(said, style="dim italic"))
    return grid


def _place(r: Result) -> str:
    """Where a row stands, and of which data cut it is."""
    reference = f" [{r.reference}]" if r.reference else ""
    return f"{r.source}, {r.place}{reference}{f'; {r.cut}' if r.cut else ''}"


def arm_name(r: Result) -> str:
    """The arm of a row, with its subgroup."""
    return f"{r.arm}: {r.subgroup}" if r.subgroup else r.arm


def what(r: Result) -> str:
    """Statistic, time and population of a row in words."""
    statistic = r.statistic.replace("_", " ")
    if r.time and r.time.of == "follow-up":
        words = f"{statistic.removesuffix(' at')} at a median follow-up of {r.time}"
    elif r.statistic == "rate_at":
        words = f"{statistic} {r.time}"
    else:
        words = f"{statistic}, {r.time}" if r.time else statistic
    return f"{words}; {r.population}" if r.population else words


def _counts(r: Result) -> str:
    if r.N is None:
        return ""
    return f"{'?' if r.n is None else r.n}/{r.N}"


def _role(r: Result, role: str) -> Text:
    if r.standing != "usable":
        return Text(r.standing, style="red")
    return Text(role, style={"predicted": "green", "calibrated": "blue"}.get(role, "dim"))


def finding_list(findings: Sequence[Finding], every: bool, gaps: bool = False) -> RenderableType:
    """What contradicts what. Judged findings are only counted unless ``every``, gaps unless ``gaps`` or ``every``."""
    shown = [f for f in findings if every or (f.judged is None and (gaps or f.severity != "gap"))]
    parts: list[RenderableType] = []
    for f in shown:
        style = {"hard": "bold red", "soft": "yellow"}.get(f.severity, "dim")
        parts.append(Text.assemble((f.severity, style), "  ", (f.rule, "bold"), f"  {f.message}"))
        if f.hint:
            parts.append(indent(f.hint))
        parts += [indent(row, "dim", 4) for row in f.rows]
        if f.judged is not None:
            parts.append(indent(f"judged: {f.judged}"))
    counts = {s: sum(f.severity == s for f in findings) for s in dict.fromkeys(f.severity for f in findings)}
    missing = [f for f in findings if f.severity == "gap"]
    if missing and not gaps and not every:
        kinds = dict.fromkeys(f.rule for f in missing)
        told = ", ".join(f"{sum(f.rule == kind for f in missing)} {kind}" for kind in kinds)
        parts.append(Text(f"not printed anywhere: {told}; --gaps shows them", style="dim"))
    judged = sum(f.judged is not None for f in findings)
    parts.append(
        Text(
            f"{len(findings)} findings ({', '.join(f'{n} {s}' for s, n in counts.items())}); "
            f"{judged} judged{'' if every else ', not shown: --all shows them'}; "
            f"{sum(f.judged is None and f.severity == 'hard' for f in findings)} hard and unjudged"
        )
    )
    return Group(*parts)


def regimen_list(lines: Sequence[Any]) -> RenderableType:
    """The regimens that trials can name (``app.jobs.RegimenLine``)."""
    shown = table("regimen", "title", "cycles", "days", "drugs", wrap="title|drugs", right=("cycles", "days"))
    for line in lines:
        shown.add_row(line.id, line.name, str(line.cycles), str(line.days), ", ".join(line.drugs))
    return shown


def structure_list(found: Sequence[Any]) -> RenderableType:
    """The structures of the model that can be switched (``patients.Structure``)."""
    shown = table(
        "structure", "default", "rival of", "adds", "because", "parameters", wrap="adds|because|parameters"
    )
    for one in found:
        shown.add_row(one.name, one.default, one.rival_of, one.meaning, one.reason, ", ".join(one.without))
    return shown


def trial_list(lines: Sequence[Any]) -> RenderableType:
    """The trials that can be simulated by name (``app.jobs.TrialLine``)."""
    shown = table(
        "trial", "patients", "setting", "arms and regimens", wrap="arms and regimens", right=("patients",)
    )
    for line in lines:
        arms = "\n".join(f"{arm}: {', '.join(names)}" for arm, names in line.arms.items())
        shown.add_row(line.id, str(line.patients), line.setting, arms)
    return shown


def explanation_page(found: Sequence[Any]) -> RenderableType:
    """All meanings of a word (``app.explain.Explanation``)."""
    parts: list[RenderableType] = []
    for e in found:
        parts += [
            head(f"{e.word} ({e.kind}): {e.title}"),
            indent(e.definition),
            indent(pairs([("unit", e.unit), *e.facts, ("source", e.source)])),
        ]
        parts += _equations("equations" if e.kind != "parameter" else "stands in", e.equations)
        parts += _equations("where", e.through)
        if e.parameters:
            parts += [Text(), indent("parameters"), indent(_parameters(e.parameters), by=4)]
        if e.seen:
            parts += [Text(), indent(f"read by  {', '.join(e.seen)}")]
        parts.append(Text())
    return Group(*parts[:-1])


def _equations(title: str, equations: Sequence[Any]) -> list[RenderableType]:
    if not equations:
        return []
    parts: list[RenderableType] = [Text(), indent(title)]
    for place, group in groupby(equations, key=lambda e: e.place):
        parts += [indent(e.text, by=4) for e in group]
        parts.append(indent(place, "dim", 6))
    return parts


def _parameters(lines: Sequence[Any]) -> Table:
    shown = table(
        "name", "value", "unit", "meaning", "standing", "source", wrap="meaning|source", right=("value",)
    )
    for line in lines:
        shown.add_row(line.name, f"{line.value:g}", line.unit, line.meaning, line.standing, line.source)
    return shown


def doctor_page(health: Any) -> RenderableType:
    """Versions, devices, options and the self-test (``app.doctor.Health``)."""
    parts: list[RenderableType] = [pairs(list(health.versions.items())), pairs(list(health.facts.items()))]
    parts += [Text(f"warning: {warning}", style="yellow") for warning in health.warnings]
    for test in health.tests:
        word = ("well ", "green") if test.well else ("WRONG", "bold red")
        took = f", {test.seconds:.1f} s" if test.seconds else ""
        parts.append(Text.assemble(word, f"  {test.name}: {test.message}{took}"))
    return Group(*parts)
