"""What was measured: rows, the machine, the history they are kept in, and the page that shows the latest of each."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import cpp
from benchmarks.race import Spread
from engager.engine import executor

ROOT = Path(__file__).parent.parent
HISTORY = Path(__file__).with_name("history.jsonl")
PAGE = ROOT / "docs" / "benchmarks.md"

SECTIONS = (
    "Bare integration", "Other programs", "Accuracy beside speed", "Scaling", "Size", "A million patients",
    "Start-up", "Commands", "Where the time goes", "GPU",
)  # fmt: skip
PACKAGES = (
    "jax", "jaxlib", "numpy", "scipy", "numba", "numbalsoda", "libroadrunner", "antimony", "diffrax",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One measured number: median, quarters of its spread, unit; a target, reached ``at_most`` or at least.

    ``value`` is None where nothing could be measured; ``note`` says why.
    """

    section: str
    what: str
    value: float | None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    target: float | None = None
    at_most: bool = False
    note: str = ""

    @classmethod
    def of(cls, section: str, what: str, spread: Spread, unit: str = "", **more: Any) -> Row:
        """A row with a spread."""
        return cls(section, what, spread.median, unit, spread.low, spread.high, **more)

    def judged(self) -> str:
        """The target and whether it is met ('' without one)."""
        if self.target is None:
            return ""
        wanted = f"{'≤' if self.at_most else '≥'} {self.target:g}"
        if self.value is None:
            return wanted
        met = self.value <= self.target if self.at_most else self.value >= self.target
        return f"{wanted}: {'met' if met else '**not met**'}"

    def shown(self) -> str:
        """The number with its spread and unit."""
        if self.value is None:
            return "—"
        spread = "" if self.low is None else f" ({number(self.low)} to {number(self.high)})"
        return f"{number(self.value)}{spread} {self.unit}".strip()


def number(x: float | None) -> str:
    """Three digits, whole thousands with a comma, very small numbers with an exponent."""
    if x is None:
        return "—"
    if x and abs(x) < 1e-2:
        return f"{x:.1e}"
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}"


@cache
def machine() -> dict[str, Any]:
    """Processor, cores, vectors, memory, system and versions."""
    info = Path("/proc/cpuinfo")
    facts = dict(
        (part.strip() for part in line.split(":", 1))
        for line in (info.read_text().splitlines() if info.exists() else [])
        if ":" in line
    )
    flags = facts.get("flags", "").split()
    bits = 512 if "avx512f" in flags else 256 if "avx2" in flags else 128
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "processor": facts.get("model name") or platform.processor() or platform.machine(),
        "model": "/".join(facts.get(name, "?") for name in ("cpu family", "model", "stepping")),
        "cores": executor.default_workers(),
        "vector_bits": bits,
        "memory_GB": round(memory / 1e9, 1),
        "system": platform.platform(),
        "compiler": _first_line([cpp.compiler(), "--version"]) if cpp.compiler() else "none",
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "load": [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _first_line(command: list[Any]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (done.stdout.splitlines() or [""])[0]


def keep(rows: Iterable[Row], history: Path = HISTORY) -> None:
    """Append a line to the history: date, commit, machine, rows."""
    code = ("src", ":(glob)benchmarks/*.py", ":(glob)benchmarks/*.cpp", "uv.lock")
    changed = "+" if _first_line(["git", "status", "--porcelain", "--", *code]) else ""
    line = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "commit": _first_line(["git", "rev-parse", "--short", "HEAD"]) + changed,
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
    }
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def past(history: Path = HISTORY) -> list[dict[str, Any]]:
    """All lines of the history, oldest first."""
    if not history.exists():
        return []
    return [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines() if line]


def latest(lines: list[dict[str, Any]]) -> list[tuple[str, Row]]:
    """(day, commit and load; row) of each number when it was last asked for, in the order of ``SECTIONS``.

    A section that was measured again is shown as it was then: rows that it no longer has are dropped.
    """
    found: dict[tuple[str, str], tuple[str, Row]] = {}
    for line in lines:
        rows = [Row(**row) for row in line["rows"]]
        again = {row.section for row in rows}
        found = {key: kept for key, kept in found.items() if key[0] not in again}
        load = line["machine"]["load"][:1]
        when = f"{line['date'][:10]} {line['commit']}, load {load[0] if load else '?'}"
        found |= {(row.section, row.what): (when, row) for row in rows}
    return sorted(found.values(), key=lambda kept: SECTIONS.index(kept[1].section))


def printed(rows: Iterable[Row]) -> str:
    """Rows as text for a terminal."""
    table = [(row.what, row.shown(), row.judged().replace("**", ""), row.note) for row in rows]
    widths = [max((len(cells[i]) for cells in table), default=0) for i in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), cells[3]]
        ).rstrip()
        for cells in table
    )


def page(lines: list[dict[str, Any]]) -> str:
    """The page of the guide: the latest of each row, and the machine of the last run."""
    now = lines[-1]
    m = now["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in m["versions"].items())
    out = [
        "# Benchmarks", "",
        "Written by `make bench`; do not edit. A number is the median, in brackets the middle half of repeated "
        "measurements. Contestants of one section are timed in turn within one run, per patient and core in seconds "
        "of the processor, so that what else the machine does falls on all alike.", "",
        f"Measured on {m['processor']} (family/model/stepping {m['model']}), {m['cores']} cores, vectors of "
        f"{m['vector_bits']} bits, {m['memory_GB']} GB; {m['system']}; {m['compiler']}; {versions}.", "",
        "The last column has the day, the commit (with + where files were changed since) and the load of the machine "
        "when the run began. With a load near or above the number of cores, what is timed by the clock on the wall "
        "(scaling, size, start-up, commands) is too slow; speeds per core and ratios suffer little.", "",
        "![Error against speed for several lengths of step](images/accuracy.svg)", "",
        "What was measured before, by day and commit (`make bench-plot`):", "",
        "![Speeds, the ratio to C++ and the warm start over time](images/benchmarks.svg)",
    ]  # fmt: skip
    section = None
    for when, row in latest(lines):
        if row.section != section:
            section = row.section
            out += [
                "",
                f"## {section}",
                "",
                "| what | measured | target | note | when |",
                "|---|---|---|---|---|",
            ]
        out.append(f"| {row.what} | {row.shown()} | {row.judged()} | {row.note} | {when} |")
    return "\n".join([*out, ""])
