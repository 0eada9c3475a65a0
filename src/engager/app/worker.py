"""A shard simulated and kept, by a thread of the process that was asked for the run or by a worker of a cluster. A
worker reads the run folder, checks that it is the same program with the same record, writes the tables itself, and
sends back a few words."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from engager import __version__
from engager.app.program import CODE, OPTIONS, VERSIONS, code, processor, program
from engager.app.request import asked_before, manifest, trials_beside
from engager.documents import DocumentError
from engager.engine import cluster
from engager.engine.phases import apart, phase
from engager.io import Store
from engager.trials.history import TABLES
from engager.trials.shards import Segment, Setup, simulate_shard

log = logging.getLogger(__name__)

Piece = tuple[int, list[Segment]]


@dataclass(frozen=True)
class Kept:
    """A shard that lies in the run folder: its patients, how many of them failed, the seconds it took, the type of
    processor that computed it. Of a worker also its name and the seconds by phase."""

    patients: int
    failed: int
    seconds: float
    processor: str
    on: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What the shards of one trial of a run share: the run's folder, the trial's folder within it ("" for the run's
    own trial), patients per call, and the fingerprint that the worker must have, too."""

    folder: str
    beside: str
    batch: int
    expected: Mapping[str, str]


def fingerprint(noted: Mapping[str, Any], run: str) -> dict[str, str]:
    """What must be alike on every machine of a run.

    Args:
        noted: the manifest as this machine would write it.
        run: identity of the run, from the manifest in its folder.
    """
    return {**noted["inputs"], **noted["program"], "run": run}


def simulate_piece(order: Order, piece: Piece) -> Kept:
    """Simulate and keep a shard on a worker.

    Raises:
        DocumentError: this worker cannot see or write the run folder, or differs from what began the run.
    """
    with _ONE:
        store, prepared = _prepared(order.folder, order.beside, tuple(sorted(order.expected.items())))
    with apart() as phases:
        kept = keep(store, prepared, piece, order.batch)
    return replace(kept, on=cluster.here(), phases=phases)


def keep(store: Store, prepared: Setup, piece: Piece, batch: int) -> Kept:
    """Simulate a shard, ``batch`` patients a call, and write its tables into ``store``."""
    number, segments = piece
    count = patients(segments)
    log.debug("run=%s shard=%s begins: %s patients", store.folder, number, count)
    began = time.monotonic()
    tables = simulate_shard(prepared, segments, batch)
    with phase("writing"):
        store.keep(number, {name: getattr(tables, name) for name in TABLES}, processor())
    kept = Kept(count, len(tables.failures), time.monotonic() - began, processor())
    log_kept(store.folder, number, kept)
    return kept


def log_kept(folder: Path, number: int, kept: Kept) -> None:
    """Log a shard: by who simulated it, and of a worker once more by who asked for it."""
    on = f" on {kept.on}" if kept.on else ""
    log.info("run=%s shard=%s kept: %s patients, %.2f s%s", folder, number, kept.patients, kept.seconds, on)
    if kept.failed:
        log.warning("run=%s shard=%s %s patients failed%s", folder, number, kept.failed, on)


def patients(segments: list[Segment]) -> int:
    """Patients in a shard."""
    return sum(g.stop - g.start for g in segments)


_ONE = Lock()
"""Threads of one worker prepare a run once."""


@lru_cache(maxsize=8)
def _prepared(folder: str, beside: str, expected: tuple[tuple[str, str], ...]) -> tuple[Store, Setup]:
    who, wanted = cluster.here(), dict(expected)
    store = Store(folder)
    try:
        kept = store.manifest()
    except DocumentError as error:
        raise DocumentError(
            f"{who} cannot read the run folder ({error}); name with --out a folder that this machine and every worker "
            "share under the same path, or one in object storage"
        ) from None
    mine = {"engager": __version__, **program(), CODE: code(), "run": str(kept.get("id"))}
    _compare(who, {name: wanted.get(name, "") for name in mine}, mine)
    request = asked_before(store)
    _compare(who, wanted, fingerprint(manifest(request), mine["run"]))
    trial = trials_beside(request.trial)[beside] if beside else request.trial
    return Store(store.folder / beside) if beside else store, request.prepared(trial)


def _compare(who: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    differ = [
        _difference(name, was, found.get(name, "")) for name, was in wanted.items() if found.get(name) != was
    ]
    if differ:
        raise DocumentError(
            f"{who} refuses: {'; '.join(differ)}; all machines of a run need the same engager and packages, "
            "finished shards are kept"
        )


def _difference(name: str, was: str, found: str) -> str:
    if name == "run":
        return "it sees another run in a folder of the same name"
    if name in (*VERSIONS, "engager", OPTIONS, CODE):
        return f"{name} is {found or 'none'} there, {was or 'none'} here"
    return f"{name} is not what it is here"
