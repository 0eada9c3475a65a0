"""What the fit is held against: the calibrated rows of the record, on scales on which their error is about normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from engager.documents import DocumentError, Problem
from engager.evidence import Result, role_of, studies, study
from engager.evidence.distinct import distinct
from engager.trials import NotSimulated, Tables, Trial, measured, trial
from engager.trials.responses import DAYS_PER_MONTH

Floats = NDArray[np.float64]

SHARES = ("proportion", "rate_at")
FACTORS = ("median", "hazard_ratio", "odds_ratio")


@dataclass(frozen=True)
class Target:
    """One printed result: what it was (``observed``) on its ``scale``, logit for shares and log for the rest."""

    result: Result
    observed: float

    @property
    def study(self) -> str:
        return self.result.study

    @property
    def name(self) -> str:
        """Study, arm, subgroup, endpoint, statistic and time in one line."""
        r = self.result
        parts = (r.study, r.arm, r.subgroup, r.endpoint, r.statistic, str(r.time or ""))
        return " · ".join(part for part in parts if part)


def targets() -> list[Target]:
    """All rows of the record that may be fitted, each fact once.

    Raises:
        DocumentError: every calibrated row that has no value.
    """
    return chosen([row for name in studies() for row in study(name).results if role_of(row) == "calibrated"])


def chosen(rows: Sequence[Result]) -> list[Target]:
    """Targets from rows of the record.

    Raises:
        DocumentError: every row that may not be fitted, or that no error can be given to.
    """
    problems = []
    for row in rows:
        if role_of(row) != "calibrated":
            problems.append(Problem(None, f"{row.id} is {role_of(row)}: it must not be fitted"))
        elif row.value is None:
            problems.append(Problem(None, f"{row.id} has no value to fit"))
        elif row.statistic == "proportion" and _people(row) is None:
            problems.append(Problem(None, f"{row.id} is a share without N: nothing says how sure it is"))
    if problems:
        raise DocumentError(problems)
    return [Target(row, _observed(row)) for row in distinct(rows)]


def _people(row: Result) -> int | None:
    """Patients of a share: those printed, else those of the study's arm."""
    return row.N or trial(row.study).patients


def _observed(row: Result) -> float:
    value = row.value or 0.0
    if row.statistic not in SHARES:
        return float(np.log(value))
    N = _people(row) or 1
    n = row.n if row.n is not None else value * N
    return float(logit((n + 0.5) / (N + 1)))


def simulated(conducted: Trial, tables: Tables, wanted: Sequence[Target]) -> Floats:
    """Each target in each replicate, on its scale [replicate, target]; nan where a replicate has none.

    A median that was not reached counts as the end of follow-up, the least that it can be.
    """
    columns, many = [], tables.patients["replicate"].n_unique()
    for target in wanted:
        row = target.result
        try:
            found = measured(conducted, tables, row)
        except NotSimulated:
            found = np.zeros(0)
        values = np.append(
            found, np.full(many - len(found), np.nan)
        )  # a replicate without the group has no value
        if row.statistic in SHARES:
            N = _people(row) or 1
            columns.append(logit((values * N + 0.5) / (N + 1)))
        else:
            last = conducted.follow_up.total / DAYS_PER_MONTH
            columns.append(np.log(np.clip(values, 1e-2, last)))
    return np.stack(columns, axis=1)
