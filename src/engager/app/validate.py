"""The scoreboard: every study simulated (unless it is already), its published numbers scored, one page over all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engager import __version__
from engager.app import everything
from engager.app.output import plain
from engager.app.request import POINT, SHIPPED
from engager.app.simulate import Progress, reopened
from engager.app.summarise import finished_tables
from engager.documents import DocumentError, Problem
from engager.evidence import Study, distinct, role_of, studies
from engager.inference.checks import Answer, Check, answers, checks, concluded
from engager.inference.comparison import ENOUGH
from engager.inference.null_models import NullModels
from engager.inference.provenance import contents
from engager.inference.scoreboard import Board, tallies
from engager.inference.scores_file import SCORES, as_data
from engager.inference.validation import Scored, Unscored, score_study, scored_rows
from engager.io import MANIFEST, Store, place, unwritable, write_json, write_text
from engager.trials import trial

DEFAULTS: dict[str, Any] = {"replicates": 100, "seed": 1, "switched": [], "parameters": SHIPPED}
"""Of runs that are simulated here, unless something else is asked for."""


@dataclass(frozen=True)
class Runs:
    """The runs that are scored: where, and what they have in common (see :data:`DEFAULTS`)."""

    folder: Path
    replicates: int
    seed: int
    switched: list[str]
    parameters: str


def validate(
    folder: Path | str | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    parameters: str | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    began: Callable[[str, int, int], None] | None = None,
) -> tuple[Board, Path]:
    """Score every published number of every study against its simulated trials.

    Args:
        folder: runs as ``simulate --all`` leaves them, ``runs/all`` if None; what is not there or not finished is
            simulated first, as :func:`engager.app.everything.simulate_all` does it.
        replicates, seed, parameters: of the runs, to be simulated or there already (see
            :func:`engager.app.simulate.simulate`); those of the runs that are there, else 100, 1 and the shipped
            population, if None.
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
    asked = {"replicates": replicates, "seed": seed, "parameters": parameters}
    runs = _asked(everything.RUNS if folder is None else place(folder), asked)
    target = runs.folder if out is None else place(out)
    problems = {} if _finished(runs.folder) else _simulated(runs, workers, progress, began)
    board = _scored(runs, problems)
    return board, _written(board, runs, target)


def _asked(folder: Path, asked: dict[str, Any]) -> Runs:
    """What the runs in the folder have in common, or what is asked for where there are none."""
    if folder.exists() and not folder.is_dir():
        raise DocumentError(f"{folder} is a file; name a folder of runs, as engager simulate --all leaves it")
    requests = {
        name: Store(folder / name).manifest()["request"]
        for name in everything.in_order()
        if (folder / name / MANIFEST).is_file()
    }
    if not requests and folder.exists() and any(folder.iterdir()):
        raise DocumentError(
            f"{folder} holds no run of a study; name a folder as engager simulate --all leaves it, or an empty one"
        )
    found = {name: {"parameters": POINT, **request} for name, request in requests.items()}
    found = {name: {key: request[key] for key in DEFAULTS} for name, request in found.items()}
    first = next(iter(found.values()), DEFAULTS)
    wanted = {**first, **{key: value for key, value in asked.items() if value is not None}}
    problems = [
        Problem(None, f"{folder / name} has {_said(one)}") for name, one in found.items() if one != wanted
    ]
    if problems:
        what = "the first run has" if first == wanted else "asked for are"
        raise DocumentError(
            [*problems, Problem(None, f"{what} {_said(wanted)}: name another folder, or simulate it anew")]
        )
    if wanted["replicates"] < ENOUGH:
        raise DocumentError(
            f"{wanted['replicates']} replicates are too few to score: at least {ENOUGH}, better 100 are needed"
        )
    return Runs(folder, **wanted)


def _said(one: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in one.items())


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
            parameters=runs.parameters,
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
    members = ""
    for name, study in record.items():
        if name in problems or name not in everything.in_order():
            why = problems.get(name, "the study has no trial among those simulated")
            rows += [Unscored(row, role, why) for row, role in scored_rows(study)]
            continue
        if scored_rows(study) or any(name in (check.study, check.against) for check in wanted):
            found, answered = _study(runs.folder / name, study, nulls, wanted)
            rows += found
            said |= answered
            store = Store(runs.folder / name)
            marks[name] = store.digest()
            members = store.manifest()["inputs"][
                "ensemble"
            ]  # the same in all: other inputs than now are refused
    everybody = [row for study in record.values() for row in distinct(study.results)]
    return Board(
        replicates=runs.replicates,
        seed=runs.seed,
        parameters=runs.parameters,
        switched=tuple(runs.switched),
        rows=tuple(rows),
        context=sum(role_of(row) == "context" for row in everybody),
        problems=problems,
        tallies=tuple(tallies(rows, runs.seed)),
        checks=tuple(concluded(check, said, varied=runs.parameters != POINT) for check in wanted),
        runs=marks,
        engager=__version__,
        ensemble=members,
        basis=contents(),
    )


def _study(
    folder: Path, study: Study, nulls: NullModels, wanted: list[Check]
) -> tuple[list[Scored | Unscored], dict[tuple[str, str], Answer]]:
    with reopened(folder, here=0) as run:
        own, conducted = trial(study.id), run.request.trial
        if run.request.patients != own.patients or not conducted.same_design(own):
            raise DocumentError(
                f"{folder} is not {study.id}'s own trial at its own size, which alone can be scored; simulate it anew"
            )
        tables = finished_tables(run.request, run.store)
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
