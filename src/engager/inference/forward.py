"""From parameters to what the calibrating trials would print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.engine.streams import derived
from engager.inference import external
from engager.inference.readouts import blood_t_cells, clearance, faster, steady_state
from engager.inference.targets import Target, simulated
from engager.trials import NotSimulated, Tables, Trial, measured, with_grades
from engager.trials.analysis import VERSUS
from engager.trials.design import FollowUp
from engager.trials.responses import DAYS_PER_MONTH
from engager.trials.shards import Setup, setup, shards, simulate_shard

Floats = NDArray[np.float64]

PATIENTS = 300
"""Patients that a study is simulated with at least, in whole replicates of its own size."""

EXACT = 0.25
"""Share of its standard error within which no model is held to a printed number: none is exact, and rows that print
the same patients twice (CR, CRh and both together) would otherwise be fitted to their last digit."""

MARGIN = 31
"""Days simulated beyond the last that a target looks at, where none needs the whole follow-up."""


def replicates(wanted: Sequence[Target]) -> int:
    """Replicates of the study of ``wanted`` at one point of the parameters."""
    return -(-PATIENTS // designed(wanted).patients)


def designed(wanted: Sequence[Target]) -> Trial:
    """The trial that targets of one study need: its arms that they name, and no longer than they look."""
    whole = external.conducted(wanted[0].study)
    named = {arm for t in wanted for arm in t.result.arm.split(VERSUS)}
    arms = {name: arm for name, arm in whole.arms.items() if name in named} or whole.arms
    share = sum(a.allocation for a in arms.values()) / sum(a.allocation for a in whole.arms.values())
    changes: dict[str, Any] = {"arms": arms, "patients": round(whole.patients * share)}
    times = [t.result.time.months if t.result.time else None for t in wanted]
    if all(t.result.statistic == "proportion" for t in wanted) and None not in times:
        last = round(max(m for m in times if m is not None) * DAYS_PER_MONTH) + MARGIN
        shorter = FollowUp.model_construct(accrual=0, after_last=min(last, whole.follow_up.total))
        changes["follow_up"] = shorter
    return whole.model_copy(update=changes)


def at(
    values: Mapping[str, float], wanted: Sequence[Target], seed: int, each: Mapping[str, int] | None = None
) -> dict[str, Floats]:
    """Targets by study, each [replicate, target of the study in the order of ``wanted``], under parameter ``values``.

    Args:
        each: replicates by study; :func:`replicates` if None.
    """
    found = {}
    for study in dict.fromkeys(t.study for t in wanted):
        mine = [t for t in wanted if t.study == study]
        trial, many = designed(mine), (each or {}).get(study, replicates(mine))
        own = derived(
            seed, study
        )  # else patients of the same number are alike in all studies, and so is chance
        prepared, pieces = setup(trial, own, overrides=values), shards(trial.patients, many, pieces=1)
        parts = [simulate_shard(prepared, piece) for piece in pieces]
        patients, events, visits = (
            pl.concat([getattr(part, name) for part in parts])
            for name in ("patients", "adverse_events", "visits")
        )
        good = patients.filter(pl.col("status") != "failed").sort("replicate", "patient")
        tables = Tables(with_grades(good, events), visits.filter(pl.col("kind") == "marrow"))
        looked = any(t.result.endpoint == external.T_CELLS for t in mine)
        cells = blood_t_cells(prepared, pieces, visits) if looked else None
        found[study] = simulated(trial, many, mine, partial(_read, prepared, many, tables, cells))
    return found


def _read(s: Setup, many: int, tables: Tables, cells: pl.DataFrame | None, target: Target) -> Floats:
    """What each replicate gives for a target, in its own unit."""
    row = target.result
    if row.endpoint == external.STEADY_STATE and target.rate:
        return np.full(many, steady_state(s.values, target.rate))
    if row.endpoint == external.CLEARANCE:
        return np.full(many, clearance(s.values) / external.HOURS)
    if row.endpoint == external.FAST:
        return np.full(many, faster(s.values, external.ULTRA_RAPID * external.HOURS))
    if row.endpoint == external.T_CELLS and cells is not None and row.time:
        found = cells.filter((pl.col("time") - row.time.value).abs() < 1e-6)
        if len(found) != many:
            raise NotSimulated(f"{s.trial.name} looks at no blood {row.time} after the start")
        return found["ratio"].to_numpy()
    return measured(s.trial, tables, row)


def means(found: Mapping[str, Floats]) -> Floats:
    """One number a target, over its replicates, in the order of the studies."""
    with np.errstate(all="ignore"):
        return np.concatenate([np.nanmean(values, axis=0) for values in found.values()])


class Errors(NamedTuple):
    """Covariances of targets on their scales [target, target], without correlation between studies.

    printed: of what one trial of the printed size prints, with its rounding; model: what no model is held to
    (``EXACT``); noise: of chance in the mean of what one point of the parameters is simulated with.
    """

    printed: Floats
    model: Floats
    noise: Floats

    @property
    def mean(self) -> Floats:
        """Of the difference between a printed trial and what a model that is right gives on average."""
        return self.printed + self.model

    @property
    def whole(self) -> Floats:
        """Of the difference between a printed trial and one evaluation of a model that is right."""
        return self.mean + self.noise


def errors(found: Mapping[str, Floats], shown: Mapping[str, float], wanted: Sequence[Target]) -> Errors:
    """What targets are held to.

    Correlations are those of simulated trials. So are the variances, but of a share of N patients it is that of the
    binomial likelihood at the printed count: where a model's share is near none, its own trials hardly differ, yet a
    printed 0 of 21 says little. A target with its own standard error has that, without correlation with others.

    Args:
        found: many replicates of each study; their spread is that of trials of this size.
        shown: replicates that a member of the ensemble is simulated with.
        wanted: the targets, in the order of ``found``.
    """
    size = sum(values.shape[1] for values in found.values())
    printed, noise, start = np.zeros((size, size)), np.zeros((size, size)), 0
    for study, values in found.items():
        stop = start + values.shape[1]
        complete = values[np.isfinite(values).all(axis=1)]
        if len(complete) <= values.shape[1]:
            raise ValueError(
                f"{study}: {len(complete)} complete replicates are too few for {values.shape[1]} targets"
            )
        spread = np.atleast_2d(np.cov(complete.T))
        noise[start:stop, start:stop] = spread / shown[study]
        mine = wanted[start:stop]
        own = np.array([t.counted or np.sqrt(v) for t, v in zip(mine, np.diag(spread), strict=True)])
        together = spread * np.outer(own, own) / _sizes(spread)
        still = np.diag(spread) == 0  # simulated trials that never differ have no variance to be scaled
        together[still, still] = own[still] ** 2
        printed[start:stop, start:stop] = together
        start = stop
    for i, target in enumerate(wanted):
        if target.error is not None:
            printed[i, :] = printed[:, i] = 0.0
            printed[i, i] = target.error**2
    model = EXACT**2 * np.diag(np.diag(printed))
    return Errors(printed + np.diag([t.rounding**2 for t in wanted]), model, noise)


def _sizes(covariance: Floats) -> Floats:
    """Products of standard deviations; 1 where there is none, for what does not vary is correlated with nothing."""
    sd = np.sqrt(np.diag(covariance))
    out = np.outer(sd, sd)
    return np.where(out > 0, out, 1.0)


def simulable(wanted: Sequence[Target], found: Mapping[str, Floats]) -> tuple[list[Target], list[Target]]:
    """Targets that the model gives a number for in some replicate, and those that it does not; both in the order of
    ``found``."""
    ordered = [t for study in found for t in wanted if t.study == study]
    there = np.concatenate([np.isfinite(values).any(axis=0) for values in found.values()])
    yes = [t for t, ok in zip(ordered, there, strict=True) if ok]
    return yes, [t for t, ok in zip(ordered, there, strict=True) if not ok]
