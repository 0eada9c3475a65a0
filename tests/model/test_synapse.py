"""Binding: limits of the synapse probability, the hook effect, and why algebra is enough at these doses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import median_person

from engager.model.synapse import bound, marrow_concentration, molar, synapse_probability, ternary_complex

P = median_person("bulky_relapse").parameters


@given(n=st.floats(0, 1e5), c=st.floats(0, 1e-6))
def test_a_probability_is_a_probability_and_grows_with_drug_and_antigen(n, c):
    s = synapse_probability(n, c, P, np)
    assert 0 <= s <= 1
    assert synapse_probability(n, 2 * c, P, np) >= s
    assert synapse_probability(2 * n, c, P, np) >= s


def test_half_of_contacts_at_n50_bound_molecules():
    n = 2.0 * P.N50  # at c = Kd19 half of them are bound
    assert synapse_probability(n, P.Kd19, P, np) == pytest.approx(0.5)


def test_the_antigen_sink_vanishes_without_antigen():
    Cp = molar(0.5, P)
    assert marrow_concentration(Cp, 0.0, 0.0, P) == pytest.approx(P.Kp * Cp)
    assert marrow_concentration(Cp, 1e12, 0.0, P) < 0.6 * P.Kp * Cp


def test_at_the_steady_state_of_28_ug_per_day_binding_is_far_from_saturation():
    """About 0.6 ng/mL is 11 pM: CD19 occupancy below 1 %, so free drug is all drug."""
    Cp = molar(0.6, P)
    assert pytest.approx(11.1e-12, rel=0.01) == Cp
    assert Cp / (Cp + P.Kd19) < 0.01


def test_ternary_complex_is_the_product_at_low_drug_and_hooks_at_high():
    A = C = 1e-10
    K_A, K_C = 1.49e-9, 1e-7
    low = 1e-13
    product = A * C * low / (K_A * K_C)
    assert ternary_complex(A, low, C, K_A, K_C, np) == pytest.approx(product, rel=0.1)
    levels = np.logspace(-12, -5, 60)
    course = ternary_complex(A, levels, C, K_A, K_C, np)
    top = int(np.argmax(course))
    assert 0 < top < 59 and course[-1] < 0.1 * course[top]


@given(x=st.floats(1e-12, 1e-6), y=st.floats(1e-12, 1e-6))
def test_bound_obeys_mass_action(x, y):
    K = 1e-9
    b = bound(x, y, K, np)
    # the root loses digits where one partner is in large excess
    assert (x - b) * (y - b) == pytest.approx(K * b, rel=1e-3, abs=1e-22)
