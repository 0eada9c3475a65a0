"""R's deSolve (LSODA in Fortran, the equations in compiled C), where R and the package are installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import bare, listing
from benchmarks.peers import ATOL, CLONES, FINE, NAMES
from benchmarks.race import Spread
from benchmarks.table import Row
from engager.model import Parameters

NAME, PATIENTS, ROUNDS, RTOL = "R deSolve, equations in C", 32, 5, 1e-5

SCRIPT = """
library(deSolve)
parameters <- as.matrix(read.csv("parameters.csv", header = FALSE))
start <- as.matrix(read.csv("start.csv", header = FALSE))
stretches <- as.matrix(read.csv("stretches.csv", header = FALSE))
days <- scan("days.csv", quiet = TRUE)
atol <- scan("atol.csv", quiet = TRUE)
clones <- scan("clones.csv", quiet = TRUE)
rtol <- as.numeric(commandArgs(TRUE)[1])
dyn.load("equations.so")
found <- matrix(0, length(days), nrow(start))
begun <- proc.time()
for (i in seq_len(nrow(start))) {
  y <- start[i, ]
  for (j in seq_len(nrow(stretches))) {
    from <- stretches[j, 1]; to <- stretches[j, 2]
    inside <- days[days > from & days <= to]
    times <- unique(c(from, inside, to))
    o <- ode(y, times, func = "derivs", parms = c(parameters[i, ], stretches[j, 3]), dllname = "equations",
             initfunc = "initmod", method = "lsoda", rtol = rtol, atol = atol, maxsteps = 100000)
    found[match(inside, days), i] <- rowSums(o[match(inside, times), 1 + clones, drop = FALSE])
    y <- pmax(o[nrow(o), -1], 0)
  }
}
cat("\\n", sum((proc.time() - begun)[1:2]))
write.table(format(found, digits = 17), "found.csv", row.names = FALSE, col.names = FALSE, quote = FALSE, sep = ",")
"""


def source() -> str:
    """The equations in C, as deSolve calls them."""
    given = [f"double {name}_ = y[{i}];" for i, name in enumerate(NAMES)]
    given += [f"double {name}_ = parms[{i}];" for i, name in enumerate((*Parameters._fields, "R"))]
    rises = [f"ydot[{i}] = {value};" for i, value in enumerate(listing.equations()[1].values())]
    size = len(Parameters._fields) + 1
    return "\n".join([
        "#include <math.h>", f"static double parms[{size}];",
        f"void initmod(void (*ask)(int *, double *)) {{ int n = {size}; ask(&n, parms); }}",
        "void derivs(int *n, double *t, double *y, double *ydot, double *out, int *ip) {",
        *given, *listing.written(listing.C), *rises, "}", "",
    ])  # fmt: skip


def lacking() -> str:
    """What is not installed ('' where all is)."""
    for tool in ("Rscript", "cc"):
        if shutil.which(tool) is None:
            return tool
    asked = subprocess.run(["Rscript", "-e", "library(deSolve)"], capture_output=True)
    return "deSolve (Debian: r-cran-desolve)" if asked.returncode else ""


def prepare(folder: Path, who: bare.Patients) -> None:
    """Equations, script and data into a folder."""
    (folder / "equations.c").write_text(source(), encoding="utf-8")
    (folder / "script.R").write_text(SCRIPT, encoding="utf-8")
    subprocess.run(
        ["cc", "-O2", "-shared", "-fPIC", "equations.c", "-o", "equations.so", "-lm"], cwd=folder, check=True
    )
    tables = {
        "parameters": np.array(who.parameters).T,
        "start": np.hstack([np.array(who.start).T, np.zeros((len(who.start.Ls), 1))]),
        "stretches": np.array(bare.stretches()),
        "days": np.array(bare.output_days()),
        "atol": np.array([FINE.get(name, ATOL) for name in NAMES]),
        "clones": np.array(CLONES) + 1,
    }
    for name, values in tables.items():
        np.savetxt(folder / f"{name}.csv", values, delimiter=",", fmt="%.17g")


def solve(folder: Path, rtol: float) -> tuple[float, np.ndarray]:
    """Seconds of the processor within R, and marrow blasts [output, patient]."""
    done = subprocess.run(
        ["Rscript", "script.R", str(rtol)], cwd=folder, check=True, capture_output=True, text=True
    )
    # the library prints its warnings to the same place; the time stands last
    return float(done.stdout.split()[-1]), np.loadtxt(folder / "found.csv", delimiter=",")


def rows(who: bare.Patients, exact: np.ndarray, full: bare.Solve, number: int) -> Iterator[Row]:
    """Speed of deSolve and how many times faster the compiled program ``full`` of ``number`` patients is."""
    where = "Other programs"
    if missing := lacking():
        yield Row(where, NAME, None, note=f"not measured: {missing} not installed")
        return
    seconds, own = [], []
    with tempfile.TemporaryDirectory(prefix="engager-desolve-") as name:
        prepare(Path(name), who.first(PATIENTS))
        for _ in range(ROUNDS):
            begun = time.process_time()
            full()
            own.append((time.process_time() - begun) / number)
            took, found = solve(Path(name), RTOL)
            seconds.append(took / PATIENTS)
    each = np.array(seconds)
    off = np.quantile(bare.difference(found, exact[:, :PATIENTS]), 0.99)
    note = f"rtol {RTOL:g}, error {off:.1e}"
    yield Row.of(where, NAME, Spread.of(1 / each), "patients/s/core", note=note)
    yield Row.of(where, f"engager against {NAME}", Spread.of(each / np.array(own)), "×")
