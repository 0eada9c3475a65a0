"""What a run is asked to do, checked: the trial, how many patients and repetitions, seed, structures; its manifest."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engager import __version__
from engager.app.program import CODE, code, program
from engager.documents import DocumentError, Problem, read_yaml
from engager.engine import executor
from engager.inference.basis import same_basis
from engager.io import Store, place
from engager.outcomes.response import DATA as CRITERIA
from engager.patients import Ensemble, ensemble, read_ensemble, values
from engager.patients.population import DATA as POPULATION
from engager.regimens import regimen
from engager.trials import Trial, read_trial, trial, trial_file
from engager.trials.conduct import LANES, horizon
from engager.trials.controls import under_control
from engager.trials.course import STEPS
from engager.trials.further_lines import SALVAGE
from engager.trials.history import TABLES
from engager.trials.shards import BATCH, Setup, setup, shards
from engager.trials.therapies import DATA as THERAPIES

LARGEST = 1_000_000_000
"""Most patients in one run: beyond that a shard list alone would not fit."""

MOST_WORKERS = 1024
LARGEST_BATCH = 65_536
LARGEST_SEED = 2**63 - 1

BYTES_PER_VISIT, BYTES_PER_PATIENT, REPORT_BYTES = 16, 300, 2_000_000
"""What a blood visit, the rest of a patient, and the report take on the disk (measured, rounded up)."""

REFERENCE = "reference"
"""Folder, within a run, of the published study's own trial when a changed copy is simulated."""

CONTROL = "control-{number}"
"""Folder, within a run, of the same patients under a virtual control, numbered from 1 as in the trial file."""


POINT, ENSEMBLE = "point", "ensemble"
"""Population parameters of a run: the values of the parameter table, or those of the fitted ensemble; any other word is
the folder of a calibration."""

SHIPPED = ENSEMBLE
"""What a run takes unless it says otherwise."""


@dataclass(frozen=True)
class Request:
    """A run that was asked for, checked."""

    trial: Trial
    source: str
    text: str
    patients: int
    replicates: int
    seed: int
    workers: int
    batch: int
    switched: tuple[str, ...] = ()
    parameters: str = POINT
    ensemble: Ensemble | None = None

    def prepared(self, trial: Trial) -> Setup:
        """What the shards of ``trial``, the request's own or one beside it, share."""
        return setup(trial, self.seed, self.switched, ensemble=self.ensemble)


def requested(
    source: str,
    *,
    patients: int | None = None,
    replicates: int = 100,
    seed: int = 1,
    workers: int | None = None,
    batch: int | None = None,
    switched: Sequence[str] = (),
    parameters: str = SHIPPED,
    text: str | None = None,
) -> Request:
    """A request that can be run; arguments as for :func:`engager.app.simulate.simulate`. ``text`` is the trial file's
    where it has been read already.

    Raises:
        DocumentError: what cannot be used, all problems at once.
    """
    problems: list[Problem] = []
    limits = {
        "patients": (patients, 1, LARGEST),
        "replicates": (replicates, 1, LARGEST),
        "seed": (seed, 0, LARGEST_SEED),
        "workers": (workers, 1, MOST_WORKERS),
        "batch": (batch, 1, LARGEST_BATCH),
    }
    for name, (value, low, high) in limits.items():
        if value is not None and not low <= value <= high:
            problems.append(Problem(None, f"--{name} {value}: must be from {low} to {high}"))
    chosen: Trial | None = None
    try:
        chosen, text = _trial(source) if text is None else (read_trial(read_yaml(text, name=source)), text)
    except DocumentError as error:
        problems += error.problems
    try:
        values(switched=switched)
    except DocumentError as error:
        problems += error.problems
    members: Ensemble | None = None
    try:
        members = _ensemble(parameters)
    except DocumentError as error:
        problems += error.problems
    if problems or chosen is None or text is None:
        raise DocumentError(problems)
    number = patients or chosen.patients
    if number * replicates > LARGEST:
        raise DocumentError(f"{number:,} patients × {replicates:,} replicates are more than {LARGEST:,}")
    workers = workers or executor.default_workers()
    names = tuple(sorted(set(switched)))
    return Request(
        chosen, source, text, number, replicates, seed, workers, batch or BATCH, names, parameters, members
    )


def _ensemble(parameters: str) -> Ensemble | None:
    """The ensemble that is asked for, if it was fitted to this parameter table and this record."""
    if parameters == POINT:
        return None
    found = ensemble() if parameters == ENSEMBLE else read_ensemble(place(parameters))
    same_basis(found)
    return found


def _trial(source: str) -> tuple[Trial, str]:
    path = Path(source)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return read_trial(path), path.read_text(encoding="utf-8")
    file = trial_file(source)
    return trial(file.stem), file.read_text(encoding="utf-8")


def asked_before(store: Store, workers: int | None = None) -> Request:
    """What the run in ``store`` was asked to do, with the trial as its folder keeps it.

    Raises:
        DocumentError: the folder holds no run, or one that cannot be read.
    """
    asked = store.manifest()["request"]
    request = requested(
        str(store.folder / "trial.yaml"),
        workers=workers,
        text=store.text("trial.yaml"),
        **{name: asked[name] for name in ("patients", "replicates", "seed", "batch", "switched")},
        parameters=asked.get("parameters", POINT),
    )
    return replace(request, source=asked["source"])


def same_inputs(store: Store, again: Request) -> None:
    """Raise DocumentError where the inputs of a run are no longer what they were when it was begun."""
    kept = store.manifest()["inputs"]
    changed = [name for name, value in manifest(again)["inputs"].items() if value != kept.get(name)]
    if changed:
        raise DocumentError(
            f"{store.folder} was begun with other inputs ({', '.join(changed)} changed since); simulate it anew"
        )


def space(r: Request) -> int:
    """Bytes that the run will take on the disk, about."""
    each = BYTES_PER_PATIENT + len(r.trial.visits.days) * BYTES_PER_VISIT
    trials = 1 + len(trials_beside(r.trial))
    return REPORT_BYTES + trials * each * r.patients * r.replicates


def manifest(r: Request) -> dict[str, Any]:
    packages = ("jax", "jaxlib", "numpy", "scipy", "polars", "statsmodels")
    return {
        "engager": __version__,
        "status": "running",
        "request": {
            "source": r.source, "trial": r.trial.name, "patients": r.patients,
            "replicates": r.replicates, "seed": r.seed, "batch": r.batch, "switched": list(r.switched),
            "parameters": r.parameters,
        },
        "inputs": {
            "trial.yaml": _sha(r.text),
            "regimens": _sha(repr([*r.trial.all_regimens, regimen(SALVAGE)])),
            "therapies.csv": _sha((THERAPIES / "therapies.csv").read_text(encoding="utf-8")),
            "published study": _sha(trial_file(r.trial.study).read_text(encoding="utf-8")) if r.trial.study else "",
            **{
                name: _sha((POPULATION / name).read_text(encoding="utf-8"))
                for name in ("parameters.csv", "structures.csv", "structure_values.csv")
            },
            "response_criteria.csv": _sha((CRITERIA / "response_criteria.csv").read_text(encoding="utf-8")),
            "engager": __version__,
            "ensemble": r.ensemble.digest if r.ensemble else "",
            "tables": ", ".join(TABLES),
            "shards": _cut(r.patients, r.replicates),
        },
        "numerics": {
            "precision": "float32", "horizon_days": horizon(r.trial), "lanes": LANES,
            "steps_per_day_with_drug": sum(map(len, STEPS)), "steps_per_day_without": len(STEPS),
        },
        "program": {**program(), CODE: code()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": {"platform": platform.platform(), "processor": platform.machine()},
        "requested": r.patients * r.replicates,
        "shards": len(shards(r.patients, r.replicates)),
        "beside": list(trials_beside(r.trial)),
    }  # fmt: skip


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _cut(patients: int, replicates: int) -> str:
    """Checksum of which patients each shard of a run holds, by number: records name shards by number alone."""
    found = hashlib.sha256()
    for segments in shards(patients, replicates):
        found.update(f"{[tuple(segment) for segment in segments]}\n".encode())
    return found.hexdigest()


def _published(t: Trial) -> Trial | None:
    """The published study's own trial, if ``t`` is a changed copy of it."""
    if t.study is None:
        return None
    own = trial(t.study)
    return None if own.same_design(t) else own


def trials_beside(t: Trial) -> dict[str, Trial]:
    """Trials that are conducted with the same patients, by their folder within the run: the published study's own,
    and one for each virtual control."""
    original = _published(t)
    controls = {
        CONTROL.format(number=i): under_control(t, name) for i, name in enumerate(t.controls, start=1)
    }
    return controls if original is None else {REFERENCE: original, **controls}
