"""What a fit rests on, as hashes: with any of it changed, its ensemble is an answer to another question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engager.documents import DocumentError, Problem, near
from engager.engine.integrate import step
from engager.evidence import Result, role_of, studies, study
from engager.evidence.split import DATA as SPLIT
from engager.inference import external
from engager.inference.prior import DATA
from engager.inference.targets import targets
from engager.model import Exposure, action, alone, rates
from engager.outcomes.response import DATA as CRITERIA
from engager.patients import Ensemble, person, population, structures, values
from engager.patients.population import DATA as POPULATION
from engager.patients.population import Disease
from engager.trials import trial, trial_file
from engager.trials.therapies import DATA as THERAPIES

DIGITS, LITTLE, DAYS = 7, 0.3, (0.02, 0.05, 0.1, 0.2, 0.5, 0.5, 0.5, 0.5)
"""Digits that rates are compared to, by how much treatments are moved there, and steps [day] from entry to there."""

DIFFERENT = (
    (0.5, 1e-3, 0.9, 0.2), (0, 1, 2, 1), (1, 0, 1, 0), (0, 1, 0, 0), (0, 0, 1, 1), (0, 0, 0.5, 1e-4), (0, 1, 1, 0)
)  # fmt: skip
"""Disease of four patients in whom every term of the equations acts (see ``patients.Disease``)."""


def basis(fitted: Iterable[str] | None = None) -> dict[str, str]:
    """Hashes of the numbers of the parameter table, the structures, the prior, the split, the calibrated rows and
    the trials and regimens of their studies, the response criteria, what each drug does, the model's equations (what
    they give, so that they may be written otherwise), and the facts from outside the record with the trials that only
    they need.

    Args:
        fitted: studies of the record that were fitted to, where they are known; all are read if None.
    """
    numbers = [(p.name, p.value, p.distribution, p.sd, p.prior_factor) for p in population().values()]
    return {
        "parameters.csv": _sha(json.dumps(numbers)),
        "structure_values.csv": _file(POPULATION / "structure_values.csv"),
        "structures.csv": _sha(json.dumps([(n, s.default) for n, s in sorted(structures().items())])),
        "fit.csv": _file(DATA / "fit.csv"),
        "split.csv": _file(SPLIT / "split.csv"),
        "calibrated rows": _rows(studies() if fitted is None else fitted),
        "facts from outside": _outside(),
        "trials": _trials(studies() if fitted is None else fitted),
        "response_criteria.csv": _file(CRITERIA / "response_criteria.csv"),
        "therapies.csv": _file(THERAPIES / "therapies.csv"),
        "equations": equations(),
    }


def fitted_studies() -> list[str]:
    """Studies that the fit is held against: those of the record that have a calibrated row, and those from outside."""
    return list(dict.fromkeys(t.study for t in targets()))


def not_fitted(names: Iterable[str]) -> list[Problem]:
    """What is wrong with ``names`` as studies to fit."""
    problems, may = list[Problem](), fitted_studies()
    for name in dict.fromkeys(names):
        if name in may:
            continue
        if name in studies():
            roles = ", ".join(sorted({role_of(row) for row in study(name).results}))
            problems.append(Problem(None, f"{name} must not be fitted: its rows are {roles} (see split.csv)"))
        else:
            problems.append(Problem(None, f"unknown study {name!r}; {near(name, may)}"))
    return problems


def same_basis(found: Ensemble) -> None:
    """Raise DocumentError where an ensemble was fitted to something else than what there is now."""
    kept = found.about.get("basis", {})
    now = basis(found.about.get("studies", ()))
    changed = [name for name, sha in now.items() if kept.get(name) != sha]
    if changed:
        raise DocumentError(
            f"the ensemble was fitted with other contents of {', '.join(changed)}: fit it again with engager "
            "calibrate, or simulate with --parameters point, the values of the parameter table"
        )


def _rows(names: Iterable[str]) -> str:
    rows: list[Any] = []
    for name in sorted(names):
        if name in studies():
            rows += [row.model_dump(mode="json", exclude={"place"}) for row in _calibrated(name)]
    return _sha(json.dumps(rows, sort_keys=True))


def _outside() -> str:
    words = {"place", "note"}
    rows: list[Any] = [row.model_dump(mode="json", exclude=words) for row in external.results()]
    rows += [[q.result.model_dump(mode="json", exclude=words), q.error] for q in external.quantities()]
    trials = [path.read_text(encoding="utf-8") for path in sorted((external.DATA / "trials").glob("*.yaml"))]
    return _sha(json.dumps([rows, trials], sort_keys=True))


def _trials(names: Iterable[str]) -> str:
    """Trial files of the studies that have calibrated rows, and the regimens that they give."""
    fitted = [name for name in sorted(names) if name in studies() and _calibrated(name)]
    given = [repr(trial(name).all_regimens) for name in fitted]
    return _sha("".join([*(trial_file(name).read_text(encoding="utf-8") for name in fitted), *given]))


@cache
def equations() -> str:
    """Hash of the rates of every state, to ``DIGITS`` digits, in four patients at entry and under treatment."""
    v = values()
    own = {**v, "CL": v["CL_main"], "hne": v["h0ne"]}
    p, entry, _ = person(own, Disease(*np.array(DIFFERENT)))
    zero, states, found = np.zeros(len(entry.Tb)), [entry], list[str]()
    for h in DAYS:
        a = action(alone(zero + LITTLE, np), p, np)
        states.append(step(lambda y, at: rates(y, at, p, np), states[-1], a, a, h, np))
    for field in Exposure._fields:
        x = alone(zero + LITTLE, np)._replace(A=zero + LITTLE)
        x = x._replace(**{field: getattr(x, field) + LITTLE})
        a = action(x, p, np)
        both = [rate + zero for y in (entry, states[-1]) for part in rates(y, a, p, np) for rate in part]
        found += [f"{rate:.{DIGITS}e}" for rate in np.concatenate(both)]
    return _sha(" ".join(found))


def _calibrated(name: str) -> list[Result]:
    return [row for row in study(name).results if role_of(row) == "calibrated"]


def _file(path: Path) -> str:
    return _sha(path.read_text(encoding="utf-8"))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
