"""The job behind ``engager dossier``: scores, runs, fit, sensitivity, checks and limits put together. Nothing is
simulated but the few days of the checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from engager import __version__
from engager.app import everything
from engager.app.request import ENSEMBLE, POINT
from engager.app.verification import live_checks, refined
from engager.documents import DocumentError, Problem, read_yaml
from engager.evidence import sources, studies
from engager.inference import dossier as parts
from engager.inference.credibility import DATA, QUESTION, read_question
from engager.inference.criteria import judged
from engager.inference.dossier import Assumption, Dossier, FitTables, Run, Scatter
from engager.inference.provenance import contents, files, sha256
from engager.inference.scoreboard import Board
from engager.inference.scores_file import SCORES, read_board
from engager.inference.sensitivity import SHIPPED as SENSITIVITY
from engager.inference.sensitivity import Sensitivity, read_sensitivity
from engager.inference.validation import Scored
from engager.io import MANIFEST, Store, place, write_text
from engager.patients import ensemble, population, structures
from engager.trials import read_trial

PAGE = "dossier.html"

STANDINGS = ("assumed", "estimated")
"""Standings of parameters that were not measured."""


def dossier(
    folder: Path | str | None = None, *, question: Path | None = None, out: Path | str | None = None
) -> tuple[Dossier, Path]:
    """Put the credibility dossier together and write its page.

    Args:
        folder: runs that ``engager validate`` has scored, ``runs/all`` if None.
        question: what the model is to be used for and judged by; the file that is shipped if None.
        out: the page; ``dossier.html`` beside the runs if None.

    Returns:
        The dossier and the path of its page.

    Raises:
        DocumentError: every mistake in the question; no scores in the folder, or scores of other runs than are there;
            the page cannot be written.
    """
    asked = read_question(question)
    runs = everything.RUNS if folder is None else place(folder)
    target = runs / PAGE if out is None else place(out)
    if target.is_dir():
        raise DocumentError(f"{target} is a folder; name the page with --out, such as {target / PAGE}")
    board, text = _scores(runs)
    _refuse_outdated(board, runs)
    scored = [_run(runs / name, name) for name in board.runs]
    _refuse_others(board, scored, runs)
    steps = refined()
    checks = live_checks([runs / one.study for one in scored], steps)
    missing: dict[str, str] = {}
    fit = parts.read_fit_tables(parts.FIT) if parts.FIT.is_dir() else None
    if fit is None:
        missing["calibration"] = "this version ships no calibration: engager calibrate makes one"
    found = read_sensitivity(SENSITIVITY) if SENSITIVITY.is_dir() else None
    if found is None:
        missing["sensitivity"] = (
            "this version ships no study of sensitivity: engager sensitivity --out makes one"
        )
    spread = list(_spread(runs, board))
    if not spread:
        missing["spread"] = "the runs' results.json does not tell the two parts of the scatter apart"
    failed = sum(not check.well for check in checks)
    made = Dossier(
        question=asked,
        asked_in=str(question) if question else QUESTION.name,
        engager=__version__,
        folder=str(runs),
        judged=tuple(judged(one, board, failed, len(checks)) for one in asked.criteria),
        checks=tuple(checks),
        refined=tuple(steps),
        versions=_versions(runs, board),
        activities=tuple(row.cells for row in parts.activities()),
        fit=fit,
        board=board,
        runs=tuple(scored),
        spread=tuple(spread),
        sensitivity=found,
        assumptions=tuple(_assumptions(found)),
        structures=tuple(structures().values()),
        limits=tuple(row.cells for row in parts.limits()),
        missing=missing,
        files=_files(text, question or QUESTION, fit, found),
        sources=_cited(board),
    )
    return made, _written(made, target)


def _scores(runs: Path) -> tuple[Board, str]:
    path = runs / SCORES
    if not path.is_file():
        raise DocumentError(
            f"{runs} holds no {SCORES}: score its runs first with engager validate {runs} (without --out)"
        )
    text = Store(runs).text(SCORES)
    board = read_board(text, path)
    gone = [name for name in board.runs if not (runs / name / MANIFEST).is_file()]
    if gone:
        raise DocumentError(
            f"{runs} does not hold the runs that were scored ({', '.join(gone)} missing): name their folder, or score "
            f"what is there with engager validate {runs}"
        )
    return board, text


def _run(folder: Path, name: str) -> Run:
    store = Store(folder)
    kept = store.manifest()
    asked = kept["request"]
    trial = read_trial(read_yaml(store.text("trial.yaml"), name=str(folder / "trial.yaml")))
    lists = [trial.assumptions, trial.cohort.assumptions, *(r.assumptions for r in trial.all_regimens)]
    return Run(
        study=name,
        id=kept["id"],
        sha256=store.digest(),
        patients=asked["patients"],
        replicates=asked["replicates"],
        seed=asked["seed"],
        switched=tuple(asked["switched"]),
        parameters=asked.get("parameters", POINT),
        ensemble=kept["inputs"].get("ensemble", ""),
        engager=kept["engager"],
        simulated=kept.get("simulated", 0),
        failed=kept.get("failed", 0),
        assumptions=len({text for one in lists for text in one}),
    )


def _refuse_others(board: Board, runs: list[Run], folder: Path) -> None:
    """The scores must be those of the runs that stand beside them."""
    problems = [
        Problem(
            None,
            f"{folder / run.study} holds other results ({run.sha256[:12]}…) than were scored ({sha[:12]}…)",
        )
        for run in runs
        if run.sha256 != (sha := board.runs[run.study])
    ]
    problems += [
        Problem(
            None, f"{folder / run.study} has another ensemble ({run.ensemble[:12]}…) than the scores name"
        )
        for run in runs
        if run.ensemble != board.ensemble
    ]
    if problems:
        raise DocumentError([*problems, Problem(None, f"score what is there with engager validate {folder}")])


def _refuse_outdated(board: Board, folder: Path) -> None:
    """The scores must rest on what is installed, as all else on the page does."""
    now, said = contents(), list[str]()
    changed = [name for name in {**now, **board.basis} if now.get(name) != board.basis.get(name)]
    if changed:
        said.append(f"were made with other contents of {', '.join(changed)} than are installed")
    if board.engager != __version__:
        said.append(f"were made by engager {board.engager}, this is {__version__}")
    if board.parameters == ENSEMBLE and board.ensemble != ensemble().digest:
        said.append(
            f"are of runs with another ensemble ({board.ensemble[:12]}…) than is installed ({ensemble().digest[:12]}…)"
        )
    if said:
        raise DocumentError(
            f"the scores in {folder} {' and '.join(said)}: score the runs again with engager validate {folder}"
        )


def _versions(runs: Path, board: Board) -> Mapping[str, str]:
    """What the runs were computed with."""
    found: dict[str, set[str]] = {}
    for name in board.runs:
        kept = Store(runs / name).manifest()
        for package, version in {"engager": kept["engager"], **kept["versions"], **kept["machine"]}.items():
            found.setdefault(package, set()).add(str(version))
    return {package: ", ".join(sorted(versions)) for package, versions in found.items()}


def _spread(runs: Path, board: Board) -> Iterator[Scatter]:
    """Both parts of the scatter of scored numbers, where the runs tell them."""
    wanted = {row.result.id: row for row in board.rows if isinstance(row, Scored)}
    for name in board.runs:
        if not (runs / name / "results.json").is_file():
            continue
        for row in json.loads(Store(runs / name).text("results.json")):
            parted, scored = row.get("spread"), wanted.get(row["id"])
            if parted and scored and row["published"]:
                yield Scatter(row["id"], name, scored.role, parted["parameters"], parted["sampling"])


def _assumptions(found: Sensitivity | None) -> list[Assumption]:
    """Parameters that were not measured, those that move most first, then those that nothing has moved, by name."""
    moved = _moved(found.effects) if found is not None else {}
    made = [
        Assumption(
            p.name, p.value, p.unit, p.standing, p.meaning, p.source, *moved.get(p.name, (None, None, None))
        )
        for p in population().values()
        if p.standing in STANDINGS
    ]
    return sorted(made, key=lambda a: (a.mu_star is None, -(a.mu_star or 0.0), a.parameter))


def _moved(effects: pl.DataFrame) -> dict[str, tuple[float, int, str | None]]:
    """By parameter: its largest effect beyond noise, how many targets have one, and the target of the largest."""
    out: dict[str, tuple[float, int, str | None]] = {}
    for (name,), rows in effects.group_by("parameter"):
        beyond = rows.filter(pl.col("mu_star") > pl.col("floor")).sort("mu_star", descending=True)
        most, target = beyond.select("mu_star", "target").row(0) if len(beyond) else (0.0, None)
        out[str(name)] = (most, len(beyond), target)
    return out


def _files(scores: str, question: Path, fit: FitTables | None, found: Sensitivity | None) -> dict[str, str]:
    """SHA-256 of every file that numbers come from; those of the runs have their own."""
    read = {question.name: question, **files()}
    read |= {name: DATA / name for name in ("activities.csv", "limits.csv")}
    if fit:
        names = (parts.ABOUT, *(f"{name}.csv" for name in parts.TABLES))
        read |= {f"fit/{name}": parts.FIT / name for name in names}
    if found:
        names = ("effects", "rivals")
        read |= {f"sensitivity/{name}.csv": SENSITIVITY / f"{name}.csv" for name in names}
    hashes = {name: sha256(path) for name, path in read.items()}
    return {SCORES: hashlib.sha256(scores.encode("utf-8")).hexdigest(), **hashes}


def _cited(board: Board) -> dict[str, str]:
    """Citations that the scored rows name: of the record, and of its studies' own."""
    known = dict(sources())
    for study in studies().values():
        known |= study.sources
    return {name: known[name] for name in sorted({row.result.source for row in board.rows})}


def _written(made: Dossier, target: Path) -> Path:
    from engager.reports.dossier_page import page_of  # matplotlib is loaded when the numbers are done

    text = page_of(made)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentError(
            f"{target} cannot be written: {error.strerror}; name another page with --out"
        ) from None
    write_text(target, text)
    return target
