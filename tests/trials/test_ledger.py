"""The ledger accounts for every microgram."""

import numpy as np
import polars as pl
import pytest


def test_intended_doses_add_up_to_the_plan(tower):
    ledger = tower.tables.ledger.filter(pl.col("drug") == "blinatumomab")
    total = ledger.group_by("patient").agg(pl.col("intended").sum())["intended"].to_numpy()
    assert np.allclose(total, 9 * 7 + 28 * 21 + 8 * 28 * 28)  # five cycles and four of maintenance
    assert len(total) == (tower.enrolled.arm == 0).sum()


def test_delivered_doses_are_what_the_pump_gave(tower):
    follow = tower.enrolled.follow_up
    given = np.where(
        np.arange(len(tower.courses.daily.delivered))[:, None] < follow, tower.courses.daily.delivered, 0
    ).sum(0)
    ledger = tower.tables.ledger.filter(pl.col("drug") == "blinatumomab")
    kept = ledger.group_by("patient").agg(pl.col("delivered").sum()).sort("patient")
    assert np.allclose(kept["delivered"], given[kept["patient"]], rtol=2e-5)


def test_every_difference_has_a_reason(tower):
    ledger = tower.tables.ledger
    assert ledger.filter(pl.col("delivered") > pl.col("intended") + 1e-9).is_empty()
    assert ledger.filter(
        (pl.col("reason") == "as planned") & (pl.col("delivered") < pl.col("intended"))
    ).is_empty()
    missed = ledger.filter(pl.col("delivered") < pl.col("intended"))
    assert not missed.is_empty() and missed["reason"].is_in(["as planned", "on treatment"]).sum() == 0


def test_drug_stops_with_follow_up_and_death(tower):
    last = tower.tables.ledger.group_by("patient").agg(pl.col("to_day").max())
    joined = tower.tables.patients.join(last, on="patient")
    assert joined.filter(pl.col("to_day") > pl.col("os_time")).is_empty()


def test_chemotherapy_is_scaled_by_body_surface(tower):
    first = tower.tables.ledger.filter((pl.col("drug") == "clofarabine") & (pl.col("from_day") == 1))
    joined = first.join(tower.tables.patients, on="patient")
    assert len(joined) > 10
    days = (joined["to_day"] - joined["from_day"] + 1).to_numpy()
    assert set(days) == {5}  # one stretch of equal doses
    assert joined["delivered"].to_numpy() == pytest.approx(days * 40 * joined["body_surface"].to_numpy())
