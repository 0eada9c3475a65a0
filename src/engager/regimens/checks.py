"""What a dose, a day and a duration may be: each check reads one value or says in one sentence why not.

The same functions guard the values made in Python and the files that people write, so that both are
refused for the same reasons in the same words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import pairwise

from engager.documents import near
from engager.vocabulary import Quantity, drugs, quantity, unit

LONGEST = 3650
"""Longest regimen [days]. Protocols of the field end after three years; ten leave room for every slip."""

MOST_TIMES = 24
"""Most administrations of one drug on one day: hourly."""

MOST_LINES = 1000
"""Most lines of doses, and of rules, that one regimen may have; protocols have tens."""

_RANGE = re.compile(r"([0-9]{1,6})(?:\s*[-–]\s*([0-9]{1,6})?)?(.*)", re.DOTALL)
_OPEN = re.compile(r"\s*(on|onwards?|\+|\.\.\.|…)?\s*")
_DAYS_FORM = "write days as 8, '1-7' or [1, 8, 15]"


def checked_text(value: object) -> str:
    """A title or label: text that is not blank."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("nothing is given; write a word or a sentence")
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def known_drug(word: object) -> str:
    """The drug's name. Raises ValueError with the near ones when it is not in the vocabulary."""
    if not isinstance(word, str) or word not in drugs():
        raise ValueError(f"{word!r} is not a known drug; {near(str(word), drugs())}")
    return word


def is_rate(amount: Quantity) -> bool:
    """True for an amount per time (a continuous infusion), False for an amount per administration."""
    return ("time", -1) in amount.unit.dimension


SUBCUTANEOUS = "subcutaneous"
"""The route that is written; without one a drug is given as it usually is."""


def checked_route(route: object, drug: str | None = None) -> str:
    """``route`` if it is written ('' or subcutaneous) and ``drug`` can be given so."""
    if not isinstance(route, str) or route not in ("", SUBCUTANEOUS):
        raise ValueError(f"{route!r} is not a route; write {SUBCUTANEOUS}, or no route for the usual one")
    if route and drug is not None and not drugs()[drug].subcutaneous_units:
        forms = " and ".join(name for name, known in drugs().items() if known.subcutaneous_units)
        raise ValueError(f"{drug} is not given {route}ly in the model, only {forms} is; delete the route")
    return route


def dose_units(drug: str, route: str = "") -> tuple[str, ...]:
    """Units like those that a dose of ``drug`` by ``route`` may have."""
    return drugs()[drug].subcutaneous_units if route else drugs()[drug].dose_units


def checked_dose(drug: str, amount: Quantity, route: str = "") -> Quantity:
    """``amount`` if ``drug`` can be given so: positive, finite, of a dimension that the drug is dosed in."""
    allowed = dose_units(known_drug(drug), checked_route(route, drug))
    if amount.unit.dimension not in {unit(name).dimension for name in allowed}:
        raise ValueError(f"{amount} is not a dose of {drug}; a unit like {' or '.join(allowed)} is needed")
    return _positive(amount)


def dose_from(value: object, *allowed: str) -> Quantity:
    """A dose written as text, of the dimension of one of the ``allowed`` units (any, if none is given)."""
    if value is None:
        raise ValueError(f"nothing is given; write a dose with its unit{_as_in(allowed)}")
    if not isinstance(value, str | int | float):
        raise ValueError(f"a dose is a number with its unit{_as_in(allowed)}, not a {type(value).__name__}")
    return _positive(quantity(value, *allowed))


def _positive(amount: Quantity) -> Quantity:
    if not math.isfinite(amount.canonical):
        raise ValueError(f"{amount} is too large")
    if amount.value < 0:
        raise ValueError(f"{amount} is negative; a dose is more than 0")
    if amount.canonical == 0:
        raise ValueError(f"{amount} is no dose; delete the line, a day without a line has no drug")
    return amount


def _as_in(allowed: tuple[str, ...]) -> str:
    return f", as in '1 {allowed[0]}'" if allowed else ""


def whole_days(value: object) -> int:
    """A duration ("42 days", "6 weeks") [days], whole and from 1 to :data:`LONGEST`."""
    if not isinstance(value, str | int | float):
        raise ValueError("write a duration with its unit, as in '42 days'")
    duration = quantity(value, "day").canonical
    days = round(duration)
    # a week in hours is 168 × (1/24): whole but for rounding
    if abs(duration - days) > 1e-9 * max(1.0, abs(duration)):
        raise ValueError(f"{value!r} is {duration:g} days; a whole number of days is needed")
    return checked_length(days)


def checked_length(days: int) -> int:
    """``days`` if it is a duration from 1 to :data:`LONGEST` days."""
    if not 1 <= days <= LONGEST:
        raise ValueError(f"{days} days is not between 1 and {LONGEST} days")
    return days


def day_ranges(value: object) -> tuple[tuple[int, int], ...]:
    """Days of a cycle as (first, last) pairs, in order and apart: from 8, "1-7", "1, 8, 15" or such a list.

    Neighbours written apart stay apart ("1-7, 8-14" are two ranges). Raises ValueError for a day before 1
    or after :data:`LONGEST`, a range that runs backwards or never ends, and a day that stands twice.
    """
    parts = value if isinstance(value, list) else [value]
    found = [one for part in parts for one in _ranges(part)]
    if not found:
        raise ValueError(f"no day is given; {_DAYS_FORM}")
    found.sort()
    for (_, before), (after, _) in pairwise(found):
        if after <= before:
            raise ValueError(f"day {after} stands twice in {value!r}")
    return tuple(found)


def _ranges(part: object) -> list[tuple[int, int]]:
    if isinstance(part, int) and not isinstance(part, bool):
        return [_range(part, part, str(part))]
    if not isinstance(part, str):
        raise ValueError(f"{part!r} is not a day; {_DAYS_FORM}")
    return [_range_text(text.strip(), part) for text in part.split(",")]


def _range_text(text: str, whole: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    if not match:
        raise ValueError(f"{whole!r} is not days; {_DAYS_FORM}")
    first, last, rest = match.groups()
    if rest:
        if not last and _OPEN.fullmatch(rest):
            raise ValueError(f"{text!r} never ends; write the last day too, as in '{first}-28'")
        raise ValueError(f"{whole!r} is not days; {_DAYS_FORM}")
    if last is None and text != first:
        raise ValueError(f"{text!r} never ends; write the last day too, as in '{first}-28'")
    return _range(int(first), int(last or first), text)


def _range(first: int, last: int, text: str) -> tuple[int, int]:
    if first < 1:
        raise ValueError(f"{text!r}: the first day of a cycle is day 1")
    if last < first:
        raise ValueError(f"{text!r} runs backwards; the first day comes first, as in '{last}-{first}'")
    if last > LONGEST:
        raise ValueError(f"{text!r}: day {last} is after day {LONGEST}, the last that is read")
    return first, last


def merged(days: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Sorted days as the fewest (first, last) pairs: 1, 2, 3, 8 → (1, 3), (8, 8)."""
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return tuple(runs)


def days_text(days: Iterable[int]) -> str:
    """Days as they are written in a file: "1-7", "8", "1, 8, 15"."""
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in merged(days))


def quantity_text(amount: Quantity) -> str:
    """A quantity with every digit of its number, so that reading the text gives an equal quantity."""
    whole = amount.value.is_integer() and abs(amount.value) < 1e15
    return f"{int(amount.value) if whole else repr(amount.value)} {amount.unit.symbol}"
