"""The analytic concentration against its closed form, and against numbers that others printed."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from engager.model import absorbed, concentration, depot, half_life
from engager.patients import values

positive = st.floats(0.01, 100)


@given(C=st.floats(0, 10), R=st.floats(0, 200), CL=positive, V=positive, t=st.floats(0, 2), s=st.floats(0, 2))
def test_two_stretches_are_one(C, R, CL, V, t, s):
    there = concentration(concentration(C, R, CL, V, t, np), R, CL, V, s, np)
    assert there == pytest.approx(concentration(C, R, CL, V, t + s, np), rel=1e-9, abs=1e-12)


def test_an_infusion_that_stops_follows_the_differential_equation():
    """Infused for 0.4 day, then stopped: V·dC/dt = R(t) − CL·C, integrated to 1e-12."""
    CL, V, R = 49.2, 5.98, 28.0
    on = solve_ivp(lambda t, C: (R - CL * C) / V, (0, 0.4), [0.0], rtol=1e-12, atol=1e-14).y[0, -1]
    off = solve_ivp(lambda t, C: -CL * C / V, (0, 0.1), [on], rtol=1e-12, atol=1e-14).y[0, -1]
    C = concentration(concentration(0.0, R, CL, V, 0.4, np), 0.0, CL, V, 0.1, np)
    assert pytest.approx(off, rel=1e-9) == C


def one_dose(D, ka, CL, V, t, C=0.0, R=0.0):
    """Depot [µg] and concentration [µg/L] after ``t`` [day]."""
    return depot(D, ka, t, np), concentration(C, R, CL, V, t, np) + absorbed(D, ka, CL, V, t, np)


@given(D=st.floats(0, 500), ka=positive, CL=positive, V=positive, t=st.floats(0, 2), s=st.floats(0, 2))
@example(D=75.0, ka=8.0, CL=48.0, V=6.0, t=0.3, s=0.2)
@example(D=75.0, ka=8.0 * (1 + 1e-12), CL=48.0, V=6.0, t=0.3, s=0.2)
def test_a_depot_in_two_stretches_is_one_in_one(D, ka, CL, V, t, s):
    """Also where absorption is as fast as elimination (or nearly), and under an infusion at the same time."""
    D1, C1 = one_dose(D, ka, CL, V, t, C=0.5, R=28.0)
    assert one_dose(D1, ka, CL, V, s, C1, 28.0) == pytest.approx(
        one_dose(D, ka, CL, V, t + s, C=0.5, R=28.0), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize("ka", [0.05, 1.4, 8.2275, 49.2 / 5.98, 30.0])
def test_a_depot_follows_its_differential_equation(ka):
    """dD/dt = −ka·D, V·dC/dt = ka·D − CL·C, integrated to 1e-12; slow, usual, as fast as elimination, faster."""
    CL, V, D = 49.2, 5.98, 75.0
    for t in (0.01, 0.4, 3.0):
        slope = lambda _, y: (-ka * y[0], (ka * y[0] - CL * y[1]) / V)  # noqa: E731
        exact = solve_ivp(slope, (0, t), [D, 0.0], rtol=1e-12, atol=1e-16, method="DOP853").y[:, -1]
        assert one_dose(D, ka, CL, V, t) == pytest.approx(tuple(exact), rel=1e-9, abs=1e-14)


@given(D=st.floats(0.1, 500), ka=st.floats(0.05, 40), CL=st.floats(5, 400), V=st.floats(1, 20))
def test_what_is_absorbed_is_what_was_given(D, ka, CL, V):
    """Of the dose, at any time: what is in the depot, what is in plasma, and what has been cleared (CL·∫C dt)."""
    t, nodes = 1.5 / max(ka, CL / V), np.polynomial.legendre.leggauss(60)
    times, weights = (nodes[0] + 1) * t / 2, nodes[1] * t / 2
    cleared = CL * np.sum(weights * absorbed(D, ka, CL, V, times, np))
    left, C = one_dose(D, ka, CL, V, t)
    assert left + V * C + cleared == pytest.approx(D, rel=1e-9)


def test_single_precision_loses_nothing_where_both_rates_nearly_agree():
    """The compiled program runs in 32 bits: the difference of two like exponentials would be all rounding there."""
    CL, V, h = np.float32(48.0), np.float32(6.0), np.float32(1 / 80)
    for ka in (8.0, 8.0 + 1e-6, 8.0 + 1e-3, 7.9):
        found = absorbed(np.float32(75.0), np.float32(ka), CL, V, h, np)
        assert found == pytest.approx(
            absorbed(75.0, float(np.float32(ka)), 48.0, 6.0, float(h), np), rel=1e-5
        )


def population_clearance(n=400_000):
    """Clearances of a large population [L/day], by quadrature over the quantiles of both parts."""
    from scipy.special import ndtri

    v = values()
    z = ndtri((np.arange(n) + 0.5) / n)
    from engager.patients import population

    table = population()
    parts = [v[name] * np.exp(table[name].sd * z) for name in ("CL_main", "CL_fast")]
    share = v["CL_fast_share"]
    return np.concatenate(parts), np.concatenate([np.full(n, (1 - share) / n), np.full(n, share / n)])


def test_the_population_meets_the_printed_clearance_and_the_labels_concentrations():
    """franquiz2020: mean CL 2.7 L/h, about 10 % above 5 L/h. Label: mean C_ss 228 (SD 356) and 616 (SD 537) pg/mL
    at 9 and 28 µg/day; t½ 1–2 h (the review) to about 2.1 h (label)."""
    CL, weight = population_clearance()
    hourly = CL / 24
    assert np.sum(hourly * weight) == pytest.approx(2.76, abs=0.02)
    assert np.sum(weight[hourly > 5]) == pytest.approx(0.11, abs=0.01)
    assert np.sum(1000 * 28 / CL * weight) == pytest.approx(584, abs=3)
    assert np.sum(1000 * 9 / CL * weight) == pytest.approx(188, abs=2)
    assert np.sum(24 * half_life(CL, values()["V"], np) * weight) == pytest.approx(2.0, abs=0.35)
