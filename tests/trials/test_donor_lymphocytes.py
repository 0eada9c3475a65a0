"""Donor lymphocytes in conduct: they help patients with a graft and change no digit in the others."""

import copy

import numpy as np
import pytest
import yaml

from engager.documents import read_yaml
from engager.trials import trial_file
from engager.trials.conduct import conduct
from engager.trials.design import read_trial
from engager.trials.enrol import enrol
from engager.trials.history import history
from engager.trials.shards import setup
from engager.trials.writing import written_out

SEED, PATIENTS, DAYS = 7, 96, 100


def run(data):
    s = setup(read_trial(read_yaml(yaml.safe_dump(data, allow_unicode=True), name="made.yaml")), SEED)
    e = enrol(s.trial, s.low, s.values, SEED, 0, range(PATIENTS))
    c = conduct(s.trial, s.low, s.values, e.entrant, 2)
    return e, c, history(s.trial, s.low, e, c, s.values, 1)


@pytest.fixture(scope="module")
def half():
    """NCT03982992, half of whose patients have a graft: with donor lymphocytes and without."""
    data = written_out(trial_file("NCT03982992"))
    data["cohort"]["prior_transplant"] = 0.5
    bare = copy.deepcopy(data)
    plan = bare["arms"]["blinatumomab-donor-lymphocytes"]["regimens"][0]["regimen"]
    for cycle in plan["cycles"]:
        cycle["doses"] = [line for line in cycle["doses"] if line["drug"] == "blinatumomab"]
    return run(data), run(bare)


def test_they_kill_in_who_has_a_graft_and_in_nobody_else(half):
    (e, given, _), (_, bare, _) = half
    grafted = e.patients.disease.grafted > 0
    assert 20 < grafted.sum() < PATIENTS - 20
    still = np.all(given.daily.running[:DAYS] == bare.daily.running[:DAYS], axis=0)
    blasts, alone = given.daily.blasts[:DAYS], bare.daily.blasts[:DAYS]
    assert np.array_equal(blasts[:, still & ~grafted], alone[:, still & ~grafted])
    assert np.array_equal(blasts[:28], alone[:28])  # before the first infusion, on day 29
    mine = still & grafted & (alone[60] > 0)
    assert mine.sum() > 10
    assert np.all(blasts[30:60, mine] <= alone[30:60, mine])
    assert np.median(np.log10(alone[60, mine] / np.maximum(blasts[60, mine], 1e-12))) > 0.3


def test_the_ledger_counts_infusions_as_courses(half):
    (_, _, tables), (_, _, bare) = half
    rows = tables.ledger.filter(drug="donor lymphocytes")
    assert set(rows["unit"]) == {"course"} and rows["intended"].sum() == 3 * PATIENTS
    assert 0 < rows["delivered"].sum() < 3 * PATIENTS
    assert "donor lymphocytes" not in bare.ledger["drug"].unique()
