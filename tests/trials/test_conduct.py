"""The day loop answers events as the regimen says: patients whose fate is set by hand."""

import numpy as np
import pytest

from engager.trials.chart import FAULTS, NOT_FINITE, NOT_YET, OFF_REASONS, OVERGROWN
from engager.trials.conduct import conduct
from engager.trials.history import history

NEVER = 1e30


def with_fate(tower, **changes):
    """TOWER's patients on blinatumomab, with the same fate for all where ``changes`` say so."""
    e = tower.enrolled
    chosen = np.flatnonzero(e.arm == 0)[:100]
    fate = e.entrant.fate
    take = lambda x: np.asarray(x)[..., chosen]  # noqa: E731
    fate = type(fate)(*(take(x) for x in fate))
    calm = {
        "crs_threshold": np.full_like(fate.crs_threshold, NEVER),
        "ne_threshold": np.full_like(fate.ne_threshold, NEVER),
        "transplant_delay": np.full_like(fate.transplant_delay, NOT_YET),
        "disease": np.full_like(fate.disease, NEVER), "infection": np.full_like(fate.infection, NEVER),
        "remission_death": np.full_like(fate.disease, NEVER), "crs_fatal": 0 * fate.crs_fatal,
        "ne_fatal": 0 * fate.ne_fatal, "dropout": np.full_like(fate.dropout, NEVER),
    }  # fmt: skip
    for name, value in {**calm, **changes}.items():
        like = getattr(fate, name)
        column = np.reshape(value, (-1, 1)) if np.ndim(value) == 1 and np.ndim(like) == 2 else value
        fate = fate._replace(**{name: np.array(np.broadcast_to(column, like.shape))})
    parameters = type(e.entrant.parameters)(*(take(x) if np.ndim(x) else x for x in e.entrant.parameters))
    start = type(e.entrant.start)(*map(take, e.entrant.start))
    entrant = e.entrant._replace(parameters=parameters, start=start, Lc=take(e.entrant.Lc), fate=fate)
    s = tower.setup
    return conduct(s.trial, s.low, s.values, entrant, 8)


def test_undisturbed_the_first_cycle_is_given_as_written(tower):
    c = with_fate(tower)
    rate = c.daily.rate[:84]
    on = c.daily.running[:84]
    planned = np.repeat([9.0, 28.0, 0.0, 28.0, 0.0], [7, 21, 14, 28, 14])[:, None]
    assert np.array_equal(rate[on], np.broadcast_to(planned, rate.shape)[on])
    assert on[:28].all()
    assert np.allclose(c.daily.delivered[:28], rate[:28], rtol=1e-5)


def test_first_severe_crs_holds_seven_days_then_seven_at_the_step_dose(tower):
    """IL-6 passes the threshold of the second window (day 8, 28 µg/day) at once; the third never."""
    c = with_fate(tower, crs_threshold=np.array([NEVER, 0.0, NEVER, NEVER]))
    rate, delivered = c.daily.rate, c.daily.delivered
    assert np.all(rate[7] == 28) and np.all(delivered[7] < 1.0)  # the pump stops within the first steps
    assert np.all(rate[8:15] == 0) and not c.daily.running[8:15].any()
    assert np.all(rate[15:22] == 9)
    assert np.all(rate[22:29] == 28)
    assert np.all(c.daily.plan_day[15] == 8)  # the hold stopped the pointer
    assert np.all(c.chart.severe_day[1] == 7) and np.all(c.chart.crs == 1)


@pytest.mark.parametrize(("cells", "reason"), [(np.nan, NOT_FINITE), (1e13, OVERGROWN)])
def test_a_patient_who_cannot_be_computed_is_marked_and_disturbs_nobody(tower, cells, reason):
    e, s = tower.enrolled, tower.setup
    blasts = np.array(e.entrant.start.Ls)
    blasts[3] = cells
    broken = e.entrant._replace(start=e.entrant.start._replace(Ls=blasts))
    c = conduct(s.trial, s.low, s.values, broken, 8)
    assert c.chart.broken[3] == 0 and OFF_REASONS[c.chart.off_reason[3]] == "integration failed"
    others = np.arange(len(e.arm)) != 3
    assert np.all(c.chart.broken[others] == NOT_YET)
    assert np.array_equal(c.daily.blasts[:, others], tower.courses.daily.blasts[:, others])
    tables = history(s.trial, s.low, e, c, s.values, 0)
    assert tables.patients["status"].to_list().count("failed") == 1
    assert tables.patients["failed_on"][3] == 1
    [kept] = tables.failures.to_dicts()
    assert (kept["patient"], kept["failed_on"], kept["reason"]) == (3, 1, FAULTS[reason])
    for name, start in (
        e.entrant.start._replace(Ls=blasts)._asdict().items()
    ):  # entry was the last good midnight
        assert np.array_equal(kept[name], np.float32(start[3]), equal_nan=True), name


def test_second_severe_crs_ends_the_drug_for_good(tower):
    c = with_fate(tower, crs_threshold=np.array([0.0, 0.0, NEVER, NEVER]))
    assert np.all(c.chart.crs == 2)
    stopped = c.chart.off
    assert np.all(np.array(OFF_REASONS)[c.chart.off_reason] == "CRS")
    assert np.all(stopped == stopped[0]) and stopped[0] < 30
    assert not c.daily.rate[stopped[0] + 1 :].any()


def test_concentration_falls_with_the_half_life_once_the_pump_stops(tower):
    c = with_fate(tower, crs_threshold=np.array([NEVER, 0.0, NEVER, NEVER]))
    p = tower.enrolled.entrant.parameters
    chosen = np.flatnonzero(tower.enrolled.arm == 0)[:100]
    CL, V = np.asarray(p.CL)[chosen], np.asarray(p.V)[chosen]
    night, morning = c.quarters.C[8, 0], c.quarters.C[8, 1]
    slow = (CL / V < 12) & (morning > 1e-5)  # the fastest leave nothing to measure
    assert np.allclose((morning / night)[slow], np.exp(-CL / V * 0.25)[slow], rtol=2e-3)


def test_neurologic_event_holds_ten_days_or_stops_by_the_patients_luck(tower):
    goes_on = with_fate(tower, ne_threshold=np.array([1e-6, NEVER]), ne_luck=0.1)
    stops = with_fate(tower, ne_threshold=np.array([1e-6, NEVER]), ne_luck=0.9)
    day = goes_on.chart.ne_day[0]
    assert np.array_equal(day, stops.chart.ne_day[0]) and np.all(day < 5)
    for i in range(len(day)):
        assert not goes_on.daily.rate[day[i] + 1 : day[i] + 11, i].any()
        assert goes_on.daily.rate[day[i] + 11, i] == 9
        assert not stops.daily.rate[day[i] + 1 :, i].any()
    assert np.all(np.array(OFF_REASONS)[stops.chart.off_reason] == "neurologic event")


def test_a_fatal_event_kills_on_its_day(tower):
    c = with_fate(
        tower, crs_threshold=np.array([0.0, NEVER, NEVER, NEVER]), crs_fatal=np.array([1.0, 0, 0, 0])
    )
    assert np.all(c.chart.died == 0)
    assert not c.daily.rate[1:].any()


def test_transplant_comes_after_its_delay_in_remission_only(tower):
    c = with_fate(tower, transplant_delay=50)
    gone = c.chart.transplanted < NOT_YET
    assert gone.any()
    assert np.all(c.chart.transplanted[gone] == c.chart.responded[gone] + 50)
    assert np.all(c.chart.responded[gone] < NOT_YET)
    assert np.all(c.chart.relapsed[gone] > c.chart.transplanted[gone])


def test_nobody_without_response_is_treated_beyond_two_cycles(tower):
    c = with_fate(tower)
    without = c.chart.best == 0
    last = np.where(c.daily.rate[:, without].any(1))[0].max()
    assert last < 84


def test_death_from_disease_waits_for_the_patients_own_threshold(tower):
    early, late = (with_fate(tower, disease=x) for x in (0.01, 0.2))
    dead = early.chart.died < NOT_YET
    assert dead.any()
    both = dead & (late.chart.cause == 1)
    assert np.all(early.chart.died[both] <= late.chart.died[both])


@pytest.mark.parametrize("name", ["blasts", "anc", "platelets", "t_cells", "b_cells"])
def test_what_is_recorded_is_finite_and_not_negative(tower, name):
    values = getattr(tower.courses.daily, name)
    assert np.isfinite(values).all() and (values >= 0).all()
