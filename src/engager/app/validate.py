"""The scoreboard: every study simulated (unless it is already), its published numbers scored, one page over all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engager.app import everything
from engager.app.output import plain
from engager.app.simulate import Progress, reopened
from engager.app.summarise import finished_tables
from engager.documents import DocumentError, Problem
from engager.evidence import Study, distinct, role_of, studies
from engager.inference.checks import Answer, Check, answers, checks, judged
from engager.inference.comparison import ENOUGH
from engager.inference.null_models import NullModels
from engager.inference.scoreboard import Board, tallies
from engager.inference.scores_file import SCORES, as_data
from engager.inference.validation import Scored, Unscored, score_study, scored_rows
from engager.io import MANIFEST, Store, place, unwritable, write_json, write_text
from engager.trials import trial

REPLICATES, SEED = 100, 1
"""Of runs that are simulated here, unless something else is asked for."""


@dataclass(frozen=True)
class Runs:
    """The runs that are scored: where, and what they have in common."""

    folder: Path
    replicates: int
    seed: int
    switched: tuple[str, ...]


def validate(
    folder: Path | str | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    began: Callable[[str, int, int], None] | None = None,
) -> tuple[Board, Path]:
    """Score every published number of every study against its simulated trials.

    Args:
        folder: runs as ``simulate --all`` leaves them, ``runs/all`` if None; what is not there or not finished is
            simulated first, as :func:`engager.app.everything.simulate_all` does it.
        replicates, seed: of the runs, to be simulated or there already; those of the runs that are there, else 100
            and 1, if None.
        out: where ``validation.html``, ``scores.json`` and the figure go; beside the runs if None.
        workers: threads of the simulation.
        began: told before each trial that is simulated: its name, its number, and how many there are.

    Returns:
        The scoreboard and the path of its page.

    Raises:
        DocumentError: the folder holds something else, or runs that do not belong together or to what is asked for;
            fewer than ten replicates.
        KeyboardInterrupt: passed on; what was finished is kept.
    """
    runs = _asked(everything.RUNS if folder is None else place(folder), replicates, seed)
    target = runs.folder if out is None else place(out)
    problems = {} if _finished(runs.folder) else _simulated(runs, workers, progress, began)
    board = _scored(runs, problems)
    return board, _written(board, runs, target)


def _asked(folder: Path, replicates: int | None, seed: int | None) -> Runs:
    """What the runs in the folder have in common, or what is asked for where there are none."""
    if folder.exists() and not folder.is_dir():
        raise DocumentError(f"{folder} is a file; name a folder of runs, as engager simulate --all leaves it")
    found = {
        name: Store(folder / name).manifest()["request"]
        for name in everything.in_order()
        if (folder / name / MANIFEST).is_file()
    }
    if not found and folder.exists() and any(folder.iterdir()):
        raise DocumentError(
            f"{folder} holds no run of a study; name a folder as engager simulate --all leaves it, or an empty one"
        )
    kinds = {name: (r["replicates"], r["seed"], tuple(r["switched"])) for name, r in found.items()}
    first = next(iter(kinds.values()), (replicates or REPLICATES, SEED if seed is None else seed, ()))
    wanted = (first[0] if replicates is None else replicates, first[1] if seed is None else seed, first[2])
    problems = [
        Problem(None, f"{folder / name} has replicates {kind[0]}, seed {kind[1]}, switched {list(kind[2])}")
        for name, kind in kinds.items()
        if kind != wanted
    ]
    if problems:
        said = f"replicates {wanted[0]}, seed {wanted[1]}, switched {list(wanted[2])}"
        what = "asked for are" if kinds and first != wanted else "the first run has"
        raise DocumentError(
            [*problems, Problem(None, f"{what} {said}: name another folder, or simulate it anew")]
        )
    if wanted[0] < ENOUGH:
        raise DocumentError(
            f"{wanted[0]} replicates are too few to score: at least {ENOUGH}, better 100 are needed"
        )
    return Runs(folder, *wanted)


def _finished(folder: Path) -> bool:
    names = everything.in_order()
    return all(
        (folder / name / MANIFEST).is_file() and Store(folder / name).manifest()["status"] == "complete"
        for name in names
    )


def _simulated(
    runs: Runs, workers: int | None, progress: Progress | None, began: Callable[[str, int, int], None] | None
) -> dict[str, str]:
    """Simulate what is missing; returns trials that could not be, with the reason."""
    try:
        done = everything.simulate_all(
            replicates=runs.replicates,
            seed=runs.seed,
            out=runs.folder,
            workers=workers,
            switched=runs.switched,
            progress=progress,
            began=began,
        )
    except KeyboardInterrupt as stop:
        stop.add_note("the same command again")
        raise
    return {line.name: line.problem for line in done.lines if line.problem}


def _scored(runs: Runs, problems: dict[str, str]) -> Board:
    record = studies()
    nulls, wanted = NullModels(tuple(record.values())), checks()
    rows: list[Scored | Unscored] = []
    said: dict[tuple[str, str], Answer] = {}
    marks: dict[str, str] = {}
    for name, study in record.items():
        if name in problems or name not in everything.in_order():
            why = problems.get(name, "the study has no trial among those simulated")
            rows += [Unscored(row, role, why) for row, role in scored_rows(study)]
            continue
        if scored_rows(study) or any(name in (check.study, check.against) for check in wanted):
            found, answered = _study(runs.folder / name, study, nulls, wanted)
            rows += found
            said |= answered
            marks[name] = Store(runs.folder / name).digest()
    everybody = [row for study in record.values() for row in distinct(study.results)]
    return Board(
        replicates=runs.replicates,
        seed=runs.seed,
        rows=tuple(rows),
        context=sum(role_of(row) == "context" for row in everybody),
        problems=problems,
        tallies=tuple(tallies(rows, runs.seed)),
        checks=tuple(judged(check, said) for check in wanted),
        runs=marks,
    )


def _study(
    folder: Path, study: Study, nulls: NullModels, wanted: list[Check]
) -> tuple[list[Scored | Unscored], dict[tuple[str, str], Answer]]:
    with reopened(folder, here=False) as run:
        own, conducted = trial(study.id), run.request.trial
        if run.request.patients != own.patients or not conducted.same_design(own):
            raise DocumentError(
                f"{folder} is not {study.id}'s own trial at its own size, which alone can be scored; simulate it anew"
            )
        tables, _ = finished_tables(run.request, run.store)
        return score_study(conducted, tables, study, nulls), answers(conducted, tables, study.id, wanted)


def _written(board: Board, runs: Runs, target: Path) -> Path:
    from engager.reports.validation_page import (
        PAGE,
        write_validation,
    )  # matplotlib, when the numbers are done

    try:
        write_json(target / SCORES, plain(as_data(board)))
        return write_validation(board, target, write_text)
    except OSError as error:
        raise unwritable(target / PAGE, error) from None
