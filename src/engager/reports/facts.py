"""Printed facts: rows of the record that say the same in several places, as one line with all its sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engager.evidence import Result
from engager.evidence.printed import apart
from engager.evidence.printed import span as rounding
from engager.inference import Compared, Interval
from engager.reports.comparison_table import RESTRICTED, published, span, title
from engager.trials.times import CAUSES
from engager.vocabulary import endpoints

SCORED = ("predicted", "calibrated", "informed")
"""Roles that are compared with the simulation, in the order of the report."""


@dataclass(frozen=True)
class Fact:
    """One printed fact and every place that prints it; ``result`` is the row that says most about it, ``printed``
    what the others print where that is coarser."""

    compared: Compared
    sources: tuple[str, ...]
    places: tuple[str, ...]
    printed: tuple[str, ...] = ()

    @property
    def result(self) -> Result:
        return self.compared.result

    @property
    def role(self) -> str:
        return self.compared.role

    @property
    def simulated(self) -> Interval | None:
        return self.compared.simulated

    @property
    def title(self) -> str:
        return title(self.compared)

    @property
    def published(self) -> str:
        text = published(self.compared)
        return f"{text} (also printed as {', '.join(self.printed)})" if self.printed else text

    @property
    def compares(self) -> bool:
        """Whether there is something to compare: an interval, or that no replicate came as far as what was printed."""
        return self.simulated is not None or self.compared.covered is not None

    @property
    def span(self) -> str:
        if self.simulated is None:
            return self.compared.reason
        return span(self.simulated, self.result.statistic, self.unit)

    @property
    def unit(self) -> str:
        return endpoints()[self.result.endpoint].unit

    @property
    def verdict(self) -> str:
        """'yes', 'no', or '' where the question does not arise."""
        return {True: "yes", False: "no", None: ""}[self.compared.covered]

    @property
    def sentence(self) -> str:
        """What does not fit, in words."""
        r, i = self.result, self.simulated
        what = words(r) if r.arm == "all" else f"{words(r)}, {r.arm}"
        if i is None or r.value is None:
            return f"{what}: published {self.published}, simulated: {self.compared.reason or 'nothing'}"
        side = "above" if i.value > r.value else "below"
        return f"{what}: published {self.published}, simulated {self.span}, {side} what was published"


WHEN = {"window": "within", "at": "at", "cycles": "after", "follow-up": "at a median follow-up of"}
"""How a result's time is said, by the kind of time."""


def words(r: Result) -> str:
    """Endpoint, statistic, time and subgroup of a row, spelled out."""
    text = endpoints()[r.endpoint].label
    if r.statistic == "p_value" and not r.source:
        text = f"{text}, p value of the log-rank test"
    elif r.statistic in RESTRICTED:
        text = f"{text}, {r.statistic.replace('_', ' ')} within {r.time}"
    elif r.statistic == "rate_at" and r.time and r.endpoint in CAUSES:
        text = f"{text}, cumulative incidence {WHEN[r.time.of]} {r.time}"
    elif r.statistic == "rate_at" and r.time:
        text = f"{text} {WHEN[r.time.of]} {r.time}"
    elif r.statistic not in ("proportion", "count"):
        text = f"{text}, {r.statistic.replace('_', ' ')}"
    elif r.time:
        text = f"{text} {WHEN[r.time.of]} {r.time}"
    return f"{text} ({r.subgroup})" if r.subgroup else text


def merged(rows: Iterable[Compared]) -> list[Fact]:
    """One fact for rows that print the same value, or the same value rounded, of the same thing, in order of
    appearance. Rows about the same thing that disagree stay apart."""
    groups: list[list[Compared]] = []
    for c in rows:
        home = next((g for g in groups if all(_same(c, other) for other in g)), None)
        if home is None:
            groups.append([c])
        else:
            home.append(c)
    return [_fact(g) for g in groups]


def _fact(group: list[Compared]) -> Fact:
    best = max(group, key=_says)
    coarser = [c.result.printed for c in group if c.result.value != best.result.value]
    sources = tuple(dict.fromkeys(c.result.source for c in group))
    return Fact(best, sources, tuple(c.result.place for c in group), tuple(dict.fromkeys(coarser)))


def _same(a: Compared, b: Compared) -> bool:
    return _names(a) == _names(b) and _agree(a.result, b.result)


def _names(c: Compared) -> tuple[object, ...]:
    r = c.result
    when = str(r.time) if r.statistic == "rate_at" else ""
    return r.arm, r.subgroup, r.endpoint, r.statistic, when, r.cut, c.simulated, c.role, c.reason


def _agree(a: Result, b: Result) -> bool:
    """Whether one value could be printed as both."""
    first, second = rounding(a), rounding(b)
    if first is None or second is None:
        return (a.value, a.lower, a.upper) == (b.value, b.lower, b.upper)
    return not apart(first, second)


def _says(c: Compared) -> tuple[bool, bool, float, bool]:
    around = rounding(c.result)
    finer = -(around[1] - around[0]) if around else 0.0
    return c.result.n is not None, c.result.N is not None, finer, c.result.time is not None


def misfits(facts: Iterable[Fact], role: str) -> list[Fact]:
    """Facts of a role that the simulation does not cover."""
    return [f for f in facts if f.role == role and f.compared.covered is False]


def score(facts: Iterable[Fact], role: str) -> tuple[int, int]:
    """Facts of a role covered, and those for which the question arises."""
    asked = [f for f in facts if f.role == role and f.compared.covered is not None]
    return sum(bool(f.compared.covered) for f in asked), len(asked)
