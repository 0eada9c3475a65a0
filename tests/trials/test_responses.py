"""Responses within any window, and every yes-or-no endpoint, on tables written by hand."""

import numpy as np
import polars as pl
import pytest
from tests.tables import marrow, patients, tables

from engager.evidence import Result, Time
from engager.regimens import Cycle, Infusion, Regimen, regimen
from engager.trials import NotSimulated, measured, trial
from engager.trials.marrow import engager_cycles
from engager.trials.responses import EVENTS, MARROW, best, own_window, window
from engager.vocabulary import endpoints, quantity

TOWER = trial("TOWER")
MRD = trial("MT103-202")


def row(endpoint, statistic="proportion", **cells):
    return Result(
        **{"study": "S", "arm": "blinatumomab", "endpoint": endpoint, "statistic": statistic, **cells}
    )


def value(people, looks, endpoint, of=TOWER, **cells):
    (found,) = measured(of, tables(people, looks), row(endpoint, **cells))
    return found


def within(number, unit):
    return Time(value=number, unit=unit, of="cycles" if unit == "cycles" else "window")


# four patients: CRh on day 29 and CR on day 80; CRi on day 40; blasts of 20 %; never examined
LOOKS = marrow(
    [0, 0, 1, 2],
    [29, 80, 40, 29],
    response=["CRh", "CR", "CRi", "none"],
    remission=[True, True, True, False],
    mrd=[5e-4, 0.0, 9e-5, 0.2],
    blasts=[0.01, 0.001, 0.049, 0.2],
    engager_cycle=[1, 2, 1, 1],
    cycle=[1, 2, 1, 1],
)
PEOPLE = patients(4)


@pytest.mark.parametrize(
    ("endpoint", "early", "late"),
    [
        ("complete_remission", 0, 1),
        ("crh", 1, 0),
        ("cri", 1, 1),
        ("remission_crh", 1, 1),
        ("remission_crh_cri", 2, 2),
        ("remission_cri", 2, 2),
        ("remission_cri_crp", 2, 2),
        ("complete_haematologic_response", 0, 1),
        ("overall_response", 2, 2),
        ("mrd_negative_remission", 0, 1),
    ],
)
def test_a_response_is_the_best_within_the_printed_window(endpoint, early, late):
    for time in (within(6, "weeks"), within(1, "cycles"), within(42, "days")):
        assert value(PEOPLE, LOOKS, endpoint, time=time) == early / 4
    for time in (within(12, "weeks"), within(2, "cycles"), within(3, "months")):
        assert value(PEOPLE, LOOKS, endpoint, time=time) == late / 4


def test_residual_disease_is_counted_among_the_responders_of_the_trials_own_window():
    people = patients(response=["CR", "CRi", "none", "CRh"])
    assert value(people, LOOKS, "mrd_response", time=within(6, "weeks")) == 1 / 3
    assert value(people, LOOKS, "mrd_response", time=within(12, "weeks")) == 2 / 3
    assert value(people, LOOKS, "complete_mrd_response", time=within(12, "weeks")) == 1 / 3
    assert (
        value(people, LOOKS, "mrd_response", time=within(12, "weeks"), population="CR/CRh responders")
        == 1 / 2
    )


def test_early_responses_are_shares_of_all_that_came_in_the_end():
    # one patient's came in the second cycle; the row need not say what the endpoint means
    early = {"time": within(1, "cycles"), "population": "MRD responders"}
    assert value(PEOPLE, LOOKS, "early_mrd_response", **early) == 1 / 2
    assert value(PEOPLE, LOOKS, "early_mrd_response") == 1 / 2


def test_a_share_of_nobody_knows_whom_is_not_simulated():
    with pytest.raises(NotSimulated, match="the source does not say in whom"):
        value(PEOPLE, LOOKS, "mrd_response", population="not said")


def test_molecular_and_cytogenetic_responses_are_of_ph_positive_patients():
    people = patients(ph=[True, True, True, False])
    time = within(12, "weeks")
    lag = LOOKS.with_columns(transcripts=pl.Series([5e-4, 9e-5, 2e-3, 0.2]))  # of the blasts none are left
    assert value(people, lag, "molecular_response", time=time) == 1 / 3
    assert value(people, lag, "complete_molecular_response", time=time) == 0
    gone = LOOKS.with_columns(transcripts=pl.Series([5e-4, 0.0, 9e-5, 0.2]))
    assert value(people, gone, "molecular_response", time=time) == 2 / 3
    assert value(people, gone, "complete_molecular_response", time=time) == 1 / 3
    assert value(people, LOOKS, "cytogenetic_remission", time=time) == 2 / 3
    assert value(people, LOOKS, "cytogenetic_remission", time=within(1, "days")) == 0
    with pytest.raises(NotSimulated, match="no simulated patient is Ph-positive"):
        value(PEOPLE, LOOKS, "molecular_response", time=time)


def test_without_a_time_a_response_is_that_of_the_patient_table():
    people = patients(response=["CR", "none", "CR", "CR"])
    assert value(people, LOOKS, "complete_remission") == 3 / 4


def test_a_wider_window_never_lowers_a_response(tower):
    """On simulated patients: each endpoint's patients are among those of any later window."""
    looks = tower.tables.visits.filter(pl.col("kind") == "marrow")
    lesser = {"crh", "cri"}  # they give way to a better response
    for windows in (
        [within(w, "weeks") for w in (1, 4, 5, 6, 8, 12, 26, 52)],
        [within(n, "cycles") for n in range(1, 6)],
    ):
        before = None
        for time in windows:
            found = best(tower.tables.patients, looks, window(time), TOWER.visits.assay)
            now = found.select(**{name: who for name, who in MARROW.items() if name not in lesser})
            if before is not None:
                assert (before.sum_horizontal() <= now.sum_horizontal()).all()
                assert all((before[name] <= now[name]).all() for name in now.columns)
            before = now
        assert before["mrd_response"].any()


def test_marrow_assessments_tell_the_response_of_the_chart(tower):
    """The chart keeps the best response as the trial goes on; the rows of the database say the same."""
    people, looks = tower.tables.patients, tower.tables.visits.filter(pl.col("kind") == "marrow")
    own = best(people, looks, own_window(TOWER.response), TOWER.visits.assay)
    for name in ("response", "mrd", "mrd_response", "complete_mrd_response"):
        assert own[name].equals(people[name], null_equal=True), name
    lowest = (frame["lowest_blasts"].fill_null(2).to_numpy() for frame in (own, people))
    np.testing.assert_allclose(*lowest, rtol=1e-6)  # the table of visits holds blasts in single precision
    ever = best(people, looks, window(None), TOWER.visits.assay)
    assert (ever["response"].cast(pl.String) == people["best_response"].cast(pl.String)).all()


def test_cycles_are_the_engagers_and_what_comes_before_belongs_to_the_first():
    rest = Cycle("induction", 85)
    infused = Cycle("engager", 42, (Infusion("blinatumomab", quantity("28 µg/day"), 1, 28),))
    assert engager_cycles(Regimen("mixed", (rest, infused, rest, infused))) == [1, 1, 2, 2]
    assert engager_cycles(Regimen("after", (infused, rest))) == [1, 2]
    assert engager_cycles(regimen("flag-ida")) == list(range(1, len(regimen("flag-ida").cycles) + 1))


def test_who_completed_cycles_was_examined_in_them():
    people = patients(response=["CR", "CR", "CR", "CR"], ph=[True] * 4)
    looks = LOOKS.with_columns(transcripts=pl.col("mrd"))
    assert (
        value(people, looks, "molecular_response", population="completed 2 cycles", time=within(2, "cycles"))
        == 1
    )
    assert value(people, LOOKS, "patients", statistic="count", population="completed 1 cycle") == 3


# who has the event, beside one patient to whom nothing happens
HAPPENS = {
    "transplant": {"transplant_day": 90},
    "death_in_remission": {"in_remission": True, "death_day": 50},
    "relapse": {"in_remission": True, "relapse_day": 50},
    "cd19_negative_relapse": {"relapse_day": 50, "relapse_type": "CD19-negative"},
    "extramedullary_relapse": {"relapse_day": 50, "relapse_type": "extramedullary"},
    "crs": {"crs_grade": 1},
    "crs_grade_3": {"crs_grade": 3},
    "crs_grade_4": {"crs_grade": 4},
    "neurologic_event_grade_3": {"ne_grade": 3},
    "veno_occlusive_disease": {"vod_day": 60},
    "fatal_veno_occlusive_disease": {"death_cause": "veno-occlusive disease"},
    "neutropenia_grade_3": {"neutropenia_grade": 3},
    "neutropenia_grade_4": {"neutropenia_grade": 4},
    "thrombocytopenia_grade_3": {"thrombocytopenia_grade": 3},
    "thrombocytopenia_grade_4": {"thrombocytopenia_grade": 4},
    "fatal_infection": {"death_cause": "infection"},
    "mrd_above_one_percent": {"blasts": 0.011},
    "blasts_at_least_half": {"blasts": 0.5},
    "prior_transplant": {"prior_transplant": True},
    "second_or_later_salvage": {"line": 2},
    "second_or_later_remission": {"line": 2},
    "age_above_70": {"age": 70.5},
    "ph_positive": {"ph": True},
    "t315i_mutation": {"ph": True, "t315i": True},
}
NEARLY = {
    "death_in_remission": {"in_remission": True, "death_day": 50, "relapse_day": 40},
    "crs_grade_3": {"crs_grade": 2},
    "crs_grade_4": {"crs_grade": 3},
    "neutropenia_grade_4": {"neutropenia_grade": 3},
    "thrombocytopenia_grade_4": {"thrombocytopenia_grade": 3},
    "fatal_veno_occlusive_disease": {"vod_day": 60},
    "mrd_above_one_percent": {"blasts": 0.01},
    "blasts_at_least_half": {"blasts": 0.49},
    "age_above_70": {"age": 70.0},
    "t315i_mutation": {"t315i": True},
    "cd19_negative_relapse": {"relapse_day": 50, "relapse_type": "CD19-positive"},
}


@pytest.mark.parametrize("endpoint", [name for name in EVENTS if name not in MARROW])
def test_each_event_is_had_by_whom_its_definition_names(endpoint):
    nearly, ordinary = NEARLY.get(endpoint, {}), {"blasts": 0.001}
    people = pl.concat(
        [patients(1, **{k: [v] for k, v in {**ordinary, **x}.items()}) for x in (HAPPENS[endpoint], nearly)]
    )
    assert people.select(EVENTS[endpoint]).to_series().to_list() == [True, False]
    assert value(people, None, endpoint, statistic="count") == 1
    assert value(people, None, endpoint, population="treated") == 1 / 2
    assert endpoint in endpoints()


def test_a_share_without_a_population_is_of_those_whom_the_endpoint_is_about():
    people = patients(in_remission=[True, True, False, False], relapse_day=[50, None, None, None])
    assert value(people, None, "relapse") == 1 / 2
    assert value(people, None, "relapse", population="treated") == 1 / 4
    died = patients(in_remission=[True, True, False], death_day=[50, None, 20])
    assert value(died, None, "death_in_remission") == 1 / 2
    assert value(died, None, "death_in_remission", population="treated") == 1 / 3


def test_haematologic_and_cytogenetic_responses_are_of_those_with_disease_to_be_seen_at_entry():
    people = patients(blasts=[0.3, 0.049, 0.05, 0.001], ph=[True] * 4)
    time = within(12, "weeks")
    assert value(people, LOOKS, "complete_haematologic_response", time=time, population="evaluable") == 1 / 2
    assert value(people, LOOKS, "cytogenetic_remission", time=time, population="evaluable") == 1 / 2
    assert value(people, LOOKS, "cytogenetic_remission", time=time, population="treated") == 2 / 4


def test_medians_of_what_each_patient_has():
    people = patients(
        age=[30, 50, 64], cycles=[1, 2, 5], follow_up=[300, 609, 700], blasts=[1e-3, 1e-2, 0.04]
    )
    months = quantity("1 month").canonical
    found = [
        measured(TOWER, tables(people), row(name, "median"))[0]
        for name in ("age", "treatment_cycles", "follow_up", "mrd_level")
    ]
    assert found == pytest.approx([50, 2, 609 / months, 1e-2])
    with pytest.raises(NotSimulated, match="no single value"):
        measured(TOWER, tables(people), row("age", "range"))


def test_counts_by_replicate_with_a_gap_where_nobody_is():
    people = patients(replicate=[0, 0, 2], response=["CR", "none", "CR"])
    found = measured(TOWER, tables(people), row("complete_remission", "count"))
    assert np.array_equal(found, [1, np.nan, 1], equal_nan=True)
