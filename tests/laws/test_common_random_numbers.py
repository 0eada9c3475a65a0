"""Minimally different worlds: what is changed for some changes nobody else, and everybody stays who they are."""

import numpy as np
import polars as pl
import pytest

from engager.engine.blocks import blocks_for
from engager.trials import read_trial, trial, trial_file
from engager.trials.conduct import LANES, conduct
from engager.trials.enrol import enrol
from engager.trials.history import TABLES
from engager.trials.shards import Segment, setup, simulate_shard
from engager.trials.writing import trial_yaml

PATIENTS = 150
ENGAGER = "      - regimen: blinatumomab-tower\n"
CHEMOTHERAPY = "  chemotherapy:\n"


def changed(folder, old, new):
    """TOWER with a part of its file replaced."""
    text = trial_file("TOWER").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / "my.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return setup(read_trial(folder / "my.yaml"), 1)


@pytest.fixture(scope="module")
def tower():
    s = setup(trial("TOWER"), 1)
    return s, simulate_shard(s, [Segment(0, 0, PATIENTS)], 192)


def entrants(s):
    return enrol(s.trial, s.low, s.values, 1, 0, range(PATIENTS))


def assert_same_people(a, b, *, but=()):
    """Parameters, start and fate of the entrants are equal but for the fields of the fate that are named."""
    assert np.array_equal(a.Lc, b.Lc)
    for part in ("parameters", "start", "fate"):
        mine, theirs = getattr(a, part), getattr(b, part)
        for name, x, y in zip(mine._fields, mine, theirs, strict=True):
            assert name in but or np.array_equal(x, y), (part, name)


def same(here, there, who):
    """Whether the tables hold the same rows of the patients ``who`` (an expression)."""
    for name in TABLES:
        mine, theirs = (
            getattr(tables, name).with_columns(pl.col("arm").cast(pl.String)).filter(who)
            for tables in (here, there)
        )
        if not mine.equals(theirs):
            return False
    return True


def test_another_regimen_in_one_arm_changes_nobody_in_the_other(tower, tmp_path):
    _, before = tower
    other = changed(tmp_path, ENGAGER, "      - regimen: flag-ida\n")
    after = simulate_shard(other, [Segment(0, 0, PATIENTS)], 192)
    assert same(before, after, pl.col("arm") == "chemotherapy")
    assert not same(before, after, pl.col("arm") == "blinatumomab")


def test_the_same_people_are_treated_under_every_regimen(tower, tmp_path):
    """Visits are days of a regimen: only these, and which regimen it is, belong to the treatment."""
    s, _ = tower
    a, b = entrants(s), entrants(changed(tmp_path, ENGAGER, "      - regimen: flag-ida\n"))
    assert np.array_equal(a.arm, b.arm) and np.array_equal(a.entry, b.entry)
    shared = min(len(x.entrant.fate.aspirate) for x in (a, b))
    assert np.array_equal(a.entrant.fate.aspirate[:shared], b.entrant.fate.aspirate[:shared])
    assert_same_people(a.entrant, b.entrant, but=("regimen", "visit_day", "aspirate"))


def test_a_week_less_of_one_dose_leaves_even_the_visits(tower, tmp_path):
    s, _ = tower
    weekless = "\n".join(
        line
        for line in trial_yaml(trial_file("TOWER")).splitlines()
        if "dose: 9 µg/day, days: 1-7" not in line
    )
    (tmp_path / "my.yaml").write_text(weekless, encoding="utf-8")
    other = setup(read_trial(tmp_path / "my.yaml"), 1)
    assert not s.trial.same_design(other.trial)
    assert_same_people(entrants(s).entrant, entrants(other).entrant)


def test_a_regimen_that_nobody_gets_changes_nobody(tower, tmp_path):
    _, before = tower
    unused = changed(tmp_path, ENGAGER, ENGAGER + "      - {share: 1.0e-12, regimen: flag-ida}\n")
    assert same(before, simulate_shard(unused, [Segment(0, 0, PATIENTS)], 192), pl.lit(True))


def test_an_arm_more_changes_where_patients_go_not_who_they_are(tower, tmp_path):
    s, _ = tower
    arm = (
        "  observed:\n    allocation: 3\n    transplant: {share: 0.5, delay: 40 days, below: 70 years}\n"
        "    regimens: [{regimen: flag-ida}]\n"
    )
    a, b = entrants(s), entrants(changed(tmp_path, CHEMOTHERAPY, arm + CHEMOTHERAPY))
    assert not np.array_equal(a.arm, b.arm)
    placed = ("regimen", "visit_day", "transplant_delay")  # what the arm decides
    assert_same_people(a.entrant, b.entrant, but=placed)


def test_patients_of_one_arm_do_without_those_of_the_other(tower):
    """The day loop on one arm alone, packed otherwise, gives the bits of the whole trial."""
    s, _ = tower
    e = entrants(s)
    whole = conduct(s.trial, s.low, s.values, e.entrant, 3)
    rows = np.flatnonzero(e.arm == 0)
    alone = conduct(s.trial, s.low, s.values, _rows(e.entrant, rows), blocks_for(len(rows), LANES))
    assert np.array_equal(alone.daily.blasts, whole.daily.blasts[:, rows])
    for name, mine, theirs in zip(alone.chart._fields, alone.chart, whole.chart, strict=True):
        assert np.array_equal(mine, theirs[..., rows], equal_nan=True), name


def _rows(tree, rows):
    if isinstance(tree, tuple):
        return type(tree)(*(_rows(x, rows) for x in tree)) if hasattr(tree, "_fields") else tree
    return tree[..., rows] if np.ndim(tree) else tree
