"""Whole commands as a user types them, and proof that nothing is compiled twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.race import Spread
from benchmarks.table import Row

ENGAGER = (sys.executable, "-c", "from engager.app.cli import main; main()")

LAUNCHER = """
import json, resource, subprocess, sys, time
begun = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
taken = time.perf_counter() - begun
print(json.dumps([done.returncode, taken, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""
"""Starts a command from a small process of its own: the peak that the system counts for a new process begins at that of
the one that started it."""

COUNTING = """
import sys, json
from pathlib import Path
from engager.engine import compiler
counts = {"cache_hits": 0, "compile_requests_use_cache": 0}
def heard(event, **_):
    name = event.rpartition("/")[2]
    if name in counts:
        counts[name] += 1
compiler.jax().monitoring.register_event_listener(heard)
from engager.app.simulate import simulate
simulate("TOWER", patients=int(sys.argv[1]), replicates=1, out=Path(sys.argv[2]))
print(json.dumps(counts))
"""


def timed(command: list[str], cache: Path | None = None) -> tuple[float, float]:
    """Wall seconds and peak memory [MB] of a command in its own process; ``cache``: of compiled programs."""
    env = os.environ | ({"ENGAGER_CACHE": str(cache)} if cache else {})
    launched = [sys.executable, "-c", LAUNCHER, *command]
    done = subprocess.run(launched, env=env, check=True, stdout=subprocess.PIPE)
    status, seconds, peak = json.loads(done.stdout)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return seconds, peak / 1024


def compilations(patients: int, cache: Path, out: Path) -> tuple[int, int]:
    """How often a new process that simulates so many patients asked for a compiled program (requests), and found it in
    the cache (hits). What JAX calls a miss is no use: it counts one only where it also keeps the program."""
    command = [sys.executable, "-c", COUNTING, str(patients), str(out)]
    done = subprocess.run(
        command, env=os.environ | {"ENGAGER_CACHE": str(cache)}, check=True, capture_output=True, text=True
    )
    counts = json.loads(done.stdout.splitlines()[-1])
    hits, requests = counts["cache_hits"], counts["compile_requests_use_cache"]
    if not requests:
        raise SystemExit(
            "no request for a compiled program was heard: does this JAX name its events otherwise?"
        )
    return hits, requests


def start_rows() -> Iterator[Row]:
    """From the command to the answer, first and again; programs compiled on the way."""
    where = "Start-up"
    folder = Path(tempfile.mkdtemp(prefix="engager-bench-"))
    cache, limit = folder / "cache", {"at_most": True}
    try:
        help_ = Spread.of(timed([*ENGAGER, "--help"], cache)[0] for _ in range(11))
        yield Row.of(where, "engager --help", help_, "s", target=0.3, **limit)
        one = [*ENGAGER, "simulate", "TOWER", "--replicates", "1", "--out"]
        first, _ = timed([*one, str(folder / "first")], cache)
        yield Row(where, "simulate TOWER, 1 replicate, first", first, "s", target=25, **limit)
        warm = Spread.of(timed([*one, str(folder / f"warm{i}")], cache)[0] for i in range(5))
        yield Row.of(where, "simulate TOWER, 1 replicate, warm", warm, "s", target=10, **limit)
        for what, patients in (("second process", 405), ("another number of patients", 300)):
            hits, requests = compilations(patients, cache, folder / f"counted{patients}")
            note = f"{hits} of {requests} programs came from the cache"
            yield Row(where, f"programs compiled, {what}", requests - hits, note=note, target=0, **limit)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def long_rows() -> Iterator[Row]:
    """The main command in full, and every trial."""
    where = "Commands"
    folder = Path(tempfile.mkdtemp(prefix="engager-bench-"))
    cache, limit = folder / "cache", {"at_most": True}
    try:
        timed([*ENGAGER, "simulate", "TOWER", "--replicates", "1", "--out", str(folder / "warm")], cache)
        many, memory = timed([*ENGAGER, "simulate", "TOWER", "--out", str(folder / "many")], cache)
        disk = sum(f.stat().st_size for f in (folder / "many").rglob("*") if f.is_file()) / 1e6
        yield Row(
            where,
            "simulate TOWER, 100 replicates",
            many,
            "s",
            target=40,
            note=f"{disk:.0f} MB on the disk",
            **limit,
        )
        yield Row(where, "simulate TOWER, peak memory", memory, "MB", target=2000, **limit)
        spent = json.loads((folder / "many" / "manifest.json").read_text())["phases"]
        for phase, seconds in spent.items():
            share = f"{seconds / sum(spent.values()):.0%} of all phases, summed over threads"
            yield Row(where, f"simulate TOWER, {phase}", seconds, "s", note=share)
        every = [*ENGAGER, "simulate", "--all", "--replicates", "50", "--out", str(folder / "all")]
        seconds, memory = timed(every, folder / "another cache")
        yield Row(where, "simulate --all, 50 replicates, first", seconds, "s", target=300, **limit)
        yield Row(where, "simulate --all, peak memory", memory, "MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
