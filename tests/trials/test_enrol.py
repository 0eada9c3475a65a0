"""Randomisation and what chance decides about each patient."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engager.trials import trial
from engager.trials.enrol import enrol, randomise
from engager.trials.shards import setup


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 60), st.integers(1, 60))
def test_every_block_holds_the_allocation(allocation, start, size):
    block = sum(allocation)
    whole = randomise(allocation, 1, 0, range(block * 20))
    for group in whole.reshape(-1, block):
        assert np.bincount(group, minlength=len(allocation)).tolist() == list(allocation)
    part = randomise(allocation, 1, 0, range(start, start + size))
    again = randomise(allocation, 1, 0, range(200))[start : start + size]
    assert np.array_equal(part, again)


def test_tower_is_randomised_two_to_one_and_its_backbones_as_printed():
    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(30_000))
    assert np.bincount(e.arm).tolist() == [20_000, 10_000]
    chemo = e.entrant.fate.regimen[e.arm == 1]
    printed = np.array([45, 17, 20, 17]) / 99  # franquiz2020
    assert np.allclose(np.bincount(chemo)[1:] / len(chemo), printed, atol=0.015)


def test_entry_is_staggered_and_follow_up_ends_for_all_on_one_day():
    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(5_000))
    assert np.all(e.entry + e.follow_up == s.trial.follow_up.total)
    assert e.follow_up.min() >= s.trial.follow_up.after_last
    assert e.entry.max() <= s.trial.follow_up.accrual
    assert np.mean(e.entry) == np.clip(np.mean(e.entry), 0.47 * 548, 0.53 * 548)


def test_marrow_visits_keep_to_their_window_and_cycle():
    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(2_000))
    days = e.entrant.fate.visit_day[:, e.arm == 0]
    planned = [28, 41, 70, 83, 112, 125]  # days 29 and 42 of each 42-day cycle, counted from 0
    for row, day in zip(days, planned, strict=False):
        assert row.min() >= day - 3 and row.max() <= day + 3
        assert row.max() <= (day // 42 + 1) * 42 - 1
    assert np.all(np.diff(days[:6], axis=0) > 0)
