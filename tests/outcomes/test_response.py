"""Residual disease as an assay reports it."""

import numpy as np
import pytest
from scipy.stats import poisson

from engager.outcomes import measured_mrd, response_criteria


def test_criteria_are_those_of_the_trials():
    """CR: blasts ≤ 5 %, ANC > 1.0, platelets > 100; CRh: > 0.5 and > 50 (10⁹/L)."""
    c = response_criteria()
    assert (c["CR"].blasts, c["CR"].anc, c["CR"].platelets) == (0.05, 1.0, 100)
    assert (c["CRh"].anc, c["CRh"].platelets) == (0.5, 50)


@pytest.mark.parametrize("expected", [0.3, 2.0, 40.0])
def test_a_sample_counts_blasts_as_poisson(expected):
    luck = (np.arange(2000) + 0.5) / 2000
    cells = 100_000
    found = measured_mrd(np.full(2000, expected / cells), np.zeros(2000), luck, cells) * cells
    assert np.array_equal(np.round(found), poisson.ppf(luck, expected))


def test_nothing_there_is_nothing_found_and_a_full_marrow_is_full():
    one = np.ones(1)
    assert measured_mrd(0 * one, 0 * one, 0.999 * one, 10_000)[0] == 0
    assert measured_mrd(0.8 * one, 0.5 * one, 0.5 * one, 10_000)[0] == 1
