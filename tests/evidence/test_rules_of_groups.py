"""Rules that set groups against each other: strata, populations, two arms, ranges."""

from __future__ import annotations

from itertools import product

import pytest
from scipy import stats
from tests.evidence.rows import STATED, count, found_by, median, row, survival

from engager.documents import DocumentError
from engager.evidence import Time
from engager.evidence.load import read_study
from engager.evidence.rules import agreement, comparisons, mixtures, order, populations, ranges
from engager.evidence.rules.attainability import counts

STRATA = {"strata": (("x", "y"),), "shares": {"ph_positive": ("y",)}}
VERSUS = "a vs b"


def test_splits_are_those_that_a_full_search_finds() -> None:
    N, low, high, whole = 40, 0.87, 0.60, 0.80
    found = set()
    for size in range(1, N):
        for n, m in product(range(size + 1), range(N - size + 1)):
            fits = n in counts(low, 0.01, size) and m in counts(high, 0.01, N - size)
            if fits and n + m in counts(whole, 0.01, N):
                found.add(size)
    options = tuple(
        tuple((s, sum(1 << n for n in counts(rate, 0.01, s))) for s in range(1, N + 1))
        for rate in (low, high)
    )
    wanted = sum(1 << n for n in counts(whole, 0.01, N))
    assert found and mixtures.splits(options[0], options[1], N, wanted) == sorted(found)
    assert {size for size, _ in mixtures.joined(options, N)} <= set(range(2, N + 1))


def test_mixtures_without_printed_denominators() -> None:
    low, high = row("mrd_response", "87%", 0.87, subgroup="x"), row("mrd_response", "60%", 0.60, subgroup="y")
    whole = row("mrd_response", "80%", 0.80, N=20, **STATED)
    assert not found_by(mixtures.strata_fit, low, high, whole, **STRATA), "13/15 and 3/5 are 16/20"
    wrong = row("mrd_response", "65%", 0.65, N=20, **STATED)
    (finding,) = found_by(mixtures.strata_fit, low, high, wrong, **STRATA)
    assert finding.severity == "hard" and "87 %, 60 % make 65 % of 20" in finding.message
    computed = wrong.model_copy(update={"basis": "computed"})
    assert [f.severity for f in found_by(mixtures.strata_fit, low, high, computed, **STRATA)] == ["soft"]
    share = row("ph_positive", "25%", 0.25, N=20, **STATED)
    assert not found_by(mixtures.strata_fit, low, high, whole, share, **STRATA), "5 of 20"
    (other,) = found_by(
        mixtures.strata_fit, low, high, whole, row("ph_positive", "40%", 0.40, N=20, **STATED), **STRATA
    )
    assert other.severity == "soft" and "needs 5 patients in y; Ph+ 40 % are 8" in other.message
    assert "x 15; y 5" in other.hint


def test_mixtures_use_sizes_that_are_printed() -> None:
    patients = (count("a", 84), count("a", 17, subgroup="y"))
    none = row("veno_occlusive_disease", "0/17", 0.0, subgroup="y", n=0, N=17, **STATED)
    nine = row("veno_occlusive_disease", "Nine (15%)", 0.15, subgroup="x", n=9, **STATED)
    (finding,) = found_by(mixtures.strata_fit, *patients, none, nine, **STRATA)
    assert finding.severity == "soft"
    assert finding.hint == "x: 9 as 15 % needs 59 to 62 patients, the others leave 67"
    ten = row("veno_occlusive_disease", "Ten (15%)", 0.15, subgroup="x", n=10, **STATED)
    assert not found_by(mixtures.strata_fit, *patients, none, ten, **STRATA)


def test_shares_name_endpoints_and_strata_that_exist() -> None:
    header = """id: S
title: ""
design: ""
phase: II
setting: relapsed
ph: negative
reports: []
arms: []
strata: [[x, y]]
shares: {ph_positiv: [x], ph_positive: [z]}
results: []
"""
    with pytest.raises(DocumentError) as error:
        read_study(header)
    text = str(error.value)
    assert "'ph_positiv' is not a known endpoint" in text and "'z' is not one of the strata" in text


def test_counts_are_ordered_too() -> None:
    six = row("veno_occlusive_disease", "Six (9%)", 0.09, n=6, N=64, **STATED)
    three = row("fatal_veno_occlusive_disease", "3 died", 3, statistic="count", n=3, N=64, **STATED)
    assert not found_by(order.ordered, six, three)
    seven = three.model_copy(update={"n": 7, "value": 7.0, "printed": "7 died"})
    (finding,) = found_by(order.ordered, six, seven)
    assert finding.severity == "hard" and "fatal VOD in 7 patients is above VOD in 6" in finding.message
    cr, response = row("complete_remission", "86%", 0.86), row("overall_response", "80%", 0.80)
    assert len(found_by(order.ordered, cr, response)) == 1
    assert not found_by(order.ordered, cr, row("overall_response", "95%", 0.95))
    assert not found_by(order.ordered, row("crh", "99%", 0.99), response), "what counts as response differs"


def test_responders_are_as_many_as_responded() -> None:
    remission = row("remission_crh", "36%", 0.36, n=16, N=45, **STATED)
    whom = {"population": "CR/CRh responders"}
    assert not found_by(populations.responders, remission, count("a", 16, **whom))
    more = found_by(populations.responders, remission, count("a", 18, **whom))
    assert [f.severity for f in more] == ["hard"] and "CR/CRh in 16/45" in more[0].message
    fewer = row("mrd_response", "88%", 0.88, n=14, N=15, **STATED, **whom)
    assert [f.severity for f in found_by(populations.responders, remission, fewer)] == ["soft"]
    assert not found_by(populations.responders, remission, count("a", 18, population="MRD responders"))
    assert not found_by(populations.responders, remission, count("a", 18, cut="later", **whom))


def test_residual_disease_is_measured_in_remission() -> None:
    cr = row("complete_remission", "34%", 0.34, n=91, N=271, **STATED)
    wide = row("remission_crh_cri", "44%", 0.44, n=119, N=271, **STATED)
    mrd = row("mrd_response", "37%", 0.37, n=100, N=271, **STATED)
    assert not found_by(populations.residual_disease, cr, wide, mrd)
    assert not found_by(populations.residual_disease, cr, mrd), "CRh and CRi are not printed"
    above = row("mrd_response", "46%", 0.46, n=125, N=271, **STATED)
    assert [f.severity for f in found_by(populations.residual_disease, cr, wide, above)] == ["hard"]
    assert not found_by(populations.residual_disease, cr, wide, above, setting="MRD")


def test_a_denominator_is_the_number_of_those_it_counts() -> None:
    whom = {"population": "treated"}
    rate = row("crs", "9.4%", 0.094, n=25, N=267, **STATED, **whom)
    assert not found_by(agreement.sizes_agree, rate, count("a", 267, **whom))
    (finding,) = found_by(agreement.sizes_agree, rate, count("a", 271, **whom))
    assert finding.severity == "hard" and "is of 267 treated, of whom there are 271" in finding.message
    assert not found_by(agreement.sizes_agree, rate, count("a", 271, population="randomised"))
    elsewhere = count("a", 271, place="there", **whom)
    assert [f.severity for f in found_by(agreement.sizes_agree, rate, elsewhere)] == ["soft"]
    inferred = rate.model_copy(update={"basis": "inferred"})
    assert not found_by(agreement.sizes_agree, inferred, count("a", 271, **whom))


def test_only_overt_disease_can_respond_in_the_blood() -> None:
    overt = count("a", 6, subgroup="overt relapse")
    wrong = row("complete_haematologic_response", "57% (4/7)", 0.57, n=4, N=7, **STATED)
    sound = row("complete_haematologic_response", "67% (4/6)", 0.67, n=4, N=6, **STATED)
    (finding,) = found_by(populations.overt_disease, overt, wrong)
    assert finding.severity == "soft" and "4/7, but 6 patients" in finding.message
    assert not found_by(populations.overt_disease, overt, sound)
    assert not found_by(populations.overt_disease, wrong)


def test_exposures_and_unstated_denominators() -> None:
    drugs = [
        row("regimen_share", str(n), n, statistic="count", subgroup=name, n=n, N=9, **STATED)
        for name, n in (("p", 5), ("d", 4), ("n", 1), ("b", 1))
    ]
    (finding,) = found_by(populations.exposures, *drugs)
    assert finding.severity == "soft" and "5 + 4 + 1 + 1 = 11, more than 9 patients" in finding.message
    assert not found_by(populations.exposures, *drugs[:2])
    nine = row("crs", "Nine (15%)", 0.15, n=9, **STATED)
    assert not found_by(populations.unstated_denominator, nine, count("a", 60))
    (other,) = found_by(populations.unstated_denominator, nine, count("a", 67, population="treated"))
    assert other.severity == "soft" and "need 59 to 62 patients, the printed groups have 67" in other.message
    (hard,) = found_by(populations.unstated_denominator, nine, count("a", 67), count("a", 60, population="x"))
    assert hard.severity == "hard", "the very patients are 67"
    evaluable = nine.model_copy(update={"population": "evaluable"})
    assert not found_by(populations.unstated_denominator, evaluable, count("a", 67)), (
        "how many is not printed"
    )


@pytest.mark.parametrize("table", [(91, 271, 21, 134), (0, 20, 5, 21), (7, 9, 1, 12), (30, 60, 33, 61)])
def test_p_values_are_those_of_the_usual_tests(table: tuple[int, int, int, int]) -> None:
    n, N, m, M = table
    cells = [[n, N - n], [m, M - m]]
    usual = [stats.fisher_exact(cells).pvalue]
    usual += [stats.chi2_contingency(cells, correction=way).pvalue for way in (True, False)]
    assert comparisons.two_sided(*table) == pytest.approx((min(usual), max(usual)), rel=1e-6)


def test_p_values_of_two_counts() -> None:
    a = row("complete_remission", "34%", 0.34, n=91, N=271, **STATED)
    b = row("complete_remission", "16%", 0.16, n=21, N=134, arm="b", **STATED)
    small = row("complete_remission", "P<0.001", 0, arm=VERSUS, statistic="p_value")
    small = small.model_copy(update={"value": None, "upper": 0.001})
    large = row("complete_remission", "p=0.2", 0.2, arm=VERSUS, statistic="p_value")
    near = row("complete_remission", "p=0.0004", 0.0004, arm=VERSUS, statistic="p_value")
    assert not found_by(comparisons.p_of_counts, a, b, small)
    assert not found_by(comparisons.p_of_counts, a, b, near)
    (finding,) = found_by(comparisons.p_of_counts, a, b, large)
    assert finding.severity == "hard" and "91/271 against 21/134 gives p = " in finding.message
    alike = row("complete_remission", "32%", 0.32, n=43, N=134, arm="b", **STATED)
    assert len(found_by(comparisons.p_of_counts, a, alike, small)) == 1
    inferred = alike.model_copy(update={"basis": "other source"})
    assert [f.severity for f in found_by(comparisons.p_of_counts, a, inferred, small)] == ["soft"]
    assert not found_by(comparisons.p_of_counts, a, alike.model_copy(update={"cut": "later"}), small)
    shares = [x.model_copy(update={"n": None, "N": None, "basis": ""}) for x in (a, b)]
    (soft,) = found_by(comparisons.p_of_counts, *shares, large)
    assert soft.severity == "soft" and "91 to 93/271 against 21 to 22/134" in soft.message
    few = [x.model_copy(update={"population": "responders"}) for x in shares]
    assert not found_by(comparisons.p_of_counts, *few, large), "of how many is not known"


def test_hazard_ratio_and_p_value() -> None:
    ratio = row("overall_survival", "0.71", 0.71, statistic="hazard_ratio", arm=VERSUS, N=405, **STATED)
    p = {"statistic": "p_value", "arm": VERSUS}
    assert not found_by(comparisons.p_of_hazards, ratio, row("overall_survival", "p = 0.01", 0.01, **p))
    tiny = row("overall_survival", "p = 0.00001", 0.00001, **p)
    (finding,) = found_by(comparisons.p_of_hazards, ratio, tiny)
    assert finding.severity == "hard" and "even if all had the event" in finding.message
    even = row("overall_survival", "1.00", 1.0, statistic="hazard_ratio", arm=VERSUS, N=405, **STATED)
    assert not found_by(comparisons.p_of_hazards, even, row("overall_survival", "p = 0.93", 0.93, **p))
    strong = row("overall_survival", "0.35", 0.35, statistic="hazard_ratio", arm=VERSUS, N=405, **STATED)
    medians = (median("7.7 m", 7.7), median("4.0 m", 4.0, arm="b"))
    vague = row("overall_survival", "p = 0.4", 0.4, **p)
    assert [f.severity for f in found_by(comparisons.p_of_hazards, strong, vague, *medians)] == ["soft"]
    assert not found_by(comparisons.p_of_hazards, strong, vague), "few may have had the event"


def test_hazard_ratio_and_medians() -> None:
    def ratio(x: float):
        return row("overall_survival", f"{x:g}", x, statistic="hazard_ratio", arm=VERSUS)

    long, short = median("7.7 m", 7.7), median("4.0 m", 4.0, arm="b")
    assert not found_by(comparisons.hazards_and_medians, ratio(0.71), long, short)
    (finding,) = found_by(comparisons.hazards_and_medians, ratio(1.4), long, short)
    assert finding.severity == "hard" and "1.4 with medians of 7.7 months against 4 months" in finding.message
    near = median("7.0 m", 7.0, arm="b")
    assert not found_by(comparisons.hazards_and_medians, ratio(1.2), long, near), "noise"
    assert [f.severity for f in found_by(comparisons.hazards_and_medians, ratio(1.5), long, near)] == ["soft"]
    assert [f.severity for f in found_by(comparisons.hazards_and_medians, ratio(0.2), long, short)] == [
        "soft"
    ]
    same = median("7.7 m", 7.7, arm="b")
    assert not found_by(comparisons.hazards_and_medians, ratio(0.9), long, same)


def test_ranges() -> None:
    age = row("age", "68 years", 68, statistic="median")
    seen = row("age", "60–81", 0, statistic="range").model_copy(
        update={"value": None, "lower": 60.0, "upper": 81.0}
    )
    assert not found_by(ranges.medians_inside, age, seen)
    young = age.model_copy(update={"value": 54.5, "printed": "54.5"})
    assert [f.severity for f in found_by(ranges.medians_inside, young, seen)] == ["hard"]
    others = young.model_copy(update={"population": "responders"})
    assert not found_by(ranges.medians_inside, others, seen.model_copy(update={"population": "treated"}))
    limit = seen.model_copy(update={"id": "limit", "printed": ">60 years", "upper": None})
    (finding,) = found_by(ranges.within_entry, seen, limit)
    assert finding.severity == "soft" and "60 is among 60 to 81, entry required >60" in finding.message
    assert not found_by(ranges.within_entry, seen, limit.model_copy(update={"printed": "≥60 years"}))
    low = limit.model_copy(update={"lower": 55.0, "printed": ">55"})
    assert not found_by(ranges.within_entry, seen, low)


def test_nothing_is_later_than_the_last_follow_up() -> None:
    seen = row("follow_up", "3–20 months", 0, statistic="range").model_copy(
        update={"value": None, "lower": 3.0, "upper": 20.0}
    )
    assert not found_by(ranges.beyond_follow_up, seen, survival(18, "60%", 0.6), median("19.8 m", 19.8))
    (late,) = found_by(ranges.beyond_follow_up, seen, survival(24, "60%", 0.6))
    assert late.severity == "soft" and "60 % at 24 months, after a follow-up of at most 20" in late.message
    assert len(found_by(ranges.beyond_follow_up, seen, median("30 m", 30.0))) == 1
    year = Time(value=2, unit="years", of="at")
    assert len(
        found_by(ranges.beyond_follow_up, seen, survival(1, "6%", 0.06).model_copy(update={"time": year}))
    )
    assert not found_by(ranges.beyond_follow_up, survival(24, "60%", 0.6))
