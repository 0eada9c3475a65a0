"""Whether a run fits into the memory that is free, guessed before it begins."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import psutil

from engager.app.request import Request
from engager.documents import DocumentError
from engager.trials.conduct import LANES, horizon
from engager.trials.day import CHUNK
from engager.trials.shards import BATCH, largest

PROGRAM = 600_000_000
"""Of the program itself: libraries, compiled code, tables of the trial, figures [byte]."""

PER_PATIENT_DAY, PER_PATIENT, PER_LANE_DAY = 100, 40_000, 260
"""Of one worker [byte]: daily records of a shard; draws and tables of its patients; a call of the compiled program."""

SUMMARY_PER_PATIENT = 600
"""Of the summary and the report, for every patient of the run [byte]. All measured, see docs/numerics.md."""

RESERVED = 1_800_000_000
"""Address space that a process has reserved at the end of a run and does not use (two cores) [byte]."""

CGROUPS = Path("/sys/fs/cgroup")
LIMITS = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
"""Files of a control group that hold its limit and what is used of it, by version."""


def needed(r: Request, workers: int | None = None, processes: int = 1) -> int:
    """Bytes of memory that the run takes at its peak, about, with ``workers`` in place of the run's own, divided among
    ``processes``."""
    total = r.patients * r.replicates
    shard = largest(r.patients, r.replicates)
    each = shard * (PER_PATIENT + horizon(r.trial) * PER_PATIENT_DAY)
    each += -(-r.batch // LANES) * LANES * CHUNK * PER_LANE_DAY
    at_once = min(max(workers or r.workers, processes), -(-total // shard))
    return processes * PROGRAM + max(at_once * each, total * SUMMARY_PER_PATIENT)


def free(processes: int = 1) -> int:
    """Bytes of memory that this process, or so many like it, may still take: what the machine has, within the limits
    of control groups and of each process (``ulimit -v``)."""
    groups = _allowed(Path("/proc/self/cgroup"), CGROUPS)
    each = [processes * left for left in _of_process()]
    return min([int(psutil.virtual_memory().available), *groups, *each])


def _of_process() -> list[int]:
    """Bytes that this process may still take within a limit to its address space, of which libraries and threads
    reserve ``RESERVED`` beyond what they ever touch."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return []
    return [max(limit - psutil.Process().memory_info().rss - RESERVED, 0)]


def give_back() -> None:
    """Hand memory that was freed back to the system, which the C library else keeps: a third of what a process holds
    when the shards of its run are done."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


def check(r: Request, processes: int = 1) -> None:
    """Raise DocumentError, with what to do, where the run would not fit into the memory that is free, simulated by so
    many processes of this machine."""
    need, there = needed(r, processes=processes), free(processes)
    if need <= there:
        return
    fewer = [n for n in range(1, processes) if needed(r, processes=n) <= there]
    fitting = [n for n in range(1, r.workers) if needed(r, n) <= there]
    if fewer:
        remedy = f"take --processes {fewer[-1]}" if fewer[-1] > 1 else "leave out --processes"
    elif fitting:
        remedy = f"take --workers {fitting[-1]}" + (" without --processes" if processes > 1 else "")
    elif r.batch > BATCH:
        remedy = f"take a smaller --batch ({BATCH} is usual)"
    else:
        remedy = "take fewer patients or replicates, or a machine with more"
    by = f"{processes} processes" if processes > 1 else f"{r.workers} workers"
    raise DocumentError(
        f"the run needs about {need / 1e9:.1f} GB of memory with {by}, {there / 1e9:.1f} GB are free; {remedy}"
    )


def _allowed(groups: Path, root: Path) -> list[int]:
    """What each control group that this process is in (by ``groups``, as in /proc) still allows [byte]."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # not Linux
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            place = root / controllers / path.lstrip("/")
            # a container may see its own group at the root; limits of the groups above hold as well
            found += [_left(at) for at in (place, *place.parents) if at.is_relative_to(root)]
    return [left for left in found if left is not None]


def _left(group: Path) -> int | None:
    for limit, used in LIMITS:
        try:
            most, now = (group / limit).read_text().strip(), int((group / used).read_text())
        except (OSError, ValueError):
            continue
        return None if most == "max" else max(int(most) - now + _reclaimable(group), 0)
    return None


def _reclaimable(group: Path) -> int:
    """Of what a group uses, files kept in memory, which it gives up when asked."""
    try:
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return int(stat.get("total_inactive_file", stat.get("inactive_file", 0)))
