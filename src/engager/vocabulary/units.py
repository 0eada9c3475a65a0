"""The units that engager knows: a closed table, one canonical unit per dimension.

A quantity is written as people write it ("9 µg/day", "15 µg/m²/day", "4 weeks") and converted once, here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from engager.documents import near

Dimension = tuple[tuple[str, int], ...]
"""Powers of base dimensions, sorted by name: ``(("mass", 1), ("time", -1))``."""

_BASES: dict[str, tuple[str, float]] = {
    # symbol: (base dimension, size in the canonical unit of that dimension)
    "day": ("time", 1.0),
    "week": ("time", 7.0),
    "month": ("time", 30.4375),
    "year": ("time", 365.25),
    "h": ("time", 1.0 / 24.0),
    "min": ("time", 1.0 / 1440.0),
    "µg": ("mass", 1.0),
    "ng": ("mass", 1e-3),
    "pg": ("mass", 1e-6),
    "mg": ("mass", 1e3),
    "g": ("mass", 1e6),
    "L": ("volume", 1.0),
    "mL": ("volume", 1e-3),
    "m²": ("area", 1.0),
    "mol": ("amount", 1.0),
    "cells": ("cells", 1.0),
    "1e9/L": ("cells per volume", 1.0),
    "course": ("course", 1.0),
    "1": ("", 1.0),
    "%": ("", 1e-2),
}

_SPELLINGS: dict[str, str] = {
    "d": "day", "days": "day", "weeks": "week", "wk": "week", "months": "month", "mo": "month",
    "years": "year", "y": "year", "yr": "year", "hr": "h", "hour": "h", "hours": "h", "minutes": "min",
    "ug": "µg", "mcg": "µg", "μg": "µg", "m2": "m²", "m^2": "m²", "cell": "cells", "l": "L", "ml": "mL",
    "courses": "course",
    "percent": "%",
}  # fmt: skip

_QUANTITY = re.compile(r"\s*([-+]?[0-9.][0-9.eE+-]*|[-+]?\.?(?:inf|nan))\s*(.*?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Unit:
    """A unit: how it is written, its dimension, and its size in canonical units."""

    symbol: str
    dimension: Dimension
    size: float


def unit(text: str) -> Unit:
    """The unit written as ``text``: symbols of the table joined by ``/`` (and ``·``), e.g. ``µg/m²/day``.

    Raises:
        ValueError: naming the part that is not known and the near ones.
    """
    cleaned = text.strip()
    if cleaned in _BASES:  # '1e9/L' is a unit of its own
        return _one(cleaned)
    powers: dict[str, int] = {}
    size, symbols = 1.0, []
    for i, part in enumerate(cleaned.split("/")):
        factors = []
        for word in re.split(r"[·*]", part):
            base = _one(word.strip())
            power = 1 if i == 0 else -1
            size *= base.size**power
            for name, p in base.dimension:
                powers[name] = powers.get(name, 0) + p * power
            factors.append(base.symbol)
        symbols.append("·".join(factors))
    return Unit("/".join(symbols), tuple(sorted((k, v) for k, v in powers.items() if v)), size)


def _one(word: str) -> Unit:
    symbol = _SPELLINGS.get(word, word)
    if symbol not in _BASES:
        raise ValueError(f"unknown unit {word!r}; {near(word, [*_BASES, *_SPELLINGS], listed=14)}")
    base, size = _BASES[symbol]
    return Unit(symbol, ((base, 1),) if base else (), size)


@dataclass(frozen=True)
class Quantity:
    """A finite number with a unit; ``canonical`` is its size in the canonical unit of its dimension."""

    value: float
    unit: Unit

    @property
    def canonical(self) -> float:
        return self.value * self.unit.size

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit.symbol}"


def quantity(text: str | int | float, *allowed: str) -> Quantity:
    """Read "9 µg/day". With ``allowed`` units given, the dimension must be that of one of them.

    Raises:
        ValueError: not a number with a unit, an unknown unit, a wrong dimension, not finite.
    """
    example = f", as in '1 {allowed[0]}'" if allowed else ""
    if isinstance(text, bool) or not isinstance(text, str):
        raise ValueError(f"{text!r} has no unit; write a number with its unit{example}")
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a number with a unit{example}")
    try:
        value = float(match.group(1))
    except ValueError:
        raise ValueError(f"{match.group(1)!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not finite")
    if not match.group(2):
        raise ValueError(f"{text!r} has no unit; write a number with its unit{example}")
    read = Quantity(value, unit(match.group(2)))
    if allowed and read.unit.dimension not in {unit(name).dimension for name in allowed}:
        raise ValueError(f"{text!r} is in {read.unit.symbol}; a unit like {' or '.join(allowed)} is needed")
    return read
