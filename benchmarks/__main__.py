"""``make bench``: what a user waits for, and how fast patients are computed, side by side in one run."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENGAGER = str(Path(sys.executable).with_name("engager"))


def timed(command: list[str], cache: Path) -> tuple[float, float]:
    """Wall seconds and peak memory [MB] of a command in its own process."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ENGAGER_CACHE": str(cache)},
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def commands(folder: Path) -> None:
    """Whole commands, as a user types them."""
    cache = folder / "cache"
    help_ = [timed([ENGAGER, "--help"], cache)[0] for _ in range(11)]
    print(f"engager --help                       {statistics.median(help_):6.2f} s   (target 0.3)")
    one = [ENGAGER, "simulate", "TOWER", "--replicates", "1", "--out"]
    first, _ = timed([*one, str(folder / "first")], cache)
    print(f"simulate TOWER, 1 replicate, first   {first:6.1f} s   (target 25)")
    warm = statistics.median(timed([*one, str(folder / f"warm{i}")], cache)[0] for i in range(3))
    print(f"simulate TOWER, 1 replicate, warm    {warm:6.1f} s   (target 10)")
    many, memory = timed([ENGAGER, "simulate", "TOWER", "--out", str(folder / "many")], cache)
    print(f"simulate TOWER, 100 replicates       {many:6.1f} s   (target 40), {memory:.0f} MB (target 2000)")
    phases = json.loads((folder / "many" / "manifest.json").read_text())["seconds"]
    size = sum(f.stat().st_size for f in (folder / "many").rglob("*") if f.is_file())
    print(
        f"  of which simulation                {phases['simulation']:6.1f} s;  on the disk {size / 1e6:.0f} MB"
    )
    every = [ENGAGER, "simulate", "--all", "--replicates", "50", "--out", str(folder / "all")]
    seconds, memory = timed(every, folder / "another cache")
    print(f"simulate --all, 50 replicates, first {seconds:6.1f} s   (target 300), {memory:.0f} MB")


def throughput() -> None:
    """Patients per second and core: whole conduct, bare integration, LSODA on the same equations."""
    from benchmarks import bare, cpp
    from benchmarks.race import Spread, race
    from engager.trials.conduct import conduct

    patients = 1024
    s, e = bare.entrants(patients)
    who = bare.patients(patients)
    contestants = {
        "whole conduct loop": lambda: conduct(s.trial, s.low, s.values, e.entrant, 8),
        "bare integration, same steps": bare.compiled(who),
    }
    if cpp.compiler():
        contestants["the same in C++"] = cpp.Reference(who, *bare.grids(), bare.EVERY)
    taken = race(contestants, 7)
    print("patients per second and core, two years:")
    for name, seconds in taken.items():
        speed = Spread.of(patients / seconds)
        ratio = Spread.of(taken["bare integration, same steps"] / seconds)
        print(f"  {name:34} {speed.median:8.0f}   ({ratio.median:.2f} × the bare integration)")


def accuracy() -> None:
    """The chosen steps against steps an eighth as long: log10 blasts on day 28, and what the clinic sees."""
    import numpy as np

    from engager.trials import trial
    from engager.trials.conduct import conduct
    from engager.trials.enrol import enrol
    from engager.trials.shards import setup

    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(2048))
    coarse, fine = (conduct(s.trial, s.low, s.values, e.entrant, 8, refine) for refine in (1, 8))
    both = coarse.daily.studied[27] & fine.daily.studied[27]
    logs = [np.log10(np.maximum(c.daily.blasts[27, both], 1e-12)) for c in (coarse, fine)]
    error = np.abs(logs[0] - logs[1])
    quantiles = ", ".join(f"{x:.1e}" for x in np.quantile(error, [0.5, 0.95, 0.99, 1]))
    differ = float(np.mean(coarse.chart.early != fine.chart.early))
    print(f"error of log10 blasts on day 28: median, 95 %, 99 %, largest: {quantiles}")
    print(f"patients whose response differs: {100 * differ:.2f} %")


def main() -> None:
    """Run everything and print it."""
    print(f"{os.cpu_count()} cores; times in seconds of wall clock")
    folder = Path(tempfile.mkdtemp(prefix="engager-bench-"))
    try:
        commands(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    throughput()
    accuracy()
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
