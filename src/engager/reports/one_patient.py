"""The terminal page of one patient who was simulated again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.text import Text

from engager.model.states import states
from engager.reports.layout import head, indent, table

UNITS = {
    "day": "", "planned": "µg", "delivered": "µg", "concentration": "µg/L", "il6": "pg/mL", "blasts": "share",
    "neutrophils": "10⁹/L", "platelets": "10⁹/L", "b_cells": "cells", "t_cells": "cells",
}  # fmt: skip
"""Of the columns of the days."""

EVERY, LAST = 7, 7
"""Of the days, each seventh is shown, and the last seven."""


class Rerun(Protocol):
    """A patient simulated alone (see ``app.rerun.Rerun``)."""

    @property
    def run(self) -> str: ...
    @property
    def trial(self) -> str: ...
    @property
    def patient(self) -> Mapping[str, Any]: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def state(self) -> Mapping[str, float] | None: ...
    @property
    def entries(self) -> Sequence[tuple[int, str]]: ...
    @property
    def days(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def differs(self) -> Sequence[str] | None: ...


def patient_page(found: Rerun) -> RenderableType:
    """Who it is, the diary, some of the days, the state at a failure, and whether the run holds the same."""
    p = found.patient
    who = (
        f"{p['arm']}, {p['regimen']}; age {p['age']:.0f}, line {p['line']}, blasts {p['blasts']:.2g}, "
        f"entry on day {p['entry_day']}, follow-up {p['follow_up']} days"
    )
    parts: list[RenderableType] = [
        head(f"{found.trial}, replicate {p['replicate']}, patient {p['patient']}"),
        Text(who),
        Text(),
        _diary(found.entries),
        Text(),
        _days(found.days),
    ]
    if found.state is not None:
        last = p["failed_on"] - 1
        when = f"at the end of day {last}" if last else "at entry"
        parts += [Text(), head(f"state {when}, the last that was good"), _state(found.state)]
    return Group(*parts, Text(), Text(agreement(found)))


def agreement(found: Rerun) -> str:
    """Whether the run holds the same rows, in a sentence."""
    if found.differs is None:
        return "the run does not hold this patient yet; finish it with: engager resume"
    if found.differs:
        return f"not what the run holds: {', '.join(found.differs)}"
    return "every column of every table is what the run holds"


def _diary(entries: Sequence[tuple[int, str]]) -> RenderableType:
    shown = table("day", "what happened", wrap="what happened", right=("day",))
    for day, what in entries:
        shown.add_row(str(day), what)
    return shown


def _days(days: Sequence[Mapping[str, Any]]) -> RenderableType:
    heads = [f"{name}\n{unit}" for name, unit in UNITS.items()]
    shown = table(*heads, right=heads)
    for i, row in enumerate(days):
        if i % EVERY == 0 or i >= len(days) - LAST:
            shown.add_row(*(f"{row[name]:.3g}" if name != "day" else str(row[name]) for name in UNITS))
    return shown


def _state(state: Mapping[str, float]) -> RenderableType:
    shown = table("state", "value", "unit", "meaning", wrap="meaning", right=("value",))
    for name, value in state.items():
        known = states()[name]
        shown.add_row(name, f"{value:.6g}", known.unit, known.meaning)
    return indent(shown, by=0)
