"""Random numbers belong to a patient: whoever else is drawn, they are the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from engager.engine import streams


@given(start=st.integers(0, 10_000), size=st.integers(1, 50), inner=st.integers(0, 49))
def test_a_patient_draws_the_same_alone_and_in_company(start, size, inner):
    inner = min(inner, size - 1)
    many = streams.uniform(1, "purpose", 3, range(start, start + size))
    alone = streams.uniform(1, "purpose", 3, range(start + inner, start + inner + 1))
    assert alone[0] == many[inner]


def test_streams_of_other_names_differ_and_are_uniform():
    names = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1)]
    drawn = [streams.uniform(*name, range(20_000)) for name in names]
    for u in drawn:
        assert kstest(u, "uniform").pvalue > 1e-3
        assert 0 < u.min() and u.max() < 1
    assert np.abs(np.corrcoef(drawn) - np.eye(4)).max() < 0.03


RECORDED = [0.01098785213585568, 0.10230806228924622, 0.08261201495301601]


def test_the_first_draws_never_change():
    """A recorded value: a change of the generator would change every published run."""
    u = streams.uniform(1, "patients/age", 0, range(3))
    assert np.allclose(u, RECORDED, rtol=0, atol=1e-15)
