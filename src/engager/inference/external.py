"""Facts from outside the record that the fit uses too: hyper-CVAD, inotuzumab, relapse types, concentrations, T cells.

They are never predicted and are no part of the record: neither its linter nor its counts see them. Results are
written like a study's; a quantity that no trial reports as an endpoint stands with its own standard error in a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engager.documents import DocumentError, Problem, near, read_table
from engager.evidence import Result
from engager.evidence.load import read_study
from engager.evidence.record import Time
from engager.trials import Trial, read_trial, trial

DATA = Path(__file__).parent / "data" / "external"

STEADY_STATE, CLEARANCE = "steady_state_concentration", "clearance"
FAST, T_CELLS = "ultra_rapid_clearance_share", "cd8_ratio"
READOUTS = (STEADY_STATE, CLEARANCE, FAST, T_CELLS)
"""Quantities that are read off the model itself: means of the concentration while an infusion lasts [pg/mL] and of
clearance [L/h], share of patients with more than ``ULTRA_RAPID``, and the median of CD8 cells in the blood against
those before treatment [1], for which the model's blood T cells stand."""

ULTRA_RAPID = 5.0
"""Clearance above which the reviews call it ultra-rapid [L/h]."""

ENDPOINTS = (*READOUTS, "cd19_negative_relapse")

HOURS = 24.0

SHARES = ("proportion", "rate_at")
"""Statistics that are a share of patients."""

OF_RESULT = ("study", "arm", "endpoint", "statistic", "source", "note")
COLUMNS = (*OF_RESULT, "hour", "rate", "value", "error", "read")


@dataclass(frozen=True)
class Quantity:
    """A fact with its own standard ``error``, on the log scale (logit for a share); ``rate`` [µg/day] of the infusion
    that a concentration belongs to; ``read``: whether the source was read again when the row was written."""

    result: Result
    error: float
    rate: float | None
    read: bool


@cache
def results() -> list[Result]:
    """Rows of the studies whose files lie in this package."""
    return [row for path in sorted(DATA.glob("*.yaml")) for row in read_results(path)]


def read_results(source: Path | str, *, name: str | None = None) -> list[Result]:
    """Read the rows of a study's file (or text, shown as ``name``).

    Raises:
        DocumentError: every problem of the file; every row without a value; every share without the number of
            patients that it counts.
    """
    found, shown = list(read_study(source, name=name).results), name or source
    problems = [Problem(None, f"{shown}: {row.id} has no value to fit") for row in found if row.value is None]
    problems += [
        Problem(None, f"{shown}: {row.id} is a share without N; say how many patients it counts")
        for row in found
        if row.statistic in SHARES and row.N is None
    ]
    if problems:
        raise DocumentError(problems)
    return found


@cache
def quantities() -> list[Quantity]:
    """The table of quantities that is shipped."""
    return read_quantities(DATA / "quantities.csv")


def read_quantities(path: Path) -> list[Quantity]:
    """Read a table of quantities.

    Raises:
        DocumentError: every row with an unknown endpoint, without a positive value and error, with a share of 1 or
            more, or without what its endpoint needs (a rate, or an hour).
    """
    problems, found = list[Problem](), list[Quantity]()
    for row in read_table(path, COLUMNS):
        value, error, rate, hour = (row.number(name) for name in ("value", "error", "rate", "hour"))
        needed = {STEADY_STATE: ("rate", rate), T_CELLS: ("hour", hour)}.get(
            row["endpoint"], ("value", value)
        )
        if row["endpoint"] not in ENDPOINTS:
            message = f"endpoint {row['endpoint']!r} is not known; {near(row['endpoint'], ENDPOINTS)}"
            problems.append(Problem(row.place, message))
        elif value is None or error is None or min(value, error) <= 0:
            problems.append(Problem(row.place, "needs a value and a standard error, both positive"))
        elif row["statistic"] == "proportion" and value >= 1:
            problems.append(Problem(row.place, f"a share lies between 0 and 1, not at {value:g}"))
        elif needed[1] is None or needed[1] <= 0:
            problems.append(Problem(row.place, f"{row['endpoint']} needs a positive {needed[0]}"))
        else:
            cells: dict[str, Any] = {name: row[name] for name in OF_RESULT}
            time = Time(value=hour / HOURS, unit="days", of="at") if hour else None
            infusion = f"{rate:g} µg/day" if rate else ""
            result = Result(**cells, subgroup=infusion, time=time, value=value)
            found.append(Quantity(result, error, rate, row["read"] == "yes"))
    if problems:
        raise DocumentError(problems)
    return found


@cache
def conducted(study: str) -> Trial:
    """The trial of a study: its own file here where it has one, else the shipped one."""
    return read_trial(_own(study)) if only_here(study) else trial(study)


def only_here(study: str) -> bool:
    """Whether a study is simulated for facts from outside the record alone."""
    return _own(study).exists()


def _own(study: str) -> Path:
    return DATA / "trials" / f"{study}.yaml"
