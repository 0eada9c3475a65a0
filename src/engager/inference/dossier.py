"""Everything that a credibility dossier shows, with where each number comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from engager.documents import DocumentError, Row, read_table
from engager.inference.credibility import DATA, Question
from engager.inference.criteria import Judged
from engager.inference.prior import DATA as ROOM
from engager.inference.provenance import of_text
from engager.inference.scoreboard import Board
from engager.inference.sensitivity import Sensitivity
from engager.patients import Ensemble, Structure, ensemble, read_ensemble

FIT = ROOM / "fit"
"""Tables of the calibration that is shipped; its ensemble is among the patients' data."""

ALLOWED = 0.05
"""Error of log10 blasts that changes no number of a trial: an aspirate is read with tenths."""

TABLES = ("targets", "posterior", "trace")

ABOUT = "about.json"
"""Hashes of the tables and of the ensemble that one calibration left."""


@dataclass(frozen=True)
class ProgramCheck:
    """A check of the program that ran for the dossier."""

    name: str
    well: bool
    found: str


@dataclass(frozen=True)
class Refined:
    """Largest errors [log10] with each default step divided by ``divided``: of blasts, and of the state ``worst``."""

    divided: int
    steps_a_day: int
    blasts: float
    largest: float
    worst: str


@dataclass(frozen=True)
class Run:
    """A run that was scored: what identifies it and what it rests on.

    id: given when it was begun. sha256: of its results (``Store.digest``). ensemble: hash of the ensemble that its
    parameters were drawn from, empty for the values of the parameter table. assumptions: how many its trial, cohort and
    regimens list.
    """

    study: str
    id: str
    sha256: str
    patients: int
    replicates: int
    seed: int
    switched: tuple[str, ...]
    parameters: str
    ensemble: str
    engager: str
    simulated: int
    failed: int
    assumptions: int


@dataclass(frozen=True)
class FitTables:
    """What a calibration left: see :class:`engager.inference.fit.Fit`. sha256: of its ensemble."""

    targets: pl.DataFrame
    posterior: pl.DataFrame
    trace: pl.DataFrame
    sha256: str


@dataclass(frozen=True)
class Scatter:
    """Standard deviations of a simulated number over replicates, in its own unit: what parameters differ by, and what
    trials of that size differ by."""

    id: str
    study: str
    role: str
    parameters: float
    sampling: float

    @property
    def share(self) -> float | None:
        """Share of the variance that is the parameters'."""
        total = self.parameters**2 + self.sampling**2
        return self.parameters**2 / total if total else None


@dataclass(frozen=True)
class Assumption:
    """A parameter that was not measured, with its influence on the calibrated targets; ``mu_star`` is None where no
    study of sensitivity moved it."""

    parameter: str
    value: float
    unit: str
    standing: str
    meaning: str
    source: str
    mu_star: float | None
    targets: int | None
    strongest: str | None


@dataclass(frozen=True)
class Dossier:
    """A dossier. Where something is not there, ``missing`` says what and how it is made.

    board: the scoreboard; judged: the question's criteria, held against it. files: SHA-256 of every file that numbers
    come from, by its name. sources: citations of the record, by name.
    """

    question: Question
    asked_in: str
    engager: str
    folder: str
    judged: tuple[Judged, ...]
    checks: tuple[ProgramCheck, ...]
    refined: tuple[Refined, ...]
    versions: Mapping[str, str]
    activities: tuple[Mapping[str, str], ...]
    fit: FitTables | None
    board: Board
    runs: tuple[Run, ...]
    spread: tuple[Scatter, ...]
    sensitivity: Sensitivity | None
    assumptions: tuple[Assumption, ...]
    structures: tuple[Structure, ...]
    limits: tuple[Mapping[str, str], ...]
    missing: Mapping[str, str]
    files: Mapping[str, str]
    sources: Mapping[str, str]


def activities() -> list[Row]:
    """What is tested, by the factors of V&V 40, and where."""
    return read_table(DATA / "activities.csv", ("factor", "activity", "where"))


def limits() -> list[Row]:
    """What the model does not say, or should not be read to say; the one list of it."""
    return read_table(DATA / "limits.csv", ("about", "limit"))


def read_fit_tables(folder: Path = FIT) -> FitTables:
    """Read the tables of the calibration that is shipped.

    Raises:
        DocumentError: one is not there or cannot be read, or they are not those that came with the ensemble that is
            shipped.
    """
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        tables = {name: pl.read_csv(folder / f"{name}.csv", infer_schema_length=None) for name in TABLES}
        found = _hashes(folder, ensemble())
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise DocumentError(
            f"{folder} holds no finished calibration ({error}): engager calibrate makes one, make ship puts it here"
        ) from None
    other = [name for name, sha in found.items() if about.get(name) != sha]
    if other:
        raise DocumentError(
            f"{folder} is of another fit than the ensemble that runs use ({', '.join(other)} not as {ABOUT} has it): "
            "ship both from one engager calibrate with make ship"
        )
    return FitTables(**tables, sha256=ensemble().digest)


def bind(fit: Path | str, folder: Path = FIT) -> None:
    """Note in ``folder``, where the tables of a calibration are shipped, which ensemble the calibration in ``fit`` left
    with them; ``make ship`` does it.

    Raises:
        DocumentError: there is no ensemble in ``fit``.
        OSError: a table is not there, or the note cannot be written.
    """
    text = json.dumps(_hashes(Path(fit), read_ensemble(Path(fit))), indent=1)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")


def _hashes(folder: Path, found: Ensemble) -> dict[str, str]:
    return {"ensemble": found.digest, **{f"{name}.csv": of_text(folder / f"{name}.csv") for name in TABLES}}
