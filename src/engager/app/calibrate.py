"""The fit: an ensemble of parameter sets that the calibrated part of the record is likely under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.app.evaluations import begin, evaluated, held_against
from engager.engine import executor
from engager.inference.prior import Prior, frame, prior
from engager.inference.smoother import assimilate, inflations
from engager.inference.targets import Target
from engager.io import Store

Floats = NDArray[np.float64]

CALIBRATIONS = Path("calibrations")


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
        begin(out, "fit", {"members": members, "steps": steps, "seed": seed})
        wanted, left_out, error = held_against(known, seed)
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
    values = [known.values(z) for z in points]
    seed = asked.seed + 1000 * (1 + step)
    found = evaluated(values, wanted, seed, out / f"step-{step}.jsonl", asked.workers, told)
    # where nobody is in a group there is nothing to say
    return np.where(np.isfinite(found), found, np.nanmean(found, axis=0))


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
