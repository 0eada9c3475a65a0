"""Two cores against one, by threads and by processes; memory, disk and time as the number of patients grows."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks import bare, cpp
from benchmarks.commands import ENGAGER, timed
from benchmarks.race import Spread, race
from benchmarks.table import Row
from engager.engine import executor
from engager.trials.conduct import conduct

PATIENTS = 512

PIECES = 16
"""Pieces of work in all: so many that little of the time is waiting for the last one."""

ROUNDS = 4
"""Times that a piece of C++ integrates its patients."""


def work(_: int = 0) -> float:
    """Conduct TOWER on some hundreds of patients; returns the time when it was done."""
    s, e = bare.entrants(PATIENTS)
    conduct(s.trial, s.low, s.values, e.entrant, 8)
    return time.time()


@cache
def reference() -> cpp.Reference:
    """The C++ program, ready to integrate as many patients."""
    return cpp.Reference(bare.patients(PATIENTS), *bare.grids(), bare.EVERY)


def plain(_: int = 0) -> None:
    """A piece of some tenths of a second that shares nothing with another one: C++ in the first level of cache."""
    for _ in range(ROUNDS):
        reference()()


def pieces(workers: int) -> None:
    """All pieces of work on so many threads of this process."""
    for _ in executor.as_finished(work, range(PIECES), workers):
        pass


def rows() -> Iterator[Row]:
    """Wall-clock speed of two threads and two processes against one."""
    where = "Scaling"
    if executor.default_workers() < 2:
        yield Row(where, "two cores against one", None, note="not measured: one core only")
        return
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(work, range(4)))  # both import and compile
        two = partial(_all, pool, work)
        contestants = {"one": partial(pieces, 1), "threads": partial(pieces, 2), "processes": two}
        if cpp.compiler():
            list(pool.map(plain, range(4)))
            contestants |= {
                "C++": lambda: list(map(plain, range(PIECES))),
                "C++ twice": partial(_all, pool, plain),
            }
        taken = race(contestants, 9, clock=time.perf_counter)
    note = f"{PIECES} pieces of {PATIENTS} patients, whole conduct loop, wall clock"
    yield Row.of(where, "one thread", Spread.of(PIECES * PATIENTS / taken["one"]), "patients/s", note=note)
    for name in ("threads", "processes"):
        yield Row.of(where, f"two {name} against one", Spread.of(taken["one"] / taken[name]), "×", target=1.8)
    name, note = (
        "two processes of the C++ reference against one",
        "nothing is shared: what these two cores give",
    )
    if "C++" in taken:
        yield Row.of(where, name, Spread.of(taken["C++"] / taken["C++ twice"]), "×", note=note)
    else:
        yield Row(where, name, None, note="not measured: no C++ compiler here")


def _all(pool: ProcessPoolExecutor, piece: Callable[[int], object]) -> None:
    list(pool.map(piece, range(PIECES)))


@dataclass(frozen=True)
class Whole:
    """A whole run of TOWER, as measured from outside: seconds (median), peak memory and disk [MB]."""

    patients: int
    replicates: int
    seconds: float
    memory: float
    disk: float

    def rows(self, where: str) -> Iterator[Row]:
        """What it took."""
        total = self.patients * self.replicates
        what = f"{self.patients:,} patients" + (
            f" × {self.replicates} replicates" if self.replicates > 1 else ""
        )
        yield Row(where, f"{what}: time", self.seconds, "s")
        yield Row(where, f"{what}: time per patient", 1e3 * self.seconds / total, "ms")
        yield Row(where, f"{what}: peak memory", self.memory, "MB")
        yield Row(where, f"{what}: on the disk", self.disk, "MB")


def size_rows() -> Iterator[Row]:
    """Whole runs of a thousand to a hundred thousand patients, and of ten thousand in replicates."""
    least, few, replicated, many = runs((1_000, 1, 3), (10_000, 1, 3), (405, 25, 1), (100_000, 1, 1))
    for one in (least, few, replicated, many):
        yield from one.rows("Size")
    yield Row(
        "Size",
        "memory of 100,000 over that of 10,000",
        many.memory / few.memory,
        "×",
        target=1.2,
        at_most=True,
    )
    yield from growth("Size", least, few, many)
    ratio = replicated.seconds / few.seconds
    yield Row("Size", "time of 25 replicates over that of one as large", ratio, "×", target=1.2, at_most=True)


def large_rows() -> Iterator[Row]:
    """A whole run of a million patients (about ten minutes on two cores), against smaller ones of the same hour."""
    where = "A million patients"
    few, many, most = runs((10_000, 1, 3), (100_000, 1, 1), (1_000_000, 1, 1))
    yield from most.rows(where)
    ratio = most.memory / many.memory
    name, note = "memory of 1,000,000 over that of 100,000", "one replicate each"
    yield Row(where, name, ratio, "×", target=1.2, at_most=True, note=note)
    yield from growth(where, few, many, most)


def growth(where: str, small: Whole, middle: Whole, large: Whole) -> Iterator[Row]:
    """What one more patient costs between the larger two runs, over what one costs between the smaller two: what every
    run needs, whatever its size, falls out."""
    for what in ("seconds", "disk"):
        more, less = (
            (getattr(b, what) - getattr(a, what)) / (b.patients - a.patients)
            for a, b in ((middle, large), (small, middle))
        )
        note = f"from {middle.patients:,} on over from {small.patients:,} on"
        if less <= 0:
            note += f"; not measured: {middle.patients:,} patients took no more than {small.patients:,}"
        name = f"{what} that one more patient takes, up to {large.patients:,}"
        yield Row(where, name, more / less if less > 0 else None, "×", target=1.2, at_most=True, note=note)


def runs(*sizes: tuple[int, int, int]) -> list[Whole]:
    """Runs of (patients, replicates), each so many times."""
    folder = Path(tempfile.mkdtemp(prefix="engager-bench-"))
    try:
        _timed(64, 1, folder / "warm")
        return [_whole(patients, replicates, times, folder) for patients, replicates, times in sizes]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _whole(patients: int, replicates: int, times: int, folder: Path) -> Whole:
    taken = []
    for _ in range(times):
        taken.append(_timed(patients, replicates, folder / "run"))
        disk = sum(f.stat().st_size for f in (folder / "run").rglob("*") if f.is_file())
        shutil.rmtree(folder / "run")
    seconds, memory = (float(np.median(one)) for one in zip(*taken, strict=True))
    return Whole(patients, replicates, seconds, memory, disk / 1e6)


def _timed(patients: int, replicates: int, out: Path) -> tuple[float, float]:
    size = ("--patients", str(patients), "--replicates", str(replicates))
    return timed([*ENGAGER, "simulate", "TOWER", *size, "--out", str(out)])
