"""Where the time goes: seconds by phase, summed over the threads of this process and over its workers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, local

_lock = Lock()
_spent: dict[str, float] = defaultdict(float)
_own = local()


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Count the time of what is done within under ``name``. Phases are not put into each other."""
    began = time.perf_counter()
    try:
        yield
    finally:
        found = getattr(_own, "found", None)
        seconds = time.perf_counter() - began
        if found is None:
            add({name: seconds})
        else:
            found[name] = found.get(name, 0.0) + seconds


def add(spent: Mapping[str, float]) -> None:
    """Count seconds by phase, such as a worker has told."""
    with _lock:
        for name, seconds in spent.items():
            _spent[name] += seconds


@contextmanager
def apart() -> Iterator[dict[str, float]]:
    """Count the phases that this thread passes within for themselves, and not for the process: what a worker tells with
    a piece of work, to be added where the work was asked for."""
    _own.found = {}
    try:
        yield _own.found
    finally:
        del _own.found


@contextmanager
def measured(found: dict[str, float], already: Mapping[str, float] | None = None) -> Iterator[None]:
    """Fill ``found`` with the seconds of the phases passed within, on top of those spent ``already``.

    Whatever else this process does meanwhile is counted too.
    """
    with _lock:
        before = dict(_spent)
    try:
        yield
    finally:
        with _lock:
            new = {name: seconds - before.get(name, 0.0) for name, seconds in _spent.items()}
        found |= already or {}
        found |= {name: round(found.get(name, 0.0) + s, 3) for name, s in new.items() if s > 0}
