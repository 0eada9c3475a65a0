"""What no trial's tables hold: mean concentration at steady state, and T cells in the blood hour by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from engager.engine.integrate import step
from engager.model import action, alone, concentration, rates
from engager.patients import population
from engager.trials.enrol import Enrolled, enrol, together
from engager.trials.shards import Segment, Setup

Floats = NDArray[np.float64]

PG_PER_NG = 1000.0

HOURS = {1: 16, 2: 8, 6: 8, 12: 12}
"""Hours of the first day at which T cells in the blood are read, and steps since the one before; the first are short,
for they leave in a rush (four times as many change the hour's figure by 1 %)."""


def clearance(v: Mapping[str, float], power: int = 1) -> float:
    """Mean over patients of clearance [L/day] to a ``power``, which is log-normal about one of two medians.

    Args:
        v: population medians by parameter name.
    """
    return sum(
        share * v[name] ** power * float(np.exp((power * population()[name].sd) ** 2 / 2))
        for name, share in _kinds(v).items()
    )


def faster(v: Mapping[str, float], limit: float) -> float:
    """Share of patients whose clearance is above ``limit`` [L/day]."""
    return sum(
        share * float(ndtr(np.log(v[name] / limit) / population()[name].sd))
        for name, share in _kinds(v).items()
    )


def _kinds(v: Mapping[str, float]) -> dict[str, float]:
    """Shares of patients by the median that their clearance is drawn about."""
    return {"CL_main": 1 - v["CL_fast_share"], "CL_fast": v["CL_fast_share"]}


def steady_state(v: Mapping[str, float], rate: float) -> float:
    """Mean over patients of the concentration [pg/mL] that an infusion of ``rate`` [µg/day] ends at, rate/CL."""
    return rate * PG_PER_NG * clearance(v, -1)


def blood_t_cells(s: Setup, pieces: Sequence[Sequence[Segment]], visits: pl.DataFrame) -> pl.DataFrame:
    """Median over patients of the T cells in blood relative to those at entry: replicate, time [day], ratio.

    Times are ``HOURS`` of the first day, from the equations alone, and the trial's visit days, from its ``visits``
    table with all that happened (holds, discontinuation), in whoever is still followed.
    """
    segments = [segment for piece in pieces for segment in piece]
    e = together(
        [enrol(s.trial, s.low, s.values, s.seed, g.replicate, range(g.start, g.stop)) for g in segments]
    )
    entry = pl.DataFrame(
        {"replicate": e.replicate, "patient": e.patients.number, "entry": np.asarray(e.entrant.start.Tb)}
    )
    first = [
        entry.with_columns(time=pl.lit(time), t_cells=pl.Series(x)) for time, x in _first_day(s, e).items()
    ]
    keys = [pl.col("replicate").cast(pl.Int64), pl.col("patient").cast(pl.Int64)]
    seen = visits.filter(pl.col("kind") == "blood").select(
        *keys, time=pl.col("day").cast(pl.Float64), t_cells=pl.col("t_cells").cast(pl.Float64)
    )
    later = seen.join(entry, on=["replicate", "patient"], how="inner").filter(pl.col("time") >= 1)
    both = pl.concat([part.select("replicate", "time", "t_cells", "entry") for part in (*first, later)])
    ratio = (pl.col("t_cells") / pl.col("entry")).median().alias("ratio")
    return both.group_by("replicate", "time").agg(ratio).sort("replicate", "time")


def _first_day(s: Setup, e: Enrolled) -> dict[float, Floats]:
    """Blood T cells [cells] by time [day] at ``HOURS`` of the first day."""
    plan, p, y = s.low.plan, e.entrant.parameters, e.entrant.start
    regimen = e.entrant.fate.regimen
    rate = plan.rate[regimen, 0] + plan.rate_m2[regimen, 0] * e.entrant.fate.BSA
    C, steroid, found, last = np.zeros(len(rate)), plan.steroid[regimen, 0], {}, 0
    for hour, steps in HOURS.items():
        h, last = (hour - last) / 24 / steps, hour
        for _ in range(steps):
            after = concentration(C, rate, p.CL, p.V, h, np)
            start, end = (action(alone(c, np, steroid), p, np) for c in (C, after))
            y, C = step(lambda state, a: rates(state, a, p, np), y, start, end, h, np), after
        found[hour / 24] = np.asarray(y.Tb, np.float64)
    return found
