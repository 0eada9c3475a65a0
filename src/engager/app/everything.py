"""Every trial in one go: a run folder each, and one page over all of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engager.app.crew import gathered
from engager.app.request import POINT, SHIPPED, requested
from engager.app.simulate import Progress, Run, begun, reopened
from engager.documents import DocumentError, Problem
from engager.evidence import studies
from engager.io import Store, place, unwritable, write_text
from engager.reports.index_page import Line, line, write_index
from engager.trials import trials

RUNS = Path("runs") / "all"
"""Where the runs go unless told otherwise; a second call there finishes what the first began."""


@dataclass(frozen=True)
class Everything:
    """What became of every trial, and the page."""

    lines: list[Line]
    page: Path


def simulate_all(
    *,
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
    began: Callable[[str, int, int], None] | None = None,
) -> Everything:
    """Simulate every trial that is shipped, each as :func:`engager.app.simulate.simulate` does it.

    A trial whose run is in ``out`` already, complete or not, is resumed: the page is the same as after one go.
    A trial that cannot be run is named on the page with the reason; the others go on.

    Args:
        began: told before each trial: its name, its number from 1, and how many there are.

    Raises:
        DocumentError: ``out`` holds runs of another seed or number of replicates.
        KeyboardInterrupt: passed on; what was finished is kept.
    """
    folder = RUNS if out is None else place(out)
    names = in_order()
    _refuse_others(
        folder, names, replicates=replicates, seed=seed, switched=sorted(set(switched)), parameters=parameters
    )
    pending: list[Line | Future[Line]] = []
    # one trial's report is drawn, in a process of its own, while the next is simulated
    reporter = ProcessPoolExecutor(1, get_context("spawn"), _deaf)
    held = ExitStack()
    try:
        crew = held.enter_context(gathered(scheduler, processes, workers))
        for number, name in enumerate(names, start=1):
            if began:
                began(name, number, len(names))
            try:
                asked = {
                    "replicates": replicates, "seed": seed, "workers": workers, "batch": batch,
                    "switched": switched, "parameters": parameters,
                }  # fmt: skip
                with _run(name, folder / name, asked, here=crew.here if crew else 1) as run:
                    run.conduct(progress, crew)
            except DocumentError as error:
                pending.append(_failed(name, error))
                continue
            pending.append(_begun(reporter, name, folder / name))
        lines = [_drawn(one, name, folder / name) for name, one in zip(names, pending, strict=True)]
    finally:
        held.close()
        reporter.shutdown(cancel_futures=True)
    try:
        page = write_index(lines, folder, replicates=replicates, seed=seed, write=write_text)
    except OSError as error:
        raise unwritable(folder / "index.html", error) from None
    return Everything(lines, page)


def _run(name: str, folder: Path, asked: dict[str, Any], *, here: int) -> Run:
    if Store(folder).is_run():
        return reopened(folder, workers=asked["workers"], here=here)
    return begun(requested(name, **asked), folder, here=here)


def _reported(name: str, folder: Path) -> Line:
    try:
        with reopened(folder, here=0) as run:  # nothing is left to simulate
            return line(run.close(), f"{name}/report.html")
    except DocumentError as error:
        return _failed(name, error)


def _deaf() -> None:
    """Leave an interruption from the keyboard to the process that simulates."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _begun(reporter: ProcessPoolExecutor, name: str, folder: Path) -> Future[Line]:
    try:
        return reporter.submit(_reported, name, folder)
    except BrokenProcessPool as broken:
        lost: Future[Line] = Future()
        lost.set_exception(broken)
        return lost


def _drawn(pending: Line | Future[Line], name: str, folder: Path) -> Line:
    """The trial's line; where the process that draws has died (memory, a script without a main guard), drawn here."""
    if isinstance(pending, Line):
        return pending
    try:
        return pending.result()
    except BrokenProcessPool:
        return _reported(name, folder)


def _failed(name: str, error: DocumentError) -> Line:
    return Line(name, name, "", 0, problem=str(error))


def _refuse_others(folder: Path, names: Sequence[str], **asked: Any) -> None:
    """One page never mixes runs: what is in the folder must have been ``asked`` for alike."""
    found = {
        name: Store(folder / name).manifest()["request"] for name in names if Store(folder / name).is_run()
    }
    problems = [
        Problem(None, f"{folder / name} has {', '.join(f'{key} {request.get(key, POINT)}' for key in asked)}")
        for name, request in found.items()
        if {key: request.get(key, POINT) for key in asked} != asked
    ]
    if problems:
        wanted = ", ".join(f"{key} {value}" for key, value in asked.items())
        raise DocumentError(
            [*problems, Problem(None, f"asked for are {wanted}: name another folder with --out")]
        )


def in_order() -> list[str]:
    """What :func:`simulate_all` runs: studies of the record, in its order; then trials without published results."""
    known = [name for name in studies() if name in trials()]
    return [*known, *(name for name in trials() if name not in known)]
