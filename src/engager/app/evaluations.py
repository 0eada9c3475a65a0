"""Many points of the parameters, each held against the calibrating trials: resumable, on any number of workers.

One line of JSON a finished point, flushed to the disk, so that whatever ends the work loses at most what is running.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engager import __version__
from engager.app.program import CODE, code, program
from engager.documents import DocumentError
from engager.engine import cluster, executor
from engager.engine.cluster import Cluster
from engager.inference import forward
from engager.inference.basis import basis
from engager.inference.forward import Errors
from engager.inference.prior import Prior
from engager.inference.targets import Target, targets
from engager.io import MANIFEST, Store, write_json

Floats = NDArray[np.float64]

HELD = "targets.json"
"""Targets and the covariance of their errors."""

ERROR_PATIENTS, FEWEST, MOST = 6000, 60, 200
"""Patients that the error of a study's printed results is taken from, and fewest and most of its replicates."""


@cache
def inputs() -> dict[str, str]:
    """What the numbers of an evaluation depend on beside its point: what the fit rests on, code, packages, compiler."""
    return {**basis(), **program(), CODE: code()}


def begin(out: Path, what: str, request: Mapping[str, Any]) -> None:
    """Write the manifest of ``what`` (``"fit"``), or check that the folder's asks for the same.

    Raises:
        DocumentError: the folder holds another request, or one of other inputs or another version.
    """
    mine = {"request": dict(request), "inputs": inputs(), "version": __version__}
    if (out / MANIFEST).exists():
        kept = Store(out).manifest()
        differ = [key for key, value in mine.items() if kept.get(key) != value]
        if differ:
            raise DocumentError(
                f"{out} holds a {what} with another {' and '.join(differ)}; name another folder"
            )
        return
    write_json(out / MANIFEST, {**mine, "status": "running"})


def held_against(
    known: Prior, seed: int, folder: Path, studies: Sequence[str] = ()
) -> tuple[list[Target], list[Target], Errors]:
    """Targets (of ``studies`` only, where some are named) that can be simulated, study by study; those that cannot; the
    errors of the first, from trials simulated at the centre of the prior. What was worked out in ``folder`` before is
    read again."""
    path = folder / HELD
    if not path.exists():
        wanted, left_out, held = _held_against(known, seed, studies)
        names = {"wanted": [t.name for t in wanted], "left_out": [t.name for t in left_out]}
        write_json(path, {**names, **{name: part.tolist() for name, part in held._asdict().items()}})
    kept = json.loads(path.read_text(encoding="utf-8"))
    wanted, left_out = ([_named()[name] for name in kept[which]] for which in ("wanted", "left_out"))
    return wanted, left_out, Errors(*(np.array(kept[name]) for name in Errors._fields))


def _held_against(
    known: Prior, seed: int, studies: Sequence[str]
) -> tuple[list[Target], list[Target], Errors]:
    every = [t for t in targets() if not studies or t.study in studies]
    many = {
        name: min(max(ERROR_PATIENTS // forward.designed(mine).patients, FEWEST), MOST)
        for name in dict.fromkeys(t.study for t in every)
        if (mine := [t for t in every if t.study == name])
    }
    at_prior = forward.at(known.values(known.centre), every, seed, many)
    wanted, left_out = forward.simulable(every, at_prior)
    kept = {study: values[:, np.isfinite(values).any(axis=0)] for study, values in at_prior.items()}
    shown = {study: forward.replicates([t for t in wanted if t.study == study]) for study in kept}
    return wanted, left_out, forward.errors(kept, shown, wanted)


Piece = tuple[int, int, dict[str, float]]
"""A point to be evaluated: its number, its seed, its parameters by name."""


@dataclass(frozen=True)
class Order:
    """What the points of one evaluation share: names of the targets, and what a worker must have like we do."""

    names: tuple[str, ...]
    expected: Mapping[str, str]


def evaluated(
    points: Sequence[Mapping[str, float]],
    wanted: Sequence[Target],
    seeds: Sequence[int],
    path: Path,
    workers: int,
    told: Callable[[int], None] | None = None,
    crew: Cluster | None = None,
) -> Floats:
    """What every point gives for the targets; points that ``path`` holds are not simulated again.

    Args:
        points: parameters by name; what a point does not name is as in the population's table.
        seeds: of the points: one and the same where they shall differ in nothing but their parameters.
        path: file of finished points, written on.
        told: called with the number of finished points.
        crew: takes the points in place of ``workers`` threads of this process.

    Returns:
        [point, target in the order of ``wanted``, study by study] on the targets' scales; nan where nobody is in a
        target's group.
    """
    done = {row["member"]: row["values"] for row in _finished(path)}
    missing = [(i, seeds[i], dict(points[i])) for i in range(len(points)) if i not in done]
    work = partial(_evaluate, Order(tuple(t.name for t in wanted), {"engager": __version__, **inputs()}))
    found = crew.as_finished(work, missing) if crew else executor.as_finished(work, missing, workers)
    with closing(found), path.open("a", encoding="utf-8") as lines:
        for (member, _, _), values in found:
            done[member] = values
            lines.write(json.dumps({"member": member, "values": values}) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
            if told:
                told(len(done))
    return np.array([done[i] for i in range(len(points))])


def _evaluate(order: Order, piece: Piece) -> list[float]:
    """One point, here or on a worker.

    Raises:
        DocumentError: this worker has another version, record or tables than who gave the order.
    """
    here = {"engager": __version__, **inputs()}
    differ = [name for name, value in order.expected.items() if here.get(name) != value]
    if differ:
        raise DocumentError(
            f"{cluster.here()} refuses: {', '.join(differ)} differ there; all machines of a fit need the same "
            "engager, packages and tables, finished members are kept"
        )
    _, seed, values = piece
    known = _named()
    found = forward.at(values, [known[name] for name in order.names], seed)
    return [float(v) for v in forward.means(found)]


@cache
def _named() -> dict[str, Target]:
    return {t.name: t for t in targets()}


def _finished(path: Path) -> list[dict[str, Any]]:
    """Finished points; a line that was cut off counts as none and is taken out, so that the next one is not lost."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        with path.open("r+", encoding="utf-8") as lines:
            lines.truncate(len(whole.encode()))
    rows = []
    for line in whole.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows
