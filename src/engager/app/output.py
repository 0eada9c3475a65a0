"""What leaves the program: one JSON object or text for people, whichever was asked for."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

WIDTH = 120
"""Columns where standard output is no terminal and ``COLUMNS`` is not set."""


def plain(value: Any) -> Any:
    """``value`` as JSON has it: dataclasses and models as objects, tuples as lists, NaN and infinities as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def print_json(value: Any) -> None:
    """Print one JSON object on standard output: null, never NaN."""
    print(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def console() -> Any:
    """A rich console on standard output, as wide as the terminal (:data:`WIDTH` elsewhere)."""
    from rich.console import Console  # only when something is shown; see cli

    fixed = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if fixed else WIDTH, highlight=False, markup=False)
