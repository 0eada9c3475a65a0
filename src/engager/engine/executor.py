"""The one executor: run independent pieces of work on a few threads, hand results out as they finish.

Compiled programs release the interpreter, so threads use all cores and share one compiled program.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def default_workers() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def as_finished(
    work: Callable[[A], B], pieces: Iterable[A], workers: int
) -> Generator[tuple[A, B], None, None]:
    """(piece, result) in order of completion. At most ``workers`` run, and one more waits, at any time.

    The first error ends the rest, and so does closing this: what runs is waited for, what waits is not started.
    """
    queue = iter(pieces)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running = {}
        try:
            for piece in queue:
                running[pool.submit(work, piece)] = piece
                if len(running) <= workers:
                    continue
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            for future in running:
                future.cancel()
