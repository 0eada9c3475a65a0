"""Who simulates the shards of a run: threads of this process, processes on this machine, or a cluster."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial

from engager.app.request import Request, manifest
from engager.app.worker import Kept, Order, Piece, fingerprint, log_kept, simulate_piece
from engager.documents import DocumentError
from engager.engine import cluster, executor, phases
from engager.engine.cluster import Cluster
from engager.io import Store

PATIENCE = 60
"""Seconds until what a worker has written must be seen here: shared folders show new files late."""


@contextmanager
def gathered(scheduler: str | None, processes: int | None, workers: int | None) -> Iterator[Cluster | None]:
    """The cluster that the user asked for, or None for threads of this process.

    Args:
        scheduler: address of a Dask scheduler, or its file; as Dask is configured if None.
        processes: processes to start here, among which ``workers`` threads (all cores if None) are divided.

    Raises:
        DocumentError: both were given, or the scheduler does not answer.
    """
    if scheduler and processes is not None:
        raise DocumentError("--scheduler and --processes exclude each other: give one of them")
    if processes is not None:
        threads = (workers or executor.default_workers()) // max(processes, 1)
        with cluster.started(processes, max(threads, 1)) as found:
            yield found
        return
    address = scheduler or cluster.configured()
    if not address:
        yield None
        return
    with cluster.joined(address) as found:
        threads = sum(found.client.nthreads().values())
        waiting = "" if threads else ": it has no workers yet, the run waits for them"
        print(f"shards go to {found.name}, {threads} threads{waiting}", file=sys.stderr, flush=True)
        yield found


def simulated_on(
    crew: Cluster, r: Request, run: Store, beside: str, todo: list[Piece]
) -> Generator[Kept, None, None]:
    """Have the shards ``todo`` of a run's trial (``beside``: its folder within the run, or "") simulated and kept.

    Yields:
        what the worker tells of each, in order of completion.

    Raises:
        Lost: shards that ended their worker each time.
        DocumentError: a worker refuses; what it says.
    """
    expected = fingerprint(manifest(r), str(run.manifest().get("id")))
    work = partial(simulate_piece, Order(str(run.folder.absolute()), beside, r.batch, expected))
    store = Store(run.folder / beside) if beside else run
    done = []
    with closing(crew.as_finished(work, todo)) as found:
        for (number, _), kept in found:
            phases.add(kept.phases)
            log_kept(store.folder, number, kept)
            done.append(number)
            yield kept
    _await(store, done)  # after a fault resume looks for itself


def _await(store: Store, numbers: list[int]) -> None:
    """Wait until the files of shards can be seen from here."""
    until = time.monotonic() + PATIENCE
    while missing := store.unseen(numbers):
        if time.monotonic() > until:
            raise DocumentError(
                f"workers wrote {len(missing)} files that cannot be seen here, such as {missing[0]}: "
                "do they share this folder? engager resume goes on with what is there"
            )
        time.sleep(1)


def told(beside: str, pieces: list[Piece]) -> str:
    """Shards by number and patients, for people."""

    def one(piece: Piece) -> str:
        number, segments = piece
        first, last = segments[0], segments[-1]
        many = first.replicate != last.replicate
        replicates = (
            f"replicates {first.replicate} to {last.replicate}" if many else f"replicate {first.replicate}"
        )
        name = f"shard {number} of {beside}" if beside else f"shard {number}"
        return f"{name} ({replicates}, patients {first.start} to {last.stop - 1})"

    return ", ".join(map(one, pieces))
