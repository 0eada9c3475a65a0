"""Further lines of therapy: the study's own record stays what it is, the patient goes on to salvage."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from engager.documents import DocumentError
from engager.patients import growth
from engager.trials import chart as ch
from engager.trials import trial, trials
from engager.trials.chart import NOT_YET, Constants, blank
from engager.trials.clinic import assess, survive
from engager.trials.conduct import conduct, criteria
from engager.trials.enrol import enrol
from engager.trials.further_lines import SALVAGE, foot, next_line, on_line, simulated_lines, study_chart
from engager.trials.history import TABLES, history
from engager.trials.orders import orders
from engager.trials.shards import setup
from engager.trials.therapies import therapies

LINES = 3
AFTER = ("death_day", "death_cause", "os_time", "os_event", "further_lines", "further_response")
"""Columns of the patient table in which the two structures may differ: what comes after the first failure."""


def simulated(name, lines, patients, blocks):
    s = setup(trial(name), 1, overrides={"further_lines": lines})
    e = enrol(s.trial, s.low, s.values, 1, 0, range(patients))
    c = conduct(s.trial, s.low, s.values, e.entrant, blocks)
    return SimpleNamespace(setup=s, enrolled=e, courses=c, tables=history(s.trial, s.low, e, c, s.values, 50))


@pytest.fixture(scope="module")
def both():
    """The same patients of TOWER, with survival after failure put in and with salvage simulated."""
    return [simulated("TOWER", lines, 190, 3) for lines in (0, LINES)]


def same_but_for_what_comes_after(typed_in, laddered):
    a, b = typed_in.tables, laddered.tables
    assert a.patients.drop(AFTER).equals(b.patients.drop(AFTER))
    for name in TABLES:
        if name not in ("patients", "times_to_event"):
            assert getattr(a, name).equals(getattr(b, name)), name
    survival = pl.col("endpoint") == "overall_survival"
    assert a.times_to_event.filter(~survival).equals(b.times_to_event.filter(~survival))
    unfailed = pl.col("failure_day").is_null()
    own = [name for name in AFTER if not name.startswith("further")]
    assert a.patients.filter(unfailed).select(own).equals(b.patients.filter(unfailed).select(own))


def test_the_study_treatment_has_the_same_record_in_both_structures(both):
    same_but_for_what_comes_after(*both)
    assert both[0].tables.patients["further_lines"].is_null().all()


@pytest.mark.slow
@pytest.mark.parametrize("name", trials())
def test_no_trial_has_another_record_for_what_comes_after_failure(name):
    typed_in, laddered = (simulated(name, lines, 128, 2) for lines in (0, LINES))
    same_but_for_what_comes_after(typed_in, laddered)
    counts_add_up(laddered)


def counts_add_up(laddered):
    p = laddered.tables.patients
    ladder, delay = laddered.courses.ladder, laddered.setup.values["further_delay"]
    # the line begins on the first day after the wait, for who lives and is followed until then
    begins = (p["os_time"] > p["failure_day"] + int(delay)).fill_null(False)
    assert (p["further_lines"] > 0).equals(begins.rename("further_lines"))
    lines = p["further_lines"].to_numpy()
    assert np.all(lines <= ladder.line) and np.all(ladder.line <= lines + 1)
    assert p["further_response"].is_not_null().equals(begins.rename("further_response"))


def test_lines_begun_and_deaths_add_up(both):
    counts_add_up(both[1])
    p = both[1].tables.patients
    assert p["further_lines"].n_unique() == LINES + 1, "some fail never, others once, twice, three times"
    assert p["os_event"].equals(p["death_day"].is_not_null().rename("os_event"))
    later = p.filter(pl.col("death_day") > pl.col("failure_day"))
    assert (later["death_cause"] == "after failure").all() and len(later) > 50
    assert len(p.filter(pl.col("death_cause") == "after failure")) == len(later)
    assert p.filter(pl.col("os_time") > pl.col("follow_up")).is_empty()
    died = pl.col("os_event")
    alive = p.filter(pl.col("further_response").is_in(["CR", "CRh", "CRi"]), ~pl.col("os_event"))
    assert len(alive) > 0, "salvage saves some"
    assert (p.filter(died)["death_day"] == p.filter(died)["os_time"]).all()


@pytest.fixture(scope="module")
def person():
    """Ten patients of TOWER's chemotherapy arm in plain numpy, at their entry."""
    s = setup(trial("TOWER"), 1, overrides={"further_lines": LINES})
    e = enrol(s.trial, s.low, s.values, 1, 0, range(40))
    chosen = np.flatnonzero(e.arm == 1)[:10]
    pick = lambda x: np.asarray(x)[..., chosen] if np.ndim(x) else x  # noqa: E731
    parts = (getattr(e.entrant, name) for name in ("parameters", "start", "fate", "further"))
    parameters, start, fate, further = (type(part)(*map(pick, part)) for part in parts)
    return s, type(e.entrant)(parameters, start, pick(e.entrant.Lc), fate, further)


def fail(c, ladder, e, low, day):
    """Treatment fails on ``day``, in everybody."""
    c = c._replace(failed=np.full_like(c.failed, day), off=np.full_like(c.off, day))
    return next_line(c, ladder, e.start, on_line(e, ladder, np), low, np)


def test_who_fails_is_given_salvage_after_the_wait(person):
    s, e = person
    delay = int(s.values["further_delay"])
    c = blank(e.fate, np)._replace(pointer=np.full(10, 40), A=np.full(10, 0.25), disease_hazard=np.ones(10))
    ladder = foot(e, c, np)
    c, ladder = fail(c, ladder, e, s.low, 83)
    now = on_line(e, ladder, np)
    assert s.trial.regimens[-1] != SALVAGE and np.all(now.fate.regimen == len(s.trial.regimens))
    assert np.all(c.failed == NOT_YET) and np.all(c.off == NOT_YET) and np.all(c.pointer == 0)
    k = Constants(*(np.float64(s.values[name]) for name in Constants._fields))
    assert np.all(c.hold == delay) and not orders(c, now, s.low, k, 84, np)[0].running.any()
    others = dict.fromkeys(("Lo", "Lr", "Ln"), np.zeros(10))
    grown = e.start._replace(Ls=np.full(10, 0.6 * s.values["Nmarrow"]), **others)
    c, ladder = next_line(c._replace(hold=np.zeros(10, int)), ladder, grown, now, s.low, np)
    now = on_line(e, ladder, np)
    assert now.fate.b0 == pytest.approx(0.6), "progression is measured from the start of the line"
    _, given = orders(c, now, s.low, k, 84 + delay, np)
    course = next(t for t in therapies() if t.drug == "chemotherapy")
    assert np.allclose(given.A, 0.25 + s.values[course.parameter]), "added to what is left in the body"
    assert np.array_equal(given.log_kill, e.further.log_kill[0])
    assert np.all(given.disease_hazard == 1), "one person: hazards go on"
    assert np.all(study_chart(c, ladder).failed == 83), "the study knows the first failure"


def test_each_line_has_its_own_draws_and_after_the_last_nothing_is_given(person):
    s, e = person
    c = blank(e.fate, np)
    ladder = foot(e, c, np)
    assert on_line(e, ladder, np).parameters.r == pytest.approx(e.parameters.r)
    for line in range(LINES):
        c, ladder = fail(c, ladder, e, s.low, 80 + line)
        now = on_line(e, ladder, np)
        assert np.array_equal(now.parameters.r, e.further.r[line])
        assert np.array_equal(now.Lc, e.further.Lc[line])
        assert np.array_equal(now.fate.visit_day, e.further.visit_day[line])
    c, ladder = fail(c, ladder, e, s.low, 90)
    now = on_line(e, ladder, np)
    k = Constants(*(np.float64(s.values[name]) for name in Constants._fields))
    o, given = orders(c, now, s.low, k, 91, np)
    assert not o.running.any() and np.array_equal(given.A, c.A)
    assert np.all(ladder.line == LINES + 1) and np.all(study_chart(c, ladder).failed == 80)


def test_who_was_transplanted_before_is_not_again_and_who_was_not_may_be(person):
    s, e = person
    e = e._replace(fate=e.fate._replace(transplant_delay=np.full(10, 40)))
    c = blank(e.fate, np)
    grafted = c._replace(transplanted=np.where(np.arange(10) < 5, 60, NOT_YET))
    c, ladder = fail(grafted, foot(e, c, np), e, s.low, 200)
    now = on_line(e, ladder, np).fate.transplant_delay
    assert np.all(now[:5] == NOT_YET) and np.all(now[5:] == 40)
    assert np.all(c.transplanted == NOT_YET), "a graft before the line does not keep it from its plan"
    assert np.array_equal(study_chart(c, ladder).transplanted, grafted.transplanted)


def test_disease_outside_the_marrow_is_no_remission_later_and_kills(person):
    """Within the study an extramedullary relapse ends what is followed; in a further line it goes on."""
    s, e = person
    k = Constants(*(np.float64(s.values[name]) for name in Constants._fields))
    clear = e.start._replace(
        Ls=np.zeros(10), Lr=np.zeros(10), Ln=np.zeros(10), N=np.full(10, 2.0), Pl=np.full(10, 150.0)
    )
    outside = clear._replace(Lx=np.full(10, s.values["Kx"]))
    c, ladder = fail(blank(e.fate, np), foot(e, blank(e.fate, np), np), e, s.low, 83)
    now = on_line(e, ladder, np)
    best, hazard = {}, {}
    for name, who, y in (
        ("study", e, outside), ("later", now, outside), ("later, clear", now, clear)
    ):  # fmt: skip
        due = c._replace(pointer=who.fate.visit_day[0], hold=np.zeros(10, int))
        o, due = orders(due, who, s.low, k, 200, np)
        best[name] = assess(due, y, o, who, s.low, criteria(s.trial), k, 200, np)[0].best
        hazard[name] = survive(due, y, o, who, k, 200, np).disease_hazard
    assert np.all(best["study"] == 3) and np.all(best["later"] == 0) and np.all(best["later, clear"] == 3)
    assert np.all(hazard["study"] == 0) and np.all(hazard["later, clear"] == 0)
    assert hazard["later"] == pytest.approx(s.values["hdis"]), "as a marrow that is full"


def test_deaths_before_failure_keep_their_cause(person):
    s, e = person
    c = blank(e.fate, np)
    dead = c._replace(died=np.full(10, 70), cause=np.full(10, ch.OF_DISEASE))
    c, ladder = fail(dead, foot(e, c, np), e, s.low, 70)
    assert np.all(ladder.line == 0), "the dead are not treated"
    assert np.all(study_chart(c, ladder).cause == ch.OF_DISEASE)


def test_blasts_grow_faster_and_fewer_are_sensitive_line_by_line():
    s = setup(trial("TOWER"), 1, overrides={"further_lines": LINES})
    e = enrol(s.trial, s.low, s.values, 1, 0, range(20_000))
    further, v, first = e.entrant.further, s.values, e.patients.line == 1
    assert np.all(further.r[0] >= e.entrant.parameters.r) and np.all(np.diff(further.Lc, axis=0) <= 0)
    assert np.array_equal(further.r[1], further.r[2]), "later than third counts as third"
    # a kill above what resistant blasts reach; half the spread of the sensitive lies above their median
    sensitive = 2 * np.mean(further.log_kill[:, first] > v["lks"], axis=1) / v["qs"]
    assert sensitive == pytest.approx([v["qs_2"], v["qs_3"], v["qs_3"]], abs=0.06)
    pairs = np.corrcoef(np.vstack([e.entrant.fate.log_kill[first], further.log_kill[:, first]]))
    assert np.all(np.abs(pairs[~np.eye(4, dtype=bool)]) < 0.05), "each line is another chance"


@pytest.mark.parametrize(("name", "exposure"), [("MT103-202", "x_salvage_1"), ("HCVAD-BLINA", "x_salvage_1")])
def test_after_first_remission_comes_first_salvage(name, exposure):
    s = setup(trial(name), 1, overrides={"further_lines": 1})
    e = enrol(s.trial, s.low, s.values, 1, 0, range(50))
    first = e.patients.line == 1
    expected = growth(e.patients.values, np.full(50, s.values[exposure]))
    assert e.entrant.further.r[0, first] == pytest.approx(expected[first])


@pytest.mark.parametrize("number", [-1, 2.5, 10])
def test_a_number_of_lines_that_cannot_be_is_refused(number):
    with pytest.raises(DocumentError, match=r"further_lines .* whole number from 0"):
        setup(trial("TOWER"), 1, overrides={"further_lines": number})
    assert simulated_lines({"further_lines": 2.0}) == 2
