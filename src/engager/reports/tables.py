"""Tables and pages for the terminal: what the reading commands print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, Protocol

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engager.evidence import Finding, Result, Study
from engager.reports import pooled_text
from engager.vocabulary import endpoints

if TYPE_CHECKING:
    from engager.inference.poolable import Row
    from engager.inference.pooling import Estimate, Pooled, Synthesis

Names = Sequence[tuple[str, str]]


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


def _table(*columns: str, wrap: str = "", right: Iterable[str] = ()) -> Table:
    """A table with thin rules; only the columns named in ``wrap`` give way on a narrow terminal."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(
            name,
            no_wrap=name not in wrap.split("|"),
            overflow="fold",
            justify="right" if name in right else "left",
        )
    return table


def _head(text: str) -> Text:
    return Text(text, style="bold")


def _indent(what: str | Table, style: str = "", by: int = 2) -> RenderableType:
    shown = what if isinstance(what, Table) else Text(what, style=style)
    return Padding(shown, (0, 0, 0, by), expand=False)


def _pairs(pairs: Names) -> Table:
    """Names and texts in two columns, the text folded."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in pairs:
        if text:
            table.add_row(name, text)
    return table


def study_list(lines: Sequence[StudyLine]) -> RenderableType:
    """The studies of the record."""
    table = _table(
        "study", "title", "setting", "Ph", "phase", "patients", "numbers", "calibrated", "predicted",
        wrap="title", right=("patients", "numbers", "calibrated", "predicted"),
    )  # fmt: skip
    for line in lines:
        counts = [str(line.roles.get(role, 0)) for role in ("calibrated", "predicted")]
        patients = "?" if line.patients is None else str(line.patients)
        table.add_row(
            line.id, line.title, line.setting, line.ph, line.phase, patients, str(line.numbers), *counts
        )
    return table


class StudyPage(Protocol):
    """A study with the role of each row and the citations of its sources (see ``app.jobs.StudyPage``)."""

    @property
    def study(self) -> Study: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def sources(self) -> Mapping[str, str]: ...


def study_page(page: StudyPage) -> RenderableType:
    """One study: header, arms, every number with its place, grouped by endpoint, sources."""
    s = page.study
    parts: list[RenderableType] = [_head(f"{s.id}: {s.title}"), _study_head(s), Text()]
    for arm in s.arms:
        size = "size not stated" if arm.size is None else f"{arm.size} patients"
        parts.append(Text.assemble((arm.name, "bold"), f"  {arm.label}, {size}"))
        if arm.treatment:
            told = [("dose", arm.treatment.dose), ("schedule", arm.treatment.schedule)]
            told += [("cycles", arm.treatment.cycles), ("regimens", ", ".join(arm.regimens))]
            parts.append(_indent(_pairs([(name, text or "not stated") for name, text in told])))
    parts += [Text(), *_numbers(s.results, page.roles)]
    parts += [Text(), _pairs(list(page.sources.items()))]
    return Group(*parts)


def _study_head(s: Study) -> Table:
    reports = [f"{r.cite} [{r.source} {r.reference}]" for r in s.reports]
    return _pairs(
        [
            ("design", s.design),
            ("phase", s.phase),
            ("disease", f"{s.setting}, Ph {s.ph}"),
            ("eligible", "; ".join(s.eligibility)),
            ("registry", ", ".join(s.registry)),
            ("also called", ", ".join(s.names)),
            ("reports", "\n".join(reports)),
        ]
    )


def _numbers(results: Sequence[Result], roles: Sequence[str]) -> list[RenderableType]:
    rows = sorted(
        zip(results, roles, strict=True), key=lambda pair: list(endpoints()).index(pair[0].endpoint)
    )
    parts: list[RenderableType] = []
    for name, group in groupby(rows, key=lambda pair: pair[0].endpoint):
        parts.append(_head(f"{endpoints()[name].label} ({endpoints()[name].symbol})"))
        for place, same in groupby(group, key=lambda pair: f"{pair[0].source}, {pair[0].place}"):
            parts += [_indent(place, "dim"), Padding(_rows(list(same)), (0, 0, 0, 4))]
    return parts


def _rows(pairs: Sequence[tuple[Result, str]]) -> Table:
    """Rows from one place; the columns have the same widths on the whole page."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for share in (4, 5, 4):
        table.add_column(ratio=share, overflow="fold")
    for width in (9, 12):
        table.add_column(width=width, overflow="fold")
    for result, role in pairs:
        table.add_row(_arm(result), _what(result), result.printed, _counts(result), _role(result, role))
    return table


def _arm(r: Result) -> str:
    return f"{r.arm}: {r.subgroup}" if r.subgroup else r.arm


def _what(r: Result) -> str:
    statistic = r.statistic.replace("_", " ")
    words = f"{statistic} {r.time}" if r.statistic == "rate_at" else statistic
    if r.time and r.statistic != "rate_at":
        words += f", {r.time}"
    return f"{words}; {r.population}" if r.population else words


def _counts(r: Result) -> str:
    if r.N is None:
        return ""
    return f"{'?' if r.n is None else r.n}/{r.N}"


def _role(r: Result, role: str) -> Text:
    if r.standing != "usable":
        return Text(r.standing, style="red")
    return Text(role, style={"predicted": "green", "calibrated": "blue"}.get(role, "dim"))


def finding_list(findings: Sequence[Finding], every: bool) -> RenderableType:
    """What contradicts what. Judged findings are only counted unless ``every``."""
    shown = [f for f in findings if every or f.judged is None]
    parts: list[RenderableType] = []
    for f in shown:
        style = {"hard": "bold red", "soft": "yellow"}.get(f.severity, "dim")
        parts.append(Text.assemble((f.severity, style), "  ", (f.rule, "bold"), f"  {f.message}"))
        if f.hint:
            parts.append(_indent(f.hint))
        parts += [_indent(row, "dim", 4) for row in f.rows]
        if f.judged is not None:
            parts.append(_indent(f"judged: {f.judged}"))
    counts = {s: sum(f.severity == s for f in findings) for s in dict.fromkeys(f.severity for f in findings)}
    judged = sum(f.judged is not None for f in findings)
    parts.append(
        Text(
            f"{len(findings)} findings ({', '.join(f'{n} {s}' for s, n in counts.items())}); "
            f"{judged} judged{'' if every else ', not shown: --all shows them'}; "
            f"{sum(f.judged is None and f.severity == 'hard' for f in findings)} hard and unjudged"
        )
    )
    return Group(*parts)


def endpoint_page(pooled: Pooled) -> RenderableType:
    """An endpoint across studies: each synthesis with its rows, then every row that is in none."""
    parts: list[RenderableType] = [_head(f"{pooled.label} ({pooled.symbol}): {pooled.question}")]
    for synthesis in pooled.syntheses:
        parts += [Text(), *_synthesis(synthesis)]
    if not pooled.syntheses:
        parts += [Text(), Text("no row can be pooled")]
    if pooled.left:
        parts += [Text(), _head("not pooled"), _left(pooled.left)]
    return Group(*parts)


def _synthesis(s: Synthesis) -> list[RenderableType]:
    q, p = s.quantity, s.pooled
    counted = "n/N" if q == "share" else "N"
    heads = (
        "study",
        "arm",
        "population",
        counted,
        f"{pooled_text.unit(q)}, 95 % CI",
        "weight",
        "counts or SE, note",
    )
    table = _table(*heads, wrap="arm|population|counts or SE, note", right=(counted, "weight"))
    ends = _block_ends(s)
    for i, (row, weight) in enumerate(zip(s.rows, s.weights, strict=True), start=1):
        value = pooled_text.told(q, row.value, row.lower, row.upper)
        note = "; ".join(part for part in (row.origin, row.result.cut, row.result.note) if part)
        share = f"{100 * weight:.0f} %" if p else ""
        people = row.result.population or "not said"
        table.add_row(row.study, row.arm, people, pooled_text.counts(row), value, share, note)
        if group := ends.get(i):
            value = pooled_text.told(q, group.value, group.lower, group.upper)
            rows = "1 row" if group.k == 1 else f"{group.k} rows"
            table.add_row(f"  {group.name}", "", rows, "", value, style="bold", end_section=True)
    parts: list[RenderableType] = [_head(q)]
    if p is None:
        return [*parts, table, *(_indent(note, "yellow") for note in s.notes)]
    table.add_row(
        "pooled", "", f"{p.k} rows", "", pooled_text.told(q, p.value, p.lower, p.upper), style="bold"
    )
    if p.prediction:
        table.add_row("new study", "", "95 % prediction", "", f"({pooled_text.spread(q, p.prediction)})")
    told = [("between studies", pooled_text.heterogeneity(s)), ("leaving one out", pooled_text.left_out(s))]
    told += [("groups differ", pooled_text.tested(s))]
    return [*parts, table, _indent(_pairs(told)), *(_indent(note, "yellow") for note in s.notes)]


def _block_ends(s: Synthesis) -> dict[int, Estimate]:
    """The groups' estimates by the number of the last row of each group."""
    return dict(zip(accumulate(group.k for group in s.groups), s.groups, strict=True))


def _left(rows: Sequence[Row]) -> Table:
    table = _table("study", "arm", "what", "printed", "reason", wrap="arm|what|printed|reason")
    for row in rows:
        table.add_row(row.study, _arm(row.result), _what(row.result), row.result.printed, row.reason)
    return table


def regimen_list(lines: Sequence[Any]) -> RenderableType:
    """The regimens that trials can name (``app.jobs.RegimenLine``)."""
    table = _table(
        "regimen", "title", "cycles", "days", "drugs", wrap="title|drugs", right=("cycles", "days")
    )
    for line in lines:
        table.add_row(line.id, line.name, str(line.cycles), str(line.days), ", ".join(line.drugs))
    return table


def trial_list(lines: Sequence[Any]) -> RenderableType:
    """The trials that can be simulated by name (``app.jobs.TrialLine``)."""
    table = _table(
        "trial", "patients", "setting", "arms and regimens", wrap="arms and regimens", right=("patients",)
    )
    for line in lines:
        arms = "\n".join(f"{arm}: {', '.join(names)}" for arm, names in line.arms.items())
        table.add_row(line.id, str(line.patients), line.setting, arms)
    return table


def explanation_page(found: Sequence[Any]) -> RenderableType:
    """All meanings of a word (``app.explain.Explanation``)."""
    parts: list[RenderableType] = []
    for e in found:
        parts += [
            _head(f"{e.word} ({e.kind}): {e.title}"),
            _indent(e.definition),
            _indent(_pairs([("unit", e.unit), *e.facts, ("source", e.source)])),
        ]
        parts += _equations("equations" if e.kind != "parameter" else "stands in", e.equations)
        parts += _equations("where", e.through)
        if e.parameters:
            parts += [Text(), _indent("parameters"), _indent(_parameters(e.parameters), by=4)]
        if e.seen:
            parts += [Text(), _indent(f"read by  {', '.join(e.seen)}")]
        parts.append(Text())
    return Group(*parts[:-1])


def _equations(title: str, equations: Sequence[Any]) -> list[RenderableType]:
    if not equations:
        return []
    parts: list[RenderableType] = [Text(), _indent(title)]
    for place, group in groupby(equations, key=lambda e: e.place):
        parts += [_indent(e.text, by=4) for e in group]
        parts.append(_indent(place, "dim", 6))
    return parts


def _parameters(lines: Sequence[Any]) -> Table:
    table = _table(
        "name", "value", "unit", "meaning", "standing", "source", wrap="meaning|source", right=("value",)
    )
    for line in lines:
        table.add_row(line.name, f"{line.value:g}", line.unit, line.meaning, line.standing, line.source)
    return table


def doctor_page(health: Any) -> RenderableType:
    """Versions, devices, options and the self-test (``app.doctor.Health``)."""
    parts: list[RenderableType] = [_pairs(list(health.versions.items())), _pairs(list(health.facts.items()))]
    parts += [Text(f"warning: {warning}", style="yellow") for warning in health.warnings]
    for test in health.tests:
        word = ("well ", "green") if test.well else ("WRONG", "bold red")
        parts.append(Text.assemble(word, f"  {test.name}: {test.message}"))
    return Group(*parts)
