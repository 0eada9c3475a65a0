"""What the fit is held against: the calibrated rows of the record and facts from outside it, on scales on which their
error is about normal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from engager.documents import DocumentError, Problem
from engager.evidence import Result, role_of, studies, study
from engager.evidence.distinct import distinct
from engager.evidence.printed import read
from engager.inference import external
from engager.trials import NotSimulated, Trial
from engager.trials.responses import DAYS_PER_MONTH

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """One printed result: what it was (``observed``) on its scale, logit for shares and log for the rest.

    ``error`` is its own standard error on that scale, None where the spread of trials of its size is the error;
    ``rate`` [µg/day] the infusion of a concentration.
    """

    result: Result
    observed: float
    error: float | None = None
    rate: float | None = None

    @property
    def study(self) -> str:
        return self.result.study

    @property
    def name(self) -> str:
        """Study, arm, subgroup, endpoint, statistic and time in one line."""
        r = self.result
        parts = (r.study, r.arm, r.subgroup, r.endpoint, r.statistic, str(r.time or ""))
        return " · ".join(part for part in parts if part)

    @property
    def rounding(self) -> float:
        """Standard deviation, on the target's scale, of what rounds to the printed number; 0 where n of N is known."""
        row = self.result
        reading = read(row.printed)
        if row.n is not None or reading is None or not reading.step or row.value is None:
            return 0.0
        slope = 1 / (row.value * (1 - row.value)) if row.statistic in external.SHARES else 1 / row.value
        return float(slope * reading.step / np.sqrt(12))

    @property
    def counted(self) -> float | None:
        """Standard error of a share of N patients by its binomial likelihood, with half a patient added to either side;
        None of all else."""
        row = self.result
        if row.statistic not in external.SHARES or row.N is None:
            return None
        n = row.n if row.n is not None else (row.value or 0.0) * row.N
        return float(np.sqrt(1 / (n + 0.5) + 1 / (row.N - n + 0.5)))

    def unscaled(self, value: Any) -> Any:
        """A number on the target's scale, in the unit of the record."""
        return expit(value) if self.result.statistic in external.SHARES else np.exp(value)


def targets() -> list[Target]:
    """All rows of the record that may be fitted, each fact once, then the facts from outside it.

    Raises:
        DocumentError: every calibrated row that has no value, every mistake in the facts from outside.
    """
    record = [row for name in studies() for row in study(name).results if role_of(row) == "calibrated"]
    return [*chosen(record), *outside()]


def outside() -> list[Target]:
    """The facts from outside the record (see ``external``).

    Raises:
        DocumentError: every one that is a fact of the record, too, which must not be fitted.
    """
    held = [
        Problem(None, f"{row.id} is {role} in the record: it must not be fitted from outside it")
        for row in external.results()
        if row.study in studies() and (role := role_of(row)) in ("predicted", "informed")
    ]
    if held:
        raise DocumentError(held)
    return [
        *(Target(row, _observed(row)) for row in external.results()),
        *(Target(q.result, _observed(q.result), q.error, q.rate) for q in external.quantities()),
    ]


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
        elif row.N is None and row.statistic in external.SHARES and row.value in (0, 1):
            problems.append(Problem(None, f"{row.id} is {row.printed} of nobody knows how many: N is needed"))
    if problems:
        raise DocumentError(problems)
    return [Target(row, _observed(row)) for row in distinct(rows)]


def _people(row: Result) -> int:
    """Patients of a share, to whom half a one is added: those printed, else those of the whole trial. (The error of a
    share without N is that of simulated trials, where the group has the size that it has.)"""
    return row.N or external.conducted(row.study).patients


def _observed(row: Result) -> float:
    value = row.value or 0.0
    if row.statistic not in external.SHARES:
        return float(np.log(value))
    N = _people(row)
    n = row.n if row.n is not None else value * N
    return float(logit((n + 0.5) / (N + 1)))


def simulated(
    conducted: Trial, many: int, wanted: Sequence[Target], read: Callable[[Target], Floats]
) -> Floats:
    """Each target in each replicate, on its scale [replicate, target]; nan where a replicate has none.

    A median time that was not reached counts as the end of follow-up, the least that it can be.

    Args:
        many: replicates.
        read: what the replicates give for a target, in its own unit; may raise ``NotSimulated``.
    """
    columns = []
    for target in wanted:
        row = target.result
        try:
            found = read(target)
        except NotSimulated:
            found = np.zeros(0)
        values = np.append(
            found, np.full(many - len(found), np.nan)
        )  # a replicate without the group has no value
        if row.statistic in external.SHARES:
            N = _people(row)
            columns.append(logit((values * N + 0.5) / (N + 1)))
        elif row.endpoint in external.READOUTS:
            columns.append(np.log(values))
        else:
            last = conducted.follow_up.total / DAYS_PER_MONTH
            columns.append(np.log(np.clip(values, 1e-2, last)))
    return np.stack(columns, axis=1)
