"""The tables of a trial agree with each other."""

import polars as pl


def test_every_patient_is_there_once(tower):
    patients = tower.tables.patients
    assert patients["patient"].to_list() == list(range(500))
    assert (patients["status"] == "simulated").all()


def test_survival_endpoints_keep_their_order(tower):
    """EFS ≤ OS; RFS starts at response and ends by OS; early EFS for who did not respond in 12 weeks."""
    p = tower.tables.patients
    assert p.filter(pl.col("efs_time") > pl.col("os_time")).is_empty()
    responders = p.filter(pl.col("in_remission"))
    assert responders.filter(pl.col("rfs_start") + pl.col("rfs_time") > pl.col("os_time")).is_empty()
    late = p.filter(pl.col("response") == "none")
    assert (late["efs_time"] == 1).all() and late["efs_event"].all()


def test_times_to_event_repeat_the_patient_table(tower):
    long = tower.tables.times_to_event
    p = tower.tables.patients
    assert long.filter(pl.col("endpoint") == "overall_survival")["time"].equals(p["os_time"].rename("time"))
    assert long.filter(pl.col("endpoint") == "relapse_free_survival").height == p["in_remission"].sum()


def test_nothing_happens_after_follow_up(tower):
    p = tower.tables.patients
    for day in ("response_day", "relapse_day", "transplant_day", "death_day", "off_day"):
        assert p.filter(pl.col(day) > pl.col("follow_up")).is_empty(), day
    assert (p.filter(~pl.col("os_event"))["os_time"] == p.filter(~pl.col("os_event"))["follow_up"]).all()


def test_residual_disease_is_measured_in_remission(tower):
    p = tower.tables.patients
    assert p.filter(pl.col("mrd").is_not_null() & (pl.col("best_response") == "none")).is_empty()
    assert p.filter(pl.col("complete_mrd_response") & ~pl.col("mrd_response")).is_empty()


def test_a_response_within_the_window_is_no_better_than_the_best(tower):
    p = tower.tables.patients.with_columns(pl.col("response", "best_response").to_physical())
    assert p.filter(pl.col("response") > pl.col("best_response")).is_empty()


def test_adverse_events_are_the_engagers(tower):
    events = tower.tables.adverse_events.filter(pl.col("event").is_in(["CRS", "neurologic event"])).join(
        tower.tables.patients.select("patient", "arm", "os_time"), on="patient"
    )
    assert (events["arm"] == "blinatumomab").all()
    assert events.filter(pl.col("day") > pl.col("os_time")).is_empty()
    assert events["grade"].is_between(1, 5).all()
    fatal = events.filter(pl.col("grade") == 5)
    assert (fatal["day"] == fatal["os_time"]).all()
