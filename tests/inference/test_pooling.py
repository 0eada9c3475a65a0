"""Pooling over the record: which rows are taken, how their standard errors are had, what a reader is told."""

import math

import pytest

from engager.app.output import plain
from engager.documents import DocumentError
from engager.evidence import Arm, Result, Study, distinct, studies
from engager.evidence.record import Report, Time, Treatment
from engager.inference.pooling import pool
from engager.vocabulary import endpoints

GIVEN = Treatment(dose=None, schedule=None, cycles=None)


def made(name, *rows, setting="relapsed", drugs=("blinatumomab",), size=100):
    """A study with one arm 'a' of that size, a comparator 'b' and a historical group, and these rows."""
    arms = (
        Arm(name="a", label="a", size=size, treatment=GIVEN, drugs=drugs),
        Arm(name="b", label="b", size=50, treatment=GIVEN, drugs=("chemotherapy",)),
        Arm(name="old", label="old", size=50),
    )
    results = tuple(
        Result(**{"study": name, "arm": "a", "source": "s", "id": f"{name}/{i}", **row})
        for i, row in enumerate(rows)
    )
    report = Report(source="s", reference=1, cite="c")
    return Study(
        id=name, title=name, design="", phase="II", setting=setting, ph="negative", reports=(report,), arms=arms,
        results=results,
    )  # fmt: skip


def cr(n_, N_, **more):
    return {
        "endpoint": "complete_remission", "statistic": "proportion", "value": n_ / N_, "n": n_, "N": N_,
        "basis": "stated", "population": "treated", "printed": f"{n_}/{N_}", **more,
    }  # fmt: skip


def os_(statistic, value, printed, **more):
    return {
        "endpoint": "overall_survival",
        "statistic": statistic,
        "value": value,
        "printed": printed,
        **more,
    }


def only(*some, word="CR", **asked):
    found = pool(word, studies=some, **asked)
    assert len(found.syntheses) == 1
    return found.syntheses[0]


@pytest.mark.parametrize("name", endpoints())
def test_every_row_of_the_record_is_pooled_or_has_a_reason(name):
    found = pool(name, treatment="any")
    rows = [row for s in found.syntheses for row in s.rows] + list(found.left)
    known = [r.id for study in studies().values() for r in distinct(study.results) if r.endpoint == name]
    assert sorted(row.result.id for row in rows) == sorted(known)
    assert all(row.reason for row in found.left)
    for s in found.syntheses:
        places = [(row.study, row.arm) for row in s.rows]
        assert len(set(places)) == len(places)
        for row in s.rows:
            assert not row.reason and row.result.standing == "usable" and row.result.subgroup == ""
            assert row.lower <= row.value <= row.upper
    plain(found)


def test_every_treated_arm_of_the_record_says_what_it_received():
    for study in studies().values():
        for arm in study.arms:
            assert arm.drugs or arm.treatment is None, (study.id, arm.name)


def test_comparators_and_historical_groups_are_left_out_unless_asked_for():
    some = [
        made("S", cr(30, 100), cr(5, 50, arm="b"), cr(9, 50, arm="old")),
        made("T", cr(20, 80)),
        made("U", cr(40, 60), drugs=("chemotherapy",)),
    ]
    found = pool("CR", studies=some)
    assert [(row.study, row.arm) for row in found.syntheses[0].rows] == [("S", "a"), ("T", "a")]
    reasons = {(row.study, row.arm): row.reason for row in found.left}
    assert "blinatumomab" in reasons["S", "b"] and "blinatumomab" in reasons["U", "a"]
    assert "only compared with" in reasons["S", "old"]
    assert [row.arm for row in only(*some, treatment="chemotherapy").rows] == ["b", "a"]
    everything = only(*some, treatment="any")
    assert len(everything.rows) == 4
    assert any("arms of one study" in note and "S" in note for note in everything.notes)
    assert [row.study for row in only(*some, arm="b").rows] == ["S"]


def test_the_row_that_counts_most_patients_is_taken():
    some = made("S", cr(13, 14, population="evaluable"), cr(26, 27), cr(8, 9, population="responders"))
    s = only(some)
    assert [(row.n, row.N) for row in s.rows] == [(26, 27)]
    left = pool("CR", studies=[some]).left
    assert len(left) == 2 and all("another row" in row.reason for row in left)


@pytest.mark.parametrize(
    ("cells", "n", "said"),
    [
        ({"value": 0.33, "N": 189, "printed": "33%"}, 62, "62 to 63"),
        ({"value": 0.16, "N": 36, "printed": "16%"}, 6, "n = 6"),  # cut off; rounded it would be 17 %
        ({"value": 0.31, "N": None, "printed": "31%"}, 31, "arm's size"),
    ],
)
def test_counts_are_found_from_what_is_printed(cells, n, said):
    row = only(made("S", cr(1, 2, n=None, **cells))).rows[0]
    assert row.n == n and said in row.origin


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (cr(1, 2, n=None, N=25, value=0.55, printed="55%"), "no n of 25"),
        (cr(1, 2, n=None, N=None, value=0.321, printed="32.1%"), "no n of the arm's 100 prints as 32.1%"),
        (cr(1, 2, n=None, N=None, value=0.5, printed="50%", population="evaluable"), "N is not stated"),
        (cr(1, 2, n=None, N=None, value=0.5, printed="50%", cut="an early look"), "N is not stated"),
        (cr(1, 2, value=None, lower=0.1, upper=0.2, printed="10-20%"), "not a value"),
        (cr(1, 2, subgroup="young"), "subgroup"),
        (cr(1, 2, standing="contradicted", reason="two sums"), "contradicted: two sums"),
        (cr(1, 2, arm="all"), "several arms"),
    ],
)
def test_what_cannot_be_pooled_says_why(row, reason):
    found = pool("CR", studies=[made("S", row)])
    assert not found.syntheses and reason in found.left[0].reason


def test_one_two_and_three_studies():
    some = [made(name, cr(n, 100)) for name, n in (("S", 30), ("T", 35), ("U", 40))]
    one, two, three = (only(*some[:k]) for k in (1, 2, 3))
    assert one.pooled is None and "nothing is pooled" in one.notes[0]
    assert two.pooled.prediction is None and not two.without and "no prediction interval" in two.notes[0]
    low, high = three.pooled.prediction
    assert low < three.pooled.lower < 0.3 and high > three.pooled.upper > 0.4
    assert [e.name for e in three.without] == ["S, a", "T, a", "U, a"]
    assert three.without[2].value == pytest.approx(two.pooled.value)


def test_nobody_with_the_event_is_pooled_as_one_study_and_said():
    s = only(*(made(name, cr(0, N)) for name, N in (("S", 20), ("T", 30), ("U", 50))))
    assert (s.pooled.value, s.pooled.lower) == (0, 0) and s.pooled.tau2 is None
    assert s.pooled.upper == pytest.approx(1 - 0.025 ** (1 / 100))
    assert s.pooled.prediction is None and any("no variance between studies" in note for note in s.notes)


def test_what_is_mixed_is_told_unless_told_apart():
    some = [
        made("S", cr(30, 40, population="CR/CRh responders")),
        made("T", cr(30, 100), setting="MRD"),
        made("U", cr(33, 100, population="evaluable"), drugs=("dasatinib", "blinatumomab")),
    ]
    notes = " | ".join(only(*some, together=True).notes)
    assert "people are counted: responders (S); all patients (T, U)" in notes
    assert "MRD (T)" in notes and "dasatinib and blinatumomab (U)" in notes
    apart = only(*some, by="population", together=True)
    assert "people" not in " ".join(apart.notes)
    assert [(group.name, group.k) for group in apart.groups] == [("responders", 1), ("all patients", 2)]
    assert apart.groups[0].value == 0.75 and apart.difference.df == 1 and apart.difference.p < 0.01


def test_settings_are_pooled_together_only_when_asked():
    some = [made("S", cr(30, 40)), made("T", cr(30, 100), setting="MRD"), made("U", cr(33, 100))]
    alone = pool("CR", studies=some).syntheses
    assert [(s.setting, [row.study for row in s.rows]) for s in alone] == [
        ("relapsed", ["S", "U"]),
        ("MRD", ["T"]),
    ]
    beside = only(*some, by="setting")
    assert beside.pooled is None and not beside.without and beside.median_odds_ratio is None
    assert [(group.name, group.k) for group in beside.groups] == [("relapsed", 2), ("MRD", 1)]
    assert beside.difference.df == 1 and "not one population" in beside.notes[0]
    mixed = only(*some, together=True)
    assert mixed.pooled.k == 3 and mixed.setting == "" and "different disease" in " ".join(mixed.notes)


def test_the_primary_analysis_is_taken_before_another_cut():
    some = made("S", cr(7, 11, cut="11 patients"), cr(8, 9))
    assert [(row.n, row.N) for row in only(some).rows] == [(8, 9)]
    mskcc = {row.study: (row.n, row.N) for s in pool("mrd_response").syntheses for row in s.rows}
    assert mskcc["BLINA-TKI-MSKCC"] == (8, 9)


def test_another_cut_does_not_stand_in_for_a_primary_analysis_without_its_number():
    newer = cr(1, 2, value=0.321, n=None, N=None, printed="32.1%")
    found = pool("CR", studies=[made("S", newer, cr(7, 11, cut="11 patients"))])
    assert not found.syntheses
    assert "the primary analysis prints 32.1%" in " ".join(row.reason for row in found.left)


def test_reasons_tell_no_patient_from_some():
    found = {row.study + row.arm: row.reason for row in pool("CR").left}
    assert found["TOWERchemotherapy"] == "no patient received blinatumomab"
    assert found["MINIHCVD-INO-OLDERmini-hcvd-ino"] == "not every patient received blinatumomab"


def test_an_endpoint_that_studies_define_themselves_is_told():
    some = [made(name, cr(n, 50, endpoint="overall_response")) for name, n in (("S", 30), ("T", 20))]
    assert any("definition" in note for note in only(*some, word="ORR").notes)


def test_a_median_has_its_standard_error_from_the_interval_or_from_n():
    level = {"level": 0.95}
    some = made("S", os_("median", 8.0, "8.0 (5.0-12.8)", lower=5.0, upper=12.8, **level))
    row = only(some, word="OS").rows[0]
    assert row.se == pytest.approx(math.log(12.8 / 5.0) / (2 * 1.959964), rel=1e-6)
    assert (row.lower, row.upper) == (5.0, 12.8)
    row = only(made("S", os_("median", 8.0, "8.0 m", N=50, basis="stated")), word="OS").rows[0]
    assert row.se == pytest.approx(1 / 5) and "no censoring" in row.origin
    assert row.upper == pytest.approx(8 * math.exp(1.959964 / 5), rel=1e-6)


def test_a_rate_is_pooled_at_one_time_only():
    year, two, later = (
        Time(value=v, unit="years", of=of) for v, of in ((1, "at"), (2, "at"), (3, "follow-up"))
    )
    some = [
        made("S", os_("rate_at", 0.5, "50%", time=year, N=100, basis="stated")),
        made("T", os_("rate_at", 0.6, "60%", time=Time(value=12, unit="months", of="at"))),
        made("U", os_("rate_at", 0.4, "40%", time=two), os_("rate_at", 0.3, "30%", time=later)),
    ]
    found = pool("OS", studies=some)
    assert {s.quantity: len(s.rows) for s in found.syntheses} == {
        "rate at 12 months": 2,
        "rate at 24 months": 1,
    }
    rows = found.syntheses[0].rows
    assert rows[0].se == pytest.approx(math.sqrt(0.5 / 50) / math.log(2))
    assert rows[1].N == 100 and "the arm's size" in rows[1].origin
    pooled = found.syntheses[0].pooled
    assert 0.5 < pooled.value < 0.6 and pooled.lower < pooled.value < pooled.upper
    assert "not one time" in found.left[0].reason


def test_a_hazard_ratio_has_its_standard_error_from_the_p_value():
    versus = {"arm": "a vs b"}
    ratio, p = os_("hazard_ratio", 0.5, "0.50", **versus), os_("p_value", 0.01, "p=0.01", **versus)
    row = only(made("S", ratio, p), word="OS").rows[0]
    assert row.se == pytest.approx(math.log(2) / 2.5758293, rel=1e-6)
    bound = os_("p_value", None, "p<0.01", upper=0.01, **versus)
    assert "p value" in pool("OS", studies=[made("S", ratio, bound)]).left[0].reason
    against_itself = os_("hazard_ratio", 0.5, "0.50", arm="b vs a")
    assert pool("OS", studies=[made("S", against_itself)]).left[0].reason


def test_order_of_studies_does_not_matter():
    some = [made(name, cr(n, N)) for name, n, N in (("S", 30, 100), ("T", 9, 20), ("U", 50, 70))]
    a, b = only(*some), only(*some[::-1])
    assert a.pooled.value == pytest.approx(b.pooled.value, abs=1e-5)
    assert a.weights == pytest.approx(b.weights[::-1], abs=1e-4)


def test_every_unknown_word_is_told_at_once_with_near_names():
    with pytest.raises(DocumentError) as told:
        pool(
            "complete_remision", setting="relapse", ph="neg", treatment="blinatumumab", arm="x", by="setings"
        )
    text = str(told.value)
    assert len(told.value.problems) == 6
    for near in ("'complete_remission'", "'relapsed'", "'blinatumomab'", "'setting'"):
        assert near in text
