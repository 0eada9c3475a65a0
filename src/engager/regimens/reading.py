"""Regimens from files: every mistake at once, each at its line and column; and the shipped ones by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from engager.documents import Document, DocumentError, Problem, Strict, near, read_yaml, validate
from engager.regimens.checks import LONGEST, MOST_LINES, is_rate
from engager.regimens.events import (
    Cycle,
    Dose,
    Event,
    Infusion,
    Regimen,
    assessed_outside,
    clashes,
    idle_rules,
    mixed,
    outside,
    restart_problems,
    whole_problems,
)
from engager.regimens.rules import (
    ACTIONS,
    GRADED,
    Give,
    Hold,
    Pause,
    Premedicate,
    Rule,
    Stop,
    checked_action,
    checked_pause,
    checked_premedication,
    checked_restart,
    repeated,
)
from engager.regimens.schema import (
    CyclePart,
    DosePart,
    GivePart,
    HoldPart,
    PausePart,
    PremedicatePart,
    RegimenPart,
    StopOnEventPart,
    StopOnNoResponsePart,
    StopPart,
)

DATA = Path(__file__).parent / "data"

At = tuple[str | int, ...]
S = TypeVar("S", bound=Strict)


def read_regimen(path: Path | str) -> Regimen:
    """The regimen in a YAML file.

    Raises:
        DocumentError: every mistake, each with file, line and column.
    """
    return regimen_from(read_yaml(Path(path)))


def regimen_from(document: Document, at: At = ()) -> Regimen:
    """The regimen at a path of a document: a mapping of its parts, or the name of a shipped one.

    Raises:
        DocumentError: every mistake, each with file, line and column.
    """
    value: Any = document.value
    for step in at:
        value = value[step]
    if isinstance(value, str) and at:
        if value not in _shipped():
            raise DocumentError([document.problem(at, _unknown(value))])
        return _shipped()[value]
    return _Reader(document).regimen(at)


def regimens() -> dict[str, Regimen]:
    """The shipped regimens by file name, in alphabetical order."""
    return dict(_shipped())


def regimen(name: str) -> Regimen:
    """The shipped regimen of this name.

    Raises:
        DocumentError: there is none; near names are offered.
    """
    if name not in _shipped():
        raise DocumentError(_unknown(name))
    return _shipped()[name]


@cache
def _shipped() -> dict[str, Regimen]:
    return {name: read_regimen(DATA / f"{name}.yaml") for name in sorted(p.stem for p in DATA.glob("*.yaml"))}


def _unknown(name: str) -> str:
    return f"unknown regimen {name!r}; {near(name, _shipped())}"


Tagged = list[tuple[At, Event]]


@dataclass
class _Reader:
    """One reading: collects problems, so that a part that cannot be used does not hide the next."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def regimen(self, at: At) -> Regimen:
        head = self._part(RegimenPart, at)
        value = self._value(at)
        if head is None and not isinstance(value, dict):
            raise DocumentError(self.problems)
        # even where the head cannot be used, what it holds is looked through
        before = len(self.problems)
        cycles, events = self._cycles(value.get("cycles"), (*at, "cycles"))
        complete = len(self.problems) == before
        rules = self._rules(value.get("rules"), (*at, "rules"))
        # a restart misses its infusion only if no infusion is written, not if its line could not be read
        if complete or any(isinstance(event, Infusion) for _, event in events):
            self._add(restart_problems(rules, [event for _, event in events]))
        if not self.problems:  # what cannot be read could be what sets a rule off
            self._add(idle_rules(rules, cycles))
        if self.problems or head is None:
            raise DocumentError(self.problems)
        return Regimen(
            name=head.name,
            cycles=tuple(cycles),
            rules=tuple(rule for _, rule in rules),
            assumptions=tuple(head.assumptions),
            sources=tuple(head.sources),
        )

    def _cycles(self, value: Any, at: At) -> tuple[list[Cycle], Tagged]:
        if not isinstance(value, list):  # missing or of a wrong kind: said already
            return [], []
        cycles: list[Cycle] = []
        events: Tagged = []
        lengths: list[int] = []
        before = len(self.problems)
        lines = 0
        for i, part in enumerate(value):
            lines += self._count(part.get("doses") if isinstance(part, dict) else None)
            if lines > MOST_LINES:
                self._add([((*at, i), f"more than {MOST_LINES} lines of doses; no regimen needs so many")])
                break
            cycle, repeat, found = self._cycle((*at, i))
            events += found
            lengths.append(cycle.length * repeat if cycle else 0)
            if cycle and sum(lengths) <= LONGEST:  # an absurd repeat is refused before it is written out
                cycles += cycle.repeat(repeat)
        self._add(mixed(events))
        # "no drug at all" would only confuse beside a line that could not be read
        any_dose = bool(events) or len(self.problems) > before
        if value == [] or lengths:
            self._add((at, sentence) for sentence in whole_problems(lengths, any_dose))
        return cycles, events

    def _cycle(self, at: At) -> tuple[Cycle | None, int, Tagged]:
        part = self._part(CyclePart, at)
        value = self._value(at)
        lines = value.get("doses") if isinstance(value, dict) else None
        events: Tagged = []
        for i in range(self._count(lines)):
            events += self._events((*at, "doses", i))
        before = len(self.problems)
        self._add(clashes(events))
        if part is None:
            return None, 1, events
        assess = [day for first, last in part.assess for day in range(first, last + 1)]
        self._add(outside(events, part.length))
        if part.length * part.repeat > LONGEST >= part.length:
            days = part.length * part.repeat
            self._add([((*at, "repeat"), f"repeat: {days} days in all; at most {LONGEST} are read")])
        self._add(assessed_outside([((*at, "assess"), day) for day in assess][-1:], part.length))
        if len(self.problems) > before:
            return None, 1, events
        doses = tuple(event for _, event in events)
        return Cycle(part.cycle, part.length, doses, tuple(assess)), part.repeat, events

    def _events(self, at: At) -> Tagged:
        part = self._part(DosePart, at)
        if part is None:
            return []
        if not is_rate(part.dose):
            days = tuple(day for first, last in part.days for day in range(first, last + 1))
            return [(at, Dose(part.drug, part.dose, days, part.times, part.source, part.route))]
        if part.times != 1:
            sentence = f"times: {part.drug} runs at a rate all day; 'times' is for single doses"
            self._add([((*at, "times"), sentence)])
        return [(at, Infusion(part.drug, part.dose, a, b, part.source)) for a, b in part.days]

    def _rules(self, value: Any, at: At) -> list[tuple[At, Rule]]:
        found: list[tuple[At, Rule]] = []
        if self._count(value) > MOST_LINES:
            self._add([(at, f"more than {MOST_LINES} rules; no regimen needs so many")])
            return found
        for i in range(self._count(value)):
            rule = self._rule((*at, i))
            if rule is not None:
                found.append(((*at, i), rule))
        for tag, first, sentence in repeated(found):
            self._add([(tag, f"{sentence} (the first is at line {self.document.place(first).line})")])
        return found

    def _rule(self, at: At) -> Rule | None:
        value = self._value(at)
        if not isinstance(value, dict):
            self._add([(at, "a rule is a mapping, as in '{on: relapse, do: stop}'")])
            return None
        missing = [key for key in ("on", "do") if key not in value]
        self._add((at, f"key '{key}' is missing") for key in missing)
        if missing:
            return None
        on, do = str(value["on"]), str(value["do"])
        if not self._holds(lambda: checked_action(on, do), (*at, "do" if on in ACTIONS else "on")):
            return None
        if do in ("premedicate", "give"):
            return self._premedicate(at) if do == "premedicate" else self._give(at)
        if do == "pause":
            return self._pause(at)
        return self._hold(at) if do == "hold" else self._stop(at, on)

    def _hold(self, at: At) -> Hold | None:
        part = self._part(HoldPart, at)
        if part is None or not self._holds(lambda: checked_restart(part.restart, part.restart_for), at):
            return None
        return Hold(
            on=part.on,
            grade=part.grade,
            days=part.days,
            occurrence=part.occurrence,
            restart=part.restart,
            restart_days=part.restart_for,
            restart_share=part.restart_share,
            source=part.source,
        )

    def _stop(self, at: At, on: str) -> Stop | None:
        if on in GRADED:
            graded = self._part(StopOnEventPart, at)
            return Stop(on, graded.grade, graded.occurrence, source=graded.source) if graded else None
        if on == "no response":
            after = self._part(StopOnNoResponsePart, at)
            return Stop(on, after_cycles=after.after, source=after.source) if after else None
        plain = self._part(StopPart, at)
        return Stop(on, source=plain.source) if plain else None

    def _premedicate(self, at: At) -> Premedicate | None:
        part = self._part(PremedicatePart, at)
        if part is None or not self._holds(lambda: checked_premedication(part.dose), (*at, "dose")):
            return None
        return Premedicate(part.drug, part.dose, part.on, part.source)

    def _give(self, at: At) -> Give | None:
        part = self._part(GivePart, at)
        if part is None or not self._holds(lambda: checked_premedication(part.dose), (*at, "dose")):
            return None
        return Give(part.drug, part.dose, part.grade, part.on, part.source)

    def _pause(self, at: At) -> Pause | None:
        part = self._part(PausePart, at)
        if part is None or not self._holds(lambda: checked_pause(part.length), (*at, "for")):
            return None
        return Pause(part.every, part.length, part.on, part.source)

    @staticmethod
    def _count(value: Any) -> int:
        return len(value) if isinstance(value, list) else 0

    def _value(self, at: At) -> Any:
        value: Any = self.document.value
        for step in at:
            value = value[step]
        return value

    def _part(self, schema: type[S], at: At) -> S | None:
        try:
            return validate(self.document, schema, at=at)
        except DocumentError as error:
            self.problems += error.problems
            return None

    def _holds(self, check: Callable[[], None], at: At) -> bool:
        try:
            check()
        except ValueError as error:
            self._add([(at, str(error))])
            return False
        return True

    def _add(self, found: Iterable[tuple[At, str]]) -> None:
        self.problems += [self.document.problem(at, sentence) for at, sentence in found]
