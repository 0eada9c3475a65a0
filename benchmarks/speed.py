"""Patients per second and core: the compiled program against C++, the conduct loop, and other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks import bare, cpp, desolve, peers
from benchmarks.race import Spread, race
from benchmarks.table import Row
from engager.trials.conduct import conduct
from engager.trials.course import STEPS
from engager.trials.enrol import Enrolled
from engager.trials.shards import Setup

PATIENTS = 1024
JUDGED = 64
"""Patients on whom a peer's tolerance is chosen."""

LADDER = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
WORSE = 0.2
"""What rounding and chance do to an error; peers may be worse than the compiled program by this share."""


def bare_rows() -> Iterator[Row]:
    """The compiled program against the C++ reference and against the whole conduct loop."""
    where = "Bare integration"
    s, e = bare.entrants(PATIENTS)
    who = bare.patients(PATIENTS)
    contestants: dict[str, Callable[[], Any]] = {
        "bare": bare.compiled(who),
        "conduct": lambda: conduct(s.trial, s.low, s.values, e.entrant, 8),
    }
    if cpp.compiler():
        contestants["C++"] = cpp.Reference(who, *bare.grids(), bare.EVERY)
    taken = race(contestants, 21)
    steps = conduct_steps(s, e)
    speed = {name: Spread.of(PATIENTS / seconds) for name, seconds in taken.items()}
    unit = "patients/s/core"
    yield Row.of(
        where,
        "compiled program (JAX)",
        speed["bare"],
        unit,
        note="two years, 31 outputs, 4,515 steps, float32",
    )
    if not cpp.compiler():
        yield Row(where, "the same in C++", None, target=1.3, at_most=True, note="no C++ compiler here")
    else:
        yield Row.of(where, "the same in C++", speed["C++"], unit, note="benchmarks/reference.cpp")
        ratio = Spread.of(taken["bare"] / taken["C++"])
        yield Row.of(where, "time of JAX over that of C++", ratio, "×", target=1.3, at_most=True)
        apart = bare.difference(contestants["bare"](), contestants["C++"]()).max()
        wanted = {"target": cpp.TOLERANCE, "at_most": True}
        yield Row(where, "largest difference of the two", float(apart), "log10 blasts", **wanted)
    note = f"two years, {steps / PATIENTS:,.0f} steps: none after death, few off treatment"
    yield Row.of(where, "whole conduct loop", speed["conduct"], unit, note=note)
    ratio = Spread.of(taken["conduct"] / taken["bare"])
    yield Row.of(
        where, "time of a patient, conduct over bare", ratio, "×", target=3, at_most=True,
        note="bare: every step of two years for everybody",
    )  # fmt: skip
    ratio = Spread.of((taken["conduct"] / steps) / (taken["bare"] / (PATIENTS * bare.steps_taken())))
    note = "the day's decisions, and lanes that wait for others in their block, fall on few steps"
    yield Row.of(where, "time of a step that a patient needs, conduct over bare", ratio, "×", note=note)


def conduct_steps(s: Setup, e: Enrolled) -> int:
    """Steps that the patients of a trial need when it is conducted: those of a day with drug (ordered, or still in the
    blood from the day before) or without, none once the cells are not followed any more."""
    daily = conduct(s.trial, s.low, s.values, e.entrant, 8).daily
    followed, gone = daily.studied > 0, s.values["drug_gone"]
    left = np.concatenate([np.zeros_like(daily.C[:1]), daily.C[:-1]]) > gone
    drug = followed & ((daily.rate > 0) | left)
    fine = sum(map(len, STEPS))
    return int(fine * drug.sum() + len(STEPS) * (followed & ~drug).sum())


NUMBERS = {
    "scipy LSODA": 4, "scipy LSODA, numba": 16, "numbalsoda": 32, "libRoadRunner": 8, "diffrax Kvaerno5": 8,
    "diffrax Tsit5": 8,
}  # fmt: skip
"""Patients that a peer solves in a round: about half a second's work, as far as whole patients allow."""

SLOW = ("scipy LSODA", "diffrax Kvaerno5", "diffrax Tsit5")
"""Judged on no more patients than they solve in a round: Python itself, and what is compiled for one number."""

TARGETS = {"scipy LSODA": 200.0, "numbalsoda": 7.0, "libRoadRunner": 20.0}


def error(found: np.ndarray, exact: np.ndarray) -> float:
    """99th percentile of the error over patients and output days [log10 blasts]; infinite where one failed."""
    if not np.isfinite(found).all():
        return float("inf")
    return float(np.quantile(bare.difference(found, exact), 0.99))


def tolerance(
    solve: peers.Solver, who: bare.Patients, exact: np.ndarray, wanted: float
) -> tuple[float, float]:
    """(rtol, error): the loosest of the ladder that is about as good as ``wanted``; where none is, the loosest that is
    about as good as the best."""
    tried: list[tuple[float, float]] = []
    for rtol in LADDER:
        try:
            off = error(solve(who, rtol), exact)
        except RuntimeError:  # libRoadRunner raises where others give what is not a number
            off = float("inf")
        tried.append((rtol, off))
        if tried[-1][1] <= wanted * (1 + WORSE):
            return tried[-1]
    best = min(off for _, off in tried)
    return next(one for one in tried if one[1] <= best * (1 + WORSE))


def peer_rows() -> Iterator[Row]:
    """Other programs on the same problem, each first shown to solve it, at about the error of the compiled one."""
    where = "Other programs"
    who = bare.patients(JUDGED)
    exact = peers.tight(who)
    own = error(bare.compiled(who)(), exact)
    chosen: dict[str, tuple[float, float]] = {}
    for name, (_, solve) in peers.PEERS.items():
        if lacking := peers.missing(name):
            yield Row(where, name, None, note=f"not measured: {', '.join(lacking)} not installed")
        else:  # the slow ones on those with whom they are timed
            number = NUMBERS[name] if name in SLOW else JUDGED
            chosen[name] = tolerance(solve, who.first(number), exact[:, :number], own)
    yield Row(
        where, "engager: error", own, "log10 blasts", note="99th percentile over 64 patients and 31 days"
    )
    solvers = {name: peers.PEERS[name][1] for name in chosen}
    contestants: dict[str, Callable[[], Any]] = {"engager": bare.compiled(bare.patients(PATIENTS))}
    numbers = {"engager": PATIENTS} | {name: NUMBERS[name] for name in chosen}
    for name, (rtol, _) in chosen.items():
        contestants[name] = partial(solvers[name], who.first(NUMBERS[name]), rtol)
    taken = race(contestants, 5)
    each = {name: seconds / numbers[name] for name, seconds in taken.items()}
    for name in chosen:
        rtol, off = chosen[name]
        best = ", the best it reaches" if off > own * (1 + WORSE) else ""
        note = f"rtol {rtol:g}, error {off:.1e}{best}"
        yield Row.of(where, name, Spread.of(1 / each[name]), "patients/s/core", note=note)
        ratio = Spread.of(each[name] / each["engager"])
        yield Row.of(where, f"engager against {name}", ratio, "×", target=TARGETS.get(name))
    yield from desolve.rows(who, exact, contestants["engager"], PATIENTS)
