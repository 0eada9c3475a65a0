"""Everything that the command line does, as Python calls: one function per job, data in return.

Every function raises :class:`engager.documents.DocumentError` for what cannot be used. Simulating is in
:mod:`engager.app.simulate`. Rooms that load arrays or draw are imported by the job that needs them, so that
the record opens in a blink (see :mod:`engager.app.cli`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engager import evidence
from engager.documents import DocumentError, Problem, near
from engager.evidence import Abbreviation, Approval, Fact, Finding, Listing, Statement, Study, role_of
from engager.regimens import Regimen, read_regimen
from engager.regimens import regimen as shipped_regimen
from engager.regimens import regimens as shipped_regimens

if TYPE_CHECKING:
    from engager.app.doctor import Health
    from engager.app.explain import Explanation
    from engager.inference.pooling import Pooled
    from engager.patients import Structure

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class StudyLine:
    """A study in a list. ``patients`` is None where no source states every arm; ``roles`` counts its rows."""

    id: str
    title: str
    setting: str
    ph: str
    phase: str
    arms: tuple[str, ...]
    patients: int | None
    numbers: int
    roles: Mapping[str, int]


@dataclass(frozen=True)
class StudyPage:
    """A study, the ``role`` of each of its results in order, and the citations of the sources it names.

    ``findings`` are what the rules find in it (gaps left out), ``statements`` what is said of it without a number.
    """

    study: Study
    roles: tuple[str, ...]
    sources: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    statements: tuple[Statement, ...] = ()

    def model_dump(self, mode: str = "json") -> dict[str, Any]:
        """The study as one mapping, each result with its role, with sources, findings and statements."""
        data = self.study.model_dump(mode=mode)
        results = [{**row, "role": role} for row, role in zip(data["results"], self.roles, strict=True)]
        return {
            **data,
            "results": results,
            "sources": dict(self.sources),
            "findings": [asdict(finding) for finding in self.findings],
            "statements": [asdict(statement) for statement in self.statements],
        }


@dataclass(frozen=True)
class RegimenLine:
    """A regimen in a list: its name in trials (or its file), title, cycles, length [days], drugs."""

    id: str
    name: str
    cycles: int
    days: int
    drugs: tuple[str, ...]


@dataclass(frozen=True)
class TrialLine:
    """A trial in a list: the study, patients, setting, and the regimens of each arm."""

    id: str
    patients: int
    setting: str
    arms: Mapping[str, tuple[str, ...]]


def list_studies() -> list[StudyLine]:
    """The studies of the record."""
    return [_study_line(study) for study in evidence.studies().values()]


def _study_line(study: Study) -> StudyLine:
    roles = [role_of(row) for row in study.results]
    return StudyLine(
        id=study.id,
        title=study.title,
        setting=study.setting,
        ph=study.ph,
        phase=study.phase,
        arms=tuple(arm.name for arm in study.arms),
        patients=study.size,
        numbers=len(roles),
        roles={role: roles.count(role) for role in sorted(set(roles))},
    )


def show_study(name: str) -> StudyPage:
    """Everything that was printed about a study, by its id or another name, or from its YAML file."""
    study = _study(name)
    found = check_record([name])
    said = evidence.statements() if study is evidence.studies().get(study.id) else []
    named = {row.source for row in study.results} | {report.source for report in study.reports}
    known = {**evidence.sources(), **study.sources}
    cited = {source: text for source, text in known.items() if source in named}
    return StudyPage(
        study,
        tuple(role_of(row) for row in study.results),
        cited,
        tuple(finding for finding in found if finding.severity != "gap"),
        tuple(statement for statement in said if statement.study == study.id),
    )


def _study(name: str) -> Study:
    """A study of the record by its id or another name, or from its YAML file."""
    return evidence.read_study(Path(name)) if name.endswith(SUFFIXES) else evidence.study(name)


def check_record(names: Sequence[str] = ()) -> list[Finding]:
    """What the rules find, judged findings included, the hard ones first.

    Looked at is the whole record, or only the studies in ``names``: ids, of which findings in the whole record are
    given, or files, which are checked by themselves. DocumentError with every mistake of all of them.
    """
    if not names:
        return evidence.check()
    problems: list[Problem] = []
    studies: dict[str, Study] = {}
    for name in names:
        try:
            studies[name] = _study(name)
        except DocumentError as error:
            problems += error.problems
    if problems:
        raise DocumentError(problems)
    files = [study for name, study in studies.items() if name.endswith(SUFFIXES)]
    ids = {study.id for name, study in studies.items() if not name.endswith(SUFFIXES)}
    own = evidence.check(files) if files else []
    recorded = evidence.check() if ids else []
    return own + [f for f in recorded if ids & {row.partition("/")[0] for row in f.rows}]


def write_schemas(folder: Path) -> list[Path]:
    """Write the JSON schemas of the record's files into ``folder``; returns the files."""
    from engager.evidence.schemas import write_schemas

    return write_schemas(folder)


def list_ongoing(
    *, trial: str | None = None, setting: str | None = None, ph: str | None = None, drug: str | None = None
) -> list[Listing]:
    """Ongoing trials that the sources name: every mention of each trial of which one mention fits.

    ``trial`` is a registry id, ``drug`` a part of a drug's name; a study with ``ph`` "either" fits any.
    """
    found = evidence.ongoing()
    settings = dict.fromkeys(word for row in found for word in row.setting)
    if setting is not None and setting not in settings:
        raise DocumentError(f"unknown setting {setting!r}; {near(setting, settings)}")
    if ph is not None and ph not in ("negative", "positive"):
        raise DocumentError(f"unknown Ph status {ph!r}; allowed are negative and positive")
    ids = {row.registry for row in found}
    if trial is not None and trial.upper() not in ids:
        raise DocumentError(f"unknown trial {trial!r}; {near(trial, sorted(ids))}")
    fits = {
        row.registry
        for row in found
        if (trial is None or row.registry == trial.upper())
        and (setting is None or setting in row.setting)
        and (ph is None or row.ph in (ph, "either"))
        and (drug is None or any(drug.casefold() in word.casefold() for word in (*row.drugs, row.against)))
    }
    return [row for row in found if row.registry in fits]


@dataclass(frozen=True)
class Pharmacology:
    """What the sources say about the drug: numbers, and statements without one."""

    facts: Sequence[Fact]
    statements: Sequence[Statement]


def show_pharmacology() -> Pharmacology:
    """Every number and every statement of the sources about the drug."""
    return Pharmacology(evidence.pharmacology(), evidence.statements())


def list_context() -> list[Fact]:
    """Facts about the disease and its usual treatment, in the order of the sources."""
    return evidence.context()


def list_approvals() -> list[Approval]:
    """Approvals by date, the undated last."""
    return evidence.approvals()


def list_abbreviations() -> list[Abbreviation]:
    """Abbreviations in alphabetical order, one entry for each place that spells one out."""
    return evidence.abbreviations()


def citations() -> list[tuple[str, str]]:
    """The sources of the record: short name and citation."""
    return list(evidence.sources().items())


def pool_endpoint(word: str, **asked: str | bool | None) -> Pooled:
    """An endpoint across the studies of the record; what can be asked stands at ``inference.pooling.pool``."""
    from engager.inference.pooling import pool

    return pool(word, **asked)  # type: ignore[arg-type]


def plot_endpoint(found: Pooled, out: Path) -> Path:
    """Draw a forest plot of a pooled endpoint into the SVG file ``out``; returns its path."""

    def svg() -> str:
        from engager.reports.forest import forest_svg

        return forest_svg(found)

    return _drawn("--forest", out, svg)


def draw_coverage(out: Path) -> Path:
    """Draw which study reports which endpoint into the SVG file ``out``; returns its path."""

    def svg() -> str:
        from engager.reports.coverage_map import coverage_svg

        return coverage_svg(evidence.studies().values())

    return _drawn("--map", out, svg)


def draw_timeline(name: str, out: Path) -> Path:
    """Draw what the sources state of a study's treatment into the SVG file ``out``; returns its path."""
    study = show_study(name).study

    def svg() -> str:
        from engager.reports.treatment_timeline import timeline_svg

        return timeline_svg(study)

    return _drawn("--timeline", out, svg)


def list_regimens() -> list[RegimenLine]:
    """The regimens that trials can name."""
    return [_regimen_line(name, regimen) for name, regimen in shipped_regimens().items()]


def list_structures() -> list[Structure]:
    """The structures of the model that can be switched."""
    from engager.patients import structures

    return list(structures().values())


def _regimen_line(name: str, regimen: Regimen) -> RegimenLine:
    return RegimenLine(name, regimen.name, len(regimen.cycles), regimen.length, regimen.drugs)


def show_regimen(name: str) -> Regimen:
    """A shipped regimen by name, or the regimen in a YAML file."""
    return read_regimen(Path(name)) if name.endswith(SUFFIXES) else shipped_regimen(name)


def check_regimen(path: Path) -> RegimenLine:
    """Read a regimen's file; DocumentError with every mistake, each with line and column."""
    return _regimen_line(str(path), read_regimen(path))


def plot_regimen(name: str, out: Path) -> Path:
    """Draw a regimen (by name or file) into the SVG file ``out``; returns its path."""
    regimen = show_regimen(name)

    def svg() -> str:
        from engager.reports.regimen_chart import regimen_svg

        return regimen_svg(regimen)

    return _drawn("--out", out, svg)


def _drawn(option: str, out: Path, svg: Callable[[], str]) -> Path:
    """Write a drawing into the file that ``option`` names; nothing is drawn for a name that does not fit."""
    if out.suffix.lower() != ".svg":
        raise DocumentError(f"{option} {out}: must end in .svg, the only form that is drawn")
    drawing = svg()
    try:
        out.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{option} {out}: cannot be written ({error.strerror})") from None
    return out


def list_trials() -> list[TrialLine]:
    """The trials that can be simulated by name."""
    from engager.trials.design import trial, trials

    return [
        TrialLine(
            id=name,
            patients=trial(name).patients,
            setting=trial(name).cohort.setting,
            arms={arm: tuple(c.name for c in a.regimens) for arm, a in trial(name).arms.items()},
        )
        for name in trials()
    ]


def show_trial(name: str) -> str:
    """A study's trial as YAML, regimens written out: what ``engager simulate FILE.yaml`` reads."""
    from engager.trials.design import trial_file
    from engager.trials.writing import trial_yaml

    return trial_yaml(trial_file(name))


def trial_data(name: str) -> dict[str, Any]:
    """A study's trial as a mapping: what :func:`show_trial` writes as text."""
    from engager.trials.design import trial_file
    from engager.trials.writing import written_out

    return written_out(trial_file(name))


def explain(word: str) -> list[Explanation]:
    """Everything that is called ``word``: endpoints, parameters, states, quantities, drugs."""
    from engager.app.explain import explanations

    return explanations(word)


def doctor() -> Health:
    """Versions, devices, options, cache, and the model against known answers."""
    from engager.app.doctor import examine

    return examine()
