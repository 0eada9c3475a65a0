"""Where the time goes: operations of a step, and which share of the core's peak and of its way to memory they take."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

from benchmarks import bare, cpp
from benchmarks.race import Spread, race
from benchmarks.table import Row
from engager.engine import compiler
from engager.model import Parameters, State, action, alone, steady_losses
from engager.trials.conduct import LANES
from engager.trials.course import Span

WHERE = "Where the time goes"
PATIENTS = 512

FUNCTIONS = {"exp", "exp2", "log", "log1p", "expm1"}
ARITHMETIC = {
    "add", "sub", "mul", "div", "neg", "max", "min", "select_n", "lt", "gt", "le", "ge", "eq", "abs", "integer_pow",
}  # fmt: skip


def operations() -> tuple[int, int, int]:
    """(arithmetic, divisions among it, exponentials and logarithms) of one patient's step.

    Counted in the program before the compiler sees it, what leads to a result and the same operation on the same
    operands once, as the compiler leaves them; comparisons and selections count as operations. What is computed once
    for each length of step is not part of it.
    """
    jax = compiler.jax()
    xp = jax.numpy

    lane, single = jax.ShapeDtypeStruct((LANES,), xp.float32), jax.ShapeDtypeStruct((), xp.float32)
    shapes = [type_(*[lane] * len(type_._fields)) for type_ in (State, Parameters)]
    span = Span(single, lane, tuple((lane, lane) for _ in steady_losses(shapes[1])))
    y, p = shapes
    known_of_C = jax.eval_shape(lambda C, p: bare.of_concentration(action(alone(C, xp), p, xp)), lane, p)
    step = jax.make_jaxpr(partial(bare.advance, xp=xp))(y, lane, known_of_C, single, span, p)
    whole, _ = import_module("jax.interpreters.partial_eval").dce_jaxpr(
        step.jaxpr, [True] * len(step.jaxpr.outvars)
    )
    counts = {"arithmetic": 0, "divisions": 0, "functions": 0}
    _count(whole, {}, {}, counts)
    return counts["arithmetic"], counts["divisions"], counts["functions"]


def _count(jaxpr: Any, names: dict[Any, Any], seen: dict[Any, Any], counts: dict[str, int]) -> None:
    """Add up the operations of a program and of the programs that it calls."""

    def known(x: Any) -> Any:
        return names.get(x, x) if not hasattr(x, "val") else ("number", str(x.val))

    for equation in jaxpr.eqns:
        kind = equation.primitive.name
        operands = tuple(known(x) for x in equation.invars)
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        if inner is not None:
            body = getattr(inner, "jaxpr", inner)
            names |= dict(zip(body.invars, operands, strict=True))
            _count(body, names, seen, counts)
            results = tuple(map(known, body.outvars))
            names |= dict(zip(equation.outvars, results, strict=True))
            continue
        key, (out,) = (kind, operands, str(equation.params)), equation.outvars
        met = key in seen
        # a name of its own: a program that is called twice has one variable for two results
        names[out] = seen.setdefault(key, (kind, len(seen)))
        if met or out.aval.shape != (LANES,):
            continue
        counts["functions"] += kind in FUNCTIONS
        counts["arithmetic"] += kind in ARITHMETIC
        counts["divisions"] += kind == "div"


def rows() -> Iterator[Row]:
    """Operations, peak and memory of one core, and the shares that the bare integration takes."""
    arithmetic, divisions, functions = operations()
    operations_a_function = 20
    each = arithmetic + operations_a_function * functions
    note = (
        f"{arithmetic} of arithmetic ({divisions} divisions), {functions} exponentials and logarithms of about "
        f"{operations_a_function}; counted before compilation"
    )
    yield Row(WHERE, "operations of a patient's step", each, "operations", note=note)
    if not cpp.compiler():
        yield Row(WHERE, "share of the core's peak", None, note="not measured: no C++ compiler here")
        return
    peak, bandwidth = cpp.peak(), cpp.bandwidth()
    who = bare.patients(PATIENTS)
    seconds = race({"JAX": bare.compiled(who), "C++": cpp.Reference(who, *bare.grids(), bare.EVERY)}, 5)
    steps = PATIENTS * bare.steps_taken()
    yield Row(
        WHERE, "peak of one core, 32 bits", peak / 1e9, "Gflop/s", note="multiply-adds that wait for nothing"
    )
    yield Row(WHERE, "memory of one core", bandwidth / 1e9, "GB/s", note="STREAM's triad")
    for name, taken in seconds.items():
        share = Spread.of(100 * each * steps / taken / peak)
        more = "" if name == "JAX" else " (of the operations of the compiled program; it needs fewer)"
        yield Row.of(
            WHERE, f"{name}: share of the peak", share, "%", note=f"a division counts as one operation{more}"
        )
    moved = 4 * (len(State._fields) + len(Parameters._fields) + len(bare.output_days()))
    share = Spread.of(100 * moved * PATIENTS / seconds["JAX"] / bandwidth)
    yield Row.of(
        WHERE,
        "JAX: share of memory's bandwidth",
        share,
        "%",
        note="a block stays in the cache: read once, written once",
    )
