"""The same patients integrated without a trial around them: in the compiled program, and with scipy's LSODA.

Both follow the same calendar (blinatumomab 9 then 28 µg/day, five cycles, two years, no decision, no clone
goes extinct), so that they can be compared per patient. LSODA solves the equations as
``engager.model.rates`` writes them, one patient at a time, the drug being a 24th state.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from engager.engine import compiler
from engager.engine.blocks import pack
from engager.engine.integrate import step
from engager.model import Parameters, State, alone, concentration, rates
from engager.trials.conduct import LANES, STEPS
from engager.trials.enrol import Enrolled

DAYS = 730
CYCLES, CYCLE, INFUSED = 5, 42, 28


def infusion(day: int) -> float:
    """Rate [µg/day] on a day counted from 0."""
    if day >= CYCLES * CYCLE or day % CYCLE >= INFUSED:
        return 0.0
    return 9.0 if day < 7 else 28.0


def grids() -> tuple[np.ndarray, np.ndarray]:
    """Steps of each day [day, step], as the conduct loop takes them (zeros pad), and the rates."""
    fine = [h for quarter in STEPS for h in quarter]
    rate = np.array([infusion(day) for day in range(DAYS)], np.float32)
    steps = np.zeros((DAYS, len(fine)), np.float32)
    for day in range(DAYS):
        drug = rate[day] > 0 or (day > 0 and rate[day - 1] > 0)
        own = fine if drug else [0.25] * 4
        steps[day, : len(own)] = own
    return steps, rate


def compiled(e: Enrolled, patients: int) -> float:
    """Patients per second of the bare integration in the compiled program, one thread."""
    jax = compiler.jax()
    xp = jax.numpy
    steps, rate = grids()
    counts = (steps > 0).sum(1).astype(np.int32)
    blocks = patients // LANES

    def block(lane: tuple[Parameters, State]) -> Any:
        p, y = lane
        zero = xp.zeros(LANES, xp.float32)

        def one_day(carry: Any, today: Any) -> Any:
            table, count, R = today

            def body(i: Any, carry: Any) -> Any:
                y, C = carry
                after = concentration(C, R, p.CL, p.V, table[i], xp)
                x0, x1 = (alone(c, xp) for c in (C, after))
                y = step(lambda s, x: rates(s, x, p, xp), y, x0, x1, table[i], xp)
                return y, after

            carry = jax.lax.fori_loop(0, count, body, carry)
            return carry, carry[0].Ls + carry[0].Lr

        return jax.lax.scan(one_day, (y, zero), (steps, counts, rate))[1][::24]

    run = jax.jit(lambda lanes: jax.lax.map(block, lanes))
    p = e.entrant.parameters
    full = Parameters(*(np.broadcast_to(x, e.arm.shape) for x in p))
    lanes = jax.tree.map(lambda x: pack(x[:patients], blocks, LANES), (full, e.entrant.start))
    jax.block_until_ready(run(lanes))
    return patients / _best(lambda: jax.block_until_ready(run(lanes)))


def lsoda(e: Enrolled, patients: int) -> tuple[float, float]:
    """Patients per second with scipy's LSODA (rtol 1e-6), and its mean number of evaluations per patient."""
    begun, evaluations = time.perf_counter(), 0
    for i in range(patients):
        p = Parameters(*(np.float64(np.broadcast_to(x, e.arm.shape)[i]) for x in e.entrant.parameters))
        start = State(*(np.float64(x[i]) for x in e.entrant.start))
        evaluations += _one_patient(p, start)
    return patients / (time.perf_counter() - begun), evaluations / patients


def _one_patient(p: Parameters, start: State) -> int:
    y, evaluations, begin = np.array([*start, 0.0]), 0, 0
    days = [d for d in range(1, DAYS) if infusion(d) != infusion(d - 1)] + [DAYS]
    scale = np.maximum(np.abs(y), 1e-6)
    for end in days:
        R = infusion(begin)

        def f(_: float, y: np.ndarray, R: float = R) -> np.ndarray:
            s, C = State(*y[:-1]), y[-1]
            P, k = rates(s, alone(C, np), p, np)
            return np.array([*(a - b * v for a, b, v in zip(P, k, s, strict=True)), (R - p.CL * C) / p.V])

        with np.errstate(all="ignore"):
            found = solve_ivp(f, (begin, end), y, method="LSODA", rtol=1e-6, atol=1e-9 * scale)
        y, begin = np.maximum(found.y[:, -1], 0.0), end
        evaluations += found.nfev
    return evaluations


def _best(work: Any, times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)
