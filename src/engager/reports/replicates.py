"""What replicates show: quantities per replicate of the trial, and the spread over replicates."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.inference.comparison import ENOUGH, LEVEL
from engager.inference.random_effects import exact
from engager.outcomes import Curve

Floats = NDArray[np.float64]

LOW, HIGH = (1 - LEVEL) / 2, (1 + LEVEL) / 2

EXACT = 0.95
"""Level of exact binomial intervals and of intervals on curves."""


def enough(replicates: int) -> bool:
    """Whether there are replicates enough to show the spread over them."""
    return replicates >= ENOUGH


def spread(shares: Floats, n: int, of: int, replicates: int) -> tuple[float, float]:
    """Range of a share: over replicates where there are enough of them, else the exact binomial interval."""
    if enough(replicates) and len(shares):
        return float(np.quantile(shares, LOW)), float(np.quantile(shares, HIGH))
    return exact(n, of)


def spread_text(replicates: int) -> str:
    """What :func:`spread` shows, in words."""
    if enough(replicates):
        return f"{100 * LEVEL:.0f} % interval over replicates"
    return f"exact binomial {100 * EXACT:.0f} % interval (too few replicates for a spread over them)"


def on_grid(curve: Curve, grid: Floats, last: float) -> tuple[Floats, Floats]:
    """Value and variance of a curve on ``grid`` [day]; nan after ``last``, where nobody is observed any more."""
    at = np.searchsorted(curve.time, grid, side="right") - 1
    seen = (grid <= last) | (curve.value[at] == 0)
    return np.where(seen, curve.value[at], np.nan), np.where(seen, curve.variance[at], np.nan)


def at_risk(group: pl.DataFrame, time: str, days: Floats, replicates: int) -> Floats:
    """Median over replicates of the number still observed at each of ``days``."""
    times, replicate = group[time].to_numpy(), group["replicate"].to_numpy()
    counts = [np.bincount(replicate[times >= day], minlength=replicates)[:replicates] for day in days]
    return np.array([float(np.median(c)) for c in counts])


def typical(values: Floats) -> int:
    """Median over replicates of a count, as a whole number of patients."""
    return int(np.floor(np.median(values) + 0.5)) if len(values) else 0


def counted(patients: pl.DataFrame, which: pl.Expr, replicates: int) -> int:
    """Patients for whom ``which`` holds: median over replicates of the replicate's total."""
    found = patients.lazy().filter(which).group_by("replicate").len()  # reads no other column
    totals = found.collect()["len"].to_numpy()
    return typical(np.concatenate([totals, np.zeros(max(0, replicates - len(totals)))]))
