"""The tables beside the studies: ongoing trials, approvals, abbreviations, statements, facts, and what they refuse."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engager.documents import DocumentError
from engager.evidence import (
    abbreviations,
    abbreviations_frame,
    approvals,
    approvals_frame,
    context,
    facts_frame,
    ongoing,
    ongoing_frame,
    pharmacology,
    quantities,
    sources,
    statements,
    statements_frame,
    studies,
)
from engager.evidence.approvals import read_approvals
from engager.evidence.facts import read_facts
from engager.evidence.ongoing import Listing, read_ongoing

from .reviews import passages

REVIEWS = os.environ.get("ENGAGER_SOURCES", "")


def test_both_sources_name_their_ongoing_trials() -> None:
    ids = {source: {row.registry for row in ongoing() if row.source == source} for source in sources()}
    assert len(ids["zhao2019"] | ids["franquiz2020"]) == 23
    assert len({row.registry for row in ongoing() if row.place.startswith("Table 1")}) == 19
    assert len({row.registry for row in ongoing() if row.place.startswith("Table 3")}) == 12


@pytest.mark.parametrize(
    ("phase", "roman"),
    [("Phase 1/2", "I/II"), ("II", "II"), ("Phase 3", "III"), ("phase II", "II"), ("", ""), ("Phase I", "I")],
)
def test_phases_are_read_in_either_numerals(phase: str, roman: str) -> None:
    assert Listing("NCT00000001", "zhao2019", "Table 1", (), "", (), "", "", phase, "").roman == roman


def test_a_wrong_listing_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ongoing.csv"
    path.write_text(
        "registry,source,place,setting,ph,drugs,last,against,phase,note\n"
        "NCT123,zhao2019,Table 1,relapsed,,blinatumomab,,,II,\n"
        "NCT00000001,zhao2018,,relapse,maybe,blinatumomab,ore,,II,\n"
    )
    with pytest.raises(DocumentError) as caught:
        read_ongoing(path)
    text = str(caught.value)
    assert "ongoing.csv:2:1 registry: 'NCT123' is not NCT and eight digits" in text
    for sentence in (
        "'zhao2018' is not known; did you mean 'zhao2019'",
        "place: says where",
        "'relapse' is not known; did you mean 'relapsed'",
        "ph: 'maybe' is not known",
        "last: 'ore' is not known; did you mean 'or'",
    ):
        assert sentence in text
    assert text.count("ongoing.csv:3:1") == 5


def test_a_wrong_date_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "approvals.csv"
    path.write_text(
        "date,agency,drug,kind,indication,source,place,reference,printed,note\n"
        "March 2018,FDA,blinatumomab,full,ALL,zhao2019,Background,1,March 2018,\n"
        "2017-13,FDA,blinatumomab,ful,ALL,zhao2019,Background,one,in 2016,\n"
    )
    with pytest.raises(DocumentError) as caught:
        read_approvals(path)
    text = str(caught.value)
    assert "approvals.csv:2:1 date: 'March 2018' is not a year (2017) or a year and month (2018-03)" in text
    for sentence in (
        "date: '2017-13'",
        "printed: 'in 2016' does not say 2017",
        "did you mean 'full'",
        "'one' is not a number",
    ):
        assert sentence in text


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{name: clearence, value: 1, unit: L/h, printed: '1'}", "did you mean 'clearance'"),
        ("{name: clearance, value: 1, unit: weeks, printed: '1'}", "unit: 'weeks' does not fit clearance"),
        ("{name: clearance, lower: 2, upper: 1, unit: L/h, printed: 2-1}", "upper: 1 is below lower 2"),
        ("{name: clearance, unit: L/h, printed: '1'}", "needs a value, or a lower or upper bound"),
        ("{name: clearance, value: 1, unit: L/h}", "a fact needs the text that is printed"),
    ],
)
def test_a_wrong_fact_is_told(row: str, sentence: str) -> None:
    text = f"about: x\nfacts:\n- source: zhao2019\n  place: here\n  rows:\n  - {row}\n"
    with pytest.raises(DocumentError) as caught:
        read_facts(text, name="facts.yaml")
    assert "facts.yaml:6:" in str(caught.value) and sentence in str(caught.value)


def test_every_quantity_is_used_and_every_fact_has_one() -> None:
    facts = [*pharmacology(), *context(), *(fact for study in studies().values() for fact in study.facts)]
    assert not set(quantities()) - {fact.name for fact in facts}
    assert len({fact.id for fact in facts}) == len(facts)


@pytest.mark.skipif(not REVIEWS, reason="ENGAGER_SOURCES does not name the folder with the reviews")
def test_every_place_is_a_passage_of_its_review() -> None:
    entries = [*abbreviations(), *statements(), *approvals(), *ongoing()]
    for entry in entries:
        known = passages(REVIEWS, entry.source)
        assert any(place == entry.place or place.startswith(f"{entry.place},") for place in known), entry


@pytest.mark.skipif(not REVIEWS, reason="ENGAGER_SOURCES does not name the folder with the reviews")
def test_every_abbreviation_stands_at_its_place() -> None:
    for a in abbreviations():
        short = a.short.replace("Css", "C_{ss}")
        assert short in passages(REVIEWS, a.source)[a.place], a


def test_approvals_are_in_order() -> None:
    dates = [a.date for a in approvals() if a.date]
    assert dates == sorted(dates) and dates[0] == "2014" and dates[-1] == "2018-03"


def test_an_approval_without_a_date_stands_beside_its_event() -> None:
    kinds = [(a.kind, a.date) for a in approvals()]
    assert kinds[:2] == [("accelerated", "2014"), ("accelerated", "")]


@pytest.mark.parametrize(
    ("registry", "treatment"),
    [
        ("NCT03628053", "blinatumomab or inotuzumab ozogamicin against tisagenlecleucel"),
        ("NCT01371630", "mini-hyper-CVD + inotuzumab ozogamicin with or without blinatumomab"),
        ("NCT02997761", "blinatumomab + ibrutinib"),
    ],
)
def test_a_listing_says_how_its_drugs_are_joined(registry: str, treatment: str) -> None:
    assert treatment in {row.treatment for row in ongoing() if row.registry == registry and row.in_table}


def test_statements_name_studies_of_the_record() -> None:
    named = {s.study for s in statements() if s.study}
    assert named <= set(studies()) and {"BLAST", "ALCANTARA", "BLINA-NIVOLUMAB"} <= named


def test_tables_are_frames_too() -> None:
    facts = facts_frame()
    volume = facts.filter(name="volume")
    assert volume["value"].to_list() == [4.5, 4.5] and volume["unit"].to_list() == ["L", "L"]
    assert len(facts) == len(pharmacology()) + len(context()) + sum(len(s.facts) for s in studies().values())
    trials = ongoing_frame()
    assert trials["registry"].n_unique() == 23 and "ponatinib" in set(trials["drugs"].explode())
    assert approvals_frame()["reference"].to_list()[0] == 26
    assert len(abbreviations_frame()) == len(abbreviations())
    assert set(statements_frame()["topic"]) == {s.topic for s in statements()}
