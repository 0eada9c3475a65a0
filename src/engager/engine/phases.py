"""Where the time goes: seconds by phase, summed over the threads of this process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_spent: Counter[str] = Counter()


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Count the time of what is done within under ``name``. Phases are not put into each other."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - began
        with _lock:
            _spent[name] += seconds  # type: ignore[assignment]


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
