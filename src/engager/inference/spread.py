"""How much of a result's scatter is the parameters', and how much the chance of a trial of that size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engager.patients.ensemble import PAIR

Floats = NDArray[np.float64]

PAIRS = 10
"""Fewest complete groups of replicates that the two are told apart by."""


@dataclass(frozen=True)
class Spread:
    """Standard deviations of a result over replicates, in its own unit.

    parameters: what members of the ensemble differ by; sampling: what trials of this size differ by at the same
    parameters.
    """

    parameters: float
    sampling: float


def spread(values: Floats) -> Spread | None:
    """Both parts of the scatter of a result over replicates, of which each ``PAIR`` share a member.

    By analysis of variance: replicates within a group differ by sampling alone, means of groups by both. Groups in
    which a replicate has no finite value are left out.

    Args:
        values: one number a replicate, in order.

    Returns:
        None where fewer than ``PAIRS`` groups are complete.
    """
    groups = values[: len(values) // PAIR * PAIR].reshape(-1, PAIR)
    groups = groups[np.isfinite(groups).all(axis=1)]
    if len(groups) < PAIRS:
        return None
    within = float(groups.var(axis=1, ddof=1).mean())
    between = float(groups.mean(axis=1).var(ddof=1)) - within / PAIR
    return Spread(float(np.sqrt(max(between, 0.0))), float(np.sqrt(within)))
