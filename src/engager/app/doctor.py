"""Is this installation well? Versions, devices, options, cache, and the model against known answers."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np

from engager import __version__
from engager.documents import read_table
from engager.engine import compiler
from engager.engine.integrate import step
from engager.model import State, action, alone, concentration, rates
from engager.model.states import DATA
from engager.patients import Disease, Person, person, simplest, values

PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "polars", "pydantic", "matplotlib", "typer")

TOLERANCE = 0.02
"""Largest difference from the reference that is well [log10]."""

STEPS_A_DAY = 40
DAYS = 2
"""Days that the self-test integrates; the reference goes on to day 84."""


class Case(NamedTuple):
    """A reference patient: blast share, prior treatment, in remission (1) or relapsed (0), rate [µg/day] of
    the first days, days with dexamethasone."""

    b0: float
    exposure: float
    mrd: float
    rate: float
    dexamethasone: tuple[int, ...]


CASES = {
    "bulky_relapse": Case(0.8, 1.0, 0.0, 9.0, (1, 8, 43)),
    "low_burden_relapse": Case(0.3, 1.0, 0.0, 9.0, (1, 8, 43)),
    "mrd_cr1": Case(1e-3, 0.5, 1.0, 15.0 * 1.88, (1, 43)),
}
"""The patients of ``model/data/reference.csv``: every random effect at its median, no events."""


@dataclass(frozen=True)
class Test:
    """One test: what was compared, whether it is well, what was found, and how long it took [s]."""

    name: str
    well: bool
    message: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Health:
    """What ``engager doctor`` finds. ``well`` is False only where a test failed; warnings cost speed."""

    well: bool
    versions: Mapping[str, str]
    facts: Mapping[str, str]
    warnings: tuple[str, ...]
    tests: tuple[Test, ...]


def examine() -> Health:
    """Look at the installation and test the model (seconds; JAX is started)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        facts = dict(_facts())
    tests = known_answers()
    return Health(
        well=all(test.well for test in tests),
        versions={
            "engager": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
        facts=facts,
        warnings=tuple(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning))),
        tests=tests,
    )


def known_answers() -> tuple[Test, ...]:
    """All tests of the model against known answers."""
    return (*(known_answer(name) for name in CASES), _analytic())


def known_answer(name: str) -> Test:
    """Integrate one reference patient and compare every state with the reference."""
    began = time.perf_counter()
    expected = [
        (row.number("day") or 0.0, State(*(row.number(field) or 0.0 for field in State._fields)))
        for row in read_table(DATA / "reference.csv", ("case", "day", *State._fields))
        if row["case"] == name
    ]
    course = dict(_course(CASES[name]))
    worst, where = 0.0, "nothing"
    for day, state in expected:
        if day > DAYS:
            continue
        for field, value in state._asdict().items():
            off = _distance(float(getattr(course[round(day * STEPS_A_DAY)], field)), value)
            if off > worst or not off < float("inf"):
                worst, where = off, f"{field} on day {day:g}"
    seconds = time.perf_counter() - began
    found = f"largest difference {worst:.4f} log10 ({where}), {TOLERANCE} allowed"
    return Test(f"known answer {name}", worst <= TOLERANCE, found, seconds)


def _distance(found: float, expected: float) -> float:
    """Difference [log10]; an empty clone must be empty, and what is not a number is infinitely far."""
    if found == expected:
        return 0.0
    if not (found > 0 and expected > 0):
        return float("inf")
    return float(abs(np.log10(found / expected)))


def _course(case: Case) -> Iterator[tuple[int, State]]:
    """(step, state) of a reference patient, hour by hour or so, clones extinguished at each day's end."""
    someone = reference_patient(case)
    p, y, C = someone.parameters, someone.start, np.zeros(1)
    h = 1 / STEPS_A_DAY
    for number in range(1, DAYS * STEPS_A_DAY + 1):
        day = (number - 1) // STEPS_A_DAY + 1
        after = concentration(C, case.rate, p.CL, p.V, h, np)
        steroid = float(day in case.dexamethasone)
        start, end = (action(alone(np.asarray(c), np, steroid), p, np) for c in (C, after))
        y = step(lambda state, a: rates(state, a, p, np), y, start, end, h, np)
        C = after
        if number % STEPS_A_DAY == 0:
            left = {
                f: np.where(getattr(y, f) < someone.Lc, 0.0, getattr(y, f))
                for f in ("Ls", "Lo", "Lr", "Ln", "Lx")
            }
            y = y._replace(**left)
        yield number, State(*(value.item() for value in y))


def reference_patient(case: Case) -> Person:
    """The person of a reference case: medians, main clearance, none of the structures that can be switched."""
    v = values(switched=simplest())
    disease = Disease(*(np.array([x]) for x in (case.b0, case.exposure, 1.0 - case.mrd, case.mrd)))
    return person({**v, "CL": v["CL_main"], "hne": v["h0ne"]}, disease)


def _analytic() -> Test:
    """A day of infusion in one step and in many: the closed form does not depend on the step."""
    v = values()
    one = concentration(0.0, 28.0, v["CL_main"], v["V"], 1.0, np)
    many = 0.0
    for _ in range(STEPS_A_DAY):
        many = concentration(many, 28.0, v["CL_main"], v["V"], 1 / STEPS_A_DAY, np)
    off = abs(many / one - 1)
    return Test("plasma concentration", bool(off < 1e-9), f"one step and {STEPS_A_DAY} differ by {off:.1e}")


def _facts() -> Iterator[tuple[str, str]]:
    jax = compiler.jax()
    yield "platform", platform.platform()
    yield "cores", str(os.cpu_count())
    yield "devices", ", ".join(f"{d.platform} {d.device_kind}" for d in jax.devices())
    in_force = os.environ.get("XLA_FLAGS", "")
    yield "compiler options", in_force or "none"
    missing = [o for o in compiler.OPTIONS if o.partition("=")[0] not in in_force]
    if missing:
        yield "options not in force", " ".join(missing)
    yield "compilation cache", f"{compiler.cache_folder()} ({_writable()})"


def _writable() -> str:
    try:
        with tempfile.TemporaryFile(dir=compiler.cache_folder()):
            return "writable"
    except OSError as error:
        return f"not writable: {error.strerror}; every process compiles anew"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
