"""What a model is to be used for and by which numbers it is judged, as people write it (ASME V&V 40, ICH M15)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from engager.documents import Document, Strict, near, read_yaml, validate
from engager.inference.prior import DATA as ROOM
from engager.inference.validation import INNER, OUTER, Kind
from engager.vocabulary import endpoints

DATA = ROOM / "credibility"
QUESTION = DATA / "question.yaml"

LEVELS = ("low", "medium", "high")
Level = Literal["low", "medium", "high"]
Text = Annotated[str, Field(min_length=1)]

Measure = Literal["coverage", "scored", "bias", "skill", "checks", "verification"]

NEEDS: dict[str, tuple[str, ...]] = {
    "coverage": ("role", "level", "at_least"),
    "scored": ("role", "at_least"),
    "bias": ("role", "at_most"),
    "skill": ("role", "kind", "null", "at_least"),
    "checks": ("at_least",),
    "verification": ("at_most",),
}
"""Keys that a criterion must have, by its measure."""

MAY: dict[str, tuple[str, ...]] = {
    "coverage": ("kind", "endpoints"),
    "scored": ("kind", "endpoints"),
    "bias": ("kind", "endpoints"),
    "skill": ("endpoints",),
}
"""Keys that it may have."""

SHARES = ("coverage", "scored", "checks")
"""Measures that are shares from 0 to 1."""


class Rated(Strict):
    """A level and why it is that."""

    level: Level
    because: Text


class Criterion(Strict):
    """What a score must be at least or at most.

    ``measure``: ``coverage``, share of numbers inside their intervals of ``level``; ``scored``, share of published
    numbers that have a forecast; ``bias``, distance of the mean level of the forecast at which numbers lie (PIT) from
    0.5; ``skill`` against the null model ``null``; ``checks``, share of cross-endpoint checks that hold, of those that
    can be asked; ``verification``, number of failed checks. ``role``, ``kind`` and ``endpoints`` choose the numbers.
    """

    name: Text
    measure: Measure
    because: Text
    role: Literal["predicted", "calibrated", "informed"] | None = None
    kind: Kind | None = None
    endpoints: Annotated[list[str], Field(min_length=1)] | None = None
    level: float | None = None
    null: Literal["pooled", "regression", "pooled_calibrated", "regression_calibrated"] | None = None
    at_least: float | None = None
    at_most: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _fits_its_measure(self) -> Criterion:
        needs, may = NEEDS[self.measure], MAY.get(self.measure, ())
        given = [k for k in Criterion.model_fields if k not in ("name", "measure", "because")]
        given = [k for k in given if getattr(self, k) is not None]
        wrong = [f"needs '{key}'" for key in needs if key not in given]
        wrong += [
            f"cannot have '{key}'; {near(key, (*needs, *may))}" for key in given if key not in (*needs, *may)
        ]
        wrong += [
            f"has no endpoint '{name}'; {near(name, endpoints())}"
            for name in self.endpoints or ()
            if name not in endpoints()
        ]
        if self.level is not None and self.level not in (INNER, OUTER):
            wrong.append(f"has level {self.level:g}; allowed: {INNER:g}, {OUTER:g}")
        if self.measure in SHARES and self.at_least is not None and not 0 <= self.at_least <= 1:
            wrong.append(f"has at_least {self.at_least:g}; a share is from 0 to 1")
        if wrong:
            raise ValueError(f"criterion '{self.name}' ({self.measure}) " + "; ".join(wrong))
        return self


class Question(Strict):
    """Question of interest, context of use, how much rests on the model, what a wrong answer does, and criteria."""

    question: Text
    context_of_use: Text
    influence: Rated
    consequence: Rated
    criteria: Annotated[list[Criterion], Field(min_length=1)]

    @property
    def risk(self) -> int:
        """Model risk from 1 (low influence, low consequence) to 5 (both high); see :func:`risk`."""
        return risk(self.influence.level, self.consequence.level)


def risk(influence: Level, consequence: Level) -> int:
    """Model risk on the grid of influence and consequence: 1 where both are low, one more for each step of either."""
    return 1 + LEVELS.index(influence) + LEVELS.index(consequence)


def read_question(path: Path | None = None) -> Question:
    """Read a question's file, the one that is shipped if None.

    Raises:
        DocumentError: every mistake with its place.
    """
    document: Document = read_yaml(path or QUESTION)
    return validate(document, Question)
