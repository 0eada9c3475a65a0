"""How a regimen reacts: hold, stop, premedicate, give, pause, each with the event that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engager.documents import near
from engager.regimens.checks import checked_dose, checked_length, is_rate
from engager.vocabulary import Quantity

ACTIONS: dict[str, tuple[str, ...]] = {
    "CRS": ("hold", "stop", "give"),
    "neurologic event": ("hold", "stop"),
    "no response": ("stop",),
    "progression": ("stop",),
    "relapse": ("stop",),
    "dose rise": ("premedicate",),
    "bag change": ("pause",),
}
"""What a rule can answer (``on``), and what it can do about it (``do``)."""

GRADED = ("CRS", "neurologic event")
"""Adverse events: their rules name a grade and an occurrence."""

GRADES = range(1, 5)
"""Grades that treatment can answer; grade 5 is death."""

MOST_OCCURRENCES = 100

LONGEST_PAUSE = 24
"""Longest pause at a change of bags [h]."""

Tag = TypeVar("Tag")


def checked_action(on: str, do: str) -> None:
    """Raises ValueError unless a rule can do ``do`` on ``on``."""
    if on not in ACTIONS:
        raise ValueError(f"on: {on!r} is not known; {near(on, ACTIONS)}")
    if do not in ACTIONS[on]:
        raise ValueError(f"do: {do!r} does not answer {on!r}; allowed: {', '.join(ACTIONS[on])}")


def checked_grade(grade: int) -> int:
    """``grade`` if it is one that treatment can answer."""
    if grade not in GRADES:
        raise ValueError(f"grade {grade} is not between {GRADES[0]} and {GRADES[-1]}")
    return grade


def checked_occurrence(occurrence: int) -> int:
    """``occurrence`` if it counts events from 1."""
    if not 1 <= occurrence <= MOST_OCCURRENCES:
        raise ValueError(f"{occurrence} is not a number of events from 1 to {MOST_OCCURRENCES}")
    return occurrence


def checked_share(share: float) -> float:
    """``share`` if it is a fraction of patients above 0."""
    if not 0 < share <= 1:
        raise ValueError(f"{share:g} is not a share of patients above 0 and up to 1")
    return share


def checked_restart(restart: Quantity | None, restart_days: int | None) -> None:
    """Raises ValueError unless a restart dose comes with its duration, and only then."""
    if restart is not None and restart_days is None:
        raise ValueError("restart has no duration; add how long, as in 'restart_for: 7 days'")
    if restart is None and restart_days is not None:
        raise ValueError("restart_for has no dose; add the dose, as in 'restart: 9 µg/day'")
    if restart is not None and not is_rate(restart):
        raise ValueError(f"restart: {restart} is not a rate; a unit like µg/day or µg/m²/day is needed")


def checked_premedication(amount: Quantity) -> None:
    """Raises ValueError for a rate: premedication is given at once."""
    if is_rate(amount):
        raise ValueError(f"{amount} is a rate; premedication is an amount, as in '20 mg'")


@dataclass(frozen=True)
class Hold:
    """Stop the drug for ``days`` [days], then go on where the plan stood.

    Answers an adverse event of at least ``grade``, from the ``occurrence``-th on. ``restart`` [µg/day or
    µg/m²/day] replaces the planned rate for the first ``restart_days`` [days] after the hold; None: the
    planned rate at once. ``restart_share`` of the patients go on, the others stop for good.
    """

    on: str
    grade: int
    days: int
    occurrence: int = 1
    restart: Quantity | None = None
    restart_days: int | None = None
    restart_share: float = 1.0
    source: str = ""

    def __post_init__(self) -> None:
        checked_action(self.on, "hold")
        checked_grade(self.grade)
        checked_occurrence(self.occurrence)
        checked_length(self.days)
        checked_restart(self.restart, self.restart_days)
        checked_share(self.restart_share)
        if self.restart_days is not None:
            checked_length(self.restart_days)


@dataclass(frozen=True)
class Stop:
    """End the treatment for good.

    On an adverse event: of at least ``grade``, from the ``occurrence``-th on. On no response:
    when ``after_cycles`` cycles are complete without one. On progression or relapse: when it is seen.
    """

    on: str
    grade: int | None = None
    occurrence: int = 1
    after_cycles: int | None = None
    source: str = ""

    def __post_init__(self) -> None:
        checked_action(self.on, "stop")
        checked_occurrence(self.occurrence)
        if (self.grade is None) is (self.on in GRADED):
            raise ValueError(f"a stop on {self.on!r} has {'a' if self.on in GRADED else 'no'} grade")
        if self.grade is not None:
            checked_grade(self.grade)
        if (self.after_cycles is None) is (self.on == "no response"):
            raise ValueError("'no response', and nothing else, is stopped after a number of cycles")
        if self.after_cycles is not None and self.after_cycles < 1:
            raise ValueError(f"{self.after_cycles} is not a number of cycles from 1")


@dataclass(frozen=True)
class Premedicate:
    """Give ``amount`` of ``drug`` [mg or mg/m²] before the engager on every day of :meth:`Regimen.rises`.

    In conduct that includes each restart after a hold: there, too, the dose rises from nothing.
    """

    drug: str
    amount: Quantity
    on: str = "dose rise"
    source: str = ""

    def __post_init__(self) -> None:
        checked_action(self.on, "premedicate")
        checked_dose(self.drug, self.amount)
        checked_premedication(self.amount)


@dataclass(frozen=True)
class Give:
    """Give ``amount`` of ``drug`` once [mg or mg/m²] when CRS reaches ``grade`` in a window."""

    drug: str
    amount: Quantity
    grade: int
    on: str = "CRS"
    source: str = ""

    def __post_init__(self) -> None:
        checked_action(self.on, "give")
        checked_grade(self.grade)
        checked_dose(self.drug, self.amount)
        checked_premedication(self.amount)


@dataclass(frozen=True)
class Pause:
    """The pump stands still for ``length`` (a time of at most a day) at each change of bags, ``every`` days of
    infusion; nothing makes up for it."""

    every: int
    length: Quantity
    on: str = "bag change"
    source: str = ""

    def __post_init__(self) -> None:
        checked_action(self.on, "pause")
        checked_length(self.every)
        checked_pause(self.length)


def checked_pause(length: Quantity) -> None:
    """Raises ValueError unless ``length`` is a time of at most a day."""
    if length.unit.dimension != (("time", 1),) or not 0 < length.canonical <= LONGEST_PAUSE / 24:
        raise ValueError(f"{length} is not a pause of up to {LONGEST_PAUSE} h, as in '30 min'")


Rule = Hold | Stop | Premedicate | Give | Pause


def trigger(rule: Rule) -> str:
    """What sets the rule off, in words; two rules of one regimen never share it."""
    if isinstance(rule, Premedicate | Give):
        return f"{rule.on} ({rule.drug})"
    if isinstance(rule, Pause):
        return rule.on
    if rule.grade is None:
        return rule.on
    return f"{rule.on} of grade {rule.grade}, occurrence {rule.occurrence}"


def repeated(rules: Iterable[tuple[Tag, Rule]]) -> Iterator[tuple[Tag, Tag, str]]:
    """(tag, tag of the first, sentence) for every rule whose trigger another rule has already."""
    seen: dict[str, Tag] = {}
    for tag, rule in rules:
        name = trigger(rule)
        if name in seen:
            yield tag, seen[name], f"a second rule for {name}; keep one"
        seen.setdefault(name, tag)


def answer(rules: Iterable[Rule], on: str, grade: int, occurrence: int) -> Hold | Stop | None:
    """The rule that answers the ``occurrence``-th adverse event, of ``grade``; None where none does.

    A rule answers its grade and worse, its occurrence and later. Of several a stop wins (patients are
    not restarted against a rule that ends treatment), then the higher grade, then the later occurrence.
    """
    found = [
        rule
        for rule in rules
        if isinstance(rule, Hold | Stop)
        and rule.on == on
        and rule.grade is not None
        and rule.grade <= grade
        and rule.occurrence <= occurrence
    ]
    return max(found, key=lambda r: (isinstance(r, Stop), r.grade or 0, r.occurrence), default=None)


def idle(
    rules: Sequence[tuple[Tag, Rule]], *, infused: bool, depot: bool, closing: Sequence[bool], rising: bool
) -> Iterator[tuple[Tag, str]]:
    """Rules that can never fire beside the plan, or that fire every day.

    Args:
        infused: whether the plan has an infusion.
        depot: whether it has a subcutaneous dose.
        closing: for each cycle, whether the marrow is examined on its last day, which is when lack of response
            and progression are judged.
        rising: whether the dose rises on every single day of the plan.
    """
    every = [rule for _, rule in rules]
    for tag, rule in rules:
        if not infused and (rule.on == "bag change" or (rule.on in (*GRADED, "dose rise") and not depot)):
            yield tag, f"a rule for {rule.on} can never fire: the regimen has no infusion"
        elif isinstance(rule, Premedicate):
            if rising:
                yield tag, f"a rule for {rule.on} fires on every day: the infusion rate never stays the same"
        elif isinstance(rule, Give | Pause):
            continue
        elif rule.grade is None:
            yield from ((tag, sentence) for sentence in _never_judged(rule, closing))
        elif not _can_answer(rule, every):
            yield tag, f"a rule for {trigger(rule)} can never fire: another rule always answers before it"


def _never_judged(rule: Hold | Stop, closing: Sequence[bool]) -> Iterator[str]:
    after = rule.after_cycles if isinstance(rule, Stop) else None
    if after is not None and after > len(closing):
        cycles = f"{len(closing)} cycle{'s' if len(closing) > 1 else ''}"
        yield f"a rule for no response after {after} cycles can never fire: the regimen has {cycles}"
    elif rule.on in ("no response", "progression") and not any(closing[(after or 1) - 1 :]):
        since = f" from cycle {after} on" if after is not None and after > 1 else ""
        yield (
            f"a rule for {rule.on} can never fire: it is judged in the marrow on the last day of a cycle, "
            f"and no cycle{since} has an assessment there; add that day to 'assess'"
        )


def _can_answer(rule: Hold | Stop, rules: Sequence[Rule]) -> bool:
    """True if some event is answered by this rule and not by another one."""
    # answers change only at a grade or an occurrence that some rule names
    numbers = {r.occurrence for r in rules if isinstance(r, Hold | Stop)}
    return any(answer(rules, rule.on, grade, n) is rule for grade in GRADES for n in numbers)
