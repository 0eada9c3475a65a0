"""The record's own words: a study, its arms, one row per result, one fact per number beside the results.

A simulated trial writes the same :class:`Result` as a paper's row, so that comparing is a join.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from engager.documents import Strict
from engager.vocabulary import Endpoint, endpoints, unit

Statistic = Literal[
    "proportion",
    "median",
    "rate_at",
    "hazard_ratio",
    "odds_ratio",
    "difference",
    "restricted_mean",
    "restricted_mean_difference",
    "mean",
    "count",
    "range",
    "p_value",
]
Basis = Literal["", "stated", "other source", "computed", "inferred"]
Standing = Literal["usable", "superseded", "contradicted", "context"]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Names = Annotated[tuple[str, ...], Field(strict=False)]
Nth = Annotated[int, Field(ge=1)] | None

ALL = "all"
"""The arm name of a row about all arms together."""

VERSUS = " vs "
"""Joins two arm names in a row that compares them (hazard ratio, p value)."""


class Time(Strict):
    """When a result holds, as the source words it.

    ``of`` is ``window`` (any time from start to then), ``at`` (on a curve at that time), ``follow-up``
    (median time under observation) or ``cycles`` (after so many treatment cycles).
    """

    value: Positive
    unit: Literal["days", "weeks", "months", "years", "cycles"]
    of: Literal["window", "at", "follow-up", "cycles"]

    @property
    def months(self) -> float | None:
        """The time in months of 30.4375 days; None for cycles, whose length is the regimen's."""
        if self.unit == "cycles":
            return None
        return self.value * unit(self.unit).size / unit("month").size

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit.removesuffix('s') if self.value == 1 else self.unit}"


class Treatment(Strict):
    """What the sources say that an arm received; None where no source says it."""

    dose: str | None
    schedule: str | None
    cycles: str | None


class Arm(Strict):
    """A group of a study. ``size`` is the number allocated or enrolled, None where no source says it.

    ``treatment`` is None for a group that is only compared with (a historical cohort). ``regimens`` are names
    of the regimens room, several where patients got one of them; this room does not check that they exist.
    ``drugs`` are what every patient was to receive, by international name (``chemotherapy`` for cytotoxic
    drugs together); one that only some received stands in ``drugs_of_some``. Pooling chooses arms by them.
    """

    name: str
    label: str
    size: Count | None = None
    treatment: Treatment | None = None
    regimens: Names = ()
    drugs: Names = ()
    drugs_of_some: Names = ()


class Report(Strict):
    """A primary report of a study: where ``source`` lists it (``reference`` number) and what it is."""

    source: str
    reference: Annotated[int, Field(ge=1)]
    cite: str
    note: str = ""


class Cells(Strict):
    """The cells that a published row and a simulated row have in common.

    ``value``, ``lower`` and ``upper`` are in the endpoint's unit: proportions 0–1, times in months, ages in
    years; ratios and p values are plain numbers, counts are patients. ``lower``/``upper`` alone is a bound or
    a range; with ``value`` it is an interval of ``level`` (0.95). ``basis`` says where ``n`` of ``N`` come
    from: ``stated`` with the number, printed for it in an ``other source`` or place, ``computed`` from the
    study's size, or ``inferred`` as the only n/N that fits. ``population`` says whom N counts. A proportion
    of which only n is printed has the ``value`` n/N with four decimals.
    """

    arm: str
    subgroup: str = ""
    endpoint: str
    statistic: Statistic
    time: Time | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    level: Annotated[float, Field(gt=0, lt=1)] | None = None
    n: Count | None = None
    N: Annotated[int, Field(ge=1)] | None = None
    basis: Basis = ""
    population: str = ""
    printed: str = ""
    standing: Standing = "usable"
    reason: str = ""
    note: str = ""


class Result(Cells):
    """One result of one study, published or simulated.

    A published row has ``source``, ``place`` and ``printed`` (exactly as printed) and an ``id`` made of its
    names; a simulated one leaves them ''. ``reference`` is the number of the primary report in that source;
    ``cut`` the data cut or analysis ('' is the primary one); ``nth`` says which of several equal texts of that
    place is meant. Only the loader checks that names are known.
    """

    study: str
    id: str = ""
    source: str = ""
    place: str = ""
    nth: Nth = None
    reference: int | None = None
    cut: str = ""

    @property
    def what(self) -> Endpoint:
        """The endpoint with its definition and unit. Raises KeyError for a name that is not in the table."""
        return endpoints()[self.endpoint]


class Header(Strict):
    """A study without its results.

    ``strata`` are lists of subgroup names that together make the whole group; ``shares`` names baseline
    endpoints that are the share of some of these subgroups (second or later salvage: second and third).
    ``eligibility`` says who could enter. ``sources`` are papers beside the reviews that rows come from: short
    name to citation. ``note`` tells a reader what no row can: what the sources confuse, or say without a number.
    """

    id: str
    title: str
    names: Names = ()
    registry: Names = ()
    design: str
    phase: Literal["I", "I/II", "II", "III", "IV", ""]
    setting: Literal["relapsed", "MRD", "untreated", "mixed"]
    ph: Literal["negative", "positive", "mixed", "not stated"]
    eligibility: Names = ()
    note: str = ""
    reports: Annotated[tuple[Report, ...], Field(strict=False)]
    arms: Annotated[tuple[Arm, ...], Field(strict=False)]
    strata: Annotated[tuple[Names, ...], Field(strict=False)] = ()
    shares: dict[str, Names] = Field(default_factory=dict)
    sources: Mapping[str, str] = Field(default_factory=dict)

    def arm(self, name: str) -> Arm | None:
        """The arm with this name, None if there is none (``all`` and comparisons are not arms)."""
        return next((arm for arm in self.arms if arm.name == name), None)

    @property
    def size(self) -> int | None:
        """Patients in all treated or randomised arms together; None unless every one states its size.

        A study without a treated arm (a reference analysis) counts all its arms.
        """
        sizes = [arm.size for arm in self.arms if arm.treatment] or [arm.size for arm in self.arms]
        return sum(s for s in sizes if s is not None) if sizes and None not in sizes else None


class Fact(Strict):
    """One number about a drug, a regimen, a design or the disease, as one place prints it.

    ``name`` is a quantity of ``quantities.csv`` or an endpoint; ``value`` or ``lower``/``upper`` are in
    ``unit``. ``at`` names the condition that the source states for it (a dose, a group of patients), '' where
    it states none. In a study ``arm``, ``phase`` and ``drug`` say what of the treatment it describes ('' is
    all of it) and ``version`` which of several protocols.
    """

    name: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    unit: str
    statistic: Literal["", "mean", "median", "range", "share", "count"] = ""
    arm: str = ""
    version: str = ""
    phase: str = ""
    drug: str = ""
    at: str = ""
    printed: str = ""
    source: str = ""
    place: str = ""
    nth: Nth = None
    reference: int | None = None
    note: str = ""
    id: str = ""

    @property
    def low(self) -> float:
        """Smallest value that the fact allows, in canonical units; -inf where it has no lower bound."""
        return self._canonical(self.lower if self.lower is not None else self.value, -float("inf"))

    @property
    def high(self) -> float:
        """Largest value that the fact allows, in canonical units; inf where it has no upper bound."""
        return self._canonical(self.upper if self.upper is not None else self.value, float("inf"))

    def _canonical(self, value: float | None, missing: float) -> float:
        return missing if value is None else value * unit(self.unit).size


class Study(Header):
    """A study with every row that the sources print about it, in the order of its file.

    ``facts`` are the numbers of its design and treatment: limits of eligibility, doses, cycles.
    """

    facts: tuple[Fact, ...] = ()
    results: tuple[Result, ...]
