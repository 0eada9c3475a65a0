"""Two cores against one, by threads and by processes; memory, disk and time as the number of patients grows."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks import bare
from benchmarks.commands import ENGAGER, timed
from benchmarks.race import Spread, race
from benchmarks.table import Row
from engager.engine import executor
from engager.trials.conduct import conduct

PATIENTS = 512


def work(_: int = 0) -> float:
    """Conduct TOWER on some hundreds of patients; returns the time when it was done."""
    s, e = bare.entrants(PATIENTS)
    conduct(s.trial, s.low, s.values, e.entrant, 8)
    return time.time()


def pieces(workers: int) -> None:
    """Six pieces of work on so many threads of this process."""
    for _ in executor.as_finished(work, range(6), workers):
        pass


def rows() -> Iterator[Row]:
    """Wall-clock speed of two threads and two processes against one."""
    where = "Scaling"
    if executor.default_workers() < 2:
        yield Row(where, "two cores against one", None, note="not measured: one core only")
        return
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(work, range(4)))  # both import and compile
        two = partial(_all, pool)
        contestants = {"one": partial(pieces, 1), "threads": partial(pieces, 2), "processes": two}
        taken = race(contestants, 5, clock=time.perf_counter)
    note = f"six pieces of {PATIENTS} patients, whole conduct loop, wall clock"
    yield Row.of(where, "one thread", Spread.of(6 * PATIENTS / taken["one"]), "patients/s", note=note)
    for name in ("threads", "processes"):
        yield Row.of(where, f"two {name} against one", Spread.of(taken["one"] / taken[name]), "×", target=1.8)


def _all(pool: ProcessPoolExecutor) -> None:
    list(pool.map(work, range(6)))


def size_rows() -> Iterator[Row]:
    """Whole runs of ten and a hundred thousand patients, as one replicate and as many."""
    few, replicated, many = list(_run(10_000, 1)), list(_run(405, 25)), list(_run(100_000, 1))
    yield from (*few, *replicated, *many)
    seconds, _, memory, disk = range(4)
    for what, one, other, wanted in (
        ("memory", many[memory], few[memory], 1.2),
        ("disk", many[disk], few[disk], 12.0),
        ("time", many[seconds], few[seconds], 12.0),
    ):
        ratio = (one.value or 0.0) / (other.value or 1.0)
        yield Row("Size", f"{what} of 100,000 over that of 10,000", ratio, "×", target=wanted, at_most=True)
    ratio = (replicated[seconds].value or 0.0) / (few[seconds].value or 1.0)
    yield Row("Size", "time of 25 replicates over that of one as large", ratio, "×", target=1.2, at_most=True)


def large_rows() -> Iterator[Row]:
    """A whole run of a million patients (about ten minutes on two cores)."""
    yield from _run(1_000_000, 1)


def _run(patients: int, replicates: int) -> Iterator[Row]:
    where = "A million patients" if patients >= 1_000_000 else "Size"
    what = f"{patients:,} patients" + (f" × {replicates} replicates" if replicates > 1 else "")
    folder = Path(tempfile.mkdtemp(prefix="engager-bench-"))
    command = [
        *ENGAGER,
        "simulate",
        "TOWER",
        "--patients",
        str(patients),
        "--replicates",
        str(replicates),
        "--out",
    ]
    try:
        timed([*command[:-5], "--patients", "64", "--replicates", "1", "--out", str(folder / "warm")])
        seconds, memory = timed([*command, str(folder / "run")])
        disk = sum(f.stat().st_size for f in (folder / "run").rglob("*") if f.is_file())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    total = patients * replicates
    yield Row(where, f"{what}: time", seconds, "s")
    yield Row(where, f"{what}: time per patient", 1e3 * seconds / total, "ms")
    yield Row(where, f"{what}: peak memory", memory, "MB")
    yield Row(where, f"{what}: on the disk", disk / 1e6, "MB")
