"""Doses of the engager under the skin: how they are written, read back, counted, and when one is a rise."""

from __future__ import annotations

import pytest

from engager.documents import DocumentError, read_yaml
from engager.regimens import Cycle, Dose, Infusion, Premedicate, Regimen, describe, regimen_from, to_yaml
from engager.vocabulary import quantity

PLAN = """\
name: weekly under the skin
cycles:
  - cycle: one
    length: 28 days
    doses:
      - {drug: blinatumomab, route: subcutaneous, dose: 40 µg, days: 1}
      - {drug: blinatumomab, route: subcutaneous, dose: 250 µg, days: "8, 15, 22"}
    assess: [28]
  - cycle: two
    length: 28 days
    doses:
      - {drug: blinatumomab, route: subcutaneous, dose: 250 µg, days: "1, 8, 15, 22"}
    assess: [28]
rules:
  - {on: CRS, grade: 3, do: hold, for: 7 days}
  - {on: dose rise, do: premedicate, drug: dexamethasone, dose: 20 mg}
"""


def under_skin(amount: str, *days: int) -> Dose:
    return Dose("blinatumomab", quantity(amount), days, route="subcutaneous")


def test_doses_are_counted_described_and_read_back() -> None:
    plan = regimen_from(read_yaml(PLAN))
    assert str(plan.amount()["blinatumomab"]) == f"{40 + 7 * 250} µg"
    assert regimen_from(read_yaml(to_yaml(plan))) == plan
    text = " ".join(describe(plan).split())
    assert "day 1 blinatumomab 40 µg, subcutaneous, once a day" in text
    assert "days 8, 15, 22" in text and "continuous infusion" not in text
    given = [(day.day, amount.canonical) for day in plan.days() for drug, amount in day.doses]
    assert given == [(1, 40), (8, 250), (15, 250), (22, 250), (29, 250), (36, 250), (43, 250), (50, 250)]


def test_a_dose_rises_against_the_last_one_given() -> None:
    assert regimen_from(read_yaml(PLAN)).rises() == (1, 8)
    smaller = Cycle("a", 20, (under_skin("250 µg", 1), under_skin("40 µg", 8), under_skin("250 µg", 15)))
    assert Regimen("down and up", (smaller,)).rises() == (1, 15)


def test_infusion_and_doses_under_the_skin_go_together_but_not_on_one_day() -> None:
    rate = Infusion("blinatumomab", quantity("28 µg/day"), 1, 7)
    plan = Regimen("both", (Cycle("a", 28, (rate, under_skin("250 µg", 8, 15))),))
    assert plan.rises() == (1, 8)
    assert str(plan.amount()["blinatumomab"]) == "696 µg"
    with pytest.raises(ValueError, match=r"both on day 7"):
        Cycle("a", 28, (rate, under_skin("250 µg", 7)))
    with pytest.raises(ValueError, match=r"given in µg/day and in µg/m²; use one"):
        Regimen("both", (Cycle("a", 28, (rate, under_skin("100 µg/m²", 8))),))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "route: subcutaneous, dose: 40 µg",
            "dose: 40 µg",
            "6:36 dose: '40 µg' is in µg; a unit like µg/day or",
        ),
        (
            "dose: 40 µg",
            "dose: 40 µg/day",
            "6:57 dose: '40 µg/day' is in µg/day; a unit like µg or µg/m² is needed",
        ),
        (
            "subcutaneous, dose: 40",
            "subcutan, dose: 40",
            "6:37 route: 'subcutan' is not a route; write subcutaneous",
        ),
        (
            "subcutaneous, dose: 40",
            "[oral], dose: 40",
            "6:37 route: ['oral'] is not a route; write subcutaneous",
        ),
        (
            "drug: blinatumomab, route: subcutaneous, dose: 40 µg",
            "drug: cytarabine, route: subcutaneous, dose: 40 mg/m²",
            "6:35 route: cytarabine is not given subcutaneously in the model, only blinatumomab is; delete the route",
        ),
        (
            "hold, for: 7 days",
            "hold, for: 7 days, restart: 9 µg/day, restart_for: 7 days",
            "15:5 restart: 9 µg/day, but the regimen has no infusion to restart",
        ),
        (
            "hold, for: 7 days}",
            "hold, for: 7 days}\n  - {on: bag change, every: 4 days, do: pause, for: 1 h}",
            "16:5 a rule for bag change can never fire: the regimen has no infusion",
        ),
    ],
)
def test_each_mistake_has_one_sentence_at_its_place(old: str, new: str, said: str) -> None:
    assert PLAN.count(old) == 1
    with pytest.raises(DocumentError) as error:
        regimen_from(read_yaml(PLAN.replace(old, new), name="f"))
    (problem,) = [str(problem).removeprefix("f:") for problem in error.value.problems]
    assert problem.startswith(said)


def test_premedication_on_every_day_is_refused() -> None:
    daily = tuple(under_skin(f"{10 * day} µg", day) for day in (1, 2, 3))
    with pytest.raises(ValueError, match="fires on every day"):
        Regimen("daily", (Cycle("a", 3, daily),), (Premedicate("dexamethasone", quantity("20 mg")),))
