"""The main job: simulate a trial and keep it; what becomes of it then is in :mod:`engager.app.summarise`."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from engager.app import memory
from engager.app.crew import gathered, simulated_on
from engager.app.crew import told as told_of
from engager.app.request import (
    SHIPPED,
    Request,
    asked_before,
    manifest,
    requested,
    same_inputs,
    space,
    trials_beside,
)
from engager.app.summarise import close
from engager.app.worker import Kept, Piece, keep
from engager.app.worker import patients as patients_of
from engager.documents import DocumentError
from engager.engine import executor
from engager.engine.cluster import Cluster, Lost
from engager.engine.phases import measured
from engager.inference import Summary
from engager.io import Store, write_text
from engager.trials import Trial
from engager.trials.shards import shards

log = logging.getLogger(__name__)
logging.getLogger("engager").addHandler(logging.NullHandler())  # nothing is shown unless somebody asks

Progress = Callable[[int, int], None]
"""Called with patients done and patients in all."""


def simulate(
    source: str,
    *,
    patients: int | None = None,
    replicates: int = 100,
    seed: int = 1,
    out: Path | str | None = None,
    workers: int | None = None,
    batch: int | None = None,
    switched: Sequence[str] = (),
    parameters: str = SHIPPED,
    scheduler: str | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> tuple[Summary, Path]:
    """Simulate a study of the record (by name) or a trial file, and keep the run.

    Args:
        source: a study's name (``"TOWER"``) or the path of a trial file.
        patients: patients per replicate; as the trial says if None.
        replicates: independent repetitions of the whole trial.
        seed: with the inputs, all that the results depend on.
        out: folder of the run, or its address in object storage; a new one under ``runs/`` if None.
        workers: threads; all cores if None. Changes no result.
        batch: patients per call of the compiled program. Changes no result.
        switched: structures of the model to take in or out, the other way round than by default.
        parameters: of the population: ``"ensemble"`` is the one that is shipped, of which every two replicates have
            another member; ``"point"`` the values of the parameter table; else the folder of a calibration.
        scheduler: address of a Dask scheduler that the shards go to; as Dask is configured if None. Changes no result.
        processes: processes on this machine to use in place of threads alone. Changes no result.
        progress: told how far the run is.

    Returns:
        The summary and the run's folder.

    Raises:
        DocumentError: what cannot be used, all problems at once.
        KeyboardInterrupt: passed on; finished shards are kept, ``resume`` goes on from them.
    """
    asked = requested(
        source,
        patients=patients,
        replicates=replicates,
        seed=seed,
        workers=workers,
        batch=batch,
        switched=switched,
        parameters=parameters,
    )
    with (
        gathered(scheduler, processes, workers) as crew,
        begun(asked, out, here=crew.here if crew else 1) as run,
        _resumable(run.store.folder),
    ):
        run.conduct(progress, crew)
        return run.close(), run.store.folder


def resume(
    folder: Path | str,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Finish an interrupted run, or read a finished one: what the run would have given, bit for bit."""
    with (
        gathered(scheduler, processes, workers) as crew,
        reopened(folder, workers=workers, here=crew.here if crew else 1) as run,
        _resumable(run.store.folder),
    ):
        run.conduct(progress, crew)
        return run.close()


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Whoever interrupts a run is told how to go on with it."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.add_note(f"engager resume {folder}")
        raise


class Run:
    """A run whose folder is held: conduct it, then close it (which another process may do that opens it again).

    As a context it lets go of the folder at its end, whatever has happened. ``here``: processes of this machine whose
    memory must be free if anything is to be simulated.
    """

    def __init__(self, request: Request, store: Store, held: ExitStack, here: int = 0) -> None:
        self.request, self.store = request, store
        self._held, self._here = held, here

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def conduct(self, progress: Progress | None = None, crew: Cluster | None = None) -> None:
        """Simulate what is missing, on threads or on the cluster ``crew``.

        Raises:
            DocumentError: the run was begun with another program, or needs more memory than is free.
        """
        began = time.monotonic()
        kept = self.store.manifest()
        phases: dict[str, float] = {}
        with measured(phases, kept.get("phases")):
            _conduct(self.request, self.store, progress, crew, self._may_go_on)
        spent = kept.get("seconds", {}).get("simulation", 0.0)
        self.store.note(seconds={"simulation": round(spent + time.monotonic() - began, 2)}, phases=phases)

    def _may_go_on(self) -> None:
        _same_program(self.store.manifest(), manifest(self.request), self.store.folder)
        if self._here:
            memory.check(self.request, self._here)

    def close(self) -> Summary:
        """Summarise and report; the run is complete."""
        return close(self.request, self.store)


def begun(request: Request, out: Path | str | None = None, *, here: int = 1) -> Run:
    """A new run with its folder and manifest, nothing simulated yet; see :func:`simulate`. ``here``: processes of this
    machine that simulate it, whose memory must be free: 1 for this one, 0 where others do it elsewhere."""
    if here:
        memory.check(request, here)
    need = space(request)
    store = Store(out) if out is not None else _next_store(request.trial.name, need)
    store.check(need)
    with ExitStack() as held:
        held.enter_context(store.locked())
        store.check(need)  # another process may have begun a run here in between
        store.make()
        write_text(store.folder / "trial.yaml", request.text)
        store.begin({"id": uuid4().hex, **manifest(request)})
        return Run(request, store, held.pop_all())


def _next_store(name: str, need: int) -> Store:
    """A new numbered folder under ``runs/``, made here so that no other process takes the same one."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "trial"
    number = 1
    Store(Path("runs") / f"{stem}-0").check(need)
    while True:
        folder = Path("runs") / f"{stem}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise DocumentError(
                f"{folder} cannot be made: {error.strerror}; name a folder with --out"
            ) from None
        else:
            return Store(folder)


def reopened(folder: Path | str, *, workers: int | None = None, here: int = 1) -> Run:
    """A run that was begun before, if its inputs are what they were; see :func:`resume`. ``here`` as for :func:`begun`,
    should anything be missing; 0 also where nothing is to be simulated."""
    store = Store(folder)
    request = asked_before(store, workers)
    same_inputs(store, request)
    with ExitStack() as held:
        held.enter_context(store.locked())
        return Run(request, store, held.pop_all(), here)


def _same_program(kept: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    """Shards of one run come from one program: another version or other options may differ in the last digits."""
    was, are = kept.get("program", {}), now["program"]
    if was != are:
        differ = ", ".join(
            f"{name} {was.get(name) or 'none'}, now {is_ or 'none'}"
            for name, is_ in are.items()
            if was.get(name) != is_
        )
        raise DocumentError(f"{folder} was begun with {differ}; go on with what it was, or simulate it anew")


def verify(folder: Path | str) -> list[str]:
    """Check a run's files against their checksums; returns what is wrong, in sentences."""
    store = Store(folder)
    kept = store.manifest()
    expected = kept.get("shards") or len(shards(kept["request"]["patients"], kept["request"]["replicates"]))
    stores = [store, *(Store(store.folder / name) for name in kept.get("beside", []))]
    return [*store.damage(), *(fault for one in stores for fault in one.faults(expected))]


def _conduct(
    r: Request, store: Store, progress: Progress | None, crew: Cluster | None, may_go_on: Callable[[], None]
) -> None:
    """Simulate what is missing, if anything is and one ``may_go_on``. The folder is locked by the caller."""
    trials = {"": r.trial, **trials_beside(r.trial)}
    stores = {name: Store(store.folder / name) if name else store for name in trials}
    total = r.patients * r.replicates * len(trials)
    told = progress or (lambda done, total: None)
    done, processors = 0, set[str]()

    def advance(count: int, by: set[str]) -> None:
        nonlocal done
        done += count
        processors.update(by)
        told(done, total)

    told(0, total)
    todo = {name: _missing(r, each, advance) for name, each in stores.items()}
    if any(todo.values()):
        may_go_on()
    lost = []
    for name, pieces in todo.items():
        try:
            found = (
                simulated_on(crew, r, store, name, pieces)
                if crew
                else _simulated(r, stores[name], trials[name], pieces)
            )
            with closing(found):  # whatever ends this, nobody is at work on the folder any more
                for kept in found:
                    advance(kept.patients, {kept.processor})
        except Lost as error:
            lost.append(told_of(name, error.pieces))
    store.note(lost=lost)
    if lost:
        store.note(status="incomplete")
        raise DocumentError(
            f"{', '.join(lost)} ended the worker each time, the last time alone on it (memory?); the run is "
            f"incomplete: all other shards are kept, engager resume {store.folder} tries again"
        )
    if len(processors) > 1:
        warnings.warn(
            f"shards were computed on different types of processor ({'; '.join(sorted(processors))}): "
            "last digits may depend on which did what",
            stacklevel=2,
        )


def _missing(r: Request, store: Store, advance: Callable[[int, set[str]], None]) -> list[Piece]:
    """Shards, numbered, that are still to be simulated; the others count as progress."""
    store.make()
    finished = store.finished()
    pieces = list(enumerate(shards(r.patients, r.replicates)))
    advance(
        sum(patients_of(segments) for number, segments in pieces if number in finished),
        {record.get("processor", "unknown") for record in finished.values()},
    )
    log.info("run=%s %s of %s shards to be simulated", store.folder, len(pieces) - len(finished), len(pieces))
    return [piece for piece in pieces if piece[0] not in finished]


def _simulated(r: Request, store: Store, trial: Trial, todo: list[Piece]) -> Generator[Kept, None, None]:
    """Simulate and keep the shards ``todo`` on threads; how they went, in order of completion."""
    if not todo:
        return
    prepared = r.prepared(trial)
    work = partial(keep, store, prepared, batch=r.batch)
    with closing(executor.as_finished(work, todo, r.workers)) as found:
        for _, kept in found:
            yield kept
