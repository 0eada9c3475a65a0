"""Contestants timed in turn, A B A B …, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Median of repeated measurements with the quarter below and above."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Any) -> Spread:
        """The spread of ``values``."""
        low, median, high = np.quantile(np.asarray(list(values), float), [0.25, 0.5, 0.75])
        return cls(float(median), float(low), float(high))


def race(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, np.ndarray]:
    """Seconds of the processor (or of another ``clock``) by contestant and round; a first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, work in contestants.items():
            begun = clock()
            work()
            if number:
                seconds[name].append(clock() - begun)
    return {name: np.array(taken) for name, taken in seconds.items()}
