"""The form of a regimen in a file: one schema per part, so that a mistake in one hides none in another."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationInfo, field_validator

from engager.documents import Strict
from engager.regimens.checks import (
    checked_route,
    checked_text,
    day_ranges,
    dose_from,
    dose_units,
    known_drug,
    whole_days,
)
from engager.regimens.events import checked_times
from engager.regimens.rules import checked_grade, checked_occurrence, checked_share
from engager.vocabulary import Quantity


def text(value: object) -> str:
    """A title or label: text that is not blank; a number ("cycle: 1") is taken as it is written."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return checked_text(value)


def cycle_count(value: object) -> int:
    """ "2 cycles" or 2."""
    words = str(value).split()
    if isinstance(value, bool) or not words or words[1:] not in ([], ["cycle"], ["cycles"]):
        raise ValueError(f"{value!r} is not a number of cycles; write it as in '2 cycles'")
    if not words[0].isascii() or not words[0].isdigit() or len(words[0]) > 4 or int(words[0]) < 1:
        raise ValueError(f"{value!r} is not a number of cycles from 1; write it as in '2 cycles'")
    return int(words[0])


def repeat_count(value: object) -> int:
    """How often a cycle is given."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is not a whole number of times from 1")
    return value


def share(value: object) -> float:
    """A fraction: 0.6, "60 %"."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return checked_share(dose_from(value, "%").canonical)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a share; write it as 0.6 or '60 %'")
    return checked_share(float(value))


def whole(value: object) -> int:
    """A whole number, not true or false."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")
    return value


Text = Annotated[str, PlainValidator(text)]
Length = Annotated[int, PlainValidator(whole_days)]
Days = Annotated[tuple[tuple[int, int], ...], PlainValidator(day_ranges)]
DrugName = Annotated[str, PlainValidator(known_drug)]
Texts = Annotated[list[Text], Field(default_factory=list)]
Parts = Annotated[list[Any], Field(default_factory=list)]


def dose_beside_drug(value: object, info: ValidationInfo) -> Quantity:
    """A dose in a unit that the drug beside it is given in (any unit while the drug itself is unknown)."""
    drug = info.data.get("drug")
    return dose_from(value, *(dose_units(drug) if drug else ()))


def route_of_drug(value: object, info: ValidationInfo) -> str:
    """A route by which the drug beside it can be given (any that there is while the drug itself is unknown)."""
    return checked_route(value, info.data.get("drug"))


def dose_by_route(value: object, info: ValidationInfo) -> Quantity:
    """A dose in a unit that fits drug and route beside it (any unit while one of them is unknown)."""
    drug, route = info.data.get("drug"), info.data.get("route")
    return dose_from(value, *(dose_units(drug, route) if drug and route is not None else ()))


class RegimenPart(Strict):
    """A regimen but for its cycles and rules, which are read one by one."""

    name: Text
    cycles: list[Any]
    rules: Parts
    assumptions: Texts
    sources: Texts


class CyclePart(Strict):
    """A cycle but for its doses."""

    cycle: Text
    length: Length
    repeat: Annotated[int, PlainValidator(repeat_count)] = 1
    doses: Parts
    assess: Annotated[
        tuple[tuple[int, int], ...], PlainValidator(lambda v: day_ranges(v) if v != [] else ())
    ] = ()


class DosePart(Strict):
    """One line of a cycle."""

    drug: DrugName
    route: str = ""
    dose: Quantity
    days: Days
    times: Annotated[int, PlainValidator(lambda v: checked_times(whole(v)))] = 1
    source: Text = ""

    _route = field_validator("route", mode="plain")(route_of_drug)
    _dose = field_validator("dose", mode="plain")(dose_by_route)


class HoldPart(Strict):
    """``do: hold``"""

    on: str
    do: str
    grade: Annotated[int, PlainValidator(lambda v: checked_grade(whole(v)))]
    occurrence: Annotated[int, PlainValidator(lambda v: checked_occurrence(whole(v)))] = 1
    days: Length = Field(alias="for")
    restart: Annotated[Quantity | None, PlainValidator(lambda v: dose_from(v, "µg/day", "µg/m²/day"))] = None
    restart_for: Annotated[int | None, PlainValidator(whole_days)] = None
    restart_share: Annotated[float, PlainValidator(share)] = 1.0
    source: Text = ""


class StopOnEventPart(Strict):
    """``do: stop`` on an adverse event"""

    on: str
    do: str
    grade: Annotated[int, PlainValidator(lambda v: checked_grade(whole(v)))]
    occurrence: Annotated[int, PlainValidator(lambda v: checked_occurrence(whole(v)))] = 1
    source: Text = ""


class StopOnNoResponsePart(Strict):
    """``do: stop`` on no response"""

    on: str
    do: str
    after: Annotated[int, PlainValidator(cycle_count)]
    source: Text = ""


class StopPart(Strict):
    """``do: stop`` on progression or relapse"""

    on: str
    do: str
    source: Text = ""


class GivePart(Strict):
    """``do: give``"""

    on: str
    do: str
    grade: Annotated[int, PlainValidator(lambda v: checked_grade(whole(v)))]
    drug: DrugName
    dose: Quantity
    source: Text = ""

    _dose = field_validator("dose", mode="plain")(dose_beside_drug)


class PausePart(Strict):
    """``do: pause``"""

    on: str
    do: str
    every: Length
    length: Annotated[Quantity, PlainValidator(lambda v: dose_from(v, "min", "h"))] = Field(alias="for")
    source: Text = ""


class PremedicatePart(Strict):
    """``do: premedicate``"""

    on: str
    do: str
    drug: DrugName
    dose: Quantity
    source: Text = ""

    _dose = field_validator("dose", mode="plain")(dose_beside_drug)
