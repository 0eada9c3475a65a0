"""One question asked of several populations: results side by side, and the conclusions that depend on which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engager.evidence import Result
from engager.inference.comparison import Compared, Contrast, Interval
from engager.inference.summary import Summary

SMOOTHER = "smoother"
"""The population that a fit ships."""

AGAIN = "smoother, other seed"
"""The same population asked with another seed: what flips between the two is chance."""

NULL = {"hazard_ratio": 1.0, "odds_ratio": 1.0, "difference": 0.0, "restricted_mean_difference": 0.0}
"""What a comparison of two groups shows where they are alike, by statistic."""

PUBLISHED, STANDARD, CONTROL, CONTRAST = (
    "published",
    "standard",
    "virtual control",
    "against the published trial",
)

COVERED, SIDE, EXCLUDES, DIFFERS, EXCEEDS = (
    "published value covered",
    "side of the median",
    "interval excludes no difference",
    "designs differ in the model",
    "exceeds trial-to-trial uncertainty",
)
"""Conclusions that are drawn from a result."""


@dataclass(frozen=True)
class Answer:
    """What one population gives: the result over replicates (None where there is none), and conclusions by name."""

    simulated: Interval | None
    conclusions: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One result of a question under every population.

    Attributes:
        question: the trial's name.
        kind: where the result comes from, ``PUBLISHED``, ``STANDARD``, ``CONTROL`` or ``CONTRAST``.
        result: the result's names, and what was printed.
        role: of the published row.
        answers: by population.
    """

    question: str
    kind: str
    result: Result
    role: str
    answers: Mapping[str, Answer]

    def flips(self, *among: str) -> list[str]:
        """Conclusions that are not the same in all the populations named; one without an answer draws none."""
        drawn = [self.answers[way].conclusions for way in among]
        names = dict.fromkeys(name for conclusions in drawn for name in conclusions)
        return [name for name in names if len({c[name] for c in drawn if name in c}) > 1]


@dataclass(frozen=True)
class Way:
    """One way of making the population.

    Attributes:
        name: of the folder that holds its ensemble.
        members: parameter sets; 0 where there is none.
        effective: independent draws that they are worth; None where that is not known.
        told: further figures by name.
        problem: why there is no ensemble.
    """

    name: str
    members: int
    effective: float | None
    told: Mapping[str, float]
    problem: str = ""


@dataclass(frozen=True)
class Populations:
    """Several populations, and what they answer.

    Attributes:
        ways: how each was made.
        parameters: medians and 5 and 95 % quantiles over members by parameter and way, in the parameter's unit.
        rows: every result of every question, by way and ``AGAIN``.
        replicates: of every question.
        runs: folders of the runs by question and way.
        request: fit and seed.
    """

    ways: list[Way]
    parameters: dict[str, dict[str, tuple[float, float, float]]]
    rows: list[Row]
    replicates: int
    runs: dict[str, dict[str, str]]
    request: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """Ways that made a population."""
        return [way.name for way in self.ways if way.members]

    def by_chance(self, row: Row) -> list[str]:
        """Conclusions of a row that another seed changes in one and the same population."""
        return row.flips(SMOOTHER, AGAIN)


def side_by_side(question: str, summaries: Mapping[str, Summary]) -> list[Row]:
    """Every result that a population gives something for, in the order of the reports.

    Args:
        question: the trial's name.
        summaries: of the same trial with the same seed, by population.
    """
    answers: dict[tuple[object, ...], dict[str, Answer]] = {}
    about: dict[tuple[object, ...], tuple[str, Result, str]] = {}
    for way, summary in summaries.items():
        for kind, result, role, answer in _answers(summary):
            key = (kind, *_names(result), result.value if kind == PUBLISHED else None)
            about.setdefault(key, (kind, result, role))
            answers.setdefault(key, {}).setdefault(way, answer)
    empty = Answer(None, {})
    return [
        Row(question, *about[key], {way: found.get(way, empty) for way in summaries})
        for key, found in answers.items()
        if any(a.simulated for a in found.values())
    ]


def _names(r: Result) -> tuple[object, ...]:
    return r.arm, r.subgroup, r.endpoint, r.statistic, str(r.time), r.population


def _answers(s: Summary) -> Iterator[tuple[str, Result, str, Answer]]:
    for kind, rows in ((PUBLISHED, s.published), (STANDARD, s.standard), (CONTROL, s.controls)):
        for c in rows:
            yield kind, c.result, c.role, Answer(c.simulated, _of_compared(c))
    for contrast in s.contrasts:
        yield CONTRAST, contrast.result, "predicted", Answer(contrast.expected, _of_contrast(contrast))


def _of_compared(c: Compared) -> dict[str, str]:
    found = {} if c.covered is None else {COVERED: _yes(c.covered)}
    null, i = NULL.get(c.result.statistic), c.simulated
    if null is not None and i is not None:
        found[SIDE] = _side(i.value, null)
        if i.lower is not None and i.upper is not None:
            found[EXCLUDES] = _yes(i.lower > null or i.upper < null)
    return found


def _of_contrast(c: Contrast) -> dict[str, str]:
    found = {} if c.exceeds is None else {EXCEEDS: _yes(c.exceeds)}
    if c.differs is not None and c.expected is not None:
        found[DIFFERS] = _side(c.expected.value, 0.0) if c.differs else "not told apart"
    return found


def _side(value: float, null: float) -> str:
    return f"above {null:g}" if value > null else f"below {null:g}" if value < null else f"at {null:g}"


def _yes(so: bool) -> str:
    return "yes" if so else "no"
