"""A patient is the same person, bit for bit, in any batch, with any neighbours, on any number of threads."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engager.engine import compiler, executor
from engager.trials import trial
from engager.trials.conduct import conduct
from engager.trials.enrol import enrol
from engager.trials.history import TABLES
from engager.trials.shards import Segment, setup, shards, simulate_shard

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


EACH = 90


@pytest.fixture(scope="module")
def undivided():
    """Two replicates of a small TOWER as one shard, with every table."""
    s = setup(trial("TOWER"), 7)
    return s, simulate_shard(s, [Segment(r, 0, EACH) for r in range(2)], 192)


@settings(max_examples=8)
@given(data=st.data())
def test_any_split_into_segments_shards_and_batches_gives_the_same_tables(undivided, data):
    """Also in any order, with neighbours from another replicate, and alone in a batch of one."""
    s, expected = undivided
    segments = []
    for replicate in range(2):
        cuts = sorted(data.draw(st.sets(st.integers(1, EACH - 1), max_size=4)))
        segments += [Segment(replicate, a, b) for a, b in pairwise([0, *cuts, EACH])]
    segments = data.draw(st.permutations(segments))
    parted = data.draw(st.sets(st.integers(1, len(segments) - 1)))
    pieces = [segments[a:b] for a, b in pairwise([0, *sorted(parted), len(segments)])]
    found = [simulate_shard(s, piece, data.draw(st.sampled_from([1, 128, 192]))) for piece in pieces]
    for name in TABLES:
        whole = pl.concat([getattr(part, name) for part in found])
        keys = ["replicate", "patient"]
        assert whole.sort(keys, maintain_order=True).equals(getattr(expected, name)), name


def test_threads_and_order_change_nothing():
    s = setup(trial("TOWER"), 3)
    pieces = shards(40, 4)
    pieces = [[segment] for group in pieces for segment in group]
    one = dict(enumerate(simulate_shard(s, piece, 128) for piece in pieces))
    for numbered, tables in executor.as_finished(
        lambda p: simulate_shard(s, p[1], 256), list(enumerate(pieces)), 2
    ):
        for name in TABLES:
            assert getattr(tables, name).equals(getattr(one[numbered[0]], name)), name


def test_the_day_loop_stays_one_program():
    """A sort or a library call inside the loop would make it several times slower without a word."""
    jax = compiler.jax()
    from engager.engine.blocks import pack
    from engager.trials.chart import Constants, blank
    from engager.trials.conduct import LANES, _split, criteria
    from engager.trials.day import program
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
