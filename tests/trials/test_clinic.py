"""Each hazard and rule of the clinic, on a chart written by hand (plain numpy, no compiled program)."""

import numpy as np
import pytest

from engager.model import alone
from engager.patients import values
from engager.trials import chart as ch
from engager.trials import clinic, trial
from engager.trials.chart import NOT_YET, Constants, blank
from engager.trials.clinic import assess, drop_out, relapse, to_transplant
from engager.trials.conduct import criteria
from engager.trials.enrol import enrol
from engager.trials.orders import Orders
from engager.trials.shards import setup

V = values()
K = Constants(*(np.float64(V[name]) for name in Constants._fields))
BIG = 1e30


@pytest.fixture(scope="module")
def one():
    """One TOWER patient on blinatumomab whom nothing kills, with the lowered regimens."""
    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(40))
    i = int(np.flatnonzero((e.arm == 0) & (e.patients.line == 1) & (e.patients.age < 40))[0])
    pick = lambda x: np.asarray(x)[..., i : i + 1] if np.ndim(x) else x  # noqa: E731
    entrant = type(e.entrant)(
        type(e.entrant.parameters)(*map(pick, e.entrant.parameters)),
        type(e.entrant.start)(*map(pick, e.entrant.start)),
        pick(e.entrant.Lc),
        type(e.entrant.fate)(*map(pick, e.entrant.fate)),
    )
    immortal = dict.fromkeys(("disease", "infection", "chemo", "remission_death", "dropout"), np.full(1, BIG))
    fate = entrant.fate._replace(**immortal, failure_time=np.full(1, BIG), failure_time_hsct=np.full(1, BIG))
    return s, entrant._replace(fate=fate._replace(nrm_time=np.full(1, BIG)))


def with_blasts(e, share, **others):
    y = e.start._replace(
        Ls=np.full(1, share * V["Nmarrow"]), Lo=np.zeros(1), Lr=np.zeros(1), Ln=np.zeros(1), Lx=np.zeros(1)
    )
    return y._replace(**{name: np.full(1, float(x)) for name, x in others.items()})


def chart(e, **changes):
    c = blank(e.fate, np)
    return c._replace(**{name: np.full_like(getattr(c, name), value) for name, value in changes.items()})


def changed_fate(e, **changes):
    return e._replace(
        fate=e.fate._replace(**{name: np.full_like(getattr(e.fate, name), x) for name, x in changes.items()})
    )


def test_disease_kills_in_proportion_to_blasts_to_the_power_one_and_a_half(one):
    _, e = one
    c = survive(chart(e), with_blasts(e, 0.64, N=2.0), e, K, 5, np)
    assert c.disease_hazard[0] == pytest.approx(V["hdis"] * 0.64**1.5)
    assert survive(chart(e), with_blasts(e, 0.009, N=2.0), e, K, 5, np).disease_hazard[0] == 0
    dead = survive(chart(e), with_blasts(e, 0.64, N=2.0), changed_fate(e, disease=0.002), K, 5, np)
    assert (dead.died[0], ch.CAUSES[dead.cause[0]]) == (5, "disease")


def test_infection_kills_below_half_a_neutrophil(one):
    _, e = one
    low = survive(chart(e), with_blasts(e, 0, N=0.49), e, K, 5, np)
    assert low.infection_hazard[0] == pytest.approx(V["hinf"] * e.fate.age[0])
    assert survive(chart(e), with_blasts(e, 0, N=0.51), e, K, 5, np).infection_hazard[0] == 0


def test_chemotherapy_kills_with_the_square_of_its_intensity(one):
    _, e = one
    given = {"chemo_given": 1, "A": 0.5}
    full = survive(chart(e, **given, intensity=1.0), with_blasts(e, 0, N=2), e, K, 5, np)
    half = survive(chart(e, **given, intensity=0.5), with_blasts(e, 0, N=2), e, K, 5, np)
    assert full.chemo_hazard[0] == pytest.approx(V["chem_hit"] * V["hchem"] * e.fate.chemo_age[0])
    assert half.chemo_hazard[0] == pytest.approx(full.chemo_hazard[0] / 4)
    gone = survive(chart(e, chemo_given=1, A=0.01, intensity=1.0), with_blasts(e, 0, N=2), e, K, 5, np)
    assert gone.chemo_hazard[0] == 0


def test_death_in_remission_is_of_the_young_rarer_and_ends_with_failure(one):
    _, e = one
    c = survive(chart(e, responded=1), with_blasts(e, 0, N=2), e, K, 5, np)
    assert c.remission_hazard[0] == pytest.approx(V["hrem"] * V["rem_young"])
    failed = survive(chart(e, failed=4), with_blasts(e, 0, N=2), e, K, 5, np)
    assert failed.remission_hazard[0] == 0
    mortal = changed_fate(e, remission_death=1e-6)
    for responded, cause in ((1, "in remission"), (NOT_YET, "other")):
        dead = survive(chart(mortal, responded=responded), with_blasts(mortal, 0, N=2), mortal, K, 5, np)
        assert ch.CAUSES[dead.cause[0]] == cause


def test_after_failure_death_comes_at_its_drawn_time(one):
    _, e = one
    e = changed_fate(e, failure_time=30.0, failure_time_hsct=12.0)
    y = with_blasts(e, 0.5, N=2)
    assert survive(chart(e, failed=10), y, e, K, 39, np).died[0] == NOT_YET
    assert survive(chart(e, failed=10), y, e, K, 40, np).died[0] == 40
    assert survive(chart(e, failed=10, transplanted=5), y, e, K, 22, np).died[0] == 22


def test_non_relapse_death_needs_a_transplant_and_no_relapse(one):
    _, e = one
    e = changed_fate(e, nrm_time=20.0)
    y = with_blasts(e, 0, N=2)
    assert survive(chart(e, responded=1, transplanted=50), y, e, K, 69, np).died[0] == NOT_YET
    dead = survive(chart(e, responded=1, transplanted=50), y, e, K, 70, np)
    assert (dead.died[0], ch.CAUSES[dead.cause[0]]) == (70, "non-relapse after transplant")
    assert survive(chart(e, responded=1, transplanted=50, failed=60), y, e, K, 70, np).died[0] == NOT_YET


@pytest.mark.parametrize(
    ("clones", "kind"),
    [
        ({"Ls": 6e10, "Ln": 1e9}, "CD19-positive"),
        ({"Lr": 6e10, "Ln": 1e9}, "CD19-positive"),
        ({"Ls": 1e9, "Ln": 6e10}, "CD19-negative"),
        ({"Ls": 1e9, "Lx": 2e10}, "extramedullary"),
    ],
)
def test_relapse_is_typed_by_the_largest_clone(one, clones, kind):
    s, e = one
    y = with_blasts(e, 0, **clones)
    c = relapse(chart(e, responded=10), y, np.zeros(1), e, s.low, K, 80, np)
    assert (c.relapsed[0], ch.RELAPSES[c.relapse_type[0]]) == (80, kind)
    assert ch.OFF_REASONS[c.off_reason[0]] == "relapse" and c.failed[0] == 80


def test_relapse_needs_a_remission_growth_and_another_look(one):
    s, e = one
    y = with_blasts(e, 0.06)
    none = np.zeros(1)
    assert relapse(chart(e), y, none, e, s.low, K, 80, np).relapsed[0] == NOT_YET
    assert relapse(chart(e, responded=10), y, np.full(1, 0.07), e, s.low, K, 80, np).relapsed[0] == NOT_YET
    assert relapse(chart(e, responded=10), y, none, e, s.low, K, 37, np).relapsed[0] == NOT_YET
    assert relapse(chart(e, responded=10), y, none, e, s.low, K, 38, np).relapsed[0] == 38


def orders_at(e, plan_day, rate=28.0):
    ones = np.ones(1, bool)
    return Orders(
        np.full(1, rate),
        np.full(1, rate),
        np.zeros(1),
        ones,
        np.zeros(1),
        ~ones,
        np.full(1, plan_day),
        alone(np.zeros(1), np),
        np.zeros(1),
    )


def survive(c, y, e, k, day, xp):
    return clinic.survive(c, y, orders_at(e, 0), e, k, day, xp)


def assessed(one, share, day, visit, **changes):
    s, e = one
    e = changed_fate(e, aspirate=0.0)
    plan_day = int(e.fate.visit_day[visit, 0])
    y = with_blasts(e, share, **{"N": 2, "Pl": 150, **changes})
    c = chart(e, next_visit=visit)
    return assess(c, y, orders_at(e, plan_day), e, s.low, criteria(s.trial), K, day, np)[0]


@pytest.mark.parametrize(
    ("share", "N", "Pl", "response"),
    [
        (0.049, 1.01, 101, "CR"),
        (0.051, 1.01, 101, "none"),
        (0.01, 0.99, 101, "CRh"),
        (0.01, 1.01, 99, "CRh"),
        (0.01, 0.49, 101, "CRi"),
        (0.01, 1.01, 49, "CRi"),
        (0.01, 0.49, 49, "none"),
    ],
)
def test_response_is_read_by_blasts_and_counts(one, share, N, Pl, response):
    c = assessed(one, share, 28, 0, N=N, Pl=Pl)
    assert ch.RESPONSES[c.best[0]] == response
    assert (c.responded[0] == 28) == (response != "none")


def test_a_response_counts_within_twelve_weeks(one):
    assert assessed(one, 0.01, 83, 3).early[0] == 3
    late = assessed(one, 0.01, 84, 3)
    assert late.early[0] == 0 and late.best[0] == 3


def test_no_response_after_two_cycles_is_failure(one):
    first = assessed(one, 0.5, 41, 1)
    assert first.failed[0] == NOT_YET
    second = assessed(one, 0.5, 83, 3)
    assert second.failed[0] == 83 and ch.OFF_REASONS[second.off_reason[0]] == "no response"


def test_progression_is_a_full_marrow_that_has_grown_by_a_third(one):
    s, e = one
    grown = (s, changed_fate(e, b0=0.7))
    assert ch.OFF_REASONS[assessed(grown, 0.95, 41, 1).off_reason[0]] == "progression"
    assert assessed((s, changed_fate(e, b0=0.8)), 0.95, 41, 1).failed[0] == NOT_YET
    assert assessed(grown, 0.89, 41, 1).failed[0] == NOT_YET
    assert assessed(grown, 0.95, 28, 0).failed[0] == NOT_YET  # in mid-cycle nothing is decided


def test_drop_out_is_on_infusion_in_remission_from_the_second_cycle(one):
    s, e = one
    e = changed_fate(e, dropout=1e-9)
    off = lambda c, day, rate=28.0: drop_out(c, orders_at(e, day, rate), s.low, e, K, day, np).off[0]  # noqa: E731
    assert off(chart(e, responded=28), 45) == 45
    assert off(chart(e, responded=28), 41) == NOT_YET
    assert off(chart(e), 45) == NOT_YET
    assert off(chart(e, responded=28), 45, 0.0) == NOT_YET


def test_transplant_kills_logs_and_needs_a_standing_remission(one):
    _, e = one
    e = changed_fate(e, transplant_delay=50, lkh=3.0)
    y = with_blasts(e, 1e-3, Lx=1e8, Am=1e9)
    c, after = to_transplant(chart(e, responded=28), y, e, 78, np)
    assert c.transplanted[0] == 78 and ch.OFF_REASONS[c.off_reason[0]] == "transplant"
    assert after.Ls[0] == pytest.approx(y.Ls[0] * 1e-3)
    assert after.Lx[0] == pytest.approx(1e8 * 10 ** (-0.7 * 3)) and after.Am[0] == pytest.approx(1e8)
    assert to_transplant(chart(e, responded=28), y, e, 77, np)[0].transplanted[0] == NOT_YET
    assert to_transplant(chart(e, responded=28, relapsed=60), y, e, 78, np)[0].transplanted[0] == NOT_YET


def test_who_enters_in_remission_responds_by_residual_disease_and_does_not_fail_without():
    s = setup(trial("MT103-202"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(1)).entrant
    e = changed_fate(e, aspirate=0.0)
    outcomes = {}
    for share in (0.9e-4, 1.1e-4):
        c = chart(e, next_visit=3)
        o = orders_at(e, int(e.fate.visit_day[3, 0]))
        y = with_blasts(e, share, N=2, Pl=150)
        outcomes[share] = assess(c, y, o, e, s.low, criteria(s.trial), K, 83, np)[0]
    assert outcomes[0.9e-4].responded[0] == 83 and outcomes[0.9e-4].off[0] == NOT_YET
    assert outcomes[1.1e-4].responded[0] == NOT_YET and outcomes[1.1e-4].failed[0] == NOT_YET
    assert ch.OFF_REASONS[outcomes[1.1e-4].off_reason[0]] == "no response"


def veno_occlusive(e, **given):
    return clinic.veno_occlusive(chart(e, **given), e, K, 100, np)


def test_veno_occlusive_disease_follows_exposure_and_an_early_transplant(one):
    _, e = one
    limit = changed_fate(e, vod_threshold=K.bvod * 2.0, vod_fatal=0.0)
    assert veno_occlusive(limit, ino_day=90, ino_auc=2.1).vod[0] == 100
    assert veno_occlusive(limit, ino_day=90, ino_auc=1.9).vod[0] == NOT_YET
    assert veno_occlusive(limit, ino_day=90, ino_auc=1.9, transplanted=95).vod[0] == 100
    assert veno_occlusive(limit, ino_day=1, ino_auc=1.9, transplanted=95).vod[0] == NOT_YET, "too late"
    assert veno_occlusive(limit, ino_auc=2.1).vod[0] == NOT_YET, "never given inotuzumab"
    fatal = veno_occlusive(changed_fate(limit, vod_fatal=1.0), ino_day=90, ino_auc=2.1)
    assert fatal.died[0] == 100 and ch.CAUSES[int(fatal.cause[0])] == "veno-occlusive disease"
