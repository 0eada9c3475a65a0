"""One page over every trial: what was published beside what came out, and where it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engager.evidence import ongoing, study
from engager.inference import Summary
from engager.reports import sections
from engager.reports.facts import SCORED, Fact, merged, misfits, score
from engager.reports.html import TEMPLATES, replaced
from engager.reports.sections import Table, many, tied
from engager.trials import Trial


@dataclass(frozen=True)
class Line:
    """One trial on the page: its name, what it is, its facts, and what its page shows of it.

    ``link`` leads to the trial's own report, as seen from the page. ``problem`` says why there is none.
    """

    name: str
    title: str
    link: str
    patients: int
    facts: Sequence[Fact] = ()
    tables: Sequence[Table] = ()
    unsimulated: Table | None = None
    failed: int = 0
    problem: str = ""

    def covered(self, role: str) -> str:
        """'4 of 8' facts of a role covered, '' where none was asked."""
        inside, asked = score(self.facts, role)
        return f"{inside} of {asked}" if asked else ""


def line(summary: Summary, link: str) -> Line:
    """What the page keeps of a finished run: facts and tables, no patients."""
    trial = summary.trial
    facts = merged(summary.published)
    tables = [*sections.scored(summary).values(), sections.context(summary)]
    if not facts:
        tables = [sections.standard(summary)]
    tables += sections.controls(summary)
    return Line(
        name=trial.name,
        title=study(trial.study).title if trial.study else _listed(trial),
        link=link,
        patients=summary.simulated,
        facts=facts,
        tables=[table for table in tables if table],
        unsimulated=sections.unsimulated(summary),
        failed=len(summary.failures),
    )


def _listed(trial: Trial) -> str:
    """What an ongoing trial gives to whom and in which phase, as the record lists it: of the mentions that fit the
    cohort the one that names most of the drugs that are given here."""
    given = {drug for regimen in trial.regimens for drug in regimen.drugs}
    status = "positive" if trial.cohort.ph else "negative"
    rows = [row for row in ongoing() if trial.name.startswith(row.registry) and row.in_table]
    fitting = [row for row in rows if row.ph in ("", "either", status)] or rows
    if not fitting:
        return "; ".join(dict.fromkeys(regimen.name for regimen in trial.regimens))
    best = max(fitting, key=lambda row: len(given & set(row.drugs)))
    settings = " or ".join("residual" if word == "MRD" else word for word in best.setting)
    words = [settings, f"Ph-{best.ph}" if best.ph in ("positive", "negative") else "", "disease"]
    phase = f", phase {best.roman}" if best.roman else ""
    title = f"{best.treatment} in {' '.join(filter(None, words))}{phase}"
    return title[0].upper() + title[1:]


def write_index(
    lines: Sequence[Line],
    folder: Path,
    *,
    replicates: int,
    seed: int,
    write: Callable[[Path, str], object] = replaced,
) -> Path:
    """Have ``index.html`` written into ``folder`` (by ``write``, in one step); returns its path. Raises OSError."""
    write(folder / "index.html", page(lines, replicates, seed))
    return folder / "index.html"


def page(lines: Sequence[Line], replicates: int, seed: int) -> str:
    """The page as one HTML text; the same runs give the same bytes."""
    rooms = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return rooms.get_template("index.html").render(
        lines=lines,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        headline=_headline(lines, replicates, seed),
        overview=_overview(lines),
        misfits=_misfits(lines),
    )


def _headline(lines: Sequence[Line], replicates: int, seed: int) -> list[str]:
    done = [one for one in lines if not one.problem]
    compared = [one for one in done if one.facts]
    failed = sum(one.failed for one in done)
    out = [
        f"{many(len(done), 'trial')} were simulated, {many(replicates, 'replicate')} each, seed {seed}: "
        f"{len(compared)} have published results beside them, {len(done) - len(compared)} have none. "
        f"{sum(one.patients for one in done):,} patients were simulated, {failed or 'none'} failed."
    ]
    facts = [fact for one in done for fact in one.facts]
    for role in SCORED:
        covered, asked = score(facts, role)
        if asked:
            out.append(f"Of {many(asked, f'{role} fact')}, {covered} lie within the simulated 90 % interval.")
    return out


def _overview(lines: Sequence[Line]) -> Table:
    rows = [
        (
            one.name,
            one.title,
            *(one.covered(role) for role in SCORED),
            one.problem or _note(one),
        )
        for one in lines
    ]
    return Table("Facts covered, by role", ("trial", "title", *SCORED, "note"), rows)


def _note(one: Line) -> str:
    if not one.facts:
        return "nothing published"
    return "" if any(fact.role in SCORED for fact in one.facts) else "context: shown, not scored"


def _misfits(lines: Sequence[Line]) -> dict[str, list[tuple[str, str]]]:
    """Facts that are not covered, by role: trial and sentence."""
    found = {
        role: [(one.name, tied(fact.sentence)) for one in lines for fact in misfits(one.facts, role)]
        for role in SCORED
    }
    return {role: sentences for role, sentences in found.items() if sentences}
