"""The rules: for each an exact case that must be found, and a sound one that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engager.evidence import Arm, Fact, Finding, Result, Study, Time, check, pharmacology
from engager.evidence.findings import Judgement, Record, with_judgements
from engager.evidence.record import Report, Treatment
from engager.evidence.rules import agreement, attainability, curve, gaps, order, physics, structure, sums

Rule = Callable[[Record], Iterator[Finding]]
NOT_STATED = Treatment(dose=None, schedule="daily", cycles="2")


def _row(endpoint: str, printed: str, value: float, **cells: Any) -> Result:
    cells = {"statistic": "proportion", "arm": "a", "source": "zhao2019", "place": "here"} | cells
    parts = (endpoint, printed, cells["arm"], cells.get("subgroup"), cells["source"], cells.get("time"))
    name = "/".join(map(str, ("S", *parts)))
    return Result(study="S", id=name, endpoint=endpoint, printed=printed, value=value, **cells)


def _record(*rows: Result, facts: tuple[Fact, ...] = (), **header: Any) -> Record:
    arms = tuple(Arm(name=n, label=n, size=s, treatment=NOT_STATED) for n, s in (("a", 271), ("b", 134)))
    cells = {"strata": (), "reports": (), "registry": ()} | header
    study = Study(
        id="S", title="", design="", phase="II", setting="relapsed", ph="negative",
        arms=arms, results=rows, **cells,
    )  # fmt: skip
    return Record([study], facts)


def _found(rule: Rule, *rows: Result, **more: Any) -> list[Finding]:
    return list(rule(_record(*rows, **more)))


def _at(months: float) -> Time:
    return Time(value=months, unit="months", of="at")


def _os(months: float, printed: str, value: float, **cells: Any) -> Result:
    return _row("overall_survival", printed, value, statistic="rate_at", time=_at(months), **cells)


def _median(printed: str, value: float, **cells: Any) -> Result:
    return _row("overall_survival", printed, value, statistic="median", **cells)


def _fact(name: str, unit: str, printed: str, **cells: Any) -> Fact:
    return Fact(name=name, unit=unit, printed=printed, id=f"{name}/{printed}", **cells)


STATED = {"basis": "stated"}


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
    sound = _row("complete_remission", "34%", 0.34, n=91, N=271, **STATED)
    cut = _row("neurologic_event_grade_3", "12%", 0.12, n=24, N=189, **STATED)
    wrong = _row("complete_remission", "36%", 0.36, n=91, N=271, **STATED)
    assert not _found(attainability.attainable, sound)
    assert [f.severity for f in _found(attainability.attainable, cut, wrong)] == ["soft", "hard"]
    assert _found(attainability.attainable, wrong)[0].message.startswith("91/271 = 33.58 %, 36 % is printed")


def test_attainability_without_counts_offers_other_denominators() -> None:
    row = _row("crs", "9.4%", 0.094, N=271, **STATED)
    (finding,) = _found(attainability.attainable, row)
    assert finding.severity == "hard" and "267" in finding.hint
    assert not _found(attainability.attainable, _row("crs", "9.4%", 0.094, N=267, **STATED))
    assert not _found(attainability.attainable, _os(6, "9.4%", 0.094, N=271, **STATED)), "no count on a curve"


@pytest.mark.parametrize(
    ("arm", "printed", "fits"), [("a", "9.4%", 267), ("a", "4.9%", 267), ("b", "8.3%", 109)]
)
def test_a_rate_that_does_not_fit_the_arm_names_smaller_ones(arm: str, printed: str, fits: int) -> None:
    row = _row("crs", printed, float(printed[:-1]) / 100, arm=arm, population="treated")
    (finding,) = _found(attainability.denominators, row)
    assert finding.severity == "soft"
    assert fits in [int(x) for x in finding.hint.removeprefix("fits N = ").split(",")]
    assert not _found(attainability.denominators, row.model_copy(update={"population": "responders"}))


def _count(arm: str, n: int, **cells: Any) -> Result:
    return _row("patients", str(n), n, statistic="count", arm=arm, **cells)


def test_arms_add_up() -> None:
    assert not _found(sums.arms_to_total, _count("a", 271), _count("b", 134), _count("all", 405))
    (finding,) = _found(sums.arms_to_total, _count("a", 271), _count("b", 124), _count("all", 405))
    assert finding.severity == "hard" and "271 + 124 = 395, not 405" in finding.message
    assert "b 134 would fit" in finding.hint
    assert not _found(sums.arms_to_total, _count("a", 271), _count("all", 405)), "an arm is missing"
    twice = (_count("b", 124, population="treated"), _count("all", 405, population="randomised"))
    assert not _found(sums.arms_to_total, _count("a", 271, population="treated"), *twice)


@pytest.mark.parametrize(
    ("parts", "severity"),
    [((45, 17, 20, 17), "soft"), ((50, 50), None), ((60, 50), "hard"), ((60, 30), "soft")],
)
def test_shares(parts: tuple[int, ...], severity: str | None) -> None:
    rows = [_row("regimen_share", f"{p}%", p / 100, subgroup=str(i)) for i, p in enumerate(parts)]
    assert [f.severity for f in _found(sums.shares, *rows)] == ([severity] if severity else [])


def test_parts_make_the_whole() -> None:
    cr, crh = _row("complete_remission", "33%", 0.33), _row("crh", "10%", 0.10)
    assert not _found(sums.parts_to_whole, cr, crh, _row("remission_crh", "43%", 0.43))
    assert not _found(sums.parts_to_whole, cr, crh, _row("remission_crh", "44%", 0.44)), "rounding"
    assert len(_found(sums.parts_to_whole, cr, crh, _row("remission_crh", "47%", 0.47))) == 1


def test_strata_make_the_whole() -> None:
    low = _row("mrd_response", "87%", 0.87, subgroup="x", n=13, N=15, basis="inferred")
    high = _row("mrd_response", "60%", 0.60, subgroup="y", n=3, N=5, basis="inferred")
    whole = _row("mrd_response", "80%", 0.80, n=16, N=20, **STATED)
    strata = {"strata": (("x", "y"),)}
    assert not _found(sums.strata_to_whole, low, high, whole, **strata)
    outside = _row("mrd_response", "90%", 0.90, n=18, N=20, **STATED)
    assert "outside" in _found(sums.strata_to_whole, low, high, outside, **strata)[0].message
    other = whole.model_copy(update={"n": 17})
    assert "16/20 together, not 17/20" in _found(sums.strata_to_whole, low, high, other, **strata)[0].message


def test_counts_of_strata_make_the_whole() -> None:
    strata = {"strata": (("x", "y"),)}
    parts = (_count("a", 22, subgroup="x"), _count("a", 5, subgroup="y"))
    assert not _found(sums.counts_to_whole, *parts, _count("a", 27), **strata)
    assert not _found(sums.counts_to_whole, parts[0], _count("a", 27), **strata), "a stratum is missing"
    assert not _found(sums.counts_to_whole, *parts, _count("a", 30, cut="later"), **strata), "another cut"
    (finding,) = _found(sums.counts_to_whole, *parts, _count("a", 26), **strata)
    assert finding.severity == "hard" and finding.message == "22 + 5 = 27, not 26"


def test_order() -> None:
    cr, wider = _row("complete_remission", "34%", 0.34), _row("remission_crh_cri", "44%", 0.44)
    assert not _found(order.ordered, cr, wider)
    (finding,) = _found(order.ordered, cr, _row("remission_crh_cri", "25%", 0.25))
    assert finding.severity == "hard" and "CR 34 % is above CR/CRh/CRi 25 %" in finding.message
    late = _row("remission_crh_cri", "25%", 0.25, time=_at(3))
    assert [f.severity for f in _found(order.ordered, cr, late)] == ["soft"]
    responders = _row("remission_crh_cri", "25%", 0.25, population="responders")
    assert not _found(order.ordered, cr, responders), "other patients"
    treated = {"population": "treated"}
    efs = _row("event_free_survival", "31%", 0.31, statistic="rate_at", time=_at(12), **treated)
    year = Time(value=1, unit="years", of="at")
    low = _row("overall_survival", "28%", 0.28, statistic="rate_at", time=year, **treated)
    assert len(_found(order.ordered, efs, low)) == 1
    assert not _found(order.ordered, efs, _os(12, "30%", 0.305, **treated)), "rounding"
    assert not _found(order.ordered, efs, _os(18, "28%", 0.28, **treated)), "another time"
    whom = {"population": ""}
    assert not _found(order.ordered, efs.model_copy(update=whom), low.model_copy(update=whom)), (
        "not said whom"
    )


def test_a_median_and_a_rate_of_one_curve() -> None:
    (finding,) = _found(curve.median_and_rate, _median("76.1", 76.1), _os(60, "12.4%", 0.124))
    assert finding.severity == "hard" and "12.4 % at 60 months, before the median of 76.1" in finding.message
    assert not _found(curve.median_and_rate, _median("38.6 m", 38.6), _os(60, "5.4%", 0.054))
    assert not _found(curve.median_and_rate, _median("6.1 m", 6.1), _os(24, "20%", 0.20))
    assert len(_found(curve.median_and_rate, _median("6.1 m", 6.1), _os(24, "60%", 0.60))) == 1
    other = _median("76.1", 76.1, cut="later")
    assert [f.severity for f in _found(curve.median_and_rate, other, _os(60, "12.4%", 0.124))] == ["soft"]


def test_the_shape_of_a_curve() -> None:
    assert len(_found(curve.steepening, _median("38.6 m", 38.6), _os(60, "5.4%", 0.054))) == 1
    assert not _found(curve.steepening, _median("6.1 m", 6.1), _os(24, "20%", 0.20))
    assert not _found(curve.steepening, _median("12 m", 12), _os(24, "25%", 0.25)), "a constant hazard"
    assert not _found(curve.falling, _os(12, "78%", 0.78), _os(33, "61%", 0.61))
    assert len(_found(curve.falling, _os(12, "61%", 0.61), _os(33, "78%", 0.78))) == 1
    seen = Time(value=9.8, unit="months", of="follow-up")
    assert not _found(curve.within_follow_up, _median("6.1 m", 6.1, time=seen))
    assert len(_found(curve.within_follow_up, _median("11 m", 11.0, time=seen))) == 1


def test_one_number_in_two_places() -> None:
    two = {"source": "franquiz2020"}
    nine = _row("neurologic_event_grade_3", "9.4%", 0.094, population="treated")
    assert not _found(agreement.rows_agree, nine, _row("neurologic_event_grade_3", "9%", 0.09, **two)), (
        "rounding"
    )
    (finding,) = _found(agreement.rows_agree, _count("b", 124), _count("b", 134, **two))
    assert finding.severity == "hard"
    assert not _found(agreement.rows_agree, _count("b", 134), _count("b", 134, **two))
    enrolled = _count("b", 21, population="enrolled")
    assert not _found(agreement.rows_agree, enrolled, _count("b", 20, population="treated")), "two numbers"
    events = _row("neurologic_event_grade_3", "12%", 0.12, population="events")
    soft = _found(agreement.rows_agree, events, _row("neurologic_event_grade_3", "11%", 0.11))
    assert [f.severity for f in soft] == ["soft"]
    assert not _found(agreement.rows_agree, _median("6.1 m", 6.1), _median("7.7 m", 7.7, cut="later"))
    facts = (
        _fact("molar_mass", "g/mol", "54 kDa", value=54e3),
        _fact("molar_mass", "g/mol", "55 kDa", value=55e3),
    )
    assert len(_found(agreement.facts_agree, facts=facts)) == 1
    near = (_fact("volume", "L", "4.5L", value=4.5), _fact("volume", "mL", "4500 mL", value=4500.0))
    assert not _found(agreement.facts_agree, facts=near)


def test_steady_state_is_rate_over_clearance() -> None:
    rate = _fact("infusion_rate", "µg/day", "28 µg/day", value=28.0)
    clearance = _fact("clearance", "L/h", "2.7 L/h", value=2.7)
    level = _fact("steady_state_concentration", "pg/mL", "565–771", lower=565.0, upper=771.0)
    (finding,) = _found(physics.steady_state, facts=(rate, clearance, level))
    assert finding.severity == "soft" and "= 432 pg/mL" in finding.message
    assert "36.6–50.0 µg/day" in finding.hint and "1.51–2.06 L/h" in finding.hint
    sound = _fact("steady_state_concentration", "pg/mL", "400–500", lower=400.0, upper=500.0)
    assert not _found(physics.steady_state, facts=(rate, clearance, sound))
    at = {"at": "week 2"}
    same = (rate.model_copy(update=at), clearance, level.model_copy(update=at))
    assert [f.severity for f in _found(physics.steady_state, facts=same)] == ["hard"]


def test_half_life_and_cycle() -> None:
    clearance, volume = _fact("clearance", "L/h", "2.7", value=2.7), _fact("volume", "L", "4.5", value=4.5)
    facts = (clearance, volume, _fact("half_life", "h", "1–2", lower=1.0, upper=2.0))
    assert not _found(physics.half_life, facts=facts)
    (finding,) = _found(
        physics.half_life, facts=(*facts[:2], _fact("half_life", "h", "3–4", lower=3.0, upper=4.0))
    )
    assert "1.16 h" in finding.message and finding.severity == "hard"
    weeks = [
        _fact(n, "weeks", "x", value=v) for n, v in (("infusion_length", 4.0), ("drug_free_interval", 2.0))
    ]
    assert not _found(physics.cycle, facts=(*weeks, _fact("cycle_length", "days", "x", value=42.0)))
    assert len(_found(physics.cycle, facts=(*weeks, _fact("cycle_length", "weeks", "x", value=5.0)))) == 1


def test_structure() -> None:
    table = {"place": "Table 2, column Median Overall Survival"}
    mixed = (_median("7.7", 7.7, **table), _os(12, "89%", 0.89, **table))
    assert [f.rule for f in _found(structure.typing, *mixed)] == ["typing: statistics"]
    assert not _found(structure.typing, _median("7.7", 7.7, **table), _median("6.1", 6.1, **table))
    paper = Report(source="zhao2019", reference=48, cite="A 2017")
    twin = Report(source="zhao2019", reference=37, cite="A 2017")
    assert len(_found(structure.reports, reports=(paper, twin))) == 1
    assert not _found(structure.reports, reports=(paper, paper.model_copy(update={"cite": "B 2018"})))
    assert not _found(structure.citations, _median("7.7", 7.7, reference=48), reports=(paper,))
    assert len(_found(structure.citations, _median("7.7", 7.7, reference=46), reports=(paper,))) == 1
    first = _record(registry=("NCT00000001",)).studies[0]
    second = first.model_copy(update={"id": "T"})
    assert [f.rows for f in structure.registry(Record([first, second]))] == [("S", "T")]
    assert not list(structure.registry(Record([first])))


def test_gaps() -> None:
    assert [f.message for f in _found(gaps.treatments)][:1] == ["no source states the dose of a"]
    missing = _found(gaps.baselines, *(_row("age", "40", 40.0, statistic="median", arm=a) for a in "ab"))
    assert missing and not any("states age" in f.message for f in missing)
    assert len(_found(gaps.stated_denominators, _row("crs", "5%", 0.05))) == 1
    assert not _found(gaps.stated_denominators, _row("crs", "5%", 0.05, N=20, **STATED))
    assert len(_found(gaps.intervals, _median("7.7", 7.7))) == 1
    assert not _found(gaps.intervals, _median("7.7", 7.7, lower=5.0, upper=9.0))


def test_judgements_are_attached_and_stale_ones_told() -> None:
    finding = Finding("order", "hard", ("S/b", "S/a"), "…")
    good = Judgement(rule="order", rows=("S/a", "S/b"), verdict="use a", reason="why")
    stale = Judgement(rule="curve", rows=("S/a",), verdict="use a", reason="why")
    elsewhere = Judgement(rule="curve", rows=("T/a",), verdict="use a", reason="why")
    out = list(with_judgements([finding], [good, stale, elsewhere], ["S"]))
    assert [(f.rule, f.judged) for f in out] == [("order", "use a: why"), ("stale judgement", None)]


def test_the_shipped_record_has_nothing_hard_unjudged_and_no_stale_judgement() -> None:
    found = check()
    assert not [str(f) for f in found if f.severity == "hard" and f.judged is None]
    assert not [str(f) for f in found if f.rule == "stale judgement"]
    keys = [f.key for f in found]
    assert len(set(keys)) == len(keys), "two findings could not be told apart by a judgement"
    known = {fact.id for fact in pharmacology()}
    assert {r for f in found for r in f.rows if r.startswith("pharmacology/")} <= known
    rules = {f.rule for f in found}
    assert {"sum of arms", "curve", "agreement", "denominator", "steady state", "sum of shares"} <= rules
