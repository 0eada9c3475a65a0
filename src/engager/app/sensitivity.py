"""The job behind ``engager sensitivity``: what the calibrated targets can say about which parameter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engager import __version__
from engager.app import rivals
from engager.app.evaluations import begin, evaluated, held_against
from engager.documents import DocumentError, Problem
from engager.engine import executor
from engager.inference import forward, morris
from engager.inference.basis import basis
from engager.inference.prior import Prior, prior
from engager.inference.sensitivity import (
    ABOUT,
    TABLES,
    Sensitivity,
    effects_table,
    parameter_tables,
    slopes,
    sobol_table,
)
from engager.inference.targets import Target, targets
from engager.io import MANIFEST, Store, unwritable, write_json, write_text

Floats = NDArray[np.float64]

TRAJECTORIES, MEMBERS = 6, 128

HELD = "targets.json"


@dataclass(frozen=True)
class Asked:
    """A study of sensitivity that was asked for."""

    trajectories: int
    members: int
    seed: int
    workers: int


def sensitivity(
    *,
    trajectories: int = TRAJECTORIES,
    members: int = MEMBERS,
    seed: int = 1,
    out: Path,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """How every fitted parameter moves every calibrated target, and how rival structures do.

    A folder that holds an unfinished study with the same request is gone on with. Points are simulated in any order on
    any number of workers with the same result.

    Args:
        trajectories: paths along which every parameter is moved once, each as many evaluations as there are parameters
            and one more.
        members: points of the prior that are evaluated beside, for the polynomials behind Sobol's indices.
        seed: with the record and the tables, all that the result depends on; every point has the same patients.
        out: folder of the study.
        workers: threads; all cores if None. Changes no result.
        progress: told how many evaluations of how many are done.

    Raises:
        DocumentError: what cannot be used; a folder that holds another study.
        KeyboardInterrupt: passed on; finished evaluations are kept, the same call goes on from them.
    """
    asked = Asked(trajectories, members, seed, workers or executor.default_workers())
    _check(asked)
    store = Store(out)
    if not (out / MANIFEST).exists():
        store.check(0)
    with store.locked():
        begin(out, "study of sensitivity", _request(asked))
        try:
            found = _found(asked, out, progress)
        except KeyboardInterrupt as stop:
            stop.add_note("the same command again")
            raise
        _keep(found, out)
        store.note(status="complete")
    return found


def _check(asked: Asked) -> None:
    limits = {
        "trajectories": (asked.trajectories, 2, 1000),
        "members": (asked.members, 0, 100_000),
        "seed": (asked.seed, 0, 2**63 - 1),
    }
    wrong = [
        Problem(None, f"--{name} {value}: must be from {low} to {high}")
        for name, (value, low, high) in limits.items()
        if not low <= value <= high
    ]
    if wrong:
        raise DocumentError(wrong)


def _request(asked: Asked) -> dict[str, Any]:
    return {"trajectories": asked.trajectories, "members": asked.members, "seed": asked.seed}


def _found(asked: Asked, out: Path, progress: Callable[[int, int], None] | None) -> Sensitivity:
    known = prior()
    wanted, error = _held(known, asked.seed, out)
    sd = np.sqrt(np.diag(error))
    path = morris.design(len(known.names), asked.trajectories, asked.seed)
    stops = path.points.reshape(-1, len(known.names))
    spread = (known.sample(asked.members, asked.seed) - known.centre) / known.sd
    sizes = (len(stops), asked.members, (rivals.ROUNDS + 1) * len(rivals.variants()))

    def told(part: int) -> Callable[[int], None] | None:
        done = sum(sizes[:part])
        return (lambda n: progress(done + n, sum(sizes))) if progress else None

    def at(points: Floats, name: str, part: int) -> Floats:
        values = [known.values(known.centre + known.sd * u) for u in points]
        return evaluated(values, wanted, asked.seed, out / name, asked.workers, told(part)).reshape(
            -1, len(wanted)
        )

    along = at(stops, "morris.jsonl", 0)
    moved = morris.effects(path, (along / sd).reshape(*path.points.shape[:2], -1))
    effects = morris.summarised(moved)
    noise = np.array([(1 + forward.replicates(t.study)) ** -0.5 for t in wanted])
    floor = morris.noise_floor(noise, asked.trajectories)
    held = rivals.Held(known, wanted, error, slopes(effects, floor))
    parameters, pairs = parameter_tables(known, wanted, effects, floor, held.correlation)
    beside = at(spread, "members.jsonl", 1)
    groups = np.append(
        np.repeat(range(asked.trajectories), path.points.shape[1]),
        np.arange(asked.members) % asked.trajectories,
    )
    sobol = sobol_table(known, wanted, np.vstack([stops, spread]), np.vstack([along, beside]) / sd, groups)
    compared = rivals.compared(held, asked.seed, out, asked.workers, told(2))
    about = {
        "request": _request(asked),
        "evaluations": sum(sizes),
        "inputs": basis(),
        "targets": [t.name for t in wanted],
        "engager": __version__,
    }
    return Sensitivity(
        effects_table(known, wanted, effects, floor), sobol, parameters, pairs, *compared, about
    )


def _held(known: Prior, seed: int, out: Path) -> tuple[list[Target], Floats]:
    """Targets, study by study, and the covariance of their errors; computed once a folder."""
    path = out / HELD
    if not path.exists():
        wanted, _, error = held_against(known, seed)
        write_json(path, {"targets": [t.result.id for t in wanted], "error": error.tolist()})
    kept = json.loads(path.read_text(encoding="utf-8"))
    by_id = {t.result.id: t for t in targets()}
    return [by_id[name] for name in kept["targets"]], np.array(kept["error"])


def _keep(found: Sensitivity, out: Path) -> None:
    """The tables and the picture."""
    from engager.reports.heat_map import heat_map  # matplotlib is loaded when the numbers are done

    try:
        for name in TABLES:
            write_text(out / f"{name}.csv", getattr(found, name).write_csv(float_precision=4))
        write_json(out / ABOUT, found.about)
        drawn = heat_map(found)
        write_text(out / f"{drawn.name}.svg", drawn.svg)
    except OSError as error:
        raise unwritable(out, error) from None
