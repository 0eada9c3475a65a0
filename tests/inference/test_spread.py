"""Parameter uncertainty and trial-size sampling, told apart."""

import numpy as np
import pytest

from engager.inference.spread import PAIRS, Spread, spread


def test_parts_by_hand() -> None:
    """Groups (m - 1, m + 1): variance within is 2; means 0..9 have variance 55/6, of which 2/2 is chance."""
    middle = np.arange(PAIRS, dtype=float)
    values = np.stack([middle - 1, middle + 1], axis=1).ravel()
    found = spread(values)
    assert found and found.sampling == pytest.approx(np.sqrt(2))
    assert found.parameters == pytest.approx(np.sqrt(55 / 6 - 1))


def test_no_parameters_no_spread_of_them() -> None:
    values = np.tile([1.0, 3.0], PAIRS)
    assert spread(values) == Spread(0.0, pytest.approx(np.sqrt(2)))


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_incomplete_groups_are_left_out(lost: float) -> None:
    values = np.tile([1.0, 3.0], PAIRS + 1)
    values[5] = lost
    assert spread(values) == spread(np.tile([1.0, 3.0], PAIRS))
    values[0] = lost
    assert spread(values) is None


def test_known_variances_are_found() -> None:
    rng = np.random.default_rng(1)
    member = rng.normal(0, 2, 4000)
    values = (member[:, None] + rng.normal(0, 1, (4000, 2))).ravel()
    found = spread(values)
    assert (
        found
        and found.parameters == pytest.approx(2, rel=0.05)
        and found.sampling == pytest.approx(1, rel=0.05)
    )
