"""The fit: an ensemble of parameter sets that the calibrated part of the record is likely under."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager import __version__
from engager.app.crew import gathered
from engager.app.evaluations import begin, evaluated, held_against
from engager.documents import DocumentError, Problem
from engager.engine import executor
from engager.engine.cluster import Cluster
from engager.engine.streams import derived, to_normal, uniform
from engager.inference.basis import basis, fitted_studies, not_fitted
from engager.inference.emulated import FOLDS, Emulated, emulated
from engager.inference.fit import Fit, fit_of
from engager.inference.forward import Errors
from engager.inference.populations import Population, posterior_sampling
from engager.inference.prior import Prior, prior
from engager.inference.smoother import assimilate, inflations
from engager.inference.targets import Target
from engager.io import MANIFEST, Store, unwritable, write_json, write_text
from engager.patients import Ensemble, write_ensemble

Floats = NDArray[np.float64]

CALIBRATIONS = Path("calibrations")
"""Where fits go unless told otherwise."""

MEMBERS, STEPS = 224, 3
"""Size of the ensemble, and assimilations of the data: a fit of 30 to 40 minutes on two cores."""


DIGITS = 9
"""Decimals of points on the prior's scale: what another machine's linear algebra rounds differently is not kept."""

MIXED = 1.1
"""Largest R-hat of chains that are trusted."""

LEAST = 50
"""Fewest members: below, chance correlations hide all others."""


@dataclass(frozen=True)
class Asked:
    """A calibration that was asked for."""

    members: int
    steps: int
    seed: int
    workers: int
    studies: tuple[str, ...] = ()

    @property
    def request(self) -> dict[str, Any]:
        """What the result depends on beside the record and the tables."""
        return {
            "members": self.members,
            "steps": self.steps,
            "seed": self.seed,
            "studies": list(self.studies),
        }


def calibrate(
    *,
    members: int = MEMBERS,
    steps: int = STEPS,
    seed: int = 1,
    studies: Sequence[str] = (),
    out: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Fit, Path]:
    """Fit the population to the calibrated part of the record.

    A folder that holds an unfinished fit with the same request is gone on with. Members are simulated in any order on
    any number of workers with the same result.

    Args:
        members: parameter sets in the ensemble.
        steps: times that the data are assimilated, each with a part of their weight.
        seed: with the record and the tables, all that the result depends on.
        studies: fit to these only; all that may be fitted if none is named.
        out: folder of the fit; ``calibrations/seed-<seed>`` if None.
        workers: threads; all cores if None. Changes no result.
        scheduler: address of a Dask scheduler that members go to. Changes no result.
        processes: processes on this machine to use in place of threads. Changes no result.
        progress: told how many members of how many have been simulated, over all steps.

    Returns:
        The fit and its folder, which also holds the ensemble for ``simulate --parameters FOLDER`` and a report.

    Raises:
        DocumentError: what cannot be used; a folder that holds another fit.
        KeyboardInterrupt: passed on; finished members are kept, the same call goes on from them.
    """
    limits = {"members": (members, LEAST, 100_000), "steps": (steps, 1, 20), "seed": (seed, 0, 2**63 - 1)}
    wrong = [
        Problem(None, f"--{name} {value}: must be from {low} to {high}")
        for name, (value, low, high) in limits.items()
        if not low <= value <= high
    ]
    wrong += not_fitted(studies)
    if wrong:
        raise DocumentError(wrong)
    folder = CALIBRATIONS / f"seed-{seed}" if out is None else out
    asked = Asked(members, steps, seed, workers or executor.default_workers(), tuple(sorted(set(studies))))
    store = Store(folder)
    if not (folder / MANIFEST).exists():
        store.check(0)
        folder.mkdir(parents=True, exist_ok=True)
    with store.locked(), gathered(scheduler, processes, workers) as crew:
        begin(folder, "fit", asked.request)
        try:
            fit = _fitted(asked, folder, progress, crew)
        except KeyboardInterrupt as stop:
            stop.add_note(f"the same command again goes on in {folder}")
            raise
        _keep(fit, asked, folder)
        store.note(status="complete", sha256=fit.ensemble.digest, left_out=[t.name for t in fit.left_out])
    return fit, folder


@dataclass(frozen=True)
class Walk:
    """The way of an ensemble from the prior to the posterior: what the smoother made of it step by step, and last what
    was drawn from the posterior that all points together say.

    Attributes:
        known: the prior.
        wanted: targets, study by study; ``left_out``: those that cannot be simulated.
        errors: of the targets.
        points: by step, the first of the prior, the last of the posterior [member, dimension].
        shown: what they give for the targets, by step [member, target].
        drawn: the draws that the last points are.
    """

    known: Prior
    wanted: list[Target]
    left_out: list[Target]
    errors: Errors
    points: list[Floats]
    shown: list[Floats]
    drawn: Population | None = None


def walked(
    asked: Asked,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    crew: Cluster | None = None,
) -> Walk:
    """Go the way that was asked for; members that the folder holds are not simulated again."""
    known = prior()
    total = asked.members * (asked.steps + 2)
    wanted, left_out, errors = held_against(known, asked.seed, folder, asked.studies)
    observed = np.array([t.observed for t in wanted])
    points, drawn = [known.sample(asked.members, asked.seed)], None
    shown: list[Floats] = []
    for step in range(asked.steps + 2):
        told = (lambda done, step=step: progress(step * asked.members + done, total)) if progress else None
        shown.append(_simulated(asked, known, wanted, points[-1], step, folder, told, crew))
        if step < asked.steps:
            noise = _noise(asked, wanted, step)
            inflation = float(inflations(asked.steps)[step])
            moved = assimilate(points[-1], shown[-1], observed, errors.whole, inflation, noise)
            points.append(np.round(moved, DIGITS))
        elif step == asked.steps:
            way = Walk(known, wanted, left_out, errors, points, shown)
            start = (points[-1] - known.centre) / known.sd
            drawn = posterior_sampling(likelihood(way), start, asked.members, asked.seed)
            _mixed(drawn)
            points.append(np.round(known.centre + known.sd * drawn.points, DIGITS))
    return Walk(known, wanted, left_out, errors, points, shown, drawn)


def likelihood(way: Walk) -> Emulated:
    """The emulated likelihood from all that a fit had simulated when it drew its members. Polynomials give means, so
    the chance of single evaluations has no part in it."""
    steps = len(way.points) - (way.drawn is not None)
    points = np.concatenate([(z - way.known.centre) / way.known.sd for z in way.points[:steps]])
    members = len(way.points[0])
    return emulated(
        points,
        np.concatenate(way.shown[:steps]),
        np.array([t.observed for t in way.wanted]),
        way.errors.mean,
        way.errors.noise,
        groups=np.tile(np.arange(members) % FOLDS, steps),  # a member stays with what became of it
        near=np.repeat(np.arange(steps) > 0, members),
    )


def _mixed(drawn: Population) -> None:
    """Chains that have not met say nothing."""
    if drawn.told["r_hat"] > MIXED:
        raise DocumentError(
            f"the chains that draw the posterior have not mixed (R-hat {drawn.told['r_hat']:.2f}, at most {MIXED} is "
            "trusted): more members give a better polynomial, more steps a better start"
        )


def _fitted(
    asked: Asked, folder: Path, progress: Callable[[int, int], None] | None, crew: Cluster | None
) -> Fit:
    way = walked(asked, folder, progress, crew)
    about = {
        "request": asked.request,
        "basis": basis(asked.studies or None),
        "studies": list(asked.studies or fitted_studies()),
        "engager": __version__,
        "posterior": {"effective": way.drawn.effective, **way.drawn.told} if way.drawn else {},
    }
    values = np.array([list(way.known.values(z).values()) for z in way.points[-1]])
    found = Ensemble(tuple(way.known.names), values, about)
    return fit_of(way.known, found, way.wanted, way.left_out, way.errors, way.points, way.shown)


def _noise(asked: Asked, wanted: list[Target], step: int) -> Floats:
    """Standard normal numbers [member, target], by the target's name."""
    drawn = [to_normal(uniform(asked.seed, f"fit/{t.name}", step, range(asked.members))) for t in wanted]
    return np.stack(drawn, axis=1)


def _simulated(
    asked: Asked,
    known: Prior,
    wanted: list[Target],
    points: Floats,
    step: int,
    folder: Path,
    told: Callable[[int], None] | None,
    crew: Cluster | None,
) -> Floats:
    """What every member gives for the targets [member, target]; members found in the folder are not simulated again."""
    values = [known.values(z) for z in points]
    # other trials for every member: what is chance in one set of trials would be common to all
    seeds = [derived(asked.seed, f"fit, step {step}, member {i}") for i in range(len(points))]
    found = evaluated(values, wanted, seeds, folder / f"step-{step}.jsonl", asked.workers, told, crew)
    empty = [t.name for t, there in zip(wanted, np.isfinite(found).T, strict=True) if not there.any()]
    if empty:
        raise DocumentError(
            f"step {step}: no member gives a number for {', '.join(empty)}: the prior is too far from the data; "
            "more members or more steps may help"
        )
    # where nobody is in a group there is nothing to say
    return np.where(np.isfinite(found), found, np.nanmean(found, axis=0))


def _keep(fit: Fit, asked: Asked, folder: Path) -> None:
    """The ensemble, the tables, and the report."""
    from engager.reports.fit_page import write_fit  # matplotlib is loaded when the numbers are done

    try:
        write_ensemble(fit.ensemble, folder)
        for name, table in (("targets", fit.targets), ("posterior", fit.posterior), ("trace", fit.trace)):
            write_text(folder / f"{name}.csv", table.write_csv())
        pl.DataFrame(fit.correlation, schema=list(fit.ensemble.names)).write_csv(folder / "correlation.csv")
        write_json(folder / "about.json", dict(fit.ensemble.about))
        write_fit(fit, folder, write_text)
    except OSError as error:
        raise unwritable(folder, error) from None
