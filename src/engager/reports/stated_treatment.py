"""What the sources state of a study's treatment, read from its facts into cycles; nothing is assumed.

The regimens room adds what a simulation needs. Here a number that no source states stays away, and the place
where it would stand says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engager.documents import DocumentError
from engager.evidence import Fact, Study, quantities
from engager.evidence.rules.common import groups
from engager.vocabulary import unit

DOSES = ("dose", "infusion_rate", "infusion_rate_per_area")
NUMBERED = ("cycle_number", "month_number")
OF_A_CYCLE = (*DOSES, "doses", "infusion_length", "drug_free_interval", "cycle_length")
"""Quantities of one cycle: stated without a phase they hold in every phase of the drug. Those of a whole
phase (a number of cycles, a duration) do not."""

READ = frozenset({*OF_A_CYCLE, *NUMBERED, "cycles", "cycles_in_turn", "duration"})
"""Quantities that are read into phases; others that name a drug, a phase or a version become notes."""

DAYS_OF_WEEK = 7
ELSEWHERE = "phase not stated"
"""Name of the phase of a drug that no named phase has, where other facts name phases."""

BY_COUNT = "placed by number of cycles alone"
"""Remark for a drug of which no source says in which cycles of the phase it is given."""

MANDATORY = "mandatory"
"""Condition of a number of cycles that is the least beside a larger bound."""

_AT = re.compile(r"(cycle|week)s? (\d+)(?:[-–](\d+))?")


@dataclass(frozen=True)
class Step:
    """One amount within a cycle, from ``start`` to ``end`` [days from its start]."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Given:
    """A drug in a phase.

    ``slots`` are the numbers of the phase's slots in which it is given, () where no source says which;
    ``sure`` of them at least (a bound "up to 5" leaves the others open). ``amounts`` are slot to amount in
    ``unit`` ('' where the amounts carry their own), ``steps`` amounts by week, not said for which cycles.
    ``length`` and ``on`` are the cycle and the infusion in it [days], None where not stated. ``says`` is what
    stands in words.
    """

    drug: str
    slots: tuple[int, ...]
    sure: int
    amounts: dict[int, str]
    unit: str
    steps: tuple[Step, ...] = ()
    length: float | None = None
    on: float | None = None
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Phase:
    """A phase of ``slots`` cycles (or months, see ``counted``); ``heads`` say what the sources say of it.

    Where no source says how many cycles there are, and names none, one slot stands for all (not ``numbered``).
    """

    name: str
    slots: int
    numbered: bool
    counted: str
    heads: tuple[str, ...]
    drugs: tuple[Given, ...]


@dataclass(frozen=True)
class Block:
    """The treatment of one arm in one version of the protocol; no ``phases`` where no source states it."""

    title: str
    phases: tuple[Phase, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...] = ()


@dataclass
class _Own:
    """The facts of one phase; the ``general`` ones hold where the phase itself says nothing."""

    facts: list[Fact]
    general: list[Fact] = field(default_factory=list)

    def say(self, drug: str, *names: str) -> list[Fact]:
        found = [f for f in self.facts if f.name in names and f.drug == drug]
        return found or [f for f in self.general if f.name in names and f.drug == drug]


def treatment(study: Study) -> list[Block]:
    """One block for each arm and version that a fact names, then one for each treated arm that none names.

    A fact without arm or version holds in all of them.

    Raises:
        DocumentError: no fact of the study is about its treatment.
    """
    facts = [f for f in study.facts if f.name in READ]
    if not facts:
        raise DocumentError(f"{study.id}: the sources state no dose, cycle or phase of its treatment to draw")
    treated = [arm.name for arm in study.arms if arm.treatment]
    sole = treated[0] if len(treated) == 1 else ""
    keys = list(dict.fromkeys((f.arm or sole, f.version) for f in facts))
    order = ["", *(arm.name for arm in study.arms)]
    keys.sort(key=lambda key: (order.index(key[0]), key[1] != ""))
    several = {arm for arm, version in keys if version}
    blocks = []
    for arm, version in keys:
        mine = [f for f in study.facts if f.arm in ("", arm) and f.version in ("", version)]
        label = found.label if (found := study.arm(arm)) else "every arm"
        which = version or ("every version" if arm in several else "")
        blocks.append(_block(f"{label}: {which}" if which else label, mine))
    if "" not in {arm for arm, _ in keys}:
        for name in treated:
            if (arm_ := study.arm(name)) and name not in {arm for arm, _ in keys}:
                blocks.append(Block(arm_.label, (), ("no source states a dose or a number of cycles",)))
    return blocks


def _block(title: str, facts: Sequence[Fact]) -> Block:
    read = [f for f in facts if f.name in READ]
    named = {
        name: _Own([f for f in read if f.phase == name])
        for name in dict.fromkeys(f.phase for f in read)
        if name
    }
    elsewhere = _Own([])
    beside = [
        f for f in facts if f.name not in READ and (f.drug or f.phase or f.version or f.name == "phases")
    ]
    for fact in (f for f in read if not f.phase):
        homes = [
            own for own in named.values() if not fact.drug or any(f.drug == fact.drug for f in own.facts)
        ]
        if not homes:
            elsewhere.facts.append(fact)
        elif fact.name not in OF_A_CYCLE:
            beside.append(fact)
        elif fact.name in DOSES and _at(fact, "week"):
            homes[0].general.append(fact)  # no source says that a later phase begins with the same steps
        else:
            for own in homes:
                own.general.append(fact)
    if elsewhere.facts:
        named[ELSEWHERE if named else ""] = elsewhere
    notes = [*_remarks(read), *(_beside(f) for f in beside)]
    sources = dict.fromkeys(f.source for f in (*read, *beside) if f.source)
    phases = tuple(_phase(name, own) for name, own in named.items())
    return Block(title, phases, tuple(dict.fromkeys(notes)), tuple(sources))


def _phase(name: str, own: _Own) -> Phase:
    drugs = list(dict.fromkeys(f.drug for f in (*own.facts, *own.general) if f.drug))
    counts = [f for f in own.facts if f.name == "cycles"]
    total = [f for f in counts if not f.drug]
    numbers = {drug: _numbers(own, drug) for drug in drugs}
    turns = {f.drug: _most(f) for f in own.facts if f.name == "cycles_in_turn"}
    named = max((n for found in numbers.values() for n in found), default=0)
    slots = max([_most(f) for f in total or counts] + [named]) or sum(turns.values()) or 1
    least = [_least(total)] if total else [_least(fs) for fs in groups(counts, lambda f: f.drug).values()]
    sure = max([*least, named]) or slots
    placed = _placed(drugs, numbers, turns, counts, slots)
    given = tuple(_given(drug, own, *placed[drug], min(sure, slots)) for drug in drugs)
    counted = "month" if any(f.name == "month_number" for f in own.facts) else "cycle"
    heads = (*_numbers_said(own, counts, turns, named, counted), *_times_said(own, counts, given))
    return Phase(name, slots, bool(counts or turns or named), counted, heads, given)


def _numbers(own: _Own, drug: str) -> set[int]:
    """The cycles (or months) of a drug that are named by number, those of a dose included."""
    found: set[int] = set()
    for fact in own.say(drug, *NUMBERED):
        found.update(range(round(fact.low), round(fact.high) + 1))
    if not found:
        for fact in own.say(drug, *DOSES):
            found.update(_at(fact, "cycle"))
    return found


def _placed(
    drugs: Sequence[str],
    numbers: dict[str, set[int]],
    turns: dict[str, int],
    counts: Sequence[Fact],
    slots: int,
) -> dict[str, tuple[tuple[int, ...], str]]:
    """The slots of each drug: by number, by turn, by a count that fits the phase or what is left of it.

    With them a remark where they follow from a count and another drug could make them other ones.
    """
    order = [drug for drug, many in turns.items() for _ in range(many)]
    many = {d: max((_most(f) for f in counts if f.drug == d), default=0) for d in drugs}
    found: dict[str, set[int]] = {}
    for drug in drugs:
        found[drug] = numbers[drug] if len(numbers[drug]) >= min(many[drug], slots) else set()
        if not found[drug] and drug in order:
            found[drug] = {i + 1 for i in range(slots) if order[i % len(order)] == drug}
    left = set(range(1, slots + 1)).difference(*found.values())
    remarks = dict.fromkeys(drugs, "")
    whole = [d for d in drugs if not found[d] and many[d] == slots]
    for drug in drugs:
        if found[drug]:
            continue
        if many[drug] == slots or (not many[drug] and (len(drugs) == 1 or slots == 1)):
            found[drug] = set(range(1, slots + 1))
            remarks[drug] = BY_COUNT if drug in whole[1:] else ""
        elif many[drug] == len(left):
            found[drug], remarks[drug] = left, BY_COUNT
        else:
            found[drug], remarks[drug] = numbers[drug], "other cycles not stated" if numbers[drug] else ""
    return {drug: (tuple(sorted(found[drug])), remarks[drug]) for drug in drugs}


def _given(drug: str, own: _Own, slots: tuple[int, ...], remark: str, sure: int) -> Given:
    doses = own.say(drug, *DOSES)
    units = {unit(f.unit).symbol for f in doses}
    amounts: dict[int, list[str]] = {}
    steps: dict[tuple[float, float], list[str]] = {}
    for fact in doses:
        text = _amount(fact) if len(units) > 1 else _number(fact)
        if fact.at and not _AT.fullmatch(fact.at):
            text += "*"
        weeks = _at(fact, "week")
        if weeks:
            steps.setdefault(((weeks[0] - 1.0) * DAYS_OF_WEEK, weeks[-1] * float(DAYS_OF_WEEK)), []).append(
                text
            )
        for slot in () if weeks else _at(fact, "cycle") or slots:
            amounts.setdefault(slot, []).append(text)
    made = tuple(Step(*when, _either(texts)) for when, texts in sorted(steps.items()))
    length, on = _cycle(own, drug)
    says = [f"{_count(f, 'dose')} {f.at}".strip() for f in own.say(drug, "doses")] + [remark] * bool(remark)
    if not slots:
        says.append("in which cycles is not stated")
    if not doses:
        says.append("dose not stated")
    shown = {slot: _either(texts) for slot, texts in amounts.items()}
    own_unit = units.pop() if len(units) == 1 else ""
    return Given(drug, slots, sure, shown, own_unit, made, length, on, tuple(dict.fromkeys(says)))


def _cycle(own: _Own, drug: str) -> tuple[float | None, float | None]:
    """Length of the cycle and of the infusion in it [days]; the rest of a cycle is without the drug."""
    lengths = own.say(drug, "infusion_length")
    whole = [f.high for f in lengths if not _at(f, "week")]
    weeks = [week for f in (*lengths, *own.say(drug, *DOSES)) for week in _at(f, "week")]
    on = max(whole) if whole else max(weeks) * float(DAYS_OF_WEEK) if weeks else None
    stated, off = own.say(drug, "cycle_length"), own.say(drug, "drug_free_interval")
    if stated:
        return max(f.high for f in stated), on
    return (on + max(f.high for f in off), on) if on and off else (None, on)


def _numbers_said(
    own: _Own, counts: Sequence[Fact], turns: dict[str, int], named: int, counted: str
) -> Iterator[str]:
    """How many cycles, as the head of a phase says it."""
    whose = len({f.drug for f in (*own.facts, *own.general) if f.drug}) > 1
    said = [
        _joined([(f"{_count(f, 'cycle')} {f.at}".strip() + _of(f, whose), f.source) for f in same])
        for same in groups(counts, lambda f: (f.drug, f.at)).values()
    ]
    if counted == "month":
        yield "slots are months"
    if not counts:
        said.append("number of cycles not stated" + (f", {named} {counted}s named" if named > 1 else ""))
    if turns:
        said.append("in turn " + ", ".join(f"{many} of {drug}" for drug, many in turns.items()))
    yield ", ".join(said)


def _times_said(own: _Own, counts: Sequence[Fact], given: Sequence[Given]) -> Iterator[str]:
    """Lengths of cycles and the duration, as the head of a phase says them."""
    whose = len(given) > 1
    for g in given:
        of = f" ({g.drug})" if whose else ""
        if g.length and g.on:
            off = f", {_weeks(g.length - g.on)} off" if g.length > g.on else ""
            yield f"cycle of {_weeks(g.length)}: {_weeks(g.on)} on{off}{of}"
        elif g.length:
            yield f"cycle of {_weeks(g.length)}{of}"
        elif g.on:
            yield f"{_weeks(g.on)} on, length of cycles not stated{of}"
    if counts and not any(g.length or g.on for g in given):
        yield "length of cycles not stated"
    lasts = [(f"{_amount(f)}{_of(f, whose)}", f.source) for f in own.facts if f.name == "duration"]
    if lasts:
        yield _joined(lasts)


def _of(fact: Fact, whose: bool) -> str:
    return f" of {fact.drug}" if whose and fact.drug else ""


def _joined(texts: Sequence[tuple[str, str]]) -> str:
    """The texts of (text, source); where sources differ each with its source."""
    found = groups(texts, lambda pair: pair[0])
    if len(found) == 1 or len({source for _, source in texts}) == 1:
        return ", ".join(found)
    return "; ".join(
        f"{text} ({', '.join(dict.fromkeys(s for _, s in pairs))})" for text, pairs in found.items()
    )


def _remarks(facts: Iterable[Fact]) -> list[str]:
    """The notes of facts, and the conditions of amounts that no slot can show."""
    found = []
    for f in facts:
        if f.note:
            said = _count(f, "cycle") if f.name == "cycles" else _amount(f)
            found.append(f"{f.drug or f.phase}, {said}: {f.note}")
    for f in facts:
        if f.name in DOSES and f.at and not _AT.fullmatch(f.at):
            found.append(f"* {f.drug}, {_amount(f)}: {f.at}")
    by_week = [f for f in facts if f.name in DOSES and _at(f, "week")]
    for drug, steps in groups(by_week, lambda f: f.drug).items():
        said = ", ".join(dict.fromkeys(f"{_amount(f)} in {f.at}" for f in steps))
        found.append(f"{drug}: {said}; for which cycles is not stated")
    return found


def _beside(f: Fact) -> str:
    about = ", ".join(word for word in (f.drug, f.phase) if word)
    said = quantities()[f.name].label.lower() if f.name in quantities() else f.name
    text = f"{said} {_amount(f)}{f' ({f.at})' if f.at else ''}"
    return f"{about}: {text}" if about else text


def _at(fact: Fact, what: str) -> range:
    """The cycles or weeks that the fact's condition names; empty if it names none."""
    match = _AT.search(fact.at)
    if not match or match[1] != what:
        return range(0)
    return range(int(match[2]), int(match[3] or match[2]) + 1)


def _most(fact: Fact) -> int:
    """The number itself, its upper bound, or where only a lower one is stated that one."""
    return round(next(x for x in (fact.upper, fact.value, fact.lower) if x is not None))


def _least(counts: Sequence[Fact]) -> int:
    """Cycles that everybody has: of "up to 5" one, or as many as are mandatory; of several numbers the smallest."""
    low = [round(f.low) if f.low > 0 else 1 for f in counts if f.at != MANDATORY]
    return max([min(low, default=0), *(round(f.low) for f in counts if f.at == MANDATORY)])


def _number(fact: Fact) -> str:
    if fact.value is not None:
        return f"{fact.value:g}"
    if fact.lower is not None and fact.upper is not None:
        return f"{fact.lower:g}–{fact.upper:g}"
    return f"up to {fact.upper:g}" if fact.upper is not None else f"at least {fact.lower:g}"


def _count(fact: Fact, what: str) -> str:
    return f"{_number(fact)} {what}{'' if fact.value == 1 or fact.upper == 1 else 's'}"


def _amount(fact: Fact) -> str:
    """Number and unit as people write them: '1.8 mg/m²', 'up to 1 year', '18 months'."""
    if fact.unit == "1":
        return _number(fact)
    own = unit(fact.unit)
    time = own.dimension == unit("day").dimension
    return _count(fact, own.symbol) if time else f"{_number(fact)} {own.symbol}"


def _weeks(days: float) -> str:
    many, what = (days / DAYS_OF_WEEK, "week") if days % DAYS_OF_WEEK == 0 else (days, "day")
    return f"{many:g} {what}{'' if many == 1 else 's'}"


def _either(texts: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(texts))
