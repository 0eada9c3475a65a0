"""From parameters to what the calibrating trials would print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.inference.targets import Target, simulated
from engager.trials import Tables, trial, with_grades
from engager.trials.shards import setup, shards, simulate_shard

Floats = NDArray[np.float64]

PATIENTS = 600
"""Patients that a study is simulated with at least, in whole replicates of its own size."""


def replicates(study: str) -> int:
    """Replicates of a study at one point of the parameters."""
    return max(2, -(-PATIENTS // trial(study).patients))


def at(
    values: Mapping[str, float], wanted: Sequence[Target], seed: int, each: Mapping[str, int] | None = None
) -> dict[str, Floats]:
    """Targets by study, each [replicate, target of the study in the order of ``wanted``], under parameter ``values``.

    Args:
        each: replicates by study; :func:`replicates` if None.
    """
    found = {}
    for study in dict.fromkeys(t.study for t in wanted):
        conducted = trial(study)
        many = (each or {}).get(study, replicates(study))
        prepared = setup(conducted, seed, overrides=values)
        parts = [simulate_shard(prepared, piece) for piece in shards(conducted.patients, many)]
        patients, events, visits = (
            pl.concat([getattr(part, name) for part in parts])
            for name in ("patients", "adverse_events", "visits")
        )
        good = patients.filter(pl.col("status") != "failed").sort("replicate", "patient")
        tables = Tables(with_grades(good, events), visits.filter(pl.col("kind") == "marrow"))
        found[study] = simulated(conducted, tables, [t for t in wanted if t.study == study])
    return found


def means(found: Mapping[str, Floats]) -> Floats:
    """One number a target, over its replicates, in the order of the studies."""
    with np.errstate(all="ignore"):
        return np.concatenate([np.nanmean(values, axis=0) for values in found.values()])


def error(found: Mapping[str, Floats], shown: Mapping[str, int]) -> Floats:
    """Covariance of the difference between one printed trial and the mean of ``shown`` simulated ones.

    Args:
        found: many replicates of each study; their spread is that of trials of this size.
        shown: replicates that a member of the ensemble is simulated with.

    Returns:
        [target, target], without correlation between studies.
    """
    size = sum(values.shape[1] for values in found.values())
    out, start = np.zeros((size, size)), 0
    for study, values in found.items():
        stop = start + values.shape[1]
        complete = values[np.isfinite(values).all(axis=1)]
        if len(complete) <= values.shape[1]:
            raise ValueError(
                f"{study}: {len(complete)} complete replicates are too few for {values.shape[1]} targets"
            )
        out[start:stop, start:stop] = np.atleast_2d(np.cov(complete.T)) * (1 + 1 / shown[study])
        start = stop
    return out


def simulable(wanted: Sequence[Target], found: Mapping[str, Floats]) -> tuple[list[Target], list[Target]]:
    """Targets that the model gives a number for in some replicate, and those that it does not; both in the order of
    ``found``."""
    ordered = [t for study in found for t in wanted if t.study == study]
    there = np.concatenate([np.isfinite(values).any(axis=0) for values in found.values()])
    yes = [t for t, ok in zip(ordered, there, strict=True) if ok]
    return yes, [t for t, ok in zip(ordered, there, strict=True) if not ok]
