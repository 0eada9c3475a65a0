"""The split: which results may be fitted and which are only ever predicted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from engager.documents import DocumentError, Problem, near, read_table
from engager.evidence.record import Result

DATA = Path(__file__).parent / "data"

Role = Literal["calibrated", "predicted", "informed", "context"]
"""``calibrated``: fitted. ``predicted``: never fitted, the test of the model. ``informed``: not fitted
itself, but a parameter was chosen knowing it. ``context``: not to be compared with a simulation."""


@dataclass(frozen=True)
class Rule:
    """One line of the split; ``*`` stands for any name.

    ``time`` is a result's time as it is written ("85 days", "2 cycles"); a result without one fits only ``*``.
    """

    study: str
    arm: str
    endpoint: str
    statistic: str
    time: str
    role: Role
    reason: str

    def fits(self, result: Result) -> bool:
        """Whether this line speaks of the result."""
        named = (
            (self.study, result.study),
            (self.arm, result.arm),
            (self.endpoint, result.endpoint),
            (self.statistic, result.statistic),
            (self.time, str(result.time or "")),
        )
        return all(pattern in ("*", name) for pattern, name in named)


def read_split(path: Path) -> list[Rule]:
    """Read the lines of a split. Raises DocumentError with every unknown role."""
    rows = read_table(path, tuple(Rule.__dataclass_fields__))
    roles = get_args(Role)
    problems = [
        Problem(row.place, f"role: {row['role']!r} is not known; {near(row['role'], roles)}")
        for row in rows
        if row["role"] not in roles
    ]
    if problems:
        raise DocumentError(problems)
    return [Rule(**row.cells) for row in rows]  # type: ignore[arg-type]


@cache
def split() -> list[Rule]:
    """The shipped split, in order: the first line that fits a result decides."""
    return read_split(DATA / "split.csv")


def role_of(result: Result) -> Role:
    """What the result may be used for. A row whose standing is not usable is always context."""
    if result.standing != "usable":
        return "context"
    return next((rule.role for rule in split() if rule.fits(result)), "predicted")
