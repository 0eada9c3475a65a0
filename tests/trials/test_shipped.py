"""Every shipped trial can be given to its patients: plans hold the drugs of the regimens, cohorts are as written."""

import numpy as np
import polars as pl
import pytest

from engager.patients import draw
from engager.regimens import regimen, regimens
from engager.trials import trial, trials
from engager.trials.conduct import conduct
from engager.trials.enrol import enrol
from engager.trials.history import history
from engager.trials.plan import lower
from engager.trials.shards import setup
from engager.trials.therapies import therapies


@pytest.fixture(scope="module")
def lowered():
    """All shipped regimens as one plan, with the values that it was made with."""
    from engager.patients import population, values

    v, units = values(), {name: row.unit for name, row in population().items()}
    return lower(list(regimens().values()), v, units, window=3), v


@pytest.mark.parametrize("name", regimens())
def test_the_plan_holds_the_amounts_of_the_regimen(lowered, name):
    low, v = lowered
    plan, i = low.plan, list(regimens()).index(name)
    total = {drug: q.canonical for drug, q in regimen(name).amount().items()}
    assert plan.length[i] == regimen(name).length
    engager = plan.rate[i].sum() + plan.rate_m2[i].sum()
    assert engager == pytest.approx(total.get("blinatumomab", 0), rel=1e-5)
    inotuzumab = plan.inotuzumab[i].sum() + plan.inotuzumab_m2[i].sum()
    assert 1e3 * inotuzumab == pytest.approx(total.get("inotuzumab ozogamicin", 0), rel=1e-5)
    courses = {t.drug: v[t.parameter] for t in therapies() if t.effect == "chemotherapy" and not t.usual}
    if set(total) & set(courses):
        given = sum(total[drug] * size for drug, size in courses.items() if drug in total)
        assert plan.chemo[i].sum() == pytest.approx(given, rel=1e-5)
    assert not any(
        column[i, plan.length[i] :].any() for column in (plan.rate, plan.chemo, plan.inotuzumab_m2)
    )


@pytest.mark.parametrize("name", [name for name in regimens() if "POMP" in regimen(name).drugs])
def test_pomp_acts_without_a_gap_in_its_cycles(lowered, name):
    low, _ = lowered
    plan, i = low.plan, list(regimens()).index(name)
    with_pomp = {
        number
        for number, cycle in enumerate(regimen(name).cycles, 1)
        if any(event.drug == "POMP" for event in cycle.doses)
    }
    acts = plan.pomp[i, : plan.length[i]] > 0
    assert np.array_equal(acts, np.isin(plan.cycle[i, : plan.length[i]], list(with_pomp)))


@pytest.mark.parametrize("name", trials())
def test_patients_are_as_the_cohort_says(name):
    s = setup(trial(name), 1)
    cohort = trial(name).cohort
    patients = draw(cohort, s.values, 1, 0, range(2000))
    assert cohort.age.lowest <= patients.age.min() and patients.age.max() <= cohort.age.highest
    assert np.median(patients.age) == pytest.approx(cohort.age.median, rel=0.15)  # uneven limits shift it
    assert patients.disease.ph.mean() == pytest.approx(cohort.ph, abs=0.03)
    assert patients.disease.grafted.mean() == pytest.approx(cohort.prior_transplant, abs=0.04)


def test_a_trial_without_any_infusion_keeps_its_ledger():
    s = setup(trial("INO-VATE"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(64))
    c = conduct(s.trial, s.low, s.values, e.entrant, 8)
    ledger = history(s.trial, s.low, e, c, s.values, 50).ledger
    assert "blinatumomab" not in ledger["drug"].unique()
    given = (
        ledger.filter(pl.col("drug") == "inotuzumab ozogamicin")
        .group_by("patient")
        .agg(pl.col("intended").sum())
    )
    surface = dict(enumerate(e.patients.values["BSA"]))
    planned = [6.3 * surface[patient] for patient in given["patient"]]
    assert given["intended"].to_numpy() == pytest.approx(planned, rel=1e-5)
    assert len(given) == (e.arm == 0).sum() == 32
