"""A patient is the same person, bit for bit, in any batch, with any neighbours, on any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engager.engine import compiler, executor
from engager.trials import read_trial, trial, trial_file
from engager.trials.conduct import conduct
from engager.trials.enrol import enrol
from engager.trials.shards import setup, shards, simulate_shard
from engager.trials.writing import trial_yaml

PATIENTS = 150


@pytest.fixture(scope="module", params=[0, 3])
def whole(request):
    """TOWER with survival after failure put in, and with further lines of salvage simulated."""
    s = setup(trial("TOWER"), 1, overrides={"further_lines": request.param})
    e = enrol(s.trial, s.low, s.values, 1, 0, range(PATIENTS))
    return s, conduct(s.trial, s.low, s.values, e.entrant, 3)


@settings(max_examples=6)
@given(start=st.integers(0, PATIENTS - 1), size=st.integers(1, PATIENTS), blocks=st.sampled_from([2, 3]))
def test_any_part_in_any_batch_is_bit_identical(whole, start, size, blocks):
    s, expected = whole
    stop = min(start + size, PATIENTS)
    part = enrol(s.trial, s.low, s.values, 1, 0, range(start, stop))
    found = conduct(s.trial, s.low, s.values, part.entrant, blocks)
    jax = compiler.jax()
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.array_equal(a, b[..., start:stop], equal_nan=True)


def test_threads_and_order_change_nothing():
    s = setup(trial("TOWER"), 3)
    pieces = shards(40, 4)
    pieces = [[segment] for group in pieces for segment in group]
    one = dict(enumerate(simulate_shard(s, piece, 128) for piece in pieces))
    for numbered, tables in executor.as_finished(
        lambda p: simulate_shard(s, p[1], 256), list(enumerate(pieces)), 2
    ):
        for name in ("patients", "visits", "adverse_events", "ledger", "courses"):
            assert getattr(tables, name).equals(getattr(one[numbered[0]], name)), name


def test_a_changed_regimen_leaves_every_patient_the_same_person(tmp_path):
    """Common random numbers: without the week at 9 µg/day, parameters, start, arm and fate are identical."""
    text = trial_yaml(trial_file("TOWER"))
    kept = [line for line in text.splitlines() if "dose: 9 µg/day, days: 1-7" not in line]
    assert len(kept) == len(text.splitlines()) - 1
    (tmp_path / "my.yaml").write_text("\n".join(kept), encoding="utf-8")
    one, other = setup(trial("TOWER"), 1), setup(read_trial(tmp_path / "my.yaml"), 1)
    assert not one.trial.same_design(other.trial)
    a, b = (enrol(s.trial, s.low, s.values, 1, 0, range(200)) for s in (one, other))
    assert np.array_equal(a.arm, b.arm) and np.array_equal(a.entry, b.entry)
    assert np.array_equal(a.entrant.Lc, b.entrant.Lc)
    for part in ("parameters", "start", "fate"):
        mine, theirs = getattr(a.entrant, part), getattr(b.entrant, part)
        for name, x, y in zip(mine._fields, mine, theirs, strict=True):
            assert np.array_equal(x, y), (part, name)


def test_the_day_loop_stays_one_program():
    """A sort or a library call inside the loop would make it several times slower without a word."""
    jax = compiler.jax()
    from engager.engine.blocks import pack
    from engager.trials.chart import Constants, blank
    from engager.trials.conduct import LANES, _split, criteria, program
    from engager.trials.further_lines import foot

    s = setup(trial("TOWER"), 1)
    e = enrol(s.trial, s.low, s.values, 1, 0, range(10))
    own, fixed = _split(e.entrant)
    k = Constants(*(np.float32(s.values[name]) for name in Constants._fields))
    c = blank(own.fate, np)
    lanes, carry = jax.tree.map(lambda x: pack(x, 2, LANES), (own, (own.start, c, foot(own, c, np))))
    numbers = (np.int32(n) for n in (2, 0))
    text = (
        program()
        .lower(lanes, carry, *numbers, fixed, s.low, k, criteria(s.trial), np.int32(1))
        .compile()
        .as_text()
    )
    for slow in (" sort(", " scatter(", "custom-call(", " fft("):
        assert slow not in text
