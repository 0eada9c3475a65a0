"""Two reactions in conduct: a pump that stands still at each change of bags, and tocilizumab for CRS."""

import numpy as np
import pytest
import yaml

from engager.documents import read_yaml
from engager.regimens import Give, Pause, regimen, regimen_from, to_yaml
from engager.trials import trial, trial_file
from engager.trials.design import read_trial
from engager.trials.shards import Segment, setup, simulate_shard
from engager.trials.writing import written_out
from engager.vocabulary import quantity

SEED, PATIENTS = 3, 48


def run(*rules):
    """MT103-211 with these rules added to its regimen, a few patients."""
    data = written_out(trial_file("MT103-211"))
    plan = data["arms"]["blinatumomab"]["regimens"][0]["regimen"]
    plan["rules"] = [*plan["rules"], *rules]
    changed = read_trial(read_yaml(yaml.safe_dump(data, allow_unicode=True), name="changed.yaml"))
    return simulate_shard(setup(changed, SEED), [Segment(0, 0, PATIENTS)], PATIENTS)


@pytest.fixture(scope="module")
def plain():
    return run()


def infusion(tables):
    return tables.ledger.filter(drug="blinatumomab")


def test_each_change_of_bags_costs_its_share_of_the_day(plain):
    paused = run({"on": "bag change", "every": "4 days", "do": "pause", "for": "6 h"})
    rows = infusion(paused).filter(reason="change of bags")
    assert len(rows) > PATIENTS
    share = (rows["delivered"] / rows["intended"]).round(6)
    assert set(share) <= {0.75, round(0.75 * 9 / 28, 6)} and share.mode().to_list() == [0.75]  # the step dose
    whole = infusion(paused).filter(reason="as planned")
    assert np.allclose(whole["delivered"], whole["intended"])
    days = rows.filter(rows["from_day"] <= 28).group_by("patient").agg("from_day")["from_day"].to_list()
    assert days.count([5, 9, 13, 17, 21, 25]) > PATIENTS / 2, (
        "every fourth day of whose infusion nothing interrupts"
    )
    assert infusion(plain).filter(reason="change of bags").is_empty()


def test_a_pause_that_never_comes_changes_no_bit(plain):
    never = run({"on": "bag change", "every": "3000 days", "do": "pause", "for": "6 h"})
    assert never.patients.equals(plain.patients) and never.ledger.equals(plain.ledger)


def test_tocilizumab_is_given_once_a_window_and_lowers_the_grade(plain):
    rescued = run({"on": "CRS", "grade": 1, "do": "give", "drug": "tocilizumab", "dose": "600 mg"})
    given = rescued.ledger.filter(drug="tocilizumab")
    assert len(given) and set(given["reason"]) == {"treatment of CRS"}
    assert given["delivered"].to_list() == [600.0] * len(given)
    before = plain.adverse_events.filter(event="CRS")
    after = rescued.adverse_events.filter(event="CRS")
    assert after["grade"].sum() < before["grade"].sum()
    treated = set(given["patient"])
    assert treated <= set(before["patient"])


def test_a_drug_that_does_nothing_about_crs_is_refused():
    with pytest.raises(
        ValueError, match="dexamethasone does nothing about CRS in the model; tocilizumab does"
    ):
        run({"on": "CRS", "grade": 2, "do": "give", "drug": "dexamethasone", "dose": "20 mg"})


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("{on: bag change, every: 4 days, do: pause, for: 2 days}", "is not a pause of up to 24 h"),
        ("{on: bag change, every: 4 days, do: stop}", "do: 'stop' does not answer 'bag change'"),
        (
            "{on: relapse, do: give, grade: 2, drug: tocilizumab, dose: 1 mg}",
            "'give' does not answer 'relapse'",
        ),
        ("{on: CRS, grade: 5, do: give, drug: tocilizumab, dose: 600 mg}", "grade 5 is not between"),
        (
            "{on: CRS, grade: 2, do: give, drug: tocilizumab, dose: 600 µg/day}",
            "a unit like mg or mg/m² is needed",
        ),
    ],
)
def test_a_wrong_reaction_is_told(rule, sentence):
    dose = "{drug: blinatumomab, dose: 9 µg/day, days: 1-28}"
    text = f"name: made\ncycles:\n- cycle: one\n  length: 28 days\n  doses:\n  - {dose}\nrules:\n- {rule}\n"
    with pytest.raises(ValueError) as caught:
        regimen_from(read_yaml(text, name="made.yaml"))
    assert sentence in str(caught.value) and "made.yaml:8:" in str(caught.value)


def test_reactions_are_written_and_read_back():
    made = regimen("blinatumomab-tower")
    rules = (*made.rules, Pause(4, quantity("30 min")), Give("tocilizumab", quantity("600 mg"), 2))
    changed = type(made)(made.name, made.cycles, rules, made.assumptions, made.sources)
    assert regimen_from(read_yaml(to_yaml(changed), name="made.yaml")) == changed


def test_what_is_given_beside_the_engager_goes_on_without_it():
    """D-ALBA: who is stopped for toxicity, or stops alone, keeps dasatinib; with the engager alone treatment ends."""
    s = setup(trial("D-ALBA"), SEED)
    tables = simulate_shard(s, [Segment(0, 0, 63)], 63)
    alone = tables.patients.filter(
        (tables.patients["engager_off_day"] < tables.patients["off_day"]).fill_null(True)
        & tables.patients["engager_off_day"].is_not_null()
    )
    assert len(alone) > 3
    rows = tables.ledger.join(alone.select("patient", "engager_off_day"), on="patient", how="inner")
    after = rows.filter((rows["to_day"] > rows["engager_off_day"]).fill_null(False))
    assert after.filter(drug="dasatinib")["delivered"].sum() > 0
    later = after.filter(after["from_day"] > after["engager_off_day"])
    assert later.filter(drug="blinatumomab")["delivered"].sum() == 0
    reasons = set(later.filter(drug="blinatumomab")["reason"])
    assert reasons and reasons <= {"CRS", "neurologic event", "patient's decision", "relapse", "no response"}
    engager = simulate_shard(setup(trial("MT103-211"), SEED), [Segment(0, 0, PATIENTS)], PATIENTS).patients
    assert engager["engager_off_day"].equals(engager["off_day"].rename("engager_off_day"))
