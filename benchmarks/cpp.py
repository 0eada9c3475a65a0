"""The hand-written C++ reference (``reference.cpp``): built for this machine, called from here.

``model.h`` is generated from :mod:`engager.model`, so a state that the C++ does not know fails the build.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bare import Patients
from engager.model import Exposure, Parameters, State

TOLERANCE = 2e-3
"""Largest difference from the compiled program on any output day [log10 blasts]; both round in 32 bits."""

SOURCE = Path(__file__).with_name("reference.cpp")

FLAGS = (
    "-std=c++20", "-O3", "-march=native", "-shared", "-fPIC", "-Wno-psabi", "-Werror=missing-field-initializers",
    # none of these lets the compiler round otherwise; they make min, max and selections single instructions
    "-fno-math-errno", "-fno-trapping-math", "-ffinite-math-only", "-fno-signed-zeros",
)  # fmt: skip


def compiler() -> str | None:
    """The C++ compiler: ``$CXX`` or c++; None where there is none."""
    return shutil.which(os.environ.get("CXX", "c++"))


def header(kinds: dict[str, type[Any]]) -> str:
    """C++ structs with the fields of named tuples, and their numbers."""
    lines = []
    for name, kind in kinds.items():
        fields = ", ".join(kind._fields)
        lines += [f"struct {name} {{ Real {fields}; }};"]
    return "\n".join(lines)


def model_header() -> str:
    """``model.h``: the model's named tuples as structs."""
    structs = header({"State": State, "Parameters": Parameters, "Exposure": Exposure})
    return f"{structs}\nconstexpr int STATES = {len(State._fields)}, EXPOSURES = {len(Exposure._fields)};\n"


def build(folder: Path, text: str) -> Path:
    """Compile the reference with ``text`` as its ``model.h``; CalledProcessError with the compiler's words."""
    (folder / "model.h").write_text(text, encoding="utf-8")
    library = folder / "reference.so"
    added = shlex.split(os.environ.get("BENCH_CXXFLAGS", ""))
    command = [compiler() or "c++", *FLAGS, *added, f"-I{folder}", str(SOURCE), "-o", str(library)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return library


@cache
def library() -> ctypes.CDLL:
    """The compiled reference (some seconds once per process)."""
    with tempfile.TemporaryDirectory(prefix="engager-reference-") as folder:
        found = ctypes.CDLL(str(build(Path(folder), model_header())))
    found.multiply_adds.restype = found.triad.restype = ctypes.c_double
    return found


def _floats(values: Any) -> np.ndarray:
    return np.ascontiguousarray(np.stack([np.asarray(x, np.float32) for x in values]))


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _whole(patients: int) -> ctypes.c_long:
    if patients % (width := library().width()):
        raise ValueError(f"{patients} patients are not whole vectors of {width}")
    return ctypes.c_long(patients)


def right_hand_side(p: Parameters, y: State, x: Exposure) -> tuple[State, State]:
    """Production and loss as ``engager.model.rates`` gives them; arrays over a multiple of 16 patients."""
    parameters, state, exposure = map(_floats, (p, y, x))
    production, loss = np.empty_like(state), np.empty_like(state)
    library().right_hand_side(
        _whole(state.shape[1]), *map(_at, (parameters, state, exposure, production, loss))
    )
    return State(*production), State(*loss)


class Reference:
    """Patients ready to be integrated; calling it does so and gives marrow blasts [cells], [output, patient]."""

    def __init__(self, who: Patients, steps: np.ndarray, rate: np.ndarray, every: int) -> None:
        self.parameters, self.start = map(_floats, who)
        self.steps, self.rate = _floats(steps), np.asarray(rate, np.float32)
        self.counts = (self.steps > 0).sum(1).astype(np.int32)
        ones = ("function", "exhaustion", "recovery", "release")
        self.exposure = np.array([float(name in ones) for name in Exposure._fields], np.float32)
        self.every = every
        self.patients = _whole(self.start.shape[1])

    def __call__(self) -> np.ndarray:
        days, most = self.steps.shape
        out = np.empty((-(-days // self.every), self.start.shape[1]), np.float32)
        library().integrate(
            self.patients, *map(_at, (self.parameters, self.start, self.exposure)), ctypes.c_int(days),
            ctypes.c_int(most), *map(_at, (self.steps, self.counts, self.rate)), ctypes.c_int(self.every), _at(out),
        )  # fmt: skip
        return out


def peak() -> float:
    """Floating-point operations a second of one core, in 32 bits: multiply-adds that wait for nothing."""
    operations, loops = ctypes.c_int(), 1_000_000
    best = min(library().multiply_adds(ctypes.c_long(loops), ctypes.byref(operations)) for _ in range(20))
    return loops * operations.value / best


def bandwidth() -> float:
    """Bytes a second between one core and memory: STREAM's triad over arrays far larger than the cache."""
    n, times = 16_000_000, 3
    best = min(library().triad(ctypes.c_long(n), ctypes.c_int(times)) for _ in range(5))
    return 24 * n * times / best
