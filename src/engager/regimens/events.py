"""What is given when: infusions and doses make a cycle, cycles make a regimen.

Days are whole and count from 1, as protocols print them. Every value is checked when it is made and
raises ValueError with a sentence, so that no regimen exists that cannot be given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import TypeVar

from engager.regimens.checks import (
    LONGEST,
    MOST_TIMES,
    checked_dose,
    checked_length,
    checked_text,
    day_ranges,
    days_text,
    is_rate,
)
from engager.regimens.rules import Hold, Rule, Stop, answer, idle, repeated, trigger
from engager.vocabulary import Quantity, drugs, quantity, unit

Tag = TypeVar("Tag")

PUMP = "pump"
"""What all infusions share, whatever their drug."""


@dataclass(frozen=True)
class Infusion:
    """A continuous infusion at ``rate`` [µg/day or µg/m²/day], from the start of ``first_day`` to the end of
    ``last_day`` of the cycle."""

    drug: str
    rate: Quantity
    first_day: int
    last_day: int
    source: str = ""

    def __post_init__(self) -> None:
        checked_dose(self.drug, self.rate)
        if not is_rate(self.rate):
            raise ValueError(f"{self.rate} is not a rate; an infusion is an amount per day")
        day_ranges(f"{self.first_day}-{self.last_day}")

    @property
    def days(self) -> tuple[int, ...]:
        return tuple(range(self.first_day, self.last_day + 1))

    @property
    def amount(self) -> Quantity:
        """The infusion rate; named as in :class:`Dose`."""
        return self.rate


@dataclass(frozen=True)
class Dose:
    """``amount`` of a drug [mg/m², mg, …] per administration, ``times`` a day on each of ``days``.

    ``route`` 'subcutaneous' puts it under the skin, from where it is absorbed; '' gives it as usual.
    """

    drug: str
    amount: Quantity
    days: tuple[int, ...]
    times: int = 1
    source: str = ""
    route: str = ""

    def __post_init__(self) -> None:
        checked_dose(self.drug, self.amount, self.route)
        if is_rate(self.amount):
            raise ValueError(f"{self.amount} is a rate; give {self.drug} as an Infusion")
        day_ranges(list(self.days))
        if list(self.days) != sorted(self.days):
            raise ValueError(f"days {days_text(self.days)} are not in order")
        checked_times(self.times)


Event = Infusion | Dose


def checked_times(times: int) -> int:
    """``times`` if it is a number of administrations a day."""
    if not 1 <= times <= MOST_TIMES:
        raise ValueError(f"{times} is not a number of times a day from 1 to {MOST_TIMES}")
    return times


@dataclass(frozen=True)
class Cycle:
    """``length`` days with what is given in them; ``assess`` are the days on which the marrow is examined."""

    label: str
    length: int
    doses: tuple[Event, ...] = ()
    assess: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        checked_text(self.label)
        checked_length(self.length)
        tagged = [(None, event) for event in self.doses]
        found = [sentence for _, sentence in chain(outside(tagged, self.length), clashes(tagged))]
        if self.assess:
            day_ranges(list(self.assess))
            found += [s for _, s in assessed_outside([(None, day) for day in self.assess], self.length)]
        if list(self.assess) != sorted(self.assess):
            found.append(f"assessments on {self.assess} are not in order")
        _refuse(found)

    def repeat(self, n: int) -> tuple[Cycle, ...]:
        """The cycle ``n`` times, for ``Regimen(cycles=…)``."""
        return (self,) * _count(n)


@dataclass(frozen=True)
class Day:
    """One day of a regimen: ``day`` counts over the whole regimen, ``day_of_cycle`` within the cycle, both
    from 1, as does ``cycle``. ``infusion`` is the rate of ``infused`` (None and '' on a day without);
    ``doses`` are (drug, amount over the day)."""

    day: int
    cycle: int
    label: str
    day_of_cycle: int
    infusion: Quantity | None
    infused: str
    doses: tuple[tuple[str, Quantity], ...]
    assess: bool
    last_of_cycle: bool


@dataclass(frozen=True)
class Regimen:
    """A treatment plan: its cycles in order, the rules by which it reacts, and what it stands on."""

    name: str
    cycles: tuple[Cycle, ...]
    rules: tuple[Rule, ...] = ()
    assumptions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked_text(self.name)
        events = [(None, event) for cycle in dict.fromkeys(self.cycles) for event in cycle.doses]
        rules = [(None, rule) for rule in self.rules]
        found = [*whole_problems([cycle.length for cycle in self.cycles], bool(events))]
        found += [s for _, s in chain(mixed(events), restart_problems(rules, [e for _, e in events]))]
        found += [s for *_, s in repeated(rules)]
        if not found:
            found += [s for _, s in idle_rules(rules, self.cycles)]
        _refuse(found)

    @property
    def length(self) -> int:
        """All cycles together [days]."""
        return sum(cycle.length for cycle in self.cycles)

    @property
    def drugs(self) -> tuple[str, ...]:
        """Every drug that the plan gives, in order of appearance (not those that only a rule gives)."""
        return tuple(dict.fromkeys(event.drug for cycle in self.cycles for event in cycle.doses))

    def days(self) -> list[Day]:
        """Every day in order, those without treatment included."""
        out: list[Day] = []
        calendars = {cycle: _calendar(cycle) for cycle in dict.fromkeys(self.cycles)}
        for number, cycle in enumerate(self.cycles, start=1):
            out += [replace(day, day=len(out) + day.day, cycle=number) for day in calendars[cycle]]
        return out

    def rises(self) -> tuple[int, ...]:
        """The days on which the infusion rate is higher than on the day before (none counts as 0), or a
        subcutaneous dose larger than the last one given, however long ago (see ``_rises``)."""
        return tuple(day for day, rises in enumerate(_rises(self.days()), 1) if rises)

    def amount(self) -> dict[str, Quantity]:
        """Drug intended over the whole plan, per drug: [µg] or [µg/m²] infused, else in the unit of the dose.

        Without holds, stops and premedication: what the rules add or take away is not intended.
        """
        total: dict[str, Quantity] = {}
        for cycle in self.cycles:
            for event in cycle.doses:
                given = _given(event)
                before = total.get(event.drug, replace(given, value=0.0))
                more = given.value * (given.unit.size / before.unit.size)
                total[event.drug] = replace(before, value=before.value + more)
        return total

    def then(self, other: Regimen, *, name: str | None = None) -> Regimen:
        """This regimen and, from the day after its last, ``other``. Rules hold for the whole.

        Raises ValueError where both answer one event differently: which should count cannot be guessed.
        """
        mine = {trigger(rule): rule for rule in self.rules}
        for rule in other.rules:
            if mine.get(trigger(rule), rule) != rule:
                raise ValueError(
                    f"the two regimens have different rules for {trigger(rule)}; make them agree"
                )
        return Regimen(
            name=f"{self.name}, then {other.name}" if name is None else name,
            cycles=self.cycles + other.cycles,
            rules=_union(self.rules, other.rules),
            assumptions=_union(self.assumptions, other.assumptions),
            sources=_union(self.sources, other.sources),
        )

    def repeat(self, n: int, *, name: str | None = None) -> Regimen:
        """The regimen ``n`` times in a row."""
        title = self.name if n == 1 else f"{self.name} × {n}"
        return replace(self, name=title if name is None else name, cycles=self.cycles * _count(n))

    def answer(self, on: str, grade: int, occurrence: int) -> Hold | Stop | None:
        """The rule that answers the ``occurrence``-th adverse event (see :func:`rules.answer`)."""
        return answer(self.rules, on, grade, occurrence)


def step_up(
    drug: str, steps: Sequence[tuple[str | Quantity, int]], *, first_day: int = 1, source: str = ""
) -> tuple[Infusion, ...]:
    """Infusions one after the other: ``[("9 µg/day", 7), ("28 µg/day", 21)]`` gives days 1-7 and 8-28."""
    out: list[Infusion] = []
    for rate, days in steps:
        start = out[-1].last_day + 1 if out else first_day
        amount = rate if isinstance(rate, Quantity) else quantity(rate)
        out.append(Infusion(drug, amount, start, start + checked_length(days) - 1, source))
    return tuple(out)


def outside(events: Iterable[tuple[Tag, Event]], length: int) -> Iterator[tuple[Tag, str]]:
    """Events that lie outside a cycle of ``length`` days."""
    for tag, event in events:
        if event.days[-1] > length:
            days = days_text(event.days)
            yield tag, f"{event.drug} on day {days} lies outside the cycle, which ends on day {length}"


def assessed_outside(days: Iterable[tuple[Tag, int]], length: int) -> Iterator[tuple[Tag, str]]:
    """Assessments that lie outside a cycle of ``length`` days."""
    for tag, day in days:
        if day > length:
            yield tag, f"assess: day {day} lies outside the cycle, which ends on day {length}"


def clashes(events: Iterable[tuple[Tag, Event]]) -> Iterator[tuple[Tag, str]]:
    """Events that meet an earlier one: one infusion at a time, and one line per drug and day."""
    taken: dict[tuple[str, int], Event] = {}
    for tag, event in events:
        # one pump: two infusions meet even if the drugs differ
        lanes = (PUMP, event.drug) if isinstance(event, Infusion) else (event.drug,)
        met = next(((lane, day) for day in event.days for lane in lanes if (lane, day) in taken), None)
        if met is not None:
            other = taken[met]
            yield (
                tag,
                f"{event.drug} {event.amount} on day {days_text(event.days)} overlaps "
                f"{other.drug} {other.amount} on day {days_text(other.days)} (both on day {met[1]})",
            )
        for day in event.days:
            for lane in lanes:
                taken.setdefault((lane, day), event)


def mixed(events: Iterable[tuple[Tag, Event]]) -> Iterator[tuple[Tag, str]]:
    """Events that dose a drug in another dimension than its first: a total would have no unit.

    An infusion counts as the amount that it gives, so µg/day and a subcutaneous dose in µg go together."""
    first: dict[str, Event] = {}
    for tag, event in events:
        before = first.setdefault(event.drug, event)
        if _given(before).unit.dimension != _given(event).unit.dimension:
            units = f"{before.amount.unit.symbol} and in {event.amount.unit.symbol}"
            yield tag, f"{event.drug} is given in {units}; use one"


def restart_problems(rules: Iterable[tuple[Tag, Rule]], events: Sequence[Event]) -> Iterator[tuple[Tag, str]]:
    """Holds whose restart dose does not fit the infusion that they restart."""
    rates = [event.rate for event in events if isinstance(event, Infusion)]
    for tag, rule in rules:
        if not isinstance(rule, Hold) or rule.restart is None:
            continue
        if not rates:
            yield tag, f"restart: {rule.restart}, but the regimen has no infusion to restart"
        elif rule.restart.unit.dimension not in {rate.unit.dimension for rate in rates}:
            yield tag, f"restart: {rule.restart}, but the infusion is in {rates[0].unit.symbol}; use that"


def idle_rules(rules: Sequence[tuple[Tag, Rule]], cycles: Sequence[Cycle]) -> Iterator[tuple[Tag, str]]:
    """Rules that can never fire in these cycles, or that fire every day (see :func:`rules.idle`)."""
    calendars = {cycle: _calendar(cycle) for cycle in dict.fromkeys(cycles)}
    days = [day for cycle in cycles for day in calendars[cycle]]
    return idle(
        rules,
        infused=any(day.infusion is not None for day in days),
        depot=any(_depot(day) > 0 for day in days),
        closing=[cycle.length in cycle.assess for cycle in cycles],
        rising=len(days) > 1 and all(_rises(days)),
    )


def whole_problems(lengths: Sequence[int], any_dose: bool) -> Iterator[str]:
    """What can be wrong with all cycles together."""
    if not lengths:
        yield "a regimen has at least one cycle"
        return
    if sum(lengths) > LONGEST:
        yield f"all cycles together last {sum(lengths)} days; at most {LONGEST} are read"
    if not any_dose:
        yield "no drug is given on any day; add a line to the doses of a cycle"


def runs(cycles: Iterable[Cycle]) -> list[tuple[Cycle, int]]:
    """Equal neighbours together, with their number: what a file writes as ``repeat``."""
    return [(cycle, len(list(same))) for cycle, same in groupby(cycles)]


def _rises(days: Sequence[Day]) -> list[bool]:
    """For each day whether the dose rises on it.

    An infusion is compared with the day before: without a pump the drug is gone within the day. A subcutaneous dose is
    compared with the last one given: between doses the concentration falls and comes back with each, so against
    the day before every dose of a steady plan would be a rise, to be premedicated and watched like the first. What
    the patient meets for the first time is a larger dose.
    """
    found, rate, dose = [], 0.0, 0.0
    for day in days:
        now, under_skin = day.infusion.canonical if day.infusion else 0.0, _depot(day)
        found.append(now > rate or under_skin > dose)
        rate, dose = now, under_skin or dose
    return found


def _depot(day: Day) -> float:
    """What is given under the skin on a day [µg or µg/m²]; a drug with a subcutaneous form has doses by no other
    route."""
    return sum(amount.canonical for drug, amount in day.doses if drugs()[drug].subcutaneous_units)


def _calendar(cycle: Cycle) -> list[Day]:
    pump = {day: event for event in cycle.doses if isinstance(event, Infusion) for day in event.days}
    given: dict[int, list[tuple[str, Quantity]]] = {}
    for event in cycle.doses:
        if isinstance(event, Dose):
            daily = replace(event.amount, value=event.amount.value * event.times)
            for day in event.days:
                given.setdefault(day, []).append((event.drug, daily))
    return [
        Day(
            day=day,
            cycle=0,
            label=cycle.label,
            day_of_cycle=day,
            infusion=pump[day].rate if day in pump else None,
            infused=pump[day].drug if day in pump else "",
            doses=tuple(given.get(day, ())),
            assess=day in cycle.assess,
            last_of_cycle=day == cycle.length,
        )
        for day in range(1, cycle.length + 1)
    ]


def _given(event: Event) -> Quantity:
    if isinstance(event, Dose):
        return replace(event.amount, value=event.amount.value * event.times * len(event.days))
    area = any(name == "area" for name, _ in event.rate.unit.dimension)
    return Quantity(event.rate.canonical * len(event.days), unit("µg/m²" if area else "µg"))


def _union(a: tuple[Tag, ...], b: tuple[Tag, ...]) -> tuple[Tag, ...]:
    return tuple(dict.fromkeys(a + b))


def _count(n: int) -> int:
    if not 1 <= n <= LONGEST:
        raise ValueError(f"{n} is not a number of repeats from 1 to {LONGEST}")
    return n


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        raise ValueError("; ".join(dict.fromkeys(sentences)))
