"""The run commands at a terminal: progress on the way, then a table or one JSON object."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engager.app.everything import simulate_all
from engager.app.output import console, print_json
from engager.app.simulate import Progress, resume, simulate, verify
from engager.inference import Summary, results
from engager.io import Store, place
from engager.reports.comparison_table import print_comparison
from engager.reports.facts import SCORED, score
from engager.reports.index_page import Line

SETTLED, WINDOW = 0.5, 60.0
"""Seconds in which a resumed run says what it holds; seconds over which the rate is taken."""


def envelope(summary: Summary, folder: Path) -> dict[str, Any]:
    """What ``simulate --json`` prints."""
    return {
        "study": summary.trial.study or summary.trial.name,
        "seed": summary.seed,
        "requested": summary.requested,
        "simulated": summary.simulated,
        "failed": len(summary.failures),
        "warnings": summary.warnings,
        "run": str(folder),
        "results": results(summary),
    }


def simulate_command(study: str, json: bool = False, profile: bool = False, **options: Any) -> None:
    """``engager simulate``: progress on the way, then the table (or one JSON object) and where the run is."""
    with shown_progress() as progress:
        summary, folder = simulate(study, progress=progress, **options)
    _print(summary, folder, json)
    if profile:
        _print_phases([folder])


def simulate_all_command(json: bool = False, profile: bool = False, **options: Any) -> None:
    """``engager simulate --all``: every trial, then where the page is and how much is covered."""

    with shown_progress() as progress:
        done = simulate_all(progress=progress, began=_began, **options)
    if profile:
        _print_phases([done.page.parent / one.name for one in done.lines if not one.problem])
    if json:
        print_json({"page": str(done.page), "trials": [_score(one) for one in done.lines]})
        return
    for one in done.lines:
        scores = ", ".join(f"{role} {one.covered(role)}" for role in SCORED if one.covered(role))
        print(f"{one.name}: {one.problem or scores or 'nothing published to compare'}")
    print(f"page  {done.page}")


def _began(name: str, number: int, total: int) -> None:
    print(f"{number} of {total}: {name}", file=sys.stderr, flush=True)


def validate_command(json: bool = False, **options: Any) -> None:
    """``engager validate``: what is missing is simulated, then the scoreboard (or one JSON object)."""
    from engager.app.validate import validate
    from engager.inference.scores_file import as_data
    from engager.reports.validation_table import validation_table

    with shown_progress() as progress:
        board, page = validate(progress=progress, began=_began, **options)
    if json:
        print_json({"page": str(page), **as_data(board)})
        return
    console().print(validation_table(board))
    print(f"page  {page}")


def _score(one: Line) -> dict[str, Any]:
    scores = {role: score(one.facts, role) for role in SCORED}
    covered = {role: {"covered": inside, "asked": asked} for role, (inside, asked) in scores.items()}
    return {
        "trial": one.name,
        "patients": one.patients,
        "failed": one.failed,
        "problem": one.problem,
        **covered,
    }


def resume_command(run: str, profile: bool = False, json: bool = False, **options: Any) -> None:
    """``engager resume``: finish a run and print what it would have printed."""
    with shown_progress() as progress:
        summary = resume(run, progress=progress, **options)
    _print(summary, place(run), json)
    if profile:
        _print_phases([place(run)])


def verify_command(run: str, json: bool = False) -> None:
    """``engager verify``: exit 1 and the list of faults if a run's files are not what was written."""
    wrong = verify(run)
    if json:
        print_json({"run": str(run), "faults": wrong})
    else:
        print("\n".join(wrong) if wrong else f"{run}: every file is as it was written")
    if wrong:
        raise SystemExit(1)


def _print(summary: Summary, folder: Path, as_json: bool) -> None:
    if as_json:
        print_json(envelope(summary, folder))
    else:
        print_comparison(summary, folder)


def _print_phases(folders: list[Path]) -> None:
    """Seconds by phase, added up over runs, longest first."""
    spent: Counter[str] = Counter()
    for folder in folders:
        spent.update(Store(folder).manifest()["phases"])
    print(
        "seconds by phase, summed over threads and workers (the first compiled call compiles):",
        file=sys.stderr,
    )
    for name, seconds in spent.most_common():
        print(f"{seconds:10.2f}  {name}", file=sys.stderr)


@contextmanager
def shown_progress(what: str = "patients") -> Iterator[Progress]:
    """Progress on standard error: a bar on a terminal, a plain line every few seconds elsewhere."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console  # only where there is a terminal to draw on
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str, every: float = 5.0) -> Progress:
    """Plain lines, at most one in ``every`` seconds and one at the end: how many, time, rate over the last minute, time
    left at that rate."""
    began = last = time.monotonic()
    seen: list[tuple[float, int]] = []

    def line(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - began < SETTLED or (seen and done < seen[-1][1]):
            seen.clear()  # what a run held before it was resumed says nothing about the rate, nor does another trial
        seen.append((now, done))
        while len(seen) > 2 and now - seen[1][0] > WINDOW:
            seen.pop(0)
        if done == total or now - last > every:
            last = now
            print(
                f"{done:,} of {total:,} {what}, {now - began:.0f} s{_pace(seen, total, what)}",
                file=sys.stderr,
                flush=True,
            )

    return line


def _pace(seen: list[tuple[float, int]], total: int, what: str) -> str:
    """Rate and time left by the (time, number done) that were ``seen``; nothing where nothing was done in them."""
    (before, had), (now, done) = seen[0], seen[-1]
    if done == had or now <= before:
        return ""
    rate = (done - had) / (now - before)
    left = f", {(total - done) / rate:.0f} s left" if done < total else ""
    return f", {rate:,.{0 if rate >= 10 else 2}f} {what}/s{left}"
