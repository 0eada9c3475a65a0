"""Where the time goes: seconds by phase, summed over the threads of this process and over its workers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_spent: dict[str, float] = defaultdict(float)
_told: dict[str, float] = {}


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Count the time of what is done within under ``name``. Phases are not put into each other."""
    began = time.perf_counter()
    try:
        yield
    finally:
        add({name: time.perf_counter() - began})


def add(spent: Mapping[str, float]) -> None:
    """Count seconds by phase, such as a worker has told."""
    with _lock:
        for name, seconds in spent.items():
            _spent[name] += seconds


def news() -> dict[str, float]:
    """Seconds by phase since the last call: what a worker tells with each piece of work that it hands back."""
    with _lock:
        new = _since(_told)
        _told.update(_spent)
    return new


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
            new = _since(before)
        found |= already or {}
        found |= {name: round(found.get(name, 0.0) + seconds, 3) for name, seconds in new.items()}


def _since(before: Mapping[str, float]) -> dict[str, float]:
    new = {name: seconds - before.get(name, 0.0) for name, seconds in _spent.items()}
    return {name: seconds for name, seconds in new.items() if seconds > 0}
