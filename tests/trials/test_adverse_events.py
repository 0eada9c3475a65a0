"""Adverse events as rows: cytopenias from the counts of each day, veno-occlusive disease, cycles received."""

from types import SimpleNamespace

import numpy as np
import polars as pl

from engager.trials.adverse_events import adverse_events, cycles_given, with_grades
from engager.trials.chart import NOT_YET


def course(tower, **changed):
    """The shared course with counts, chart or record replaced for every patient."""
    c = tower.courses
    healthy = {"anc": np.full_like(c.daily.anc, 4.0), "platelets": np.full_like(c.daily.platelets, 200.0)}
    never = np.full_like(c.chart.off, NOT_YET)
    chart = {"off": never, "vod": never, **changed.pop("chart", {})}
    return c._replace(daily=c.daily._replace(**{**healthy, **changed}), chart=c.chart._replace(**chart))


def events(tower, c, name):
    s, e = tower.setup, tower.enrolled
    follow = e.follow_up.astype(np.int64)
    return adverse_events(s.trial, s.low, e, c, follow, s.values).filter(pl.col("event") == name)


def treated_days(tower, patient, cycle):
    """Days (from 0) of a patient's cycle as the plan counts them."""
    low, c, e = tower.setup.low, tower.courses, tower.enrolled
    studied = np.asarray(c.daily.studied)[:, patient] > 0
    regimen = int(e.entrant.fate.regimen[patient])
    return np.flatnonzero((low.plan.cycle[regimen, c.daily.plan_day[:, patient]] == cycle) & studied)


def one_with_two_cycles(tower):
    return next(
        i for i in range(500) if min(len(treated_days(tower, i, 1)), len(treated_days(tower, i, 2))) > 5
    )


def test_a_cytopenia_is_one_row_per_cycle_with_its_worst_grade(tower):
    i = one_with_two_cycles(tower)
    anc = np.full_like(tower.courses.daily.anc, 4.0)
    first, second = treated_days(tower, i, 1), treated_days(tower, i, 2)
    anc[first[1], i], anc[first[3], i], anc[first[4], i] = 0.9, 0.4, 0.3
    anc[second[0], i], anc[second[1], i] = 0.99, 1.0
    rows = events(tower, course(tower, anc=anc), "neutropenia")
    assert rows["patient"].to_list() == [i, i]
    assert rows.select("day", "cycle", "grade").rows() == [(first[3] + 1, 1, 4), (second[0] + 1, 2, 3)]


def test_platelets_have_limits_of_their_own(tower):
    i = one_with_two_cycles(tower)
    first, second = treated_days(tower, i, 1), treated_days(tower, i, 2)
    platelets = np.full_like(tower.courses.daily.platelets, 200.0)
    platelets[first[0], i], platelets[second[0], i] = 49.0, 24.0
    assert events(tower, course(tower, platelets=platelets), "thrombocytopenia")["grade"].to_list() == [3, 4]


def test_counts_after_the_end_of_treatment_are_no_adverse_event(tower):
    i = one_with_two_cycles(tower)
    first = treated_days(tower, i, 1)
    anc = np.full_like(tower.courses.daily.anc, 4.0)
    anc[first[4], i] = 0.1
    off = np.full_like(tower.courses.chart.off, NOT_YET)
    off[i] = first[3]
    assert events(tower, course(tower, anc=anc, chart={"off": off}), "neutropenia").is_empty()
    off[i] = first[4]
    assert len(events(tower, course(tower, anc=anc, chart={"off": off}), "neutropenia")) == 1


def test_veno_occlusive_disease_has_no_grade_unless_it_kills(tower):
    e = tower.enrolled
    fatal = np.zeros_like(e.entrant.fate.vod_fatal)
    fatal[4] = 1.0
    fate = e.entrant.fate._replace(vod_fatal=fatal)
    marked = SimpleNamespace(**vars(tower) | {"enrolled": _with(e, fate)})
    vod = np.full_like(tower.courses.chart.vod, NOT_YET)
    vod[[3, 4]] = 10
    rows = events(marked, course(tower, chart={"vod": vod}), "veno-occlusive disease")
    assert rows.select("patient", "day", "grade").rows() == [(3, 11, None), (4, 11, 5)]


def _with(e, fate):
    from dataclasses import replace

    return replace(e, entrant=e.entrant._replace(fate=fate))


def test_cycles_received_are_those_with_drug(tower):
    e, c = tower.enrolled, tower.courses
    given = cycles_given(tower.setup.low, e, c, e.follow_up.astype(np.int64))
    ledger = tower.tables.ledger.filter(pl.col("delivered") > 0, pl.col("drug") == "blinatumomab")
    treated = np.isin(np.arange(500), ledger["patient"].unique())
    assert ((given > 0) == treated).all()
    i = one_with_two_cycles(tower)
    delivered = np.zeros_like(c.daily.delivered)
    delivered[treated_days(tower, i, 2)[:2], i] = 28.0
    again = cycles_given(tower.setup.low, e, course(tower, delivered=delivered), e.follow_up.astype(np.int64))
    assert again[i] == 1 and again.sum() == 1


def test_the_highest_grade_of_each_event_joins_the_patients():
    patients = pl.DataFrame({"replicate": [0, 0], "patient": [0, 1]})
    rows = pl.DataFrame(
        {
            "replicate": [0, 0, 0],
            "patient": [1, 1, 1],
            "event": ["neutropenia", "neutropenia", "veno-occlusive disease"],
            "grade": [3, 4, None],
        }
    )
    graded = with_grades(patients, rows)
    assert graded["neutropenia_grade"].to_list() == [0, 4]
    assert graded["crs_grade"].to_list() == [0, 0]


def test_a_fatal_infection_is_an_event_of_grade_five_on_the_day_of_death(tower):
    rows = tower.tables.adverse_events.filter(pl.col("event") == "infection")
    died = tower.tables.patients.filter(pl.col("death_cause") == "infection")
    assert len(rows) > 0 and (rows["grade"] == 5).all() and (rows["cycle"] >= 1).all()
    assert rows.select("patient", "day").rows() == died.select("patient", "death_day").rows()
