"""The chart of a regimen: what is drawn is what is given."""

import xml.etree.ElementTree as ET

import pytest

from engager.regimens import Cycle, Dose, Infusion, Premedicate, Regimen, regimen, regimens, step_up
from engager.reports.regimen_chart import AXIS_WIDTH, DAYS, PER_LETTER, _names, lanes, phases, regimen_svg
from engager.vocabulary import quantity

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", regimens())
def test_svg_is_the_same_every_time_and_names_itself(name):
    svg = regimen_svg(regimen(name))
    assert svg == regimen_svg(regimen(name))
    root = ET.fromstring(svg)
    assert root.get("role") == "img" and root.find(f"{SVG}title").text == regimen(name).name
    text = " ".join("".join(node.itertext()) for node in root.iter(f"{SVG}text"))
    for drug in regimen(name).drugs:
        assert drug in text


@pytest.mark.parametrize("name", regimens())
def test_lanes_hold_every_day_of_every_drug(name):
    r = regimen(name)
    drawn = {lane.name: lane for lane in lanes(r)}
    for day in r.days():
        if day.infusion is not None:
            bars = [b for b in drawn[day.infused].bars if b.start < day.day <= b.end]
            assert len(bars) == 1
            assert bars[0].rate * drawn[day.infused].size == pytest.approx(day.infusion.canonical)
        for drug, _ in day.doses:
            assert sum(day.day - 1 in course.days for course in drawn[drug].courses) == 1


def test_tower_has_steps_rises_and_phases():
    blinatumomab, dexamethasone = lanes(regimen("blinatumomab-tower"))
    assert [(b.start, b.end, b.rate) for b in blinatumomab.bars[:3]] == [
        (0, 7, 9.0),
        (7, 28, 28.0),
        (42, 70, 28.0),
    ]
    assert dexamethasone.by_rule[:3] == [0, 7, 42]
    found = phases(regimen("blinatumomab-tower"))
    assert [(p.label, p.first, len(p.starts)) for p in found] == [
        ("induction 1", 1, 1),
        ("induction 2", 2, 1),
        ("consolidation", 3, 3),
        ("maintenance", 6, 4),
    ]


def test_a_crowded_plan_can_be_drawn():
    chemo = Cycle(
        "a long name for a short cycle",
        21,
        (
            Dose("cytarabine", quantity("1 g/m²"), (1, 2, 3), 2),
            Dose("dexamethasone", quantity("40 mg"), (1, 11)),
        ),
    )
    engager = Cycle("blinatumomab", 42, step_up("blinatumomab", [("9 µg/day", 7), ("28 µg/day", 21)]), (29,))
    plan = Regimen("mixed", (chemo, engager) * 12, (Premedicate("dexamethasone", quantity("20 mg")),))
    ET.fromstring(regimen_svg(plan))
    steroid = next(lane for lane in lanes(plan) if lane.name == "dexamethasone")
    assert steroid.courses and steroid.by_rule and "20 mg" in steroid.label


@pytest.mark.parametrize("name", regimens())
def test_names_of_phases_are_whole_and_lie_beside_or_above_each_other(name):
    found, inch = phases(regimen(name)), AXIS_WIDTH / (regimen(name).length / DAYS)
    names = _names(found, inch)
    assert len(names) == len(found)  # none is left out in a shipped regimen
    for phase, placed in zip(found, names, strict=True):
        assert " ".join(placed.text).partition(" ×")[0] == phase.label
    boxes = [
        (n.line + i, n.middle - half, n.middle + half)
        for n in names
        for half in [max(map(len, n.text)) * PER_LETTER / inch / 2]
        for i in range(len(n.text))
    ]
    for i, (line, left, right) in enumerate(boxes):
        for other, start, end in boxes[i + 1 :]:
            assert line != other or right <= start or end <= left


def test_numbers_are_per_dose_or_per_day_as_the_drug_is_given():
    labels = {lane.name: lane.label.split("\n")[1] for lane in lanes(regimen("blinatumomab-nivolumab"))}
    assert labels["nivolumab"] == "mg per dose" and labels["blinatumomab"] == "µg/day"
    labels = {lane.name: lane.label.split("\n")[1] for lane in lanes(regimen("blinatumomab-nilotinib"))}
    assert labels["nilotinib"] == "mg a day"  # 400 mg twice a day: the chart shows 800
    twice = Cycle("a", 21, (Dose("cytarabine", quantity("1 g/m²"), (1, 8), 2),))
    assert lanes(Regimen("twice", (twice,)))[0].label == "cytarabine\ng/m² a day"


def test_infusion_and_doses_under_the_skin_have_a_lane_each():
    events = (
        Infusion("blinatumomab", quantity("28 µg/day"), 1, 7),
        Dose("blinatumomab", quantity("250 µg"), (8, 15, 22), route="subcutaneous"),
    )
    pump, skin = lanes(Regimen("both", (Cycle("a", 28, events),)))
    assert (pump.label, len(pump.bars), pump.courses) == ("blinatumomab\nµg/day", 1, [])
    assert skin.label == "blinatumomab\nµg per dose\nsubcutaneous"
    assert [course.days for course in skin.courses] == [(7,), (14,), (21,)]
