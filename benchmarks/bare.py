"""The same patients integrated without a trial around them: the problem that all contestants solve, and the compiled
program's solution of it.

Patients of TOWER follow one calendar (blinatumomab 9 then 28 µg/day, five cycles, two years); nothing is decided and
no clone goes extinct. What is asked for is the number of marrow blasts at the end of every 24th day from the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from engager.engine import compiler
from engager.engine.blocks import pack, unpack
from engager.engine.integrate import step
from engager.model import Action, Parameters, State, action, alone, concentration, rates, steady_losses
from engager.model.target_cells import marrow_blasts
from engager.trials import trial
from engager.trials.conduct import LANES
from engager.trials.course import STEPS, Span, spans
from engager.trials.enrol import Enrolled, enrol
from engager.trials.shards import Setup, setup

DAYS, EVERY = 730, 24
CYCLES, CYCLE, INFUSED = 5, 42, 28

COARSE = ((1 / 40, 3 / 40, 3 / 20), *3 * ((1 / 8, 1 / 8),))
"""About half as many steps as ``STEPS``: neighbours put together."""

Solve = Callable[[], np.ndarray]
"""Integrates patients that were made ready: marrow blasts [cells], [output, patient]."""


class Patients(NamedTuple):
    """Patients: parameters and states before treatment, arrays over patients, in double precision but with the values
    that 32 bits hold, so that every contestant starts from the same numbers."""

    parameters: Parameters
    start: State

    def first(self, number: int) -> Patients:
        """The first ``number`` of them."""
        return Patients(*(type(part)(*(x[:number] for x in part)) for part in self))


@cache
def entrants(number: int) -> tuple[Setup, Enrolled]:
    """TOWER's first patients (seed 1)."""
    s = setup(trial("TOWER"), 1)
    return s, enrol(s.trial, s.low, s.values, 1, 0, range(number))


def patients(number: int) -> Patients:
    """TOWER's first patients as the bare integration takes them."""
    _, e = entrants(number)
    return Patients(
        *(
            type(part)(*(np.broadcast_to(x, e.arm.shape).astype(np.float32).astype(float) for x in part))
            for part in (e.entrant.parameters, e.entrant.start)
        )
    )


def infusion(day: int) -> float:
    """Rate [µg/day] on a day counted from 0."""
    if day >= CYCLES * CYCLE or day % CYCLE >= INFUSED:
        return 0.0
    return 9.0 if day < 7 else 28.0


def stretches() -> list[tuple[int, int, float]]:
    """Days (from, to) of constant rate, and the rate [µg/day]."""
    at = [0, *(day for day in range(1, DAYS) if infusion(day) != infusion(day - 1)), DAYS]
    return [(begin, end, infusion(begin)) for begin, end in pairwise(at)]


def output_days() -> list[int]:
    """Whole days that have passed when blasts are counted."""
    return [day + 1 for day in range(0, DAYS, EVERY)]


def grids(refine: float = 1) -> tuple[np.ndarray, np.ndarray]:
    """Steps of each day [day, step] (zeros pad), and the day's rate.

    Steps are those of the conduct loop divided by ``refine`` (a whole number), or about twice as long where it is ½.
    """
    table, parts = (COARSE, 1) if refine == 0.5 else (STEPS, int(refine))
    fine = [h / parts for quarter in table for h in quarter for _ in range(parts)]
    quiet = 2 if refine == 0.5 else len(STEPS) * parts
    rate = np.array([infusion(day) for day in range(DAYS)], np.float32)
    steps = np.zeros((DAYS, len(fine)), np.float32)
    for day in range(DAYS):
        drug = rate[day] > 0 or (day > 0 and rate[day - 1] > 0)
        own = fine if drug else [1 / quiet] * quiet
        steps[day, : len(own)] = own
    return steps, rate


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distance of two solutions [log10 blasts]; less than one cell counts as one."""
    return np.asarray(np.abs(np.log10(np.maximum(one, 1.0)) - np.log10(np.maximum(other, 1.0))))


def steps_taken() -> int:
    """Steps that a patient takes."""
    return int((grids()[0] > 0).sum())


def of_concentration(a: Action) -> dict[str, Any]:
    """What changes of an action where nothing but the engager is given."""
    return {"Cp": a.Cp, "blood": a.blood, "presence": a.presence}


def advance(
    y: State, C: Any, known_of_C: dict[str, Any], R: Any, span: Span, p: Parameters, xp: Any
) -> tuple[State, Any, dict[str, Any]]:
    """One step of patients with parameters ``p`` under the rate ``R`` [µg/day]: state, concentration and what is known
    of it, at its end."""
    before = action(alone(C, xp), p, xp)._replace(**known_of_C)
    C = concentration(C, R, p.CL, p.V, span.h, xp, span.left)
    after = action(alone(C, xp), p, xp)
    steady = zip(steady_losses(p), span.known, strict=True)
    y = step(lambda s, a: rates(s, a, p, xp), y, before, after, span.h, xp, steady)
    return y, C, of_concentration(after)


@cache
def program() -> Any:
    """The bare integration, to be compiled: (lanes [block, …, lane], lengths of steps [day], (which of them the
    steps of each day have, how many these are, rate)) → blasts."""
    jax = compiler.jax()
    xp = jax.numpy

    def block(lane: tuple[Parameters, State], lengths: Any, calendar: Any) -> Any:
        p, y = lane
        of_each = spans(p, lengths, xp)
        zero = xp.zeros_like(y.Ls)

        def one_day(carry: Any, today: Any) -> Any:
            which, count, R = today

            def body(i: Any, carry: Any) -> Any:
                span = jax.tree.map(lambda table: table[which[i]], of_each)
                return advance(*carry, R, span, p, xp)

            carry = jax.lax.fori_loop(0, count, body, carry)
            return carry, marrow_blasts(carry[0])

        at_rest = action(alone(zero, xp), p, xp)
        return jax.lax.scan(one_day, (y, zero, of_concentration(at_rest)), calendar)[1][::EVERY]

    def run(lanes: Any, lengths: Any, calendar: Any) -> Any:
        return jax.lax.map(lambda lane: block(lane, lengths, calendar), lanes)

    return jax.jit(run)


def compiled(who: Patients, refine: float = 1, lanes: int = LANES) -> Solve:
    """The compiled program, ready for whole blocks of ``lanes`` patients; one thread."""
    jax = compiler.jax()
    number = len(who.start.Ls)
    steps, rate = grids(refine)
    lengths, which = np.unique(steps, return_inverse=True)
    calendar = (which.reshape(steps.shape).astype(np.int32), (steps > 0).sum(1).astype(np.int32), rate)
    packed = jax.tree.map(lambda x: pack(x, number // lanes, lanes), tuple(who))
    run = program().lower(packed, lengths, calendar).compile()
    return lambda: unpack(run(packed, lengths, calendar), number)
