"""The bare integration by the programs that people use for such models, each with its own adaptive solver.

All solve the problem of :mod:`benchmarks.bare` in double precision, the drug being one more state, and land on the
days when the rate changes. A peer whose package is not installed is left out, by name and reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.integrate import odeint, solve_ivp

from benchmarks import listing
from benchmarks.bare import DAYS, Patients, output_days, stretches
from engager.model import Parameters, State, action, alone, rates

ATOL = 1e-6
"""Absolute tolerance of the states: a millionth of a cell."""

FINE = {"D": 1e-15, "C": 1e-15, "X": 1e-9, "W": 1e-9, "Nf": 1e-9, "Ns": 1e-9}
"""Absolute tolerances of states that are small numbers. The root of D − S drives T cells, so noise in D or C well below
a millionth makes CVODE fail; programs that take one tolerance for all states get ``ATOL``."""

NAMES = (*State._fields, "C")

CLONES = [NAMES.index(name) for name in listing.CLONES]

Solver = Callable[[Patients, float], np.ndarray]
"""(patients, rtol) → marrow blasts [cells], [output, patient]."""

Stretch = Callable[[np.ndarray, list[float], float], np.ndarray]
"""(state, times, rate) → states at the times, [time, state]; the first time is that of the state."""


def march(start: np.ndarray, solve: Stretch, *, logarithmic: bool = False) -> np.ndarray:
    """Marrow blasts of one patient on the output days, stretch by stretch of constant rate."""
    count = np.exp if logarithmic else np.asarray
    found, y = {}, start
    for begin, end, rate in stretches():
        inside = [day for day in output_days() if begin < day < end]
        times = [float(begin), *map(float, inside), float(end)]
        states = solve(y, times, rate)
        y = states[-1] if logarithmic else np.maximum(states[-1], 0.0)
        found |= {day: count(states[i][CLONES]).sum() for i, day in enumerate([begin, *inside, end]) if i}
    return np.array([found[day] for day in output_days()])


def each(who: Patients, solve: Callable[[Parameters, np.ndarray], np.ndarray]) -> np.ndarray:
    """One patient after the other: ``solve`` takes parameters and the state with the drug as last."""
    parameters, start = np.array(who.parameters).T, np.array(who.start).T
    return np.stack(
        [solve(Parameters(*p), np.append(y, 0.0)) for p, y in zip(parameters, start, strict=True)], axis=1
    )


def scipy_python(who: Patients, rtol: float) -> np.ndarray:
    """scipy's LSODA (``solve_ivp``) with the model's own Python."""

    def one(p: Parameters, start: np.ndarray) -> np.ndarray:
        def solve(y: np.ndarray, times: list[float], R: float) -> np.ndarray:
            def f(_: float, y: np.ndarray) -> np.ndarray:
                s, C = State(*y[:-1]), y[-1]
                P, k = rates(s, action(alone(C, np), p, np), p, np)
                return np.array([*(a - b * v for a, b, v in zip(P, k, s, strict=True)), (R - p.CL * C) / p.V])

            options = {"method": "LSODA", "rtol": rtol, "atol": ATOL, "t_eval": times}
            with np.errstate(all="ignore"):
                return np.asarray(solve_ivp(f, (times[0], times[-1]), y, **options).y).T

        return march(start, solve)

    return each(who, one)


@cache
def numba_rates(*, logarithmic: bool = False) -> Any:
    """Compiled ``f(u, p, du)``: u the state with the drug, p the parameters and the rate; ``du`` is filled."""
    import math

    import numba

    lines = listing.written(listing.PYTHON, logarithmic=logarithmic)
    derivatives = listing.equations(logarithmic=logarithmic)[1].values()
    given = [f"{name}_ = u[{i}]" for i, name in enumerate(NAMES)]
    given += [f"{name}_ = p[{i}]" for i, name in enumerate((*Parameters._fields, "R"))]
    body = [*given, *lines, *(f"du[{i}] = {name}" for i, name in enumerate(derivatives))]
    room: dict[str, Any] = {"exp": math.exp, "log": math.log}
    exec("def f(u, p, du):\n    " + "\n    ".join(body), room)  # the text is our own, made a line above
    return numba.njit(error_model="numpy")(room["f"])


def scipy_numba(who: Patients, rtol: float) -> np.ndarray:
    """scipy's LSODA (``odeint``, which has less between its steps) with a right-hand side compiled by numba."""
    return each(who, _odeint(numba_rates(), rtol, ATOL))


def tight(who: Patients) -> np.ndarray:
    """What all are measured against: LSODA with rtol 1e-10 and logarithms of the clones as states, so that one that
    shrinks to a trace and grows again keeps its digits."""

    def one(p: Parameters, start: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(start[CLONES]), -700.0)
        start = start.copy()
        start[CLONES] = logs
        return _odeint(numba_rates(logarithmic=True), 1e-10, 1e-10, logarithmic=True)(p, start)

    return each(who, one)


def _odeint(
    f: Any, rtol: float, atol: float, *, logarithmic: bool = False
) -> Callable[[Parameters, np.ndarray], np.ndarray]:
    def one(p: Parameters, start: np.ndarray) -> np.ndarray:
        du, parameters = np.zeros(len(start)), np.append(p, 0.0)

        def g(_: float, y: np.ndarray) -> np.ndarray:
            f(y, parameters, du)
            return du

        def solve(y: np.ndarray, times: list[float], R: float) -> np.ndarray:
            parameters[-1] = R
            return np.asarray(odeint(g, y, times, rtol=rtol, atol=atol, tfirst=True, mxstep=100_000))

        return march(start, solve, logarithmic=logarithmic)

    return one


@cache
def _lsoda_function() -> int:
    import numba
    import numbalsoda

    f, states, parameters = numba_rates(), len(State._fields) + 1, len(Parameters._fields) + 1

    @numba.cfunc(numbalsoda.lsoda_sig)
    def g(t: Any, u: Any, du: Any, p: Any) -> None:
        f(numba.carray(u, states), numba.carray(p, parameters), numba.carray(du, states))

    _lsoda_function.kept = g  # type: ignore[attr-defined]  # its address is only good as long as it lives
    return int(g.address)


def numbalsoda(who: Patients, rtol: float) -> np.ndarray:
    """numbalsoda: LSODA in C with a right-hand side compiled by numba, no Python between the steps."""
    import numbalsoda as library

    address = _lsoda_function()

    def one(p: Parameters, start: np.ndarray) -> np.ndarray:
        def solve(y: np.ndarray, times: list[float], R: float) -> np.ndarray:
            states, well = library.lsoda(
                address, y, np.array(times), data=np.append(p, R), rtol=rtol, atol=ATOL, mxstep=100_000
            )
            return np.asarray(states) if well else np.full_like(states, np.nan)

        return march(start, solve)

    return each(who, one)


def antimony_text() -> str:
    """The model in Antimony: assignments and rate rules, everything a global parameter."""
    rules = [f"{name}_' = {value};" for name, value in listing.equations()[1].items()]
    given = [f"{name}_ = 0.0;" for name in (*NAMES, *Parameters._fields, "R")]
    return "\n".join(["model engager()", *listing.written(listing.ANTIMONY), *rules, *given, "end", ""])


@cache
def road_runner() -> Any:
    """The model in libRoadRunner, by way of SBML."""
    import antimony
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    if antimony.loadAntimonyString(antimony_text()) < 0:
        raise RuntimeError(antimony.getLastError())
    runner = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
    runner.timeCourseSelections = [f"{name}_" for name in NAMES]
    order = [runner.model.getStateVectorId(i)[:-1] for i in range(len(NAMES))]
    runner.integrator.absolute_tolerance = [FINE.get(name, ATOL) for name in order]
    runner.integrator.maximum_num_steps = 100_000
    return runner


def set_in(runner: Any, names: tuple[str, ...]) -> list[int]:
    """Indices of the model's quantities among a runner's global parameters."""
    at = {name: i for i, name in enumerate(runner.model.getGlobalParameterIds())}
    return [at[f"{name}_"] for name in names]


def roadrunner(who: Patients, rtol: float) -> np.ndarray:
    """libRoadRunner: SBML compiled by LLVM, CVODE."""
    runner = road_runner()
    runner.integrator.relative_tolerance = rtol
    indices = set_in(runner, (*NAMES, *Parameters._fields, "R"))

    def one(p: Parameters, start: np.ndarray) -> np.ndarray:
        def solve(y: np.ndarray, times: list[float], R: float) -> np.ndarray:
            runner.reset()
            runner.model.setGlobalParameterValues(indices, [*y, *p, R])
            return np.asarray(runner.simulate(times=times))

        return march(start, solve)

    return each(who, one)


def diffrax(solver: str) -> Solver:
    """diffrax as its documentation has it: ``diffeqsolve`` with a PID controller under ``vmap``, in double precision.

    It takes one absolute tolerance, so states are measured in units in which that is the right one.
    """

    @cache
    def program(number: int) -> Any:
        import diffrax as dfx
        import jax
        import jax.numpy as jnp

        changes = jnp.array([float(begin) for begin, _, _ in stretches()])
        levels = jnp.array([rate for _, _, rate in stretches()])

        units = jnp.array([FINE.get(name, ATOL) / ATOL for name in NAMES])

        def f(t: Any, z: Any, p: Any) -> Any:
            *s, C = z * units
            R = levels[
                jnp.searchsorted(changes, t + 1e-9, side="right") - 1
            ]  # steps may begin a rounding early
            P, k = rates(State(*s), action(alone(C, jnp), p, jnp), p, jnp)
            rise = [*(a - b * v for a, b, v in zip(P, k, s, strict=True)), (R - p.CL * C) / p.V]
            return jnp.stack(rise) / units

        def one(p: Parameters, start: State, rtol: Any) -> Any:
            controller = dfx.ClipStepSizeController(
                dfx.PIDController(rtol=rtol, atol=ATOL), jump_ts=changes[1:]
            )
            given = jnp.stack([*start, jnp.zeros(())]) / units
            found = dfx.diffeqsolve(
                dfx.ODETerm(f), getattr(dfx, solver)(), 0.0, float(DAYS), None, given, p,
                saveat=dfx.SaveAt(ts=jnp.array(output_days(), float)), stepsize_controller=controller,
                max_steps=100_000, throw=False,
            )  # fmt: skip
            return (found.ys * units)[:, jnp.array(CLONES)].sum(axis=1)

        shape = jax.tree.map(
            lambda _: jax.ShapeDtypeStruct((number,), jnp.float64),
            (Parameters(*Parameters._fields), State(*State._fields)),
        )
        run = jax.jit(jax.vmap(one, in_axes=(0, 0, None)))
        return run.lower(*shape, jax.ShapeDtypeStruct((), jnp.float64)).compile()

    def solve(who: Patients, rtol: float) -> np.ndarray:
        from engager.engine import compiler

        with compiler.jax().enable_x64(True):
            return np.asarray(program(len(who.start.Ls))(*who, rtol)).T

    return solve


PEERS: dict[str, tuple[tuple[str, ...], Solver]] = {
    "scipy LSODA": ((), scipy_python),
    "scipy LSODA, numba": (("numba",), scipy_numba),
    "numbalsoda": (("numba", "numbalsoda"), numbalsoda),
    "libRoadRunner": (("antimony", "roadrunner"), roadrunner),
    "diffrax Kvaerno5": (("diffrax",), diffrax("Kvaerno5")),
    "diffrax Tsit5": (("diffrax",), diffrax("Tsit5")),
}
"""Packages that a peer needs, and the peer."""


def missing(name: str) -> list[str]:
    """Packages that a peer needs and that are not installed."""
    return [package for package in PEERS[name][0] if find_spec(package) is None]
