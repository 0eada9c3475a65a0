"""The shipped regimens: each reads back from what it writes, and gives the amounts that were printed."""

from __future__ import annotations

import json

import pytest
import yaml

from engager.documents import DocumentError, read_yaml
from engager.regimens import describe, read_regimen, regimen, regimen_from, regimens, to_data, to_yaml
from engager.regimens.reading import DATA
from engager.regimens.rules import Hold, Premedicate, Stop
from engager.vocabulary import quantity

SOURCES = ("franquiz2020", "zhao2019", "external", "assumed")
NAMES = sorted(path.stem for path in DATA.glob("*.yaml"))
BLINATUMOMAB = [name for name in NAMES if "blinatumomab" in regimen(name).drugs]


def test_the_list_is_what_lies_in_the_folder() -> None:
    assert list(regimens()) == NAMES
    assert {"blinatumomab-tower", "flag-ida", "high-dose-cytarabine", "clofarabine"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_reads_back_as_it_was_written(name: str) -> None:
    shipped = regimen(name)
    assert regimen_from(read_yaml(to_yaml(shipped))) == shipped
    # plain data, so that any writer can keep it, and so can a part of a bigger file
    data = to_data(shipped)
    assert json.loads(json.dumps(data)) == data
    inside = yaml.safe_dump({"arms": [{"regimen": data}]}, allow_unicode=True)
    assert regimen_from(read_yaml(inside), ("arms", 0, "regimen")) == shipped


@pytest.mark.parametrize("name", NAMES)
def test_keeps_every_line_of_its_file(name: str) -> None:
    # a rule or dose that is read and then lost would change a trial without a word
    raw = read_yaml(DATA / f"{name}.yaml").value
    shipped = regimen(name)
    assert len(shipped.rules) == len(raw["rules"])
    assert len(shipped.cycles) == sum(cycle.get("repeat", 1) for cycle in raw["cycles"])
    assert shipped.assumptions and shipped.sources
    for cycle in shipped.cycles:
        assert cycle.assess[-1] == cycle.length  # only a marrow at its end can close a cycle without response
        assert all(event.source in SOURCES for event in cycle.doses)
    assert all(rule.source in SOURCES for rule in shipped.rules)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_of_a_dose_is_named_among_the_sources(name: str) -> None:
    # what neither review states is said so: "external" with its kind of source, "assumed" with a sentence
    shipped = regimen(name)
    used = {part.source for cycle in shipped.cycles for part in cycle.doses} | {
        r.source for r in shipped.rules
    }
    listed = {text.split(":")[0] for text in shipped.sources}
    assert used - {"assumed"} <= listed
    assert "assumed" not in used or any("assumed" in text for text in shipped.assumptions)


@pytest.mark.parametrize("name", NAMES)
def test_calendar(name: str) -> None:
    shipped = regimen(name)
    days = shipped.days()
    assert [day.day for day in days] == list(range(1, shipped.length + 1))
    assert sum(day.last_of_cycle for day in days) == len(shipped.cycles)
    assert sum(day.assess for day in days) == sum(len(cycle.assess) for cycle in shipped.cycles)
    given: dict[str, float] = {}
    for day in days:
        if day.infusion:
            given[day.infused] = given.get(day.infused, 0) + day.infusion.canonical
        for drug, amount in day.doses:
            given[drug] = given.get(drug, 0) + amount.canonical
    assert given == pytest.approx({drug: q.canonical for drug, q in shipped.amount().items()}, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_description_names_every_drug_rule_and_assumption(name: str) -> None:
    shipped = regimen(name)
    text = " ".join(describe(shipped).split())
    for part in (*shipped.drugs, *shipped.assumptions, *shipped.sources, shipped.name):
        assert part in text
    assert text.count("stop") >= 3


def test_tower_by_hand() -> None:
    # franquiz2020: 9 µg/day week 1, 28 weeks 2-4, 2 weeks without, up to 5 cycles, then 4 weeks in every 12
    tower = regimen("blinatumomab-tower")
    assert [cycle.length for cycle in tower.cycles] == [42] * 5 + [84] * 4
    assert tower.length == 546
    first = tower.days()[:42]
    rates = [day.infusion.canonical if day.infusion else 0.0 for day in first]
    assert rates == [9.0] * 7 + [28.0] * 21 + [0.0] * 14
    assert sum(rates) == 9 * 7 + 28 * 21 == 651
    assert str(tower.amount()["blinatumomab"]) == "6923 µg"  # 651 + 4·784 + 4·784
    assert tower.rises() == (1, 8, 43, 85, 127, 169, 211, 295, 379, 463)
    assert [(d.cycle, d.label, d.day_of_cycle) for d in tower.days()[210:212]] == [
        (6, "maintenance", 1),
        (6, "maintenance", 2),
    ]


@pytest.mark.parametrize(
    ("name", "drug", "amount"),
    [
        ("blinatumomab-mt103-211", "blinatumomab", "3787 µg"),  # 651 + 4·28·28
        ("blinatumomab-mt103-202", "blinatumomab", "1680 µg/m²"),  # 4·15·28
        ("blinatumomab-rr36-ramp-up", "blinatumomab", "1610 µg/m²"),  # 5·7 + 15·21 + 3·15·28
        ("blinatumomab-rr36-fixed", "blinatumomab", "1680 µg/m²"),  # 4·15·28
        ("blinatumomab-blast", "blinatumomab", "1680 µg/m²"),  # 4·15·28
        ("blinatumomab-alcantara", "blinatumomab", "3787 µg"),  # 651 + 4·28·28
        ("blinatumomab-ponatinib", "ponatinib", "22680 mg"),  # 45·(4·42 + 4·84)
        ("blinatumomab-nilotinib", "nilotinib", "403200 mg"),  # 2·400·504
        ("blinatumomab-nivolumab", "nivolumab", "6240 mg"),  # 26 doses in 52 weeks
        ("blinatumomab-nivolumab-ipilimumab", "ipilimumab", "720 mg"),  # 9 doses in 52 weeks
        ("blinatumomab-pembrolizumab", "pembrolizumab", "2000 mg"),  # 10 doses in 30 weeks
        ("flag-ida", "fludarabine", "600 mg/m²"),  # 4·5·30
        ("flag-ida", "cytarabine", "40000 mg/m²"),  # 4·5·2000
        ("flag-ida", "idarubicin", "120 mg/m²"),  # 4·3·10
        ("flag-ida", "G-CSF", "6000 µg/m²"),  # 4·5·300
        ("high-dose-cytarabine", "cytarabine", "72000 mg/m²"),  # 4·3·2·3000
        ("high-dose-methotrexate", "methotrexate", "12000 mg/m²"),  # 4·3000
        ("clofarabine", "clofarabine", "800 mg/m²"),  # 4·5·40
        ("hyper-cvad", "hyper-CVAD", "8 course"),
        ("hyper-cvad-blinatumomab", "blinatumomab", "5488 µg"),  # 7·28·28
        ("hyper-cvad-blinatumomab", "POMP", "12 course"),
        ("mini-hyper-cvd-inotuzumab", "inotuzumab ozogamicin", "5.7 mg/m²"),  # 1.8 + 3·1.3
        ("mini-hyper-cvd-inotuzumab-reduced", "inotuzumab ozogamicin", "4.3 mg/m²"),  # 1.3 + 3·1.0
        ("mini-hyper-cvd-inotuzumab-blinatumomab", "inotuzumab ozogamicin", "2.7 mg/m²"),  # 0.9 + 3·0.6
        ("mini-hyper-cvd-inotuzumab-blinatumomab", "blinatumomab", "6272 µg"),  # 8·28·28
        ("inotuzumab", "inotuzumab ozogamicin", "6.3 mg/m²"),  # 0.8 + 11·0.5
        ("dasatinib-blinatumomab", "blinatumomab", "3920 µg"),  # 5·28·28
    ],
)
def test_intended_totals(name: str, drug: str, amount: str) -> None:
    expected = quantity(amount)
    got = regimen(name).amount()[drug]
    assert got.unit == expected.unit
    assert got.value == pytest.approx(expected.value, rel=1e-12)


@pytest.mark.parametrize("name", BLINATUMOMAB)
def test_rules_of_blinatumomab(name: str) -> None:
    plan = regimen(name)
    per_area = plan.amount()["blinatumomab"].unit.symbol == "µg/m²"
    step = "5 µg/m²/day" if per_area else "9 µg/day"
    first = plan.answer("CRS", 3, 1)
    assert isinstance(first, Hold)
    assert (first.days, str(first.restart), first.restart_days, first.restart_share) == (7, step, 7, 1)
    neuro = plan.answer("neurologic event", 4, 1)
    assert isinstance(neuro, Hold)
    assert (neuro.days, neuro.restart_share) == (10, 0.6)
    for event in ("CRS", "neurologic event"):
        assert plan.answer(event, 2, 1) is None
        assert isinstance(plan.answer(event, 3, 2), Stop)
        assert isinstance(plan.answer(event, 3, 5), Stop)
    assert [r.on for r in plan.rules if isinstance(r, Stop) and r.grade is None] == [
        "no response",
        "progression",
        "relapse",
    ]
    # lack of response is judged after the second cycle with blinatumomab, whatever comes before it; hyper-CVAD's
    # plan keeps the end of its four courses, which was assumed before its trial was first simulated
    given = [i for i, c in enumerate(plan.cycles, 1) if any(e.drug == "blinatumomab" for e in c.doses)]
    assert [r.after_cycles for r in plan.rules if isinstance(r, Stop) and r.on == "no response"] == [
        4 if name == "hyper-cvad-blinatumomab" else given[1]
    ]
    before = [r for r in plan.rules if isinstance(r, Premedicate)]
    assert [(r.drug, str(r.amount)) for r in before] == [("dexamethasone", "20 mg")]


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("hyper-cvad-blinatumomab", "PPPBPPPBPPPBPPP"),
        ("mini-hyper-cvd-inotuzumab-blinatumomab", "PPPBPPPBPPPBPPPB"),
    ],
)
def test_maintenance_gives_blinatumomab_after_each_three_of_pomp(name: str, blocks: str) -> None:
    # franquiz2020: 15 and 16 cycles; zhao2019: blinatumomab in cycles 4, 8 and 12 (and 16)
    given = [{event.drug for event in cycle.doses} for cycle in regimen(name).cycles]
    assert [drugs & {"POMP", "blinatumomab"} for drugs in given[:8]] == [set()] * 4 + [{"blinatumomab"}] * 4
    assert "".join({"POMP": "P", "blinatumomab": "B"}[drug] for (drug,) in given[8:]) == blocks


def test_d_alba_gives_dasatinib_every_day_and_blinatumomab_after_day_85() -> None:
    days = regimen("dasatinib-blinatumomab").days()
    assert all(dict(day.doses)["dasatinib"] == quantity("140 mg") for day in days)
    assert next(day.day for day in days if day.infusion) == 86


def test_unknown_name_offers_the_near_one() -> None:
    with pytest.raises(DocumentError, match=r"unknown regimen 'blinatumomab-towr'; did you mean 'blinatumo"):
        regimen("blinatumomab-towr")


def test_a_name_inside_a_document() -> None:
    document = read_yaml("arm:\n  regimen: flag-ida\n", name="trial.yaml")
    assert regimen_from(document, ("arm", "regimen")) is regimen("flag-ida")
    with pytest.raises(DocumentError) as error:
        regimen_from(read_yaml("arm:\n  regimen: flag-ide\n", name="trial.yaml"), ("arm", "regimen"))
    assert str(error.value).startswith("trial.yaml:2:12 unknown regimen 'flag-ide'; did you mean 'flag-ida'")


def test_the_list_of_shipped_ones_cannot_be_changed_by_a_caller() -> None:
    regimens().clear()
    assert list(regimens()) == NAMES


@pytest.mark.parametrize(
    ("old", "new", "total"),
    [
        (
            "      - {drug: blinatumomab, dose: 9 µg/day, days: 1-7, source: franquiz2020}\n",
            "",
            588 + 8 * 784,
        ),
        ("dose: 28 µg/day, days: 8-28", "dose: 28 µg/day, days: 15-28", 63 + 392 + 8 * 784),
        ("dose: 28 µg/day, days: 8-28", 'dose: 28 ug/day, days: "8-28"', 6923),
        ("dose: 9 µg/day, days: 1-7", "dose: 0.375 µg/h, days: [1, 2, 3-4, 5, 6, 7]", 6923),
        ("length: 84 days", "length: 12 weeks", 6923),
    ],
)
def test_a_user_edits_a_line(old: str, new: str, total: float) -> None:
    text = (DATA / "blinatumomab-tower.yaml").read_text(encoding="utf-8")
    assert old in text
    edited = regimen_from(read_yaml(text.replace(old, new)))
    assert edited.amount()["blinatumomab"].value == pytest.approx(total, rel=1e-12)
    assert edited.length == 546


def test_without_the_step_28_from_day_1() -> None:
    text = (DATA / "blinatumomab-tower.yaml").read_text(encoding="utf-8")
    text = text.replace("      - {drug: blinatumomab, dose: 9 µg/day, days: 1-7, source: franquiz2020}\n", "")
    flat = regimen_from(read_yaml(text.replace("days: 8-28", "days: 1-28")))
    assert flat.amount()["blinatumomab"].value == 9 * 784
    assert flat.rises()[:2] == (1, 43)


def test_a_path_is_read() -> None:
    assert read_regimen(str(DATA / "clofarabine.yaml")) == regimen("clofarabine")
    with pytest.raises(DocumentError, match=r"no-such\.yaml cannot be read"):
        read_regimen("no-such.yaml")
