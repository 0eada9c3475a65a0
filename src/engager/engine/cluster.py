"""Independent pieces of work on a Dask cluster: found at an address, or started here as processes.

Needs the optional packages of ``engager[cluster]``; they are imported where a cluster is asked for.

Dask repeats a piece whose worker died on another worker and gives up after a few deaths (the scheduler's setting
``allowed-failures``). What it gave up on is tried once more here, alone: the piece itself may be what kills, or it
may only have lain beside one that does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from engager.documents import DocumentError

A = TypeVar("A")
B = TypeVar("B")

ANSWER = 5
"""Seconds within which a scheduler must answer."""

JOIN = 60
"""Seconds that a piece to be tried alone waits for a worker, where all are gone."""

MOST_PROCESSES = 1024

AHEAD = 32
"""Pieces that wait at the scheduler beside two for each thread: enough that no thread is idle and that an adaptive
cluster sees why to grow, few enough that a run of any length weighs nothing there."""


class Lost(Exception):
    """Pieces that ended their worker each time they were tried, the last time alone; all others are done."""

    def __init__(self, pieces: list[Any]) -> None:
        super().__init__(pieces)
        self.pieces = pieces


class _Killed:
    """In place of a result: the piece ended its workers, or had not the memory."""


class _Pending:
    """In place of a result: there is none yet."""


class Cluster:
    """Workers behind a scheduler. ``name`` is what the user calls them; ``here``: processes that were started for it
    on this machine, 0 where others started it."""

    def __init__(self, client: Any, name: str, here: int = 0) -> None:
        self.client, self.name, self.here = client, name, here

    def as_finished(self, work: Callable[[A], B], pieces: Iterable[A]) -> Generator[tuple[A, B], None, None]:
        """(piece, result) in order of completion, as :func:`engager.engine.executor.as_finished` gives them.

        ``work`` and the pieces are pickled; ``work`` may be run more than once for a piece.

        Raises:
            Lost: after all others are done, the pieces that could not be.
            DocumentError: the cluster went away, or cannot run this program.
            Exception: the first that ``work`` raised; what had not begun is given up.
        """
        from distributed import as_completed

        queue, running, suspects = iter(pieces), {}, []
        finished = as_completed(loop=self.client.loop)
        try:
            while True:
                for piece in queue:
                    future = self._submit(work, piece)
                    running[future] = piece
                    finished.add(future)
                    if len(running) >= self._window():
                        break
                if not running:
                    break
                future = next(finished)
                piece = running.pop(future)
                found = self._returned(future)
                future.release()
                if isinstance(found, _Killed):
                    suspects.append(piece)
                else:
                    yield piece, found
            lost = []
            for piece in suspects:
                found = self._alone(work, piece, running)
                if isinstance(found, _Killed):
                    lost.append(piece)
                else:
                    yield piece, found
        finally:
            self._give_up(list(running))
        if lost:
            raise Lost(lost)

    def _submit(self, work: Callable[[A], B], piece: A, **options: Any) -> Any:
        return self._asked(lambda: self.client.submit(_tried, work, piece, pure=False, **options))

    def _window(self) -> int:
        return int(2 * sum(self._asked(self.client.nthreads).values())) + AHEAD

    def _asked(self, question: Callable[[], B]) -> B:
        """What the client answers; that it has lost its scheduler is said in a sentence."""
        from distributed.client import ClosedClientError

        try:
            return question()
        except (CancelledError, OSError, ClosedClientError):
            raise self._gone() from None

    def _gone(self) -> DocumentError:
        return DocumentError(
            f"the connection to {self.name} was lost; finished shards are kept, engager resume goes on"
        )

    def _returned(self, future: Any, seconds: float | None = None) -> Any:
        """What a piece returned, waited for as long as it takes, or ``seconds``; raises what else went wrong.

        The result alone tells, not the status a moment before: a worker that ends after the piece takes the result with
        it, and Dask has the piece done again, which may end as any piece does.
        """
        from distributed import KilledWorker

        try:
            found = self._asked(lambda: _waited(future, seconds))
        except KilledWorker:
            return _Killed()
        except DocumentError:
            raise
        except Exception as error:
            raise _not_run(self.name, error) from error.__cause__
        if isinstance(found, MemoryError):
            return _Killed()
        if isinstance(found, Exception):
            raise found
        return found

    def _alone(self, work: Callable[[A], B], piece: A, running: dict[Any, Any]) -> Any:
        """What the piece returns on a worker with nothing of ours beside it, or that it ended this one, too."""
        try:
            self.client.wait_for_workers(1, timeout=JOIN)
        except TimeoutError:
            return _Killed()
        address = next(iter(self.client.nthreads()))
        future = self._submit(work, piece, workers=[address], allow_other_workers=False)
        running[future] = piece
        while isinstance(found := self._returned(future, seconds=1), _Pending):
            if address not in self._asked(self.client.nthreads):
                future.cancel()
                found = _Killed()
                break
        del running[future]
        return found

    def _give_up(self, futures: list[Any]) -> None:
        """Take back what waits; what runs goes on to its end, which is harmless: a shard is written in one step."""
        if futures and self.client.status == "running":
            self.client.cancel(futures, force=True)


def _tried(work: Callable[[A], B], piece: A) -> B | Exception:
    """On the worker: the result, or the exception as a value (Dask loses one whose traceback cannot be pickled, and
    its client waits for ever). Where it came from is told in its notes."""
    try:
        return work(piece)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(str(error))
        error.add_note(f"on {here()}:\n{told}")
        return error.with_traceback(None)


def _waited(future: Any, seconds: float | None) -> Any:
    try:
        return future.result(timeout=seconds)
    except TimeoutError:  # the wait's own: what a piece raises comes back as a value
        if seconds is None:
            raise
        return _Pending()


def _not_run(name: str, error: BaseException) -> BaseException:
    """What to raise where a piece never began: mostly a machine without this program."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModuleNotFoundError) and (cause.name or "").startswith("engager"):
            return DocumentError(
                f"{name} cannot run this program: {cause}; install the same engager on the scheduler and every worker"
            )
        cause = cause.__cause__
    return error


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """The cluster of the scheduler at ``address`` (``tcp://host:8786``), or of the file that a scheduler wrote
    (``scheduler.json``).

    Raises:
        DocumentError: the scheduler does not answer, or Dask is not installed.
    """
    _installed()
    from distributed import Client

    at = _written(address) if address.endswith(".json") else address
    try:
        asyncio.run(_answers(at))
    except Exception as error:  # whatever else listens there may answer anything
        why = "nobody listens" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        raise DocumentError(
            f"no scheduler answers at {at} within {ANSWER} seconds ({why}); "
            "start one with: dask scheduler, and name its address, such as tcp://host:8786"
        ) from None
    with _quiet(), Client(at, timeout=ANSWER, set_as_default=False) as client:
        yield Cluster(client, f"the scheduler at {address}")


def _quiet() -> Any:
    """Keep Dask's own log of lost connections from the user, who is told in a sentence."""
    from distributed.utils import silence_logging_cmgr

    return silence_logging_cmgr(logging.CRITICAL)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes begun here leave an interruption from the keyboard to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _written(file: str) -> str:
    """The address in the file that ``dask scheduler --scheduler-file`` writes."""
    try:
        return str(json.loads(Path(file).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DocumentError(
            f"--scheduler {file}: is not the file of a scheduler ({error}); "
            "write one with: dask scheduler --scheduler-file FILE"
        ) from None


async def _answers(address: str) -> None:
    """Meet the scheduler once; a client that fails to does so slowly and with much noise."""
    from distributed.comm import connect
    from distributed.security import Security

    security = Security().get_connection_args("client")
    async with asyncio.timeout(ANSWER):
        comm = await connect(address, timeout=ANSWER, **security)
        await comm.close()


@contextmanager
def started(processes: int, threads: int) -> Iterator[Cluster]:
    """A cluster of ``processes`` on this machine with ``threads`` each; it ends with the context.

    Raises:
        DocumentError: a number of processes that is not allowed, or Dask is not installed.
    """
    if not 1 <= processes <= MOST_PROCESSES:
        raise DocumentError(f"--processes {processes}: must be from 1 to {MOST_PROCESSES}")
    _installed()
    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.comm.retry.count": 2,
        **{f"distributed.nanny.pre-spawn-environ.{name}": text for name, text in _memory(threads).items()},
    }
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        stack.enter_context(_quiet())
        try:
            with _deaf():
                local = LocalCluster(
                    n_workers=processes,
                    threads_per_worker=threads,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
        except (RuntimeError, OSError) as error:
            raise DocumentError(
                f"{processes} processes could not be started ({error}); a script that calls engager needs "
                "if __name__ == '__main__', or leave out --processes"
            ) from error
        stack.enter_context(local)
        client = stack.enter_context(Client(local, set_as_default=False))
        yield Cluster(client, f"{processes} processes on this machine", processes)


def _memory(threads: int) -> dict[str, str]:
    """Environment of a process. Dask has the allocator give every freed page back at once, and our arrays, freed and
    made again all the time, spend a quarter of the time on faulting them in; polars takes as many threads as we do."""
    return {
        "MALLOC_TRIM_THRESHOLD_": str(512 * 2**20),
        "MALLOC_MMAP_THRESHOLD_": str(64 * 2**20),
        "POLARS_MAX_THREADS": str(threads),
    }


def configured() -> str | None:
    """The address that Dask's configuration names (``scheduler-address``, as ``DASK_SCHEDULER_ADDRESS`` sets it)."""
    if find_spec("distributed") is None:
        return os.environ.get("DASK_SCHEDULER_ADDRESS")
    import dask.config

    found = dask.config.get("scheduler-address", None)
    return None if found is None else str(found)


def here() -> str:
    """The worker that this code runs on, as its user knows it."""
    from distributed import get_worker

    worker = get_worker()
    host = os.uname().nodename if hasattr(os, "uname") else ""
    return f"worker {worker.name} ({worker.address}{f' on {host}' if host else ''})"


def _installed() -> None:
    if find_spec("distributed") is None:
        raise DocumentError(
            "runs on several processes or machines need Dask: pip install 'engager[cluster]', "
            "or leave out --scheduler and --processes"
        )
