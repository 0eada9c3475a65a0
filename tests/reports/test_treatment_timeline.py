"""What is drawn of a treatment is what its sources state; what they do not state is said not to be stated."""

import re
import xml.etree.ElementTree as ET

import pytest

from engager.documents import DocumentError
from engager.evidence import Fact, studies
from engager.reports.stated_treatment import READ, Step, treatment
from engager.reports.treatment_timeline import timeline_svg

SVG = "{http://www.w3.org/2000/svg}"
STATED = [s.id for s in studies().values() if any(f.name in READ for f in s.facts)]
EVERY_FOURTH = (4, 8, 12, 16)
THREE_OF_FOUR = (1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15)

SLOTS = {
    "ALCANTARA": {("", "blinatumomab"): (1, 2)},
    "BLAST": {("", "blinatumomab"): (1, 2, 3, 4)},
    "D-ALBA": {("induction", "dasatinib"): (1,), ("consolidation", "blinatumomab"): (1, 2, 3, 4, 5)},
    "HCVAD-BLINA": {
        ("induction", "hyper-CVAD"): (1, 2, 3, 4),
        ("consolidation", "blinatumomab"): (1, 2, 3, 4),
        ("maintenance", "blinatumomab"): (4, 8, 12),
        ("maintenance", "POMP"): THREE_OF_FOUR,
    },
    "MINIHCVD-INO-OLDER": {
        ("intensification", "mini-hyper-CVD"): (1, 2, 3, 4),
        ("intensification", "inotuzumab ozogamicin"): (1, 2, 3, 4),
        ("consolidation", "blinatumomab"): (1, 2, 3, 4),
        ("maintenance", "blinatumomab"): EVERY_FOURTH,
        ("maintenance", "POMP"): THREE_OF_FOUR,
    },
    "MT103-202": {("", "blinatumomab"): (1,)},
    "MT103-211": {("", "blinatumomab"): (1,)},
    "RR36": {("", "blinatumomab"): (1, 2, 3, 4)},
    "TOWER": {
        ("induction and consolidation", "blinatumomab"): (1, 2, 3, 4, 5),
        ("maintenance", "blinatumomab"): (1,),
    },
}
"""Slots of the first block of each study, written down from the sources."""


def block(name, version=""):
    """The only block of a study, or that of one version of its protocol."""
    return next(b for b in treatment(studies()[name]) if version in b.title)


def given(found, phase, drug):
    return next(g for p in found.phases if p.name == phase for g in p.drugs if g.drug == drug)


def a_study(*facts):
    made = tuple(Fact(**{"unit": "1", "printed": "-", "source": "zhao2019", "drug": "A", **f}) for f in facts)
    return studies()["MT103-202"].model_copy(update={"facts": made})


def only(*facts):
    """Phases of a study with these facts alone."""
    (found,) = treatment(a_study(*facts))
    return found.phases


@pytest.mark.parametrize("name", SLOTS)
def test_every_drug_stands_in_the_cycles_that_are_stated(name):
    found = treatment(studies()[name])[0]
    assert {(p.name, g.drug): g.slots for p in found.phases for g in p.drugs} == SLOTS[name]


def test_versions_of_a_protocol_are_blocks_of_their_own():
    first, reduced, last = treatment(studies()["MINIHCVD-INO-RR"])
    ino = [given(b, "induction", "inotuzumab ozogamicin") for b in (first, reduced, last)]
    assert [g.amounts for g in ino] == [
        {1: "1.8", 2: "1.3", 3: "1.3", 4: "1.3"},
        {1: "1.3", 2: "1", 3: "1", 4: "1"},
        {1: "0.9*", 2: "0.6*", 3: "0.6*", 4: "0.6*"},
    ]
    assert all(g.unit == "mg/m²" and g.slots == (1, 2, 3, 4) for g in ino)
    assert given(first, "induction", "mini-hyper-CVD").slots == tuple(range(1, 9))
    assert first.phases[1].name == "maintenance" and first.phases[1].drugs == ()
    assert reduced.phases[0].heads[0] == "number of cycles not stated, 4 cycles named"
    assert given(last, "maintenance", "POMP").slots == THREE_OF_FOUR
    assert given(last, "maintenance", "blinatumomab").slots == EVERY_FOURTH
    assert all("rituximab: limit of a marker at least 20 % (CD20)" in b.notes for b in (first, reduced, last))


def test_infusions_are_to_scale_where_the_cycle_is_stated():
    tower = given(block("TOWER"), "induction and consolidation", "blinatumomab")
    assert (tower.on, tower.length) == (28, 42)
    assert tower.steps == (Step(0, 7, "9"), Step(7, 28, "28")) and tower.amounts == {}
    later = given(block("TOWER"), "maintenance", "blinatumomab")
    assert (later.on, later.length, later.steps) == (28, 84, ()) and "dose not stated" in later.says
    assert given(block("MT103-211"), "", "blinatumomab").steps == tower.steps
    assert given(block("ALCANTARA"), "", "blinatumomab").length is None


def test_a_bound_leaves_the_later_cycles_open():
    assert given(block("BLAST"), "", "blinatumomab").sure == 1
    assert given(block("D-ALBA"), "consolidation", "blinatumomab").sure == 2
    assert given(block("ALCANTARA"), "", "blinatumomab").sure == 2


def test_durations_that_differ_name_their_sources():
    maintenance = block("HCVAD-BLINA").phases[2]
    assert maintenance.heads[-1] == "12 months of POMP (zhao2019); 18 months (franquiz2020)"


def test_what_is_not_stated_is_said():
    (phase,) = only({"name": "dose", "value": 5, "unit": "mg"})
    assert (phase.slots, phase.numbered, phase.heads) == (1, False, ("number of cycles not stated",))
    (phase,) = only({"name": "cycles", "value": 3})
    assert phase.heads == ("3 cycles", "length of cycles not stated")
    assert phase.drugs[0].says == ("dose not stated",)
    (phase,) = only({"name": "cycles", "value": 5}, {"name": "cycles", "value": 2, "drug": "B"})
    assert [g.slots for g in phase.drugs] == [(1, 2, 3, 4, 5), ()]
    assert "in which cycles is not stated" in phase.drugs[1].says


def test_a_count_alone_takes_what_is_left_and_says_so():
    named = [{"name": "cycle_number", "value": n} for n in (2, 4)]
    (phase,) = only(*named, {"name": "cycles", "value": 2, "drug": "B"})
    assert [g.slots for g in phase.drugs] == [(2, 4), (1, 3)]
    assert "placed by number of cycles alone" in phase.drugs[1].says
    assert "placed by number of cycles alone" not in phase.drugs[0].says


def test_drugs_in_turn_follow_each_other_to_the_end_of_the_phase():
    turns = ({"name": "cycles_in_turn", "value": 2}, {"name": "cycles_in_turn", "value": 1, "drug": "B"})
    (phase,) = only({"name": "cycles", "value": 5, "drug": ""}, *turns)
    assert [g.slots for g in phase.drugs] == [(1, 2, 4, 5), (3,)]
    assert phase.heads[0] == "5 cycles, in turn 2 of A, 1 of B"
    (phase,) = only(*turns)
    assert phase.slots == 3 and phase.heads[0] == "number of cycles not stated, in turn 2 of A, 1 of B"


def test_a_fact_without_a_phase_holds_in_each_if_it_is_about_a_cycle():
    phases = only(
        {"name": "cycles", "value": 2, "phase": "one"},
        {"name": "cycles", "value": 1, "phase": "two"},
        {"name": "dose", "value": 5, "unit": "mg"},
        {"name": "duration", "value": 1, "unit": "years"},
        {"name": "dose", "value": 7, "unit": "mg", "drug": "B"},
    )
    assert [p.name for p in phases] == ["one", "two", "phase not stated"]
    assert [p.drugs[0].amounts for p in phases] == [{1: "5", 2: "5"}, {1: "5"}, {1: "7"}]
    (found,) = treatment(
        a_study({"name": "cycles", "value": 2, "phase": "one"}, {"name": "cycles", "value": 9})
    )
    assert found.phases[0].slots == 2 and found.notes == ("A: number of cycles 9",)


def test_two_sources_that_differ_are_both_drawn():
    zhao = {"name": "dose", "value": 5, "unit": "mg"}
    (phase,) = only(zhao, {**zhao, "value": 6, "source": "franquiz2020"}, {"name": "cycles", "value": 1})
    assert phase.drugs[0].amounts == {1: "5 or 6"}
    (phase,) = only({"name": "cycles", "value": 1}, {"name": "cycles", "value": 2, "source": "franquiz2020"})
    assert phase.heads[0] == "1 cycle (zhao2019); 2 cycles (franquiz2020)" and phase.slots == 2
    assert phase.drugs[0].sure == 1


def test_a_treated_arm_of_which_nothing_is_stated_is_named():
    assert block("TOWER", "chemotherapy").notes == ("no source states a dose or a number of cycles",)


def test_a_study_without_facts_of_treatment_is_refused():
    with pytest.raises(DocumentError, match="MT103-202: the sources state no dose, cycle or phase"):
        treatment(a_study({"name": "mrd_limit", "value": 1e-4}))


@pytest.mark.parametrize("name", STATED)
def test_svg_is_the_same_every_time_and_has_a_bar_for_each_slot(name):
    study = studies()[name]
    svg = timeline_svg(study)
    assert svg == timeline_svg(study)
    root = ET.fromstring(svg)
    assert root.get("role") == "img" and name in root.find(f"{SVG}title").text
    bars = re.findall(r'id="timeline-given-(\d+)-(\d+)-(\d+)-(\d+)"', svg)
    blocks = treatment(study)
    assert sorted(tuple(map(int, bar)) for bar in bars) == sorted(
        (b, p, d, slot)
        for b, found in enumerate(blocks)
        for p, phase in enumerate(found.phases)
        for d, drug in enumerate(phase.drugs)
        for slot in drug.slots
    )
    texts = " ".join("".join(node.itertext()) for node in root.iter(f"{SVG}text"))
    for found in blocks:
        assert found.title in texts
        for phase in found.phases:
            assert phase.name in texts
            assert all(text in texts for drug in phase.drugs for text in drug.amounts.values())


def test_an_amount_that_does_not_fit_in_a_slot_stands_in_words():
    many = {"name": "cycles", "value": 30}
    svg = timeline_svg(a_study(many, {"name": "dose", "upper": 12.5, "unit": "mg/m²"}))
    assert svg.count(">up to 12.5 mg/m²</text>") == 1 and ">up to 12.5</text>" not in svg
    svg = timeline_svg(a_study({**many, "value": 3}, {"name": "dose", "value": 12.5, "unit": "mg/m²"}))
    assert svg.count(">12.5 mg/m²</text>") == 1 and svg.count(">12.5</text>") == 2
