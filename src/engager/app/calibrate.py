"""The fit: an ensemble of parameter sets that the calibrated part of the record is likely under."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager import __version__
from engager.documents import DocumentError
from engager.engine import executor
from engager.inference import forward
from engager.inference.prior import DATA, Prior, frame, prior
from engager.inference.smoother import assimilate, inflations
from engager.inference.targets import Target, targets
from engager.io import MANIFEST, Store, write_json
from engager.patients.population import DATA as POPULATION

Floats = NDArray[np.float64]

CALIBRATIONS = Path("calibrations")
ERROR_REPLICATES = 120
"""Replicates from which the error of a printed trial is taken."""


@dataclass(frozen=True)
class Asked:
    """A calibration that was asked for."""

    members: int
    steps: int
    seed: int
    workers: int


def calibrate(
    *,
    members: int = 256,
    steps: int = 4,
    seed: int = 1,
    out: Path,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Fit the population to the calibrated part of the record.

    A folder that holds an unfinished fit with the same request is gone on with. Members are simulated in any order on
    any number of workers with the same result.

    Returns:
        The posterior ensemble, one row a member, one column a parameter.
    """
    asked = Asked(members, steps, seed, workers or executor.default_workers())
    known, store = prior(), Store(out)
    with store.locked():
        _begin(asked, out)
        wanted, left_out, error = _data(asked, known, out)
        observed = np.array([t.observed for t in wanted])
        points = known.sample(members, np.random.default_rng([seed, 0]))
        total = members * (steps + 1)
        for step in range(steps + 1):
            told = (lambda done, step=step: progress(step * members + done, total)) if progress else None
            found = _simulated(asked, known, wanted, points, step, out, told)
            if step == steps:
                break
            rng = np.random.default_rng([seed, 1 + step])
            inflation = float(inflations(steps)[step])
            points = assimilate(points, found, observed, error, inflation, rng)
        fitted = pl.DataFrame(frame(known, points))
        fitted.write_parquet(out / "ensemble.parquet")
        _fit(wanted, found, error).write_csv(out / "fit.csv")
        store.note(status="complete", left_out=[t.name for t in left_out])
    return fitted


def _begin(asked: Asked, out: Path) -> None:
    """The manifest, or the check that it asks for the same."""
    import hashlib

    names = {"fit": DATA / "fit.csv", "parameters": POPULATION / "parameters.csv"}
    inputs = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in names.items()}
    request = {"members": asked.members, "steps": asked.steps, "seed": asked.seed}
    mine = {"request": request, "inputs": inputs, "version": __version__}
    if (out / MANIFEST).exists():
        kept = Store(out).manifest()
        differ = [key for key, value in mine.items() if kept.get(key) != value]
        if differ:
            raise DocumentError(f"{out} holds a fit with another {' and '.join(differ)}; name another folder")
        return
    write_json(out / MANIFEST, {**mine, "status": "running"})


def _data(asked: Asked, known: Prior, out: Path) -> tuple[list[Target], list[Target], Floats]:
    """Targets that can be simulated, those that cannot, and the covariance of their error."""
    every = targets()
    many = dict.fromkeys((t.study for t in every), ERROR_REPLICATES)
    at_prior = forward.at(known.values(known.centre), every, asked.seed, many)
    wanted, left_out = forward.simulable(every, at_prior)
    kept = {study: values[:, np.isfinite(values).any(axis=0)] for study, values in at_prior.items()}
    shown = {study: forward.replicates(study) for study in kept}
    return wanted, left_out, forward.error(kept, shown, wanted)


def _simulated(
    asked: Asked,
    known: Prior,
    wanted: list[Target],
    points: Floats,
    step: int,
    out: Path,
    told: Callable[[int], None] | None,
) -> Floats:
    """What every member gives for the targets [member, target]; members found in the folder are not simulated again."""
    path = out / f"step-{step}.jsonl"
    done = {row["member"]: row["values"] for row in _read(path)}
    seed = asked.seed + 1000 * (1 + step)

    def work(member: int) -> list[float]:
        found = forward.at(known.values(points[member]), wanted, seed)
        return [float(v) for v in forward.means(found)]

    missing = [i for i in range(len(points)) if i not in done]
    with path.open("a", encoding="utf-8") as lines:
        for member, values in executor.as_finished(work, missing, asked.workers):
            done[member] = values
            lines.write(json.dumps({"member": member, "values": values}) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
            if told:
                told(len(done))
    found = np.array([done[i] for i in range(len(points))])
    # where nobody is in a group there is nothing to say
    return np.where(np.isfinite(found), found, np.nanmean(found, axis=0))


def _read(path: Path) -> list[dict[str, Any]]:
    """Finished members; a line that was cut off counts as none."""
    rows = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
    return rows


def _fit(wanted: list[Target], found: Floats, error: Floats) -> pl.DataFrame:
    """Every target with what the ensemble gives, in standard errors of the printed trial."""
    sd = np.sqrt(np.diag(error))
    middle, low, high = np.quantile(found, [0.5, 0.05, 0.95], axis=0)
    return pl.DataFrame(
        {
            "target": [t.name for t in wanted],
            "observed": [t.observed for t in wanted],
            "median": middle, "lower": low, "upper": high, "standard_error": sd,
            "z": (middle - np.array([t.observed for t in wanted])) / sd,
        }
    )  # fmt: skip
