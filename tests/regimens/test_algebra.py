"""Laws of the algebra: what is true of every regimen, tried on many."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engager.documents import DocumentError, read_yaml
from engager.regimens import (
    Cycle,
    Dose,
    Hold,
    Infusion,
    Premedicate,
    Regimen,
    Stop,
    describe,
    regimen_from,
    step_up,
    to_yaml,
)
from engager.regimens.checks import day_ranges, days_text, quantity_text
from engager.regimens.events import idle_rules
from engager.regimens.rules import Rule, answer
from engager.vocabulary import Quantity, quantity, unit

texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
sizes = st.floats(1e-3, 1e6) | st.integers(1, 100).map(float)


@st.composite
def cycles(draw: st.DrawFn) -> Cycle:
    length = draw(st.integers(1, 60))
    cuts = sorted(draw(st.sets(st.integers(1, length), max_size=6)))
    per_day = draw(st.sampled_from(["µg/day", "µg/h", "mg/day"]))
    events: list[Infusion | Dose] = [
        Infusion("blinatumomab", Quantity(draw(sizes), unit(per_day)), a, b, draw(st.just("") | texts))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    days = draw(st.sets(st.integers(1, length), max_size=5))
    if days:
        amount = Quantity(draw(sizes), unit(draw(st.sampled_from(["mg/m²", "g/m²"]))))
        events.append(Dose("cytarabine", amount, tuple(sorted(days)), draw(st.integers(1, 4))))
    free = sorted(set(range(1, length + 1)).difference(*(e.days for e in events if isinstance(e, Infusion))))
    under_skin = draw(st.sets(st.sampled_from(free), max_size=4)) if free else set()
    if under_skin:
        amount = Quantity(draw(sizes), unit(draw(st.sampled_from(["µg", "mg"]))))
        events.append(Dose("blinatumomab", amount, tuple(sorted(under_skin)), route="subcutaneous"))
    assess = tuple(sorted(draw(st.sets(st.integers(1, length), max_size=3))))
    return Cycle(draw(texts), length, tuple(draw(st.permutations(events))), assess)


RULES: tuple[Rule, ...] = (
    Stop("relapse"),
    Stop("progression", source="assumed"),
    Stop("no response", after_cycles=2),
    Hold("CRS", 3, 7, source="x"),
    Stop("CRS", 3, 2),
    Hold("neurologic event", 3, 10, restart_share=0.6),
    Premedicate("dexamethasone", quantity("20 mg")),
)


@st.composite
def plans(draw: st.DrawFn) -> Regimen:
    some = draw(st.lists(cycles(), min_size=1, max_size=4).filter(lambda cs: any(c.doses for c in cs)))
    rules = draw(st.lists(st.sampled_from(RULES), unique=True))
    # a rule that nothing in the plan can set off is refused
    rules = [rule for rule in rules if not any(idle_rules([(None, rule)], some))]
    notes = draw(st.lists(texts, unique=True, max_size=3))
    return Regimen(draw(texts), tuple(some), tuple(rules), tuple(notes), tuple(notes[:1]))


@given(plans(), plans())
def test_lengths_and_amounts_add_under_then(a: Regimen, b: Regimen) -> None:
    both = a.then(b)
    assert both.length == a.length + b.length
    for drug, amount in both.amount().items():
        parts = [r.amount()[drug].canonical for r in (a, b) if drug in r.drugs]
        assert amount.canonical == pytest.approx(sum(parts))
    assert [d.day_of_cycle for d in both.days()] == [d.day_of_cycle for d in a.days() + b.days()]
    assert both.days()[a.length].day == a.length + 1 and both.days()[a.length].cycle == len(a.cycles) + 1


@given(plans())
def test_days_hold_the_whole_amount(a: Regimen) -> None:
    total: dict[str, float] = {}
    for day in a.days():
        infused = [(day.infused, day.infusion)] if day.infusion else []
        for drug, amount in (*infused, *day.doses):
            total[drug] = total.get(drug, 0.0) + amount.canonical
    assert total == pytest.approx({drug: q.canonical for drug, q in a.amount().items()}, rel=1e-9)


@given(plans(), plans(), plans())
def test_then_is_associative(a: Regimen, b: Regimen, c: Regimen) -> None:
    assert a.then(b).then(c) == a.then(b.then(c))


@given(plans(), st.integers(1, 6))
def test_repeat_multiplies(a: Regimen, n: int) -> None:
    many = a.repeat(n)
    assert many.length == n * a.length
    assert {d: q.canonical for d, q in many.amount().items()} == pytest.approx(
        {d: n * q.canonical for d, q in a.amount().items()}
    )
    assert a.repeat(1) == a
    assert a.repeat(2, name="x") == a.then(a, name="x")
    assert a.repeat(2, name="x").repeat(n, name="x") == a.repeat(2 * n, name="x")


@given(plans())
@settings(deadline=None)
def test_reads_back_as_it_was_written(a: Regimen) -> None:
    assert regimen_from(read_yaml(to_yaml(a))) == a
    assert a.name in describe(a)


@given(st.sets(st.integers(1, 3650), min_size=1, max_size=40))
def test_days_read_back(days: set[int]) -> None:
    read = day_ranges(days_text(days))
    assert [day for a, b in read for day in range(a, b + 1)] == sorted(days)


@given(st.floats(1e-300, 1e300), st.sampled_from(["µg/day", "µg/m²/day", "mg/m²", "ng/h"]))
def test_quantities_read_back(value: float, symbol: str) -> None:
    amount = Quantity(value, unit(symbol))
    assert quantity(quantity_text(amount)) == amount


@given(
    st.text(max_size=12) | st.integers() | st.floats() | st.none() | st.lists(st.text(max_size=5), max_size=3)
)
def test_days_are_read_or_refused_in_words(value: object) -> None:
    try:
        ranges = day_ranges(value)
    except ValueError as error:
        assert "int()" not in str(error)
    else:
        assert all(1 <= a <= b <= 3650 for a, b in ranges)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for document in (
        text,
        f"name: x\ncycles:\n  - {text}\n",
        f"name: x\nrules: [{text}]\ncycles: [{text}]\n",
    ):
        try:
            regimen_from(read_yaml(document))
        except DocumentError as error:
            assert error.problems


def test_step_up() -> None:
    nine, full = step_up("blinatumomab", [("9 µg/day", 7), ("28 µg/day", 21)])
    assert (nine.first_day, nine.last_day, full.first_day, full.last_day) == (1, 7, 8, 28)
    cycle = Cycle("one", 42, (nine, full), (29, 42))
    five = Regimen("five", cycle.repeat(5))
    assert str(five.amount()["blinatumomab"]) == "3255 µg"
    assert five.length == 210


def test_then_refuses_rules_that_contradict_each_other() -> None:
    cycle = Cycle("one", 42, step_up("blinatumomab", [("28 µg/day", 28)]))
    a = Regimen("a", (cycle,), (Hold("CRS", 3, 7),))
    b = Regimen("b", (cycle,), (Stop("CRS", 3),))
    with pytest.raises(ValueError, match="different rules for CRS of grade 3, occurrence 1; make them agree"):
        a.then(b)


@pytest.mark.parametrize(
    ("on", "grade", "occurrence", "expected"),
    [
        ("CRS", 2, 1, None),
        ("CRS", 3, 1, 7),
        ("CRS", 3, 2, 14),
        ("CRS", 3, 9, 14),
        ("CRS", 4, 1, "stop"),
        ("CRS", 4, 2, "stop"),
        ("neurologic event", 4, 1, None),
    ],
)
def test_which_rule_answers(on: str, grade: int, occurrence: int, expected: object) -> None:
    rules = (Hold("CRS", 3, 7), Hold("CRS", 3, 14, occurrence=2), Stop("CRS", 4), Stop("relapse"))
    rule = answer(rules, on, grade, occurrence)
    assert (rule.days if isinstance(rule, Hold) else rule and "stop") == expected


RATE, MG = quantity("28 µg/day"), quantity("40 mg/m²")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Infusion("blinatumomab", RATE, 0, 7), "the first day of a cycle is day 1"),
        (lambda: Infusion("blinatumomab", RATE, 7, 1), "runs backwards"),
        (lambda: Infusion("blinatumomab", MG, 1, 7), "not a dose of blinatumomab"),
        (lambda: Infusion("clofarabine", MG, 1, 7), "is not a rate"),
        (lambda: Infusion("aspirin", RATE, 1, 7), "'aspirin' is not a known drug"),
        (lambda: Dose("blinatumomab", RATE, (1,)), "give blinatumomab as an Infusion"),
        (lambda: Dose("clofarabine", quantity("0 mg/m²"), (1,)), "is no dose"),
        (lambda: Dose("clofarabine", quantity("-1 mg/m²"), (1,)), "is negative"),
        (lambda: Dose("clofarabine", MG, ()), "no day is given"),
        (lambda: Dose("clofarabine", MG, (3, 1)), "not in order"),
        (lambda: Dose("clofarabine", MG, (1,), 25), "25 is not a number of times a day"),
        (lambda: Cycle("", 42), "nothing is given"),
        (lambda: Cycle("a", 0), "0 days is not between 1 and 3650 days"),
        (lambda: Cycle("a", 4, (Dose("clofarabine", MG, (5,)),)), "outside the cycle, which ends on day 4"),
        (lambda: Cycle("a", 4, (), (5,)), "assess: day 5 lies outside"),
        (lambda: Cycle("a", 4).repeat(0), "0 is not a number of repeats"),
        (lambda: Regimen("a", ()), "at least one cycle"),
        (lambda: Regimen("a", Cycle("a", 4).repeat(3)), "no drug is given on any day"),
        (lambda: Regimen("a", Cycle("a", 3000).repeat(2)), "6000 days; at most 3650"),
        (lambda: Hold("relapse", 3, 7), "'hold' does not answer 'relapse'"),
        (lambda: Hold("CRS", 3, 0), "0 days is not between"),
        (lambda: Hold("CRS", 3, 7, restart=RATE), "restart has no duration"),
        (lambda: Hold("CRS", 3, 7, restart=MG, restart_days=3), "40 mg/m² is not a rate"),
        (lambda: Hold("CRS", 3, 7, restart_share=0), "0 is not a share"),
        (lambda: Hold("CRS", 3, 7, occurrence=0), "0 is not a number of events"),
        (lambda: Stop("CRS"), "a stop on 'CRS' has a grade"),
        (lambda: Stop("relapse", grade=3), "a stop on 'relapse' has no grade"),
        (lambda: Stop("no response"), "after a number of cycles"),
        (lambda: Stop("no response", after_cycles=0), "0 is not a number of cycles"),
        (lambda: Stop("CSR", 3), "did you mean 'CRS'"),
        (lambda: Premedicate("dexamethasone", RATE), "is not a dose of dexamethasone"),
    ],
)
def test_values_that_cannot_be_given_cannot_be_made(make: object, said: str) -> None:
    with pytest.raises(ValueError) as error:
        make()  # type: ignore[operator]
    assert said in str(error.value)
