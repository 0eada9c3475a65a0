"""The rules: for each an exact case that must be found, and a sound one that must not."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.rows import STATED, at, count, fact, found_by, median, record_of, row, survival

from engager.evidence import Abbreviation, Finding, Listing, Time, check, pharmacology, studies
from engager.evidence.findings import Judgement, Record, with_judgements
from engager.evidence.record import Report
from engager.evidence.rules import (
    agreement,
    attainability,
    curve,
    gaps,
    listings,
    order,
    physics,
    structure,
    sums,
)


@given(st.integers(1, 3000).flatmap(lambda N: st.tuples(st.integers(0, N), st.just(N))), st.integers(0, 2))
def test_any_true_proportion_is_attainable(pair: tuple[int, int], digits: int) -> None:
    n, N = pair
    exact = Decimal(100 * n) / Decimal(N)
    step = Decimal(1).scaleb(-digits)
    for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN):
        printed = exact.quantize(step, rounding=rounding)
        assert n in attainability.counts(float(printed / 100), float(step / 100), N)


@given(st.integers(0, 100), st.integers(1, 400))
def test_attainable_counts_are_exactly_those_that_round(digits: int, N: int) -> None:
    wanted = [n for n in range(N + 1) if abs(Fraction(n, N) - Fraction(digits, 100)) <= Fraction(1, 200)]
    assert list(attainability.counts(digits / 100, 0.01, N)) == wanted


def test_attainability_with_counts() -> None:
    sound = row("complete_remission", "34%", 0.34, n=91, N=271, **STATED)
    cut = row("neurologic_event_grade_3", "12%", 0.12, n=24, N=189, **STATED)
    wrong = row("complete_remission", "36%", 0.36, n=91, N=271, **STATED)
    assert not found_by(attainability.attainable, sound)
    assert [f.severity for f in found_by(attainability.attainable, cut, wrong)] == ["soft", "hard"]
    assert found_by(attainability.attainable, wrong)[0].message.startswith(
        "91/271 = 33.58 %, 36 % is printed"
    )


def test_attainability_without_counts_offers_other_denominators() -> None:
    crs = row("crs", "9.4%", 0.094, N=271, **STATED)
    (finding,) = found_by(attainability.attainable, crs)
    assert finding.severity == "hard" and "267" in finding.hint
    assert not found_by(attainability.attainable, row("crs", "9.4%", 0.094, N=267, **STATED))
    assert not found_by(attainability.attainable, survival(6, "9.4%", 0.094, N=271, **STATED)), (
        "no count on a curve"
    )


@pytest.mark.parametrize(
    ("arm", "printed", "fits"), [("a", "9.4%", 267), ("a", "4.9%", 267), ("b", "8.3%", 109)]
)
def test_a_rate_that_does_not_fit_the_arm_names_smaller_ones(arm: str, printed: str, fits: int) -> None:
    crs = row("crs", printed, float(printed[:-1]) / 100, arm=arm, population="treated")
    (finding,) = found_by(attainability.denominators, crs)
    assert finding.severity == "soft"
    assert fits in [int(x) for x in finding.hint.removeprefix("fits N = ").split(",")]
    assert not found_by(attainability.denominators, crs.model_copy(update={"population": "responders"}))


def test_arms_add_up() -> None:
    assert not found_by(sums.arms_to_total, count("a", 271), count("b", 134), count("all", 405))
    (finding,) = found_by(sums.arms_to_total, count("a", 271), count("b", 124), count("all", 405))
    assert finding.severity == "hard" and "271 + 124 = 395, not 405" in finding.message
    assert "b 134 would fit" in finding.hint
    assert not found_by(sums.arms_to_total, count("a", 271), count("all", 405)), "an arm is missing"
    twice = (count("b", 124, population="treated"), count("all", 405, population="randomised"))
    assert not found_by(sums.arms_to_total, count("a", 271, population="treated"), *twice)


@pytest.mark.parametrize(
    ("parts", "severity"),
    [((45, 17, 20, 17), "soft"), ((50, 50), None), ((60, 50), "hard"), ((60, 30), "soft")],
)
def test_shares(parts: tuple[int, ...], severity: str | None) -> None:
    rows = [row("regimen_share", f"{p}%", p / 100, subgroup=str(i)) for i, p in enumerate(parts)]
    assert [f.severity for f in found_by(sums.shares, *rows)] == ([severity] if severity else [])


def test_parts_make_the_whole() -> None:
    cr, crh = row("complete_remission", "33%", 0.33), row("crh", "10%", 0.10)
    assert not found_by(sums.parts_to_whole, cr, crh, row("remission_crh", "43%", 0.43))
    assert not found_by(sums.parts_to_whole, cr, crh, row("remission_crh", "44%", 0.44)), "rounding"
    assert len(found_by(sums.parts_to_whole, cr, crh, row("remission_crh", "47%", 0.47))) == 1


def test_strata_make_the_whole() -> None:
    low = row("mrd_response", "87%", 0.87, subgroup="x", n=13, N=15, basis="inferred")
    high = row("mrd_response", "60%", 0.60, subgroup="y", n=3, N=5, basis="inferred")
    whole = row("mrd_response", "80%", 0.80, n=16, N=20, **STATED)
    strata = {"strata": (("x", "y"),)}
    assert not found_by(sums.strata_to_whole, low, high, whole, **strata)
    outside = row("mrd_response", "90%", 0.90, n=18, N=20, **STATED)
    assert "outside" in found_by(sums.strata_to_whole, low, high, outside, **strata)[0].message
    other = whole.model_copy(update={"n": 17})
    assert (
        "16/20 together, not 17/20" in found_by(sums.strata_to_whole, low, high, other, **strata)[0].message
    )


def test_counts_of_strata_make_the_whole() -> None:
    strata = {"strata": (("x", "y"),)}
    parts = (count("a", 22, subgroup="x"), count("a", 5, subgroup="y"))
    assert not found_by(sums.counts_to_whole, *parts, count("a", 27), **strata)
    assert not found_by(sums.counts_to_whole, parts[0], count("a", 27), **strata), "a stratum is missing"
    assert not found_by(sums.counts_to_whole, *parts, count("a", 30, cut="later"), **strata), "another cut"
    (finding,) = found_by(sums.counts_to_whole, *parts, count("a", 26), **strata)
    assert finding.severity == "hard" and finding.message == "22 + 5 = 27, not 26"


def test_order() -> None:
    cr, wider = row("complete_remission", "34%", 0.34), row("remission_crh_cri", "44%", 0.44)
    assert not found_by(order.ordered, cr, wider)
    (finding,) = found_by(order.ordered, cr, row("remission_crh_cri", "25%", 0.25))
    assert finding.severity == "hard" and "CR 34 % is above CR/CRh/CRi 25 %" in finding.message
    late = row("remission_crh_cri", "25%", 0.25, time=at(3))
    assert [f.severity for f in found_by(order.ordered, cr, late)] == ["soft"]
    responders = row("remission_crh_cri", "25%", 0.25, population="responders")
    assert not found_by(order.ordered, cr, responders), "other patients"
    treated = {"population": "treated"}
    efs = row("event_free_survival", "31%", 0.31, statistic="rate_at", time=at(12), **treated)
    year = Time(value=1, unit="years", of="at")
    low = row("overall_survival", "28%", 0.28, statistic="rate_at", time=year, **treated)
    assert [f.severity for f in found_by(order.ordered, efs, low)] == ["soft"], (
        "the tails of curves can cross"
    )
    far = low.model_copy(update={"value": 0.20, "printed": "20%"})
    assert [f.severity for f in found_by(order.ordered, efs, far)] == ["hard"]
    assert not found_by(order.ordered, efs, survival(12, "30%", 0.305, **treated)), "rounding"
    assert not found_by(order.ordered, efs, survival(18, "28%", 0.28, **treated)), "another time"
    whom = {"population": ""}
    assert not found_by(order.ordered, efs.model_copy(update=whom), low.model_copy(update=whom)), (
        "not said whom"
    )


def test_a_median_and_a_rate_of_one_curve() -> None:
    (finding,) = found_by(curve.median_and_rate, median("76.1", 76.1), survival(60, "12.4%", 0.124))
    assert finding.severity == "hard" and "12.4 % at 60 months, before the median of 76.1" in finding.message
    assert not found_by(curve.median_and_rate, median("38.6 m", 38.6), survival(60, "5.4%", 0.054))
    assert not found_by(curve.median_and_rate, median("6.1 m", 6.1), survival(24, "20%", 0.20))
    assert len(found_by(curve.median_and_rate, median("6.1 m", 6.1), survival(24, "60%", 0.60))) == 1
    other = median("76.1", 76.1, cut="later")
    assert [f.severity for f in found_by(curve.median_and_rate, other, survival(60, "12.4%", 0.124))] == [
        "soft"
    ]


def test_the_shape_of_a_curve() -> None:
    assert len(found_by(curve.steepening, median("38.6 m", 38.6), survival(60, "5.4%", 0.054))) == 1
    assert not found_by(curve.steepening, median("6.1 m", 6.1), survival(24, "20%", 0.20))
    assert not found_by(curve.steepening, median("12 m", 12), survival(24, "25%", 0.25)), "a constant hazard"
    assert not found_by(curve.falling, survival(12, "78%", 0.78), survival(33, "61%", 0.61))
    assert len(found_by(curve.falling, survival(12, "61%", 0.61), survival(33, "78%", 0.78))) == 1
    seen = Time(value=9.8, unit="months", of="follow-up")
    assert not found_by(curve.within_follow_up, median("6.1 m", 6.1, time=seen))
    assert not found_by(curve.within_follow_up, median("11 m", 11.0, time=seen)), "half are followed longer"
    assert len(found_by(curve.within_follow_up, median("16 m", 16.0, time=seen))) == 1


def test_one_number_in_two_places() -> None:
    two = {"source": "franquiz2020"}
    nine = row("neurologic_event_grade_3", "9.4%", 0.094, population="treated")
    assert not found_by(agreement.rows_agree, nine, row("neurologic_event_grade_3", "9%", 0.09, **two)), (
        "rounding"
    )
    (finding,) = found_by(agreement.rows_agree, count("b", 124), count("b", 134, **two))
    assert finding.severity == "hard"
    assert not found_by(agreement.rows_agree, count("b", 134), count("b", 134, **two))
    enrolled = count("b", 21, population="enrolled")
    assert not found_by(agreement.rows_agree, enrolled, count("b", 20, population="treated")), "two numbers"
    events = row("neurologic_event_grade_3", "12%", 0.12, population="events")
    soft = found_by(agreement.rows_agree, events, row("neurologic_event_grade_3", "11%", 0.11))
    assert [f.severity for f in soft] == ["soft"]
    assert not found_by(agreement.rows_agree, median("6.1 m", 6.1), median("7.7 m", 7.7, cut="later"))
    facts = (
        fact("molar_mass", "g/mol", "54 kDa", value=54e3),
        fact("molar_mass", "g/mol", "55 kDa", value=55e3),
    )
    assert len(found_by(agreement.facts_agree, facts=facts)) == 1
    near = (fact("volume", "L", "4.5L", value=4.5), fact("volume", "mL", "4500 mL", value=4500.0))
    assert not found_by(agreement.facts_agree, facts=near)


def test_steady_state_is_rate_over_clearance() -> None:
    rate = fact("infusion_rate", "µg/day", "28 µg/day", value=28.0)
    clearance = fact("clearance", "L/h", "2.7 L/h", value=2.7)
    level = fact("steady_state_concentration", "pg/mL", "565–771", lower=565.0, upper=771.0)
    (finding,) = found_by(physics.steady_state, facts=(rate, clearance, level))
    assert finding.severity == "soft" and "= 432 pg/mL" in finding.message
    assert "36.6–50.0 µg/day" in finding.hint and "1.51–2.06 L/h" in finding.hint
    sound = fact("steady_state_concentration", "pg/mL", "400–500", lower=400.0, upper=500.0)
    assert not found_by(physics.steady_state, facts=(rate, clearance, sound))
    at = {"at": "week 2"}
    same = (rate.model_copy(update=at), clearance, level.model_copy(update=at))
    assert [f.severity for f in found_by(physics.steady_state, facts=same)] == ["hard"]


def test_half_life_and_cycle() -> None:
    clearance, volume = fact("clearance", "L/h", "2.7", value=2.7), fact("volume", "L", "4.5", value=4.5)
    facts = (clearance, volume, fact("half_life", "h", "1–2", lower=1.0, upper=2.0))
    assert not found_by(physics.half_life, facts=facts)
    (finding,) = found_by(
        physics.half_life, facts=(*facts[:2], fact("half_life", "h", "3–4", lower=3.0, upper=4.0))
    )
    assert "1.16 h" in finding.message and finding.severity == "hard"
    weeks = [
        fact(n, "weeks", "x", value=v) for n, v in (("infusion_length", 4.0), ("drug_free_interval", 2.0))
    ]
    assert not found_by(physics.cycle, facts=(*weeks, fact("cycle_length", "days", "x", value=42.0)))
    assert len(found_by(physics.cycle, facts=(*weeks, fact("cycle_length", "weeks", "x", value=5.0)))) == 1


def test_structure() -> None:
    table = {"place": "Table 2, column Median Overall Survival"}
    mixed = (median("7.7", 7.7, **table), survival(12, "89%", 0.89, **table))
    assert [f.rule for f in found_by(structure.typing, *mixed)] == ["typing: statistics"]
    assert not found_by(structure.typing, median("7.7", 7.7, **table), median("6.1", 6.1, **table))
    paper = Report(source="zhao2019", reference=48, cite="A 2017")
    twin = Report(source="zhao2019", reference=37, cite="A 2017")
    assert len(found_by(structure.reports, reports=(paper, twin))) == 1
    assert not found_by(structure.reports, reports=(paper, paper.model_copy(update={"cite": "B 2018"})))
    assert not found_by(structure.citations, median("7.7", 7.7, reference=48), reports=(paper,))
    assert len(found_by(structure.citations, median("7.7", 7.7, reference=46), reports=(paper,))) == 1
    first = record_of(registry=("NCT00000001",)).studies[0]
    second = first.model_copy(update={"id": "T"})
    assert [f.rows for f in structure.registry(Record([first, second]))] == [("S", "T")]
    assert not list(structure.registry(Record([first])))


def test_gaps() -> None:
    assert [f.message for f in found_by(gaps.treatments)][:1] == ["no source states the dose of a"]
    missing = found_by(gaps.baselines, *(row("age", "40", 40.0, statistic="median", arm=a) for a in "ab"))
    assert missing and not any("states age" in f.message for f in missing)
    assert len(found_by(gaps.stated_denominators, row("crs", "5%", 0.05))) == 1
    assert not found_by(gaps.stated_denominators, row("crs", "5%", 0.05, N=20, **STATED))
    assert len(found_by(gaps.intervals, median("7.7", 7.7))) == 1
    assert not found_by(gaps.intervals, median("7.7", 7.7, lower=5.0, upper=9.0))


def test_judgements_are_attached_and_stale_ones_told() -> None:
    finding = Finding("order", "hard", ("S/b", "S/a"), "…")
    good = Judgement(rule="order", rows=("S/a", "S/b"), verdict="use a", reason="why")
    stale = Judgement(rule="curve", rows=("S/a",), verdict="use a", reason="why")
    elsewhere = Judgement(rule="curve", rows=("T/a",), verdict="use a", reason="why")
    out = list(with_judgements([finding], [good, stale, elsewhere], ["S"]))
    assert [(f.rule, f.judged) for f in out] == [("order", "use a: why"), ("stale judgement", None)]


def test_gaps_are_asked_for_each_cut_and_kind() -> None:
    bare = row("complete_remission", "34%", 0.34)
    table = row("complete_remission", "33.6%", 0.336, n=91, N=271, place="Table 2", **STATED)
    early = row("complete_remission", "40%", 0.40, cut="early")
    assert not found_by(gaps.stated_denominators, bare, table), "another place has N"
    (finding,) = found_by(gaps.stated_denominators, bare, table, early)
    assert finding.message.endswith("CR (cut: early)")
    age = row("age", "38 years", 38, statistic="median")
    assert not found_by(gaps.intervals, age) and found_by(gaps.intervals, age, median("7.7 m", 7.7))


def test_a_share_at_a_median_follow_up_is_no_point_of_the_curve() -> None:
    early, late = survival(12, "89%", 0.89), survival(14, "94%", 0.94)
    assert found_by(curve.falling, early, late)
    watched = Time(value=14, unit="months", of="follow-up")
    assert not found_by(curve.falling, early, late.model_copy(update={"time": watched}))


def test_short_forms_within_a_meaning_are_the_same_meaning() -> None:
    def said(*meanings: tuple[str, str, str]) -> list[Finding]:
        known = [Abbreviation(short, meaning, source, "here") for short, meaning, source in meanings]
        return list(listings.abbreviations_agree(Record([], abbreviations=known)))

    spelled = ("CRh", "complete response with partial recovery", "x"), ("CR", "complete response", "x")
    assert not said(*spelled, ("CRh", "CR with partial recovery", "y"))
    assert said(*spelled, ("CRh", "CR with full recovery", "y"))


def test_groups_of_one_trial_are_compared_with_their_like() -> None:
    def line(source: str, ph: str, *setting: str) -> Listing:
        return Listing(
            "NCT00000001", source, f"Table 1, {source} {ph}", setting, ph, ("blinatumomab",), "", "", "II", ""
        )

    mine = line("x", "negative", "untreated"), line("x", "positive", "untreated", "relapsed")
    theirs = line("y", "negative", "untreated", "relapsed"), line("y", "positive", "untreated", "relapsed")
    (finding,) = listings.listings_agree(Record([], ongoing=[*mine, *theirs]))
    assert finding.rule == "listing: setting" and all("negative" in row for row in finding.rows)
    assert not list(listings.listings_agree(Record([], ongoing=[*mine, *mine])))


def test_what_a_hard_finding_says_not_to_use_is_not_usable() -> None:
    rows = {row.id: row for one in studies().values() for row in one.results}
    banned = [f for f in check() if f.severity == "hard" and (f.judged or "").startswith("do not use")]
    assert len(banned) >= 3
    assert not [row for f in banned for row in f.rows if row in rows and rows[row].standing == "usable"]


def test_the_shipped_record_has_nothing_but_gaps_unjudged_and_no_stale_judgement() -> None:
    found = check()
    assert not [str(f) for f in found if f.severity != "gap" and f.judged is None]
    assert not [str(f) for f in found if f.rule == "stale judgement"]
    keys = [f.key for f in found]
    assert len(set(keys)) == len(keys), "two findings could not be told apart by a judgement"
    known = {fact.id for fact in pharmacology()}
    assert {r for f in found for r in f.rows if r.startswith("pharmacology/")} <= known
    rules = {f.rule for f in found}
    assert {"sum of arms", "curve", "agreement", "denominator", "steady state", "sum of shares"} <= rules
    assert {"mixture", "residual disease", "range"} <= rules
