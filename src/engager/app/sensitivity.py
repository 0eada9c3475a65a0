"""The job behind ``engager sensitivity``: what the calibrated targets can say about which parameter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engager import __version__
from engager.app import rivals
from engager.app.evaluations import HELD, begin, evaluated, held_against, inputs
from engager.documents import DocumentError, Problem
from engager.engine import executor
from engager.inference import morris
from engager.inference.basis import basis, not_fitted
from engager.inference.prior import Prior, prior
from engager.inference.sensitivity import (
    ABOUT,
    NOTHING,
    TABLES,
    Sensitivity,
    Slopes,
    effects_table,
    parameter_tables,
    slopes,
    sobol_table,
)
from engager.io import MANIFEST, Store, unwritable, write_json, write_text

Floats = NDArray[np.float64]

TRAJECTORIES, MEMBERS = 6, 128

REPEATS = 8
"""Seeds with which the centre is evaluated; what differs between them is noise."""

GROUPS = 6
"""Parts that members are dealt out to for the test of polynomials, where there are no paths to leave out."""

FIRST = "step-0.jsonl"
"""What a calibration keeps of its first members."""


@dataclass(frozen=True)
class Asked:
    """A study of sensitivity that was asked for."""

    trajectories: int
    members: int
    seed: int
    studies: tuple[str, ...]
    fit: Path | None
    workers: int


def sensitivity(
    *,
    trajectories: int = TRAJECTORIES,
    members: int = MEMBERS,
    seed: int = 1,
    studies: Sequence[str] = (),
    fit: Path | None = None,
    out: Path,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """How every fitted parameter moves every calibrated target, and how rival structures do.

    A folder that holds an unfinished study with the same request is gone on with. Points are simulated in any order on
    any number of workers with the same result.

    Args:
        trajectories: paths along which every parameter is moved once, each as many evaluations as there are parameters
            and one more; without any, slopes over the members take the place of effects along paths.
        members: points of the prior that are evaluated beside, for the polynomials behind Sobol's indices.
        seed: with the record and the tables, all that the result depends on; every point has the same patients.
        studies: targets of these only; of all that are fitted if none is named.
        fit: folder of a calibration (to the same studies); its first members, drawn from the prior too, take the place
            of ``members``.
        out: folder of the study.
        workers: threads; all cores if None. Changes no result.
        progress: told how many evaluations of how many are done.

    Raises:
        DocumentError: what cannot be used; a folder that holds another study.
        KeyboardInterrupt: passed on; finished evaluations are kept, the same call goes on from them.
    """
    threads, named = workers or executor.default_workers(), tuple(sorted(set(studies)))
    asked = Asked(trajectories, 0 if fit else members, seed, named, fit, threads)
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
        "trajectories": (asked.trajectories, 0, 1000),
        "members": (asked.members, 0, 100_000),
        "seed": (asked.seed, 0, 2**63 - 1),
    }
    wrong = [
        Problem(None, f"--{name} {value}: must be from {low} to {high}")
        for name, (value, low, high) in limits.items()
        if not low <= value <= high
    ]
    wrong += not_fitted(asked.studies)
    if wrong:
        raise DocumentError(wrong)


def _request(asked: Asked) -> dict[str, Any]:
    own = {
        "trajectories": asked.trajectories,
        "members": asked.members,
        "seed": asked.seed,
        "studies": list(asked.studies),
    }
    if asked.fit is None:
        return own
    fit = _request_of_fit(asked.fit)
    if fit.get("studies", []) != own["studies"]:
        raise DocumentError(f"{asked.fit} was fitted to other studies: name the same ones with --study")
    return {**own, "fit": {"request": fit, "sha256": _sha(asked.fit / FIRST)}}


def _request_of_fit(folder: Path) -> dict[str, Any]:
    """What a calibration was asked for; DocumentError unless its first members are all there, of these inputs."""
    kept = Store(folder).manifest()
    request = dict(kept.get("request", {}))
    members, done = request.get("members"), folder / FIRST
    if not isinstance(members, int) or not done.exists():
        raise DocumentError(
            f"{folder} is no calibration whose first members were simulated: name one with --fit"
        )
    now = inputs()
    if any(now.get(name) != sha for name, sha in kept.get("inputs", {}).items()):
        raise DocumentError(f"{folder} was fitted to other inputs: calibrate again, or leave --fit out")
    many = done.read_text(encoding="utf-8").count("\n")
    if many < members:
        raise DocumentError(
            f"{folder} has {many} of its first {members} members; finish it with engager calibrate"
        )
    return request


def _sha(path: Path) -> str:
    """Checksum of a file's lines, in whichever order they were written: members finish as they do."""
    lines = sorted(path.read_text(encoding="utf-8").splitlines(keepends=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _found(asked: Asked, out: Path, progress: Callable[[int, int], None] | None) -> Sensitivity:
    known = prior()
    there = asked.fit is not None and (asked.fit / HELD).exists()
    wanted, _, errors = held_against(
        known, asked.seed, asked.fit if there and asked.fit else out, asked.studies
    )
    error = errors.whole
    path = morris.design(len(known.names), asked.trajectories, asked.seed)
    stops = path.points.reshape(-1, len(known.names))
    spread, first = _spread(asked, known)
    repeats = REPEATS if asked.trajectories else 0  # noise along paths; slopes have theirs beside them
    sizes = (
        repeats,
        len(stops),
        len(spread) if first is None else 0,
        (rivals.ROUNDS + 1) * len(rivals.variants()),
    )

    def told(part: int) -> Callable[[int], None] | None:
        done = sum(sizes[:part])
        return (lambda n: progress(done + n, sum(sizes))) if progress else None

    def at(points: Floats, name: str, part: int, apart: int = 0) -> Floats:
        """Targets in standard errors at points in prior standard deviations, with seeds that lie ``apart``."""
        values = [known.values(known.centre + known.sd * u) for u in points]
        seeds = [asked.seed + apart * i for i in range(len(points))]
        found = evaluated(values, wanted, seeds, out / name, asked.workers, told(part))
        return np.asarray(found.reshape(-1, len(wanted)) / np.sqrt(np.diag(error)))

    again = at(np.zeros((repeats, len(known.names))), "centre.jsonl", 0, apart=1)
    along = at(stops, "morris.jsonl", 1)
    beside = at(spread, "members.jsonl", 2) if first is None else first / np.sqrt(np.diag(error))
    if beside.shape[1] != len(wanted):
        raise DocumentError(
            f"{asked.fit} was fitted to {beside.shape[1]} targets, not to the {len(wanted)} there are"
        )
    points, values = np.vstack([stops, spread]), np.vstack([along, beside])
    straight = slopes(points, values)
    if asked.trajectories:
        moved = morris.effects(path, along.reshape(*path.points.shape[:2], -1))
        noise = np.nanstd(again, axis=0, ddof=1)
        effects, floor = (
            morris.summarised(moved),
            np.maximum(morris.noise_floor(noise, asked.trajectories), NOTHING),
        )
    else:
        effects, floor = _without_paths(straight), straight.floor
    dealt = np.arange(len(spread)) % (
        asked.trajectories or GROUPS
    )  # left out with that trajectory, where there is one
    groups = np.append(np.repeat(range(asked.trajectories), path.points.shape[1]), dealt)
    held = rivals.Held(known, wanted, error, straight.clear)
    about = {
        "request": _request(asked),
        "evaluations": sum(sizes),
        "inputs": basis(),
        "targets": [t.name for t in wanted],
        "engager": __version__,
    }
    return Sensitivity(
        effects_table(known, wanted, effects, floor),
        sobol_table(known, wanted, points, values, groups),
        *parameter_tables(known, wanted, effects, floor, held.slopes, held.correlation),
        *rivals.compared(held, asked.seed, out, asked.workers, told(3)),
        about,
    )


def _without_paths(straight: Slopes) -> morris.Effects:
    size = np.abs(straight.values)
    return morris.Effects(straight.values, size, np.full_like(size, np.nan))


def _spread(asked: Asked, known: Prior) -> tuple[Floats, Floats | None]:
    """Points drawn from the prior, in its standard deviations, and what they give where a calibration has them."""
    if asked.fit is None:
        return (known.sample(asked.members, asked.seed) - known.centre) / known.sd, None
    request = _request_of_fit(asked.fit)
    points = (known.sample(request["members"], request["seed"]) - known.centre) / known.sd
    rows = {
        r["member"]: r["values"] for r in map(json.loads, (asked.fit / FIRST).read_text("utf-8").splitlines())
    }
    return points, np.array([rows[i] for i in range(len(points))])


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
