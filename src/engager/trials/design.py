"""A trial as data: cohort, arms with their regimens, visits, response criteria, follow-up.

``engager trial show TOWER`` prints a trial in the form that this file reads, so that a user can copy it,
change it and run it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from engager import evidence
from engager.documents import Document, DocumentError, Problem, Strict, near, read_yaml, validate
from engager.documents.yaml_reader import Path_
from engager.patients import Cohort
from engager.regimens import Regimen, regimen, regimen_from, regimens
from engager.trials.cautions import cautions, unmeasured
from engager.vocabulary import quantity

DATA = Path(__file__).parent / "data"

LARGEST = 10_000_000
"""Most patients in one trial; a mistyped number should not fill a disk."""

LONGEST = 20 * 366
"""Longest follow-up [day]."""


def _days(text: Any) -> int:
    return round(quantity(text, "days").canonical)


def _years(text: Any) -> float:
    return quantity(text, "years").canonical / quantity("1 year").canonical


Days = Annotated[int, BeforeValidator(_days), Field(ge=0, le=LONGEST)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=False)]


class FollowUp(Strict):
    """Patients enter over ``accrual`` days; the trial ends ``after_last`` days after the last could enter."""

    accrual: Days
    after_last: Days

    @property
    def total(self) -> int:
        """Days from the first patient's entry to the end of the trial."""
        return self.accrual + self.after_last


Overall = Literal[
    "complete_remission",
    "remission_crh",
    "remission_crh_cri",
    "remission_cri",
    "remission_cri_crp",
    "complete_haematologic_response",
    "cytogenetic_remission",
    "mrd_response",
    "complete_mrd_response",
    "mrd_negative_remission",
    "molecular_response",
    "complete_molecular_response",
]


class Response(Strict):
    """What counts for the response rate: marrow assessments up to ``window`` after entry and up to the end of
    cycle ``cycles``, whichever the trial names; ``overall`` is the endpoint that the trial calls response."""

    overall: Overall = "remission_crh_cri"
    window: Days | None = None
    cycles: Annotated[int, Field(ge=1, le=100)] | None = None


class Assay(Strict):
    """The assay of residual disease: ``limit`` under which a patient is MRD-negative (share of cells), and the
    number of ``cells`` that a sample holds, which sets its own limit of detection. ``transcripts``: limit of the assay
    of BCR-ABL1 where it is another one."""

    limit: Annotated[float, Field(gt=0, lt=1, strict=False)]
    cells: Annotated[int, Field(gt=0)]
    transcripts: Annotated[float | None, Field(gt=0, lt=1, strict=False)] = None


class Visits(Strict):
    """When counts and blood are looked at (days after randomisation), how far a marrow assessment may be off its
    planned day, and the MRD assay."""

    days: Annotated[list[Annotated[int, Field(ge=1, le=LONGEST)]], Field(min_length=1)]
    marrow_window: Days
    assay: Assay


class Transplant(Strict):
    """Transplant policy: this ``share`` of responders younger than ``below`` goes to transplant ``delay`` after the
    first response, if still in remission. An input, not a prediction."""

    share: Share
    delay: Days
    below: Annotated[float, BeforeValidator(_years), Field(gt=0)]


class Option(Strict):
    """One regimen of an arm and the share of its patients that receive it (relative to the arm's others)."""

    model_config = ConfigDict(**{**Strict.model_config, "arbitrary_types_allowed": True})

    share: Positive = 1.0
    regimen: str | dict[str, Any]


class ControlSchema(Strict):
    """A virtual control as it is written: an arm to which nobody is allocated."""

    transplant: Transplant
    regimens: Annotated[list[Option], Field(min_length=1)]


class ArmSchema(ControlSchema):
    """One arm as it is written."""

    allocation: Annotated[int, Field(ge=1, le=1000)]


class TrialSchema(Strict):
    """A trial as it is written."""

    trial: str
    study: str | None = None
    patients: Annotated[int, Field(ge=1, le=LARGEST)]
    cohort: Cohort
    response: Response
    visits: Visits
    follow_up: FollowUp
    arms: Annotated[dict[str, ArmSchema], Field(min_length=1)]
    controls: dict[str, ControlSchema] = Field(default_factory=dict)
    assumptions: list[str] = Field(default_factory=list)


class Choice(Strict):
    """A regimen of an arm, read."""

    model_config = ConfigDict(**{**Strict.model_config, "arbitrary_types_allowed": True})

    share: float
    name: str
    regimen: Regimen


class Arm(Strict):
    """An arm: its part in the randomisation, its transplant policy, its regimens."""

    allocation: int
    transplant: Transplant
    regimens: list[Choice]


class Trial(Strict):
    """A trial that can be conducted. ``study``: the published study that it repeats or varies, if it does;
    ``controls``: treatments under which every patient is conducted once more (virtual controls)."""

    name: str
    study: str | None
    patients: int
    cohort: Cohort
    response: Response
    visits: Visits
    follow_up: FollowUp
    arms: dict[str, Arm]
    controls: dict[str, Arm]
    assumptions: list[str]

    @property
    def regimens(self) -> list[Regimen]:
        """All regimens, arm by arm, in the order that ``Fate.regimen`` counts; those of controls are not among them."""
        return [choice.regimen for arm in self.arms.values() for choice in arm.regimens]

    @property
    def all_regimens(self) -> list[Regimen]:
        """The regimens of the arms, then those of the controls."""
        return self.regimens + [c.regimen for control in self.controls.values() for c in control.regimens]

    @property
    def cautions(self) -> list[str]:
        """Sentences on what the trial does that changes nothing in the model."""
        return cautions(self)

    def same_design(self, other: Trial) -> bool:
        """True if both trials are conducted alike, whatever they are called, however many patients they have and with
        what they are compared."""

        def design(trial: Trial) -> tuple[object, ...]:
            arms = {
                name: (
                    a.allocation,
                    a.transplant,
                    [(c.share, c.regimen.cycles, c.regimen.rules) for c in a.regimens],
                )
                for name, a in trial.arms.items()
            }
            return trial.cohort, trial.response, trial.visits, trial.follow_up, arms

        return design(self) == design(other)


def read_trial(source: Path | Document) -> Trial:
    """Read a trial file.

    Raises:
        DocumentError: every problem with its line and column: schema, regimens, names, dates.
    """
    document = read_yaml(source) if isinstance(source, Path) else source
    schema: TrialSchema | None = None
    problems: list[Problem] = []
    try:
        schema = validate(document, TrialSchema)
    except DocumentError as error:
        problems += error.problems
    arms, bad = _read_regimens(document, "arms")
    controls, worse = _read_regimens(document, "controls")
    problems += bad + worse
    if schema is not None:
        problems += _problems(schema, document)
        found = unmeasured(schema, {**arms, **controls})
        problems += [document.problem(at, message) for at, message in found]
    if problems or schema is None:
        raise DocumentError(problems)
    read = {name: _arm(written, arms[name], written.allocation) for name, written in schema.arms.items()}
    beside = {name: _arm(written, controls[name]) for name, written in schema.controls.items()}
    made = ("name", "arms", "controls")
    fields = {name: getattr(schema, name) for name in Trial.model_fields if name not in made}
    return Trial(name=schema.trial, arms=read, controls=beside, **fields)


def _arm(written: ControlSchema, regimens: list[tuple[str, Regimen]], allocation: int = 1) -> Arm:
    choices = [
        Choice(share=option.share, name=label, regimen=value)
        for option, (label, value) in zip(written.regimens, regimens, strict=True)
    ]
    return Arm(allocation=allocation, transplant=written.transplant, regimens=choices)


def _read_regimens(
    document: Document, section: str
) -> tuple[dict[str, list[tuple[str, Regimen]]], list[Problem]]:
    """The regimens of every arm or control that is written well enough to look for them, and what is wrong with
    others."""
    out: dict[str, list[tuple[str, Regimen]]] = {}
    problems: list[Problem] = []
    arms = document.value.get(section) if isinstance(document.value, dict) else None
    for arm, written in (arms if isinstance(arms, dict) else {}).items():
        options = written.get("regimens") if isinstance(written, dict) else None
        for i, option in enumerate(options if isinstance(options, list) else []):
            given = option.get("regimen") if isinstance(option, dict) else None
            path: Path_ = (section, arm, "regimens", i, "regimen")
            try:
                if isinstance(given, dict):
                    value = regimen_from(document, at=path)
                    out.setdefault(arm, []).append((value.name, value))
                elif isinstance(given, str):
                    out.setdefault(arm, []).append((given, _shipped(given, document, path)))
            except DocumentError as error:
                problems += error.problems
    return out, problems


def _shipped(name: str, document: Document, path: Path_) -> Regimen:
    if name not in regimens():
        message = f"unknown regimen {name!r}; {near(name, regimens())}"
        raise DocumentError([document.problem(path, message)])
    return regimen(name)


def _problems(schema: TrialSchema, document: Document) -> Iterator[Problem]:
    total = schema.follow_up.total
    if not 1 <= total <= LONGEST:
        message = f"accrual and after_last add up to {total} days; 1 to {LONGEST} can be followed"
        yield document.problem(("follow_up",), message)
    if schema.study is not None and schema.study not in trials():
        yield document.problem(("study",), f"unknown study {schema.study!r}; {near(schema.study, trials())}")
    for name in schema.controls:
        if name in schema.arms:
            message = f"the trial has an arm {name!r} too; give the control a name of its own"
            yield document.problem(("controls", name), message)
    for i, day in enumerate(schema.visits.days):
        if day > total:
            message = f"visit on day {day} is after the end of follow-up (day {total})"
            yield document.problem(("visits", "days", i), message)
    if schema.response.window is None and schema.response.cycles is None:
        yield document.problem(
            ("response",), "needs a window (as in '12 weeks'), a number of cycles, or both"
        )


def trials() -> list[str]:
    """Trials that can be simulated, by name: studies of the record, ongoing trials by registry id."""
    return sorted(path.stem for path in DATA.glob("*.yaml"))


def trial_file(name: str) -> Path:
    """The file of a trial: by its name, or by another name or registry id of its study in the record.

    Upper and lower case are the same.

    Raises:
        DocumentError: no such trial (near names are offered), or only in the record.
    """
    wanted = name.strip().casefold()
    found = [known for known in trials() if known.casefold() == wanted]
    if not found:
        recorded = evidence.studies().values()
        named = [s.id for s in recorded if wanted in map(str.casefold, (s.id, *s.names, *s.registry))]
        found = [known for known in trials() if known in named]
        ongoing = [row.registry for row in evidence.ongoing() if row.registry.casefold() == wanted]
        if (
            ongoing and not found
        ):  # one registry id may stand for several trials, told apart by what follows it
            found = [known for known in trials() if known.startswith(f"{ongoing[0]}-")]
        if not found and (named or ongoing):
            known = (named + ongoing)[0]
            raise DocumentError(
                f"{known} is in the record, but its trial is not written; {near(known, trials())}"
            )
    if not found:
        raise DocumentError(f"unknown study {name!r}; {near(name, trials())}")
    if len(found) > 1:
        raise DocumentError(f"{name!r} is not one trial but {' and '.join(found)}")
    return DATA / f"{found[0]}.yaml"


@cache
def trial(name: str) -> Trial:
    """The trial of a published study. Unknown names raise DocumentError with the near ones."""
    return read_trial(trial_file(name))
