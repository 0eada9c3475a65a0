"""The population: its table of parameters, and one person's parameters and state before treatment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engager.documents import DocumentError, Problem, near, read_table
from engager.model import Parameters, State, all_targets, at_rest
from engager.patients.structures import setting

DATA = Path(__file__).parent / "data"
DISTRIBUTIONS = ("fixed", "normal", "lognormal")
STANDINGS = ("measured", "estimated", "assumed")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """One row of the table.

    ``value`` is the population's median in ``unit``; ``sd`` the spread between patients (of the log for
    ``lognormal``); ``prior_factor`` says how far the truth may lie (value ÷ factor to value × factor).
    """

    name: str
    value: float
    unit: str
    distribution: str
    sd: float
    standing: str
    prior_factor: float
    meaning: str
    source: str


@cache
def population() -> dict[str, Parameter]:
    """All parameters by name. Raises DocumentError listing every bad row."""
    columns = tuple(Parameter.__dataclass_fields__)
    problems, table = [], {}
    for row in read_table(DATA / "parameters.csv", columns, unique="name"):
        value, sd, factor = row.number("value"), row.number("sd"), row.number("prior_factor")
        if value is None or factor is None or factor < 1:
            problems.append(Problem(row.place, "needs a value and a prior_factor of at least 1"))
            continue
        for column, allowed in (("distribution", DISTRIBUTIONS), ("standing", STANDINGS)):
            if row[column] not in allowed:
                message = f"{column} {row[column]!r} is not known; {near(row[column], allowed)}"
                problems.append(Problem(row.place, message))
        if (row["distribution"] == "fixed") != (sd is None):
            problems.append(Problem(row.place, "sd is given for a distribution, and only then"))
        cells = {**row.cells, "value": value, "sd": sd or 0.0, "prior_factor": factor}
        table[row["name"]] = Parameter(**cells)  # type: ignore[arg-type]
    if problems:
        raise DocumentError(problems)
    return table


def values(overrides: Mapping[str, float] | None = None, switched: Iterable[str] = ()) -> dict[str, float]:
    """Population medians by name.

    Args:
        overrides: values to take instead.
        switched: structures that are the other way round than by default (see ``structures``).

    Raises:
        DocumentError: a name of a parameter or of a structure that is not known.
    """
    table = {name: row.value for name, row in population().items()}
    for name, value in {**setting(switched), **(overrides or {})}.items():
        if name not in table:
            raise DocumentError(f"unknown parameter {name!r}; {near(name, table)}")
        table[name] = value
    return table


class Disease(NamedTuple):
    """How a person comes to the trial (arrays over patients).

    b0: marrow blast share [1]; exposure: prior treatment, x [1]; relapsed: 1 in relapsed or refractory
    disease, else 0; mrd: 1 for residual disease in remission, else 0; ph: 1 in Ph-positive disease, else 0;
    t315i: share of blasts that carry T315I [1]; grafted: 1 after an allogeneic transplant, else 0.
    """

    b0: Floats
    exposure: Floats
    relapsed: Floats
    mrd: Floats
    ph: Floats | float = 0.0
    t315i: Floats | float = 0.0
    grafted: Floats | float = 0.0


class Person(NamedTuple):
    """A person before treatment: parameters, state, and extinction threshold Lc [cells] (arrays)."""

    parameters: Parameters
    start: State
    Lc: Floats


def person(v: Mapping[str, Floats | float], disease: Disease) -> Person:
    """Build persons from their individual values ``v`` (by parameter name) and their disease.

    Prior treatment x weakens T cells (kmax and Tcap × e^(−phi·x)), speeds blasts up (``growth``) and lowers
    the extinction threshold (``extinction``). Clones below Lc are absent from the start.

    Inotuzumab's effect falls with prior treatment (f22 × e^(−psi22·x)).

    In Ph-positive disease the resistant clone Lr is the one with T315I: T cells kill it like the others, and
    kinase inhibitors by their own rate. Elsewhere kinase inhibitors do nothing, and there is no reservoir Rt.
    Donor lymphocytes join a graft: in who has none they do nothing.
    """
    x, b0 = disease.exposure, np.minimum(disease.b0, 1.0)
    fitness = np.exp(-v["phi"] * x)
    Lc = extinction(v, x)
    clones = _clones(v, disease, Lc)
    Tm = v["Tm0"] * np.exp(-v["phi_half"] * v["phi"] * x) * (1 - v["chi"] * b0)
    T = {"Tb": v["Tb0"] + 0 * x, "Tp": v["Tp0"] + 0 * x, "Tm": Tm}
    derived = {
        "kmax": v["kmax"] * fitness,
        "Tcap": v["Tcap"] * fitness,
        "r": growth(v, x),
        "kN": 4 / v["MTT_N"],
        "kP": 4 / v["MTT_P"],
        "kbm": v["kmb"] * Tm / v["Tb0"],
        "kpb": v["kbp"] * v["Tb0"] / v["Tp0"],
        "N0": np.where(disease.relapsed > 0, v["N0_relapsed"], v["N0"]),
        "P0": np.where(disease.relapsed > 0, v["P0_relapsed"], v["P0"]),
        "Bm0": np.where(disease.mrd > 0, v["Bm0_remission"], v["Bm0"]),
        "xr": np.where(np.asarray(disease.ph) > 0, 1.0, v["xr"]) + 0 * x,
        "kTKI": np.maximum(v["kTKI"], 0.0) * disease.ph + 0 * x,
        "kTKI_T315I": v["kTKI_T315I"] * disease.ph + 0 * x,
        "kDLI": v["kDLI"] * disease.grafted + 0 * x,
        "f22": v["f22"] * np.exp(-v["psi22"] * x),
        "kPOMP": np.maximum(v["kPOMP"], 0.0) + 0 * x,
        "Gall0": 0 * x,  # known once the state is
    }
    parameters = Parameters(**{f: derived.get(f, v.get(f)) for f in Parameters._fields})
    start = at_rest(clones, T, parameters, np)
    return Person(parameters._replace(Gall0=all_targets(start, parameters)), start, Lc)


def growth(v: Mapping[str, Floats | float], x: Floats) -> Floats:
    """Net blast growth [1/day] after prior treatment x: r × e^(rline·x), within r_min and r_max."""
    return np.clip(v["r"] * np.exp(v["rline"] * x), v["r_min"], v["r_max"])


def extinction(v: Mapping[str, Floats | float], x: Floats) -> Floats:
    """Extinction threshold [cells] after prior treatment x: Lc × 10^(−lcl·x), at least one cell."""
    return np.asarray(10.0 ** np.maximum(v["Lc"] - v["lcl"] * x, 0.0))


def _clones(v: Mapping[str, Floats | float], disease: Disease, Lc: Floats) -> dict[str, Floats]:
    b0, mrd = np.minimum(disease.b0, 1.0), disease.mrd > 0
    largest = v["fraction_max"]
    f_neg = np.minimum(10.0 ** np.asarray(v["fneg"]), largest)
    f_res = np.minimum(10.0 ** np.asarray(v["fres"]), largest)
    f_low = np.minimum(10.0 ** np.asarray(v["flow22"]), largest)
    f_res = np.where(np.asarray(disease.ph) > 0, disease.t315i, f_res)
    scale = np.where(mrd, np.sqrt(v["mrd_sanctuary"] / b0), 1.0)
    f_x = np.minimum(10.0 ** np.asarray(v["fx"]) * scale, largest)
    L = b0 * v["Nmarrow"]
    clones = {
        "Ls": L * (1 - f_neg) * (1 - f_res) * (1 - f_low),
        "Lo": L * (1 - f_neg) * (1 - f_res) * f_low,
        "Lr": L * f_res * (1 - f_neg),
        "Ln": L * f_neg,
        "Lx": L * f_x,
    }
    present = {name: np.where(cells < Lc, 0.0, cells) for name, cells in clones.items()}
    reservoir = np.minimum(10.0 ** np.asarray(v["fRt"]), 1.0) * disease.ph * v["Nmarrow"] + 0 * L
    reservoir = np.where(reservoir < v["one_cell"], 0.0, reservoir)
    return {
        **present,
        "Rt": reservoir,
        "Lb": v["fb"] * L * np.where(mrd, v["infiltration_lb_mrd"], 1.0),
    }
