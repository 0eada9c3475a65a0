"""The scoreboard: intervals over studies, counts, skill; and the cross-endpoint checks."""

from dataclasses import replace

import numpy as np
import pytest

from engager.documents import DocumentError
from engager.evidence import Result
from engager.inference.checks import checks, concluded, read_checks
from engager.inference.scoreboard import over_studies, tallies
from engager.inference.validation import Against, Scored, Unscored


def scored(study, crps, *, inside=True, null=None, kind="share", role="predicted"):
    row = Result(
        study=study, arm="a", endpoint="complete_remission", statistic="proportion", value=0.5, printed="50%"
    )
    beaten = {"pooled": Against(null, 1.0, 0.1, 0.9, True, ("X", "Y"))} if null is not None else {}
    return Scored(
        row, role, kind, 0.5, 10, 0.5, (0.4, 0.6), (0.3, 0.7), inside, inside, (0.4, 0.6), crps, 2.0, 0.0, beaten
    )  # fmt: skip


def test_the_interval_draws_studies_and_not_rows():
    # two studies with means 0.1 and 0.3: a draw is one of them twice (a quarter each) or both
    rows = [scored("A", 0.1)] * 50 + [scored("B", 0.3)] * 50
    found = over_studies(rows, 1, lambda row: row.crps, lambda row: 1.0)
    assert (found.value, found.lower, found.upper) == pytest.approx((0.2, 0.1, 0.3))
    assert found == over_studies(rows, 1, lambda row: row.crps, lambda row: 1.0)


def test_one_study_has_no_interval():
    found = over_studies([scored("A", 0.1)] * 9, 1, lambda row: row.crps, lambda row: 1.0)
    assert found.value == pytest.approx(0.1) and found.lower is None and found.upper is None


def test_skill_is_asked_only_where_the_null_model_gives_a_number():
    rows = [scored("A", 0.1, null=0.2), scored("B", 0.3, null=0.2, inside=False), scored("B", 9.0)]
    rows += [scored("C", 0.1, null=0.2, kind="median"), Unscored(rows[0].result, "predicted", "why")]
    (tally,) = tallies(rows, 1)
    assert (tally.rows, tally.unscored, tally.studies) == (4, 1, 3)
    assert [(c.inside, c.rows) for c in tally.coverage] == [(3, 4), (3, 4)]
    share, median = tally.skill
    assert (share.rows, share.studies, share.won, share.inside, share.null_inside) == (2, 2, 1, 1, 2)
    assert share.skill.value == pytest.approx(0) and share.gain.value == pytest.approx(-1)
    assert (share.skill.lower, share.skill.upper) == pytest.approx((-0.5, 0.5))
    assert median.kind == "median" and median.skill.value == pytest.approx(0.5) and median.skill.lower is None


def test_roles_are_never_mixed():
    made = tallies([scored("A", 0.1), scored("A", 0.2, role="calibrated")], 1)
    assert [(t.role, t.rows) for t in made] == [("predicted", 1), ("calibrated", 1)]


@pytest.mark.parametrize(
    ("expected", "middle", "verdict"),
    [("below", -1, "holds"), ("below", -0.05, "leans"), ("below", -0.01, "fails"), ("below", 0.5, "fails"),
     ("above", 1, "holds"), ("above", -1, "fails")],
)  # fmt: skip
def test_a_check_is_judged_by_what_trials_of_this_size_show(expected, middle, verdict):
    check = next(c for c in checks() if c.statistic == "difference")
    check = replace(check, expected=expected)
    effects = middle + np.linspace(-0.2, 0.2, 21)
    assert concluded(check, {(check.name, check.study): effects}, varied=False).verdict == verdict


@pytest.mark.parametrize(
    ("margin", "middle", "verdict"),
    [(0.1, 0.05, "holds"), (0.1, -0.05, "holds"), (0.1, 0.08, "leans"), (0.1, 0.12, "fails"), (0.1, -0.12, "fails"),
     (0.5, 0.3, "fails")],
)  # fmt: skip
def test_no_effect_needs_a_mean_that_is_none(margin, middle, verdict):
    # all but the last lie within what trials of this size scatter by; the mean's interval is 0.047 either way
    check = replace(next(c for c in checks() if c.expected == "none" and not c.against), margin=margin)
    effects = middle + np.linspace(-0.2, 0.2, 21)
    assert concluded(check, {(check.name, check.study): effects}, varied=False).verdict == verdict


def test_a_ratio_has_no_effect_at_one():
    check = next(c for c in checks() if c.statistic == "hazard_ratio" and c.expected == "below")
    found = concluded(check, {(check.name, check.study): np.linspace(0.3, 0.9, 21)}, varied=False)
    assert found.verdict == "holds" and found.mean.value == pytest.approx(
        np.exp(np.log(np.linspace(0.3, 0.9, 21)).mean())
    )


def test_two_studies_are_compared_between_different_replicates():
    check = next(c for c in checks() if c.against)
    same = np.linspace(0, 1, 20)
    found = concluded(
        check, {(check.name, check.study): same, (check.name, check.against): same}, varied=False
    )
    assert set(np.round(np.abs([found.effect.lower, found.effect.upper]) * 19, 9)) == {
        1.0
    } and found.mean.value == pytest.approx(0)


def test_a_check_that_cannot_be_asked_says_why():
    check = checks()[0]
    none = concluded(check, {}, varied=True)
    assert none.verdict == "open" and "was not simulated" in none.reason
    few = concluded(check, {(check.name, check.study): np.array([0.1, np.nan, 0.2])}, varied=True)
    assert few.verdict == "open" and "only 2 replicates" in few.reason


def test_every_mistake_in_a_table_of_checks_is_named(tmp_path):
    head = "name,study,arm,subgroup,against,endpoint,statistic,expected,margin,because,rows,said\n"
    (tmp_path / "c.csv").write_text(
        head
        + "a,TOWER,x,,,crs,difference,less,,,no/such,never said\nb,TOWER,x,,,crs,difference,none,7,,,\n"
        + "c,TOWER,x,,,crs,hazard_ratio,none,0.1,so,,x\nd,TOWER,x,,,crs,difference,above,0.1,,,x\n"
    )
    with pytest.raises(DocumentError) as error:
        read_checks(tmp_path / "c.csv")
    text = str(error.value)
    assert all(
        word in text
        for word in (
            "'no/such'",
            "'never said'",
            "'less'",
            "needs one of them",
            "margin: '7' is no",
            "because: say why",
            "not of a hazard_ratio",
            "only a check that expects none",
        )
    )
