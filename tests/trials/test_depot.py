"""The engager under the skin, in conduct: what is absorbed, what opens a window, what a hold stops, what is counted."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import yaml

from engager.documents import read_yaml
from engager.model import absorbed, depot
from engager.trials import trial_file
from engager.trials.chart import NOT_YET
from engager.trials.conduct import conduct
from engager.trials.design import read_trial
from engager.trials.enrol import enrol
from engager.trials.history import history
from engager.trials.shards import setup
from engager.trials.writing import written_out

SEED, PATIENTS = 5, 64
DAYS = (1, 8, 15, 22)


def doses(*amounts):
    """A cycle with these doses under the skin, a week apart."""
    lines = [
        {"drug": "blinatumomab", "route": "subcutaneous", "dose": amount, "days": day}
        for amount, day in zip(amounts, DAYS, strict=True)
    ]
    return {"cycle": "weekly", "length": "28 days", "doses": lines, "assess": [28]}


STEPPED = [doses("40 µg", "250 µg", "250 µg", "250 µg"), doses("250 µg", "250 µg", "250 µg", "250 µg")]
HOLDS = {"on": "CRS", "grade": 1, "do": "hold", "for": "10 days"}
PREMEDICATED = {"on": "dose rise", "do": "premedicate", "drug": "dexamethasone", "dose": "20 mg"}


def run(*rules, cycles=STEPPED, refine=1, **changed):
    """MT103-211's patients under a plan of doses under the skin."""
    data = written_out(trial_file("MT103-211"))
    option = data["arms"]["blinatumomab"]["regimens"][0]
    option["regimen"] = {"name": "weekly under the skin", "cycles": cycles, "rules": list(rules)}
    s = setup(read_trial(read_yaml(yaml.safe_dump(data, allow_unicode=True), name="made.yaml")), SEED)
    v = {**s.values, **changed}
    e = enrol(s.trial, s.low, v, SEED, 0, range(PATIENTS))
    c = conduct(s.trial, s.low, v, e.entrant, 2, refine)
    return SimpleNamespace(enrolled=e, courses=c, tables=history(s.trial, s.low, e, c, v, PATIENTS))


@pytest.fixture(scope="module")
def plain():
    return run(PREMEDICATED)


def given(run):
    """Patient and day (from 0) of every dose given, with its size, from the ledger."""
    rows = run.tables.ledger.filter(pl.col("drug") == "blinatumomab", pl.col("delivered") > 0)
    assert set(rows["unit"]) == {"µg"} and rows["from_day"].equals(rows["to_day"].rename("from_day"))
    return rows


def test_the_concentration_is_the_sum_over_doses(plain):
    """Every six hours against the closed form in double precision, at the patient's own clearance and volume."""
    p = plain.enrolled.entrant.parameters
    days = 40
    C = plain.courses.quarters.C[:days]
    times = np.arange(days)[:, None] + (np.arange(4) + 1) / 4
    rows = given(plain)
    followed = plain.courses.daily.studied[:days].all(0)
    assert followed.sum() > PATIENTS / 3
    for who in np.flatnonzero(followed):
        expected = np.zeros_like(times)
        for day, amount in rows.filter(patient=int(who)).select("from_day", "delivered").rows():
            since = times - (day - 1)
            CL, V = float(p.CL[who]), float(p.V[who])
            after = absorbed(p.F_sc * amount, p.ka_sc, CL, V, np.maximum(since, 0.0), np)
            expected += np.where(since > 0, after, 0.0)
        assert C[:, :, who] == pytest.approx(expected, rel=2e-4, abs=1e-6)


def test_the_ledger_counts_every_dose(plain):
    ledger = plain.tables.ledger.filter(pl.col("drug") == "blinatumomab")
    intended = ledger.group_by("patient").agg(pl.col("intended").sum())["intended"]
    assert intended.to_list() == pytest.approx([40 + 7 * 250] * PATIENTS)
    follow = plain.enrolled.follow_up
    delivered = plain.courses.daily.delivered
    whole = np.where(np.arange(len(delivered))[:, None] < follow, delivered, 0).sum(0)
    kept = ledger.sort("patient").group_by("patient", maintain_order=True).agg(pl.col("delivered").sum())
    assert kept["delivered"].to_list() == pytest.approx(whole.tolist(), rel=1e-6)
    missed = ledger.filter(pl.col("delivered") < pl.col("intended"))
    assert len(missed) and not missed["reason"].is_in(["as planned", "on treatment"]).any()


def test_windows_open_at_the_first_dose_and_at_the_step(plain):
    """Not at every dose, though the concentration rises with each: see ``day.orders``."""
    reached = plain.courses.daily.studied[:30].all(0)
    opened = plain.courses.chart.crs_day[:, reached]
    assert reached.sum() > PATIENTS / 3
    assert set(opened[0]) == {0} and set(opened[1]) == {7} and set(opened[2:].ravel()) == {NOT_YET}
    steroid = plain.tables.ledger.filter(pl.col("reason") == "premedication")
    assert set(steroid["from_day"]) == {1, 8}


def test_a_hold_stops_doses_not_what_is_under_the_skin():
    held = run(HOLDS)
    chart, C = held.courses.chart, held.courses.quarters.C
    first = np.flatnonzero((chart.crs >= 1) & (held.courses.daily.studied[:40].all(0)))
    assert len(first) > 10
    rows = given(held)
    late = 0
    for who in first:
        days = np.array(rows.filter(patient=int(who))["from_day"].to_list()) - 1
        gaps = np.diff(days)
        assert set(gaps) <= {7, 17, 27, 37, 47}  # the plan's week, and ten days for each hold within it
        if gaps[0] == 17:
            late += 1
            assert np.all(C[1:3, 3, who] > 1e-3)  # the first dose is still being absorbed
            assert days[1] in chart.crs_day[:, who]  # after a hold a dose rises from nothing
    assert late > 5


def test_what_a_step_down_gives_opens_no_window():
    down = run(cycles=[doses("250 µg", "40 µg", "250 µg", "250 µg")])
    reached = down.courses.daily.studied[:24].all(0)
    assert set(down.courses.chart.crs_day[1, reached]) == {14}


@pytest.mark.parametrize("slow", [0.1, 1.4])
def test_days_on_which_a_depot_feeds_the_blood_have_short_steps(slow):
    """Four times finer steps change blasts and IL-6 as little as they do under an infusion (docs/numerics.md)."""
    coarse, fine = (run(refine=refine, ka_sc=slow).courses for refine in (1, 4))
    both = coarse.daily.studied[:56].astype(bool) & fine.daily.studied[:56].astype(bool)
    blasts = np.abs(np.log10(coarse.daily.blasts[:56][both] / fine.daily.blasts[:56][both]))
    assert np.quantile(blasts, 0.5) < 1e-3 and np.quantile(blasts, 0.99) < 0.02
    il6 = np.abs(np.log10(coarse.quarters.I6[:56, 3][both] / fine.quarters.I6[:56, 3][both]))
    assert np.quantile(il6, 0.99) < 0.02


def test_a_smaller_ka_is_a_slow_depot():
    """The same amount over a longer time: a lower peak, and drug left after three weeks."""
    quick, slow = (
        run(cycles=[doses("250 µg", "250 µg", "250 µg", "250 µg")], ka_sc=ka).courses for ka in (1.4, 0.1)
    )
    both = quick.daily.studied[:8].all(0) & slow.daily.studied[:8].all(0)
    assert np.all(quick.quarters.C[:7, :, both].max((0, 1)) > 2 * slow.quarters.C[:7, :, both].max((0, 1)))
    assert np.all(slow.quarters.C[6, 3, both] > 5 * quick.quarters.C[6, 3, both])
    assert depot(1.0, 0.1, 7.0, np) == pytest.approx(0.4966, abs=1e-4)
