"""Structures that explain the same data, each taken out in turn: what the calibrated targets then look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.app.evaluations import evaluated
from engager.inference.prior import Prior
from engager.inference.targets import Target
from engager.patients import rivalries, setting

Floats = NDArray[np.float64]

ROUNDS = 3
"""Steps of the refit; each costs one evaluation of every variant."""

EMPTY = 10.0
"""Standard errors from the data at which a target counts that has no value, since nobody is left in its group."""

FARTHEST = 2.0
"""Prior standard deviations that a parameter may go in a refit: beyond, slopes are not those of the centre."""


@dataclass(frozen=True)
class Held:
    """What variants are held against: prior, targets, covariance of their errors, slopes at the centre [dimension,
    target] in standard errors per prior standard deviation."""

    known: Prior
    wanted: Sequence[Target]
    error: Floats
    slopes: Floats

    @property
    def sd(self) -> Floats:
        return np.asarray(np.sqrt(np.diag(self.error)))

    def distance(self, values: Floats) -> Floats:
        """Simulated less printed in standard errors; nan where there is no value."""
        z = (values - np.array([t.observed for t in self.wanted])) / self.sd
        return np.where(np.isfinite(z), z, np.nan)

    def misfit(self, z: Floats) -> float:
        """Squared distance; a target without a value adds that of a miss by :data:`EMPTY`, whatever it is correlated
        with."""
        there = np.isfinite(z)
        known = z[there]
        told = float(known @ np.linalg.solve(self.correlation[np.ix_(there, there)], known))
        return told + EMPTY**2 * int((~there).sum())

    @property
    def correlation(self) -> Floats:
        return np.asarray(self.error / np.outer(self.sd, self.sd))

    def next(self, u: Floats, z: Floats) -> Floats:
        """A Gauss–Newton step from ``u`` (prior standard deviations), where targets lie at ``z``, towards the most
        likely parameters; the parameters of targets without a slope go back to the centre. A target without a value
        says nothing of the way."""
        z = np.where(np.isfinite(z), z, 0.0)
        weighted = np.linalg.solve(self.correlation, self.slopes.T).T
        precision = np.eye(len(u)) + weighted @ self.slopes.T
        return np.clip(u - np.linalg.solve(precision, u + weighted @ z), -FARTHEST, FARTHEST)


def variants() -> list[tuple[str, ...]]:
    """Structures to take out: none; each rival alone, and both of a pair."""
    return [(), *(out for one, other in rivalries() for out in ((one,), (other,), (one, other)))]


def compared(
    held: Held, seed: int, folder: Path, workers: int, told: Callable[[int], None] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every variant at the shipped parameters and after a short refit; see ``inference.Sensitivity`` for the tables.

    The refit takes :data:`ROUNDS` steps with the slopes of the model as shipped, and keeps the likeliest parameters
    that it came by. That is less than a fit: a variant that it leaves far from the data may have a better place.
    """
    names = variants()
    at = np.zeros((len(names), len(held.known.names)))
    best: list[tuple[float, Floats, Floats]] = [(np.inf, at[0], at[0])] * len(names)
    first: list[Floats] = []
    for step in range(ROUNDS + 1):
        points = [_point(held.known, u, out) for u, out in zip(at, names, strict=True)]
        done = step * len(names)
        here = (lambda n, done=done: told(done + n)) if told else None
        found = evaluated(
            points, held.wanted, [seed] * len(points), folder / f"rivals-{step}.jsonl", workers, here
        )
        for i, values in enumerate(found):
            z = held.distance(values)
            best[i] = min(
                best[i], (held.misfit(z) + float(at[i] @ at[i]), at[i].copy(), z), key=lambda b: b[0]
            )
            if step == 0:
                first.append(z)
            at[i] = held.next(at[i], z)
    stages = {
        "shipped": [(np.zeros_like(at[0]), z) for z in first],
        "refitted": [(u, z) for _, u, z in best],
    }
    return _tables(held, names, stages)


def _point(known: Prior, u: Floats, out: tuple[str, ...]) -> dict[str, float]:
    """Parameters by name; those of the structures that are out win."""
    return {**known.values(known.centre + known.sd * u), **setting(out)}


def _tables(
    held: Held, names: Sequence[tuple[str, ...]], stages: dict[str, list[tuple[Floats, Floats]]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, by_target = [], []
    for stage, found in stages.items():
        for out, (u, z) in zip(names, found, strict=True):
            misses = [np.where(np.isfinite(one), one, EMPTY) for one in (z, found[0][1])]
            name, change = " and ".join(out) or "nothing", misses[0] - misses[1]
            moved = [held.wanted[j].name for j in np.argsort(-np.abs(change)) if abs(change[j]) > 1]
            rows.append(
                {
                    "out": name, "stage": stage, "misfit": held.misfit(z), "targets": len(z),
                    "moved": float(u @ u), "outside": len(moved), "most": moved[0] if moved else None,
                }
            )  # fmt: skip
            by_target += [
                {"out": name, "stage": stage, "target": t.name, "z": float(a), "change": float(b)}
                for t, a, b in zip(held.wanted, misses[0], change, strict=True)
            ]
    return pl.DataFrame(rows, infer_schema_length=None), pl.DataFrame(by_target)
