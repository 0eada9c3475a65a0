"""How the table comes to its judgements: which tolerance a peer is given, and what growing runs are held to."""

import numpy as np
import pytest
from benchmarks.scaling import Whole, growth
from benchmarks.speed import LADDER, tolerance


@pytest.mark.parametrize(
    ("errors", "chosen"),
    [
        ((9, 3, 1.1, 0.1, 0.1, 0.1), 2),  # the first that is as good as wanted, within a fifth
        ((9, 5, 2.2, 2.1, 2.0, 2.3), 2),  # never as good: the first that is near its own best
        ((None, 5, None, 4, 3, None), 4),  # failed on the way
    ],
)
def test_a_peer_is_timed_at_the_loosest_tolerance_that_does(errors, chosen):
    def solve(who, rtol):
        off = errors[LADDER.index(rtol)]
        if off is None:
            raise RuntimeError("no convergence")
        return np.full((3, 2), 1e3 * 10**off)

    rtol, off = tolerance(solve, None, np.full((3, 2), 1e3), 1.0)
    assert rtol == LADDER[chosen] and off == pytest.approx(errors[chosen])


@pytest.mark.parametrize(("power", "met"), [(1.0, True), (1.3, False)])
def test_growth_is_seen_through_a_start_up_that_outweighs_it(power, met):
    runs = [Whole(n, 1, 60 + 1e-4 * n**power, 500, 2 + 1e-3 * n**power) for n in (1000, 10_000, 100_000)]
    assert runs[2].seconds / runs[1].seconds < 12 and runs[2].disk / runs[1].disk < 30
    for row in growth("Size", *runs):
        assert row.judged().endswith(": met") == met


def test_growth_that_cannot_be_told_is_not_judged():
    runs = [Whole(n, 1, seconds, 500, n) for n, seconds in ((1000, 9.0), (10_000, 8.0), (100_000, 90.0))]
    seconds, disk = growth("Size", *runs)
    assert seconds.value is None and "not measured" in seconds.note and disk.value == pytest.approx(1)
