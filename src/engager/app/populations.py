"""The job behind ``engager populations``: one fit's population in more than one way, and the same questions asked of
each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engager import __version__
from engager.app.calibrate import Asked, Walk, likelihood, walked
from engager.app.request import POINT, Request, manifest, requested
from engager.app.simulate import Progress, begun, reopened
from engager.documents import DocumentError
from engager.engine import executor
from engager.inference import Summary
from engager.inference.basis import same_basis
from engager.inference.emulated import Emulated
from engager.inference.flips import AGAIN, FITTED, Populations, Way, side_by_side
from engager.inference.populations import Population, accept_reject, weighting
from engager.io import MANIFEST, Store, unwritable, write_json, write_text
from engager.patients import Ensemble, read_ensemble, write_ensemble

Floats = NDArray[np.float64]


def smoothed(e: Emulated, start: Floats, members: int, seed: int) -> Population:
    """The members that the smoother left, before anything was drawn from the polynomials."""
    return Population(start, None, {})


WAYS = {"smoother": smoothed, "weighting": weighting, "accept-reject": accept_reject}
"""Ways beside the fit's own, by the name of their folder."""

QUESTIONS = ("TOWER",)

WAYS_FILE, FOUND = "ways.json", "populations.json"


def populations(
    fit: Path,
    *,
    questions: Sequence[str] = QUESTIONS,
    replicates: int = 100,
    seed: int = 1,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    began: Callable[[str, int, int], None] | None = None,
) -> Populations:
    """Make a finished fit's population in several ways, and ask the same questions of each.

    What the folder holds already (populations of the same fit and seed, runs of the same question) is not made again.

    Args:
        fit: folder of a finished fit.
        questions: trials, by name or file.
        replicates: repetitions of every trial under every population.
        seed: of the draws of the populations, and of the trials.
        out: folder of what is found; ``FIT/populations`` if None.
        workers: threads; all cores if None. Changes no result.
        progress: told how far a run is.
        began: told before each run: its name, its number from 1, and how many there are.

    Raises:
        DocumentError: what cannot be used; a way that makes no population is told in the result instead.
        KeyboardInterrupt: passed on; the same call goes on.
    """
    asked = [
        requested(question, replicates=replicates, seed=seed, workers=workers, parameters=POINT)
        for question in dict.fromkeys(questions)
    ]
    shipped = _finished(fit)
    folder = fit / "populations" if out is None else out
    store = Store(folder)
    with store.locked():
        ways = _ways(fit, shipped, folder, seed, workers)
        homes = {way.name: fit if way.name == FITTED else folder / way.name for way in ways if way.members}
        runs = _runs(asked, homes, folder, progress, began)
        rows = [row for question, found in runs.items() for row in side_by_side(question, _summaries(found))]
        found = Populations(
            ways, _parameters(homes), rows, replicates,
            {question: {way: str(run) for way, (_, run) in by_way.items()} for question, by_way in runs.items()},
            {"fit": str(fit), "sha256": shipped.digest, "seed": seed, "engager": __version__},
        )  # fmt: skip
        _keep(found, folder)
    return found


def _finished(fit: Path) -> Ensemble:
    """The ensemble of a finished fit that rests on what there is now."""
    if not (fit / MANIFEST).exists():
        raise DocumentError(f"{fit} is no folder of a fit: engager calibrate --out FOLDER makes one")
    if Store(fit).manifest().get("status") != "complete":
        raise DocumentError(f"{fit} holds an unfinished fit: engager calibrate with its options finishes it")
    found = read_ensemble(fit)
    same_basis(found)
    return found


def _ways(fit: Path, shipped: Ensemble, folder: Path, seed: int, workers: int | None) -> list[Way]:
    """Make the populations, or read what was made of the same fit with the same seed."""
    request = {"sha256": shipped.digest, "seed": seed, "engager": __version__}
    kept = folder / WAYS_FILE
    if kept.exists():
        there = json.loads(kept.read_text(encoding="utf-8"))
        if there["request"] != request:
            raise DocumentError(
                f"{folder} holds populations of another fit, seed or version; name another folder with --out"
            )
        return [Way(**way) for way in there["ways"]]
    made = Store(fit).manifest()["request"]
    asked = Asked(
        made["members"], made["steps"], made["seed"], workers or executor.default_workers(), tuple(made["studies"])
    )  # fmt: skip
    way = walked(asked, fit)
    _same(way, shipped, fit)
    found = _made(way, shipped, folder, seed)
    write_json(kept, {"request": request, "ways": [asdict(one) for one in found]})
    return found


def _same(way: Walk, shipped: Ensemble, fit: Path) -> None:
    """The way must end where the fit's ensemble is, or its points are not those that were simulated."""
    again = np.array([list(way.known.values(z).values()) for z in way.points[-1]])
    if tuple(way.known.names) != shipped.names or not np.allclose(again, shipped.members, rtol=1e-6, atol=0):
        raise DocumentError(
            f"{fit}: its steps do not lead to its ensemble any more; fit again with engager calibrate"
        )


def _made(way: Walk, shipped: Ensemble, folder: Path, seed: int) -> list[Way]:
    e = likelihood(way)
    start, own = ((z - way.known.centre) / way.known.sd for z in way.points[-2:])
    members, drawn = len(start), shipped.about["posterior"]
    beyond = float(np.sqrt(np.mean(np.diag(e.error) / np.diag(way.errors.mean))))
    found = [
        Way(FITTED, members, drawn["effective"], {**drawn, **_fits(e, own), "error_with_emulator": beyond})
    ]
    about = {key: value for key, value in shipped.about.items() if key not in ("sha256", "members")}
    for name, make in WAYS.items():
        try:
            population = make(e, start, members, seed)
        except DocumentError as problem:
            found.append(Way(name, 0, None, {}, str(problem)))
            continue
        z = way.known.centre + way.known.sd * population.points
        values = np.array([list(way.known.values(one).values()) for one in z])
        told = {**population.told, **_fits(e, population.points), "error_with_emulator": beyond}
        one = Way(name, len(values), population.effective, told)
        found.append(one)
        made_by = {"way": name, "fit": shipped.digest, "seed": seed, "effective": one.effective, **told}
        (folder / name).mkdir(parents=True, exist_ok=True)
        write_ensemble(Ensemble(shipped.names, values, {**about, "population": made_by}), folder / name)
    return found


def _fits(e: Emulated, points: Floats) -> dict[str, float]:
    """How far members are from what was printed and from the prior's centre, on the polynomials."""
    return {
        "mean_square": float((e.distances(points) ** 2).mean()),
        "spread": float(np.median(points.std(axis=0, ddof=1))) if len(points) > 1 else 0.0,
    }


def _runs(
    asked: Sequence[Request],
    homes: Mapping[str, Path],
    folder: Path,
    progress: Progress | None,
    began: Callable[[str, int, int], None] | None,
) -> dict[str, dict[str, tuple[Summary, Path]]]:
    """Every question's runs, by question and way."""
    total, number = len(asked) * (len(homes) + 1), 0
    out: dict[str, dict[str, tuple[Summary, Path]]] = {}
    for one in asked:
        for way, home in {**homes, AGAIN: homes[FITTED]}.items():
            number += 1
            if began:
                began(f"{one.trial.name}, {way}", number, total)
            request = replace(one, parameters=str(home), ensemble=read_ensemble(home))
            if way == AGAIN:
                request = replace(request, seed=one.seed + 1)
            run = _run(request, folder, way, progress)
            out.setdefault(_question(one, asked), {})[way] = run
    return out


def _question(one: Request, asked: Sequence[Request]) -> str:
    """The trial's name, with its file where another question has the same name."""
    same = [other for other in asked if other.trial.name == one.trial.name]
    return one.trial.name if len(same) == 1 else f"{one.trial.name} ({one.source})"


def _run(r: Request, folder: Path, way: str, progress: Progress | None) -> tuple[Summary, Path]:
    """A question asked of one population; a run of exactly this request that is there already is read or finished."""
    of = json.dumps([manifest(r)["inputs"], r.replicates, r.patients, r.seed], sort_keys=True)
    stem = re.sub(r"[^\w.-]+", "-", f"{r.trial.name}-{way}").strip("-.")
    home = folder / "runs" / f"{stem}-{hashlib.sha256(of.encode()).hexdigest()[:8]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    there = (home / MANIFEST).is_file()
    with reopened(home, workers=r.workers) if there else begun(r, home) as run:
        run.conduct(progress)
        return run.close(), home


def _summaries(found: Mapping[str, tuple[Summary, Path]]) -> dict[str, Summary]:
    return {way: summary for way, (summary, _) in found.items()}


def _parameters(homes: Mapping[str, Path]) -> dict[str, dict[str, tuple[float, float, float]]]:
    out: dict[str, dict[str, tuple[float, float, float]]] = {}
    for way, home in homes.items():
        found = read_ensemble(home)
        for name, values in zip(
            found.names, np.quantile(found.members, (0.05, 0.5, 0.95), axis=0).T, strict=True
        ):
            low, middle, high = map(float, values)
            out.setdefault(name, {})[way] = (low, middle, high)
    return out


def _keep(found: Populations, folder: Path) -> None:
    from engager.app.output import plain
    from engager.reports.populations_page import (
        write_populations,
    )  # matplotlib is loaded when the numbers are done

    try:
        write_json(folder / FOUND, plain(found))
        write_populations(found, folder, write_text)
    except OSError as error:
        raise unwritable(folder, error) from None
