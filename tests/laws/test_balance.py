"""Mass balances, rest, limits and positivity of the equations, at states that hypothesis chooses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import CASES, median_person

from engager.engine import compiler
from engager.engine.integrate import factors, step
from engager.model import State, absorbed, action, alone, concentration, depot, rates, steady_losses
from engager.patients import values

ZERO = np.zeros(1)
OFF = alone(ZERO, np)


def exposure(C=0.0, A=0.0, kill=0.0, steroid=0.0):
    values = {"C": C, "A": A, "log_kill": kill, "chemo_given": A > 0, "dexamethasone": steroid}
    return OFF._replace(**{name: np.full(1, float(x)) for name, x in values.items()})


def net(y, x, p):
    produced, lost = rates(y, action(x, p, np), p, np)
    return State(*(P - k * v for P, k, v in zip(produced, lost, y, strict=True)))


def states(case):
    """A state somewhere around the person's start: every component scaled by 10^-3 … 10^1."""
    start = median_person(case).start
    scales = st.lists(st.floats(-3, 1), min_size=len(State._fields), max_size=len(State._fields))
    bounded = {"X": 0.5, "D": 0.5, "W": 0.1, "Nf": 0.5, "Ns": 0.5, "Am": 1e9, "Lo": 1e6, "Ln": 1e5}
    bounded |= {"Lr": 1e6, "Lx": 1e6, "Rt": 1e9}

    def build(powers):
        values = {
            name: np.minimum(np.where(value > 0, value, bounded.get(name, 1.0)) * 10.0**power, 1.4e12)
            for (name, value), power in zip(start._asdict().items(), powers, strict=True)
        }
        values["X"] = np.minimum(values["X"], 1.0)
        return State(**values)

    return scales.map(build)


@given(y=states("low_burden_relapse"), C=st.floats(0, 3), A=st.floats(0, 2))
def test_t_cells_leave_one_place_for_another(y, C, A):
    """All T cells together change only by named births and deaths."""
    p = median_person("low_burden_relapse").parameters
    x = exposure(C, A, 3.0)
    d = net(y, x, p)
    no_growth = p._replace(p=0.0 * p.p, pW=0.0 * p.pW)
    still = net(y, x, no_growth)
    expansion = d.Am - still.Am
    wave = d.Tp - still.Tp
    total = d.Tb + d.Tp + d.Tm + d.Am
    chemo = p.kTch * p.kes * p.ln10 * x.log_kill * x.A
    everyone = y.Tb + y.Tp + y.Tm + y.Am
    expected = expansion + wave + p.kcT * (p.Tp0 - y.Tp) - p.dA * y.Am - chemo * everyone
    largest = max(float(np.abs(v)[0]) for v in (d.Tb, d.Tp, d.Tm, d.Am, y.Tp))
    assert np.abs(total - expected) <= 1e-9 * largest * 30
    assert np.allclose(wave, p.pW * y.W * y.Tp, rtol=1e-9, atol=1e-9 * largest)
    assert expansion >= -1e-9 * largest


@pytest.mark.parametrize("case", CASES)
def test_nothing_moves_before_treatment_but_blasts(case):
    """At rest T cells, B cells in marrow, cytokine and counts are in balance (the blasts grow)."""
    who = median_person(case)
    d = net(who.start, OFF, who.parameters)
    for name in ("Tb", "Tp", "Tm", "Am", "X", "D", "W", "I6", "Bm", "Bb", "Pn", "Tn", "N", "Pp", "Tt", "Pl"):
        scale = max(abs(float(getattr(who.start, name)[0])), 1.0)
        assert abs(float(getattr(d, name)[0])) < 1e-9 * scale, name
    assert d.Ls > 0


@given(y=states("bulky_relapse"))
def test_without_drug_clones_only_grow(y):
    p = median_person("bulky_relapse").parameters
    d = net(y, OFF, p)
    growth = p.r * (1 - (y.Ls + y.Lo + y.Lr + y.Ln) / p.Kcap)
    for name in ("Ls", "Lo", "Lr", "Ln"):
        value = getattr(y, name)
        assert np.allclose(getattr(d, name), growth * value, rtol=1e-12)


@given(y=states("bulky_relapse"), C=st.floats(0.01, 3))
def test_no_t_cells_no_antigen_no_kill(y, C):
    p = median_person("bulky_relapse").parameters
    on, off = exposure(C), OFF
    bare = y._replace(Tb=ZERO, Tp=ZERO, Tm=ZERO, Am=ZERO)
    assert np.array_equal(net(bare, on, p).Ls, net(bare, off, p).Ls)
    blind = p._replace(n19=ZERO, n19B=ZERO)
    assert np.array_equal(net(y, on, blind).Ls, net(y, off, blind).Ls)
    assert np.array_equal(net(y, on, p).Ln, net(y, off, p).Ln)  # no CD19, no synapse


@given(y=states("low_burden_relapse"), C=st.floats(0.01, 3), factor=st.floats(1.1, 5))
def test_more_drug_kills_no_fewer(y, C, factor):
    p = median_person("low_burden_relapse").parameters
    assert net(y, exposure(C * factor), p).Ls <= net(y, exposure(C), p).Ls


@given(y=states("bulky_relapse"), C=st.floats(0, 10), A=st.floats(0, 2), h=st.floats(0, 1))
def test_a_step_of_any_length_stays_positive(y, C, A, h):
    p = median_person("bulky_relapse").parameters
    x = action(exposure(C, A, 5.0, 1.0), p, np)
    after = step(lambda s, d: rates(s, d, p, np), y, x, x, h, np)
    for name, value in zip(State._fields, after, strict=True):
        assert np.isfinite(value) and value >= 0, name


@given(y=states("mrd_cr1"))
def test_a_step_of_no_length_changes_nothing(y):
    p = median_person("mrd_cr1").parameters
    x = action(exposure(0.6), p, np)
    after = step(lambda s, d: rates(s, d, p, np), y, x, x, 0.0, np)
    assert all(np.array_equal(a, b) for a, b in zip(after, y, strict=True))


@given(y=states("bulky_relapse"), h=st.floats(0, 1))
def test_a_step_from_factors_computed_before_is_the_same(y, h):
    """All losses that do not change in a step, and no others, are named steady; their factors make the same step."""
    p = median_person("bulky_relapse").parameters
    given = (action(x, p, np) for x in (exposure(0.6), exposure(2.0, 1.0, 5.0, 1.0)))
    before, after = (rates(y, x, p, np)[1] for x in given)
    unchanged = {id(k) for k, later in zip(before, after, strict=True) if k is later}
    steady = steady_losses(p)
    assert unchanged == {id(k) for k in steady}

    x, known = action(exposure(0.6), p, np), [(k, factors(k, h, np)) for k in steady]
    one, other = (step(lambda s, d: rates(s, d, p, np), y, x, x, h, np, k) for k in ((), known))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    wrong = [(k, (2 * decay, gain)) for k, (decay, gain) in known]
    assert step(lambda s, d: rates(s, d, p, np), y, x, x, h, np, wrong).N != one.N


def test_a_compiled_step_takes_the_factors_that_it_is_given():
    """They are known by what they belong to, which must hold while JAX traces: else they would be computed again."""
    jax, who = compiler.jax(), median_person("bulky_relapse")

    def spoilt(y, p, x):
        bad = [(k, (jax.numpy.nan, jax.numpy.nan)) for k in steady_losses(p)]
        x = action(x, p, jax.numpy)
        return step(lambda s, d: rates(s, d, p, jax.numpy), y, x, x, 0.1, jax.numpy, bad)

    after = jax.jit(spoilt)(who.start, who.parameters, exposure(0.6))
    lost = {name for name, value in after._asdict().items() if np.isnan(value).any()}
    assert lost >= {"W", "I6", "Pn", "Tn", "N", "Pp", "Tt", "Pl", "Nf"}


def test_steps_are_second_order():
    """Halving the step divides the error by four."""
    p, y0 = median_person("low_burden_relapse").parameters, median_person("low_burden_relapse").start
    x = action(exposure(0.5), p, np)

    def end(n):
        y = y0
        for _ in range(n):
            y = step(lambda s, d: rates(s, d, p, np), y, x, x, 1.0 / n, np)
        return np.log10(y.Lb[0]), np.log10(y.Am[0]), np.log10(y.I6[0])

    exact = np.array(end(1024))
    coarse, fine = (np.abs(np.array(end(n)) - exact) for n in (32, 64))
    assert np.all(coarse / fine > 3.0) and np.all(coarse / fine < 5.5)


KILLERS = {
    "inotuzumab": ("Ls", "Lo", "Lr", "Ln", "Lx", "Bm"),
    "tki": ("Ls", "Lo", "Ln", "Lx", "Rt"),
    "t315i": ("Lr",),
    "pomp": ("Ls", "Lo", "Lr", "Ln", "Lx"),
    "intrathecal": ("Lx",),
    "rituximab": ("Bm",),
    "donor": ("Ls", "Lo", "Lr", "Ln", "Lx", "Rt"),
}
"""What each drug removes directly, and nothing else."""


@pytest.mark.parametrize("drug", KILLERS)
def test_each_drug_kills_its_own_cells_and_no_others(drug):
    """At first order: the other states feel it only through these cells and through blood formation."""
    who = median_person("bulky_relapse")
    p = who.parameters._replace(kTKI=np.full(1, 0.16), kTKI_T315I=np.full(1, 0.12), kDLI=np.full(1, 0.05))
    few = np.full(1, 1e5)
    y = who.start._replace(Lo=few, Ln=few, Lx=few, Rt=few)
    change = net(y, OFF._replace(**{drug: np.full(1, 0.5)}), p)
    rest = net(y, OFF, p)
    moved = {name for name in State._fields if not np.array_equal(getattr(change, name), getattr(rest, name))}
    assert moved - {"Pn", "Pp"} == set(KILLERS[drug])
    assert all(getattr(change, name) < getattr(rest, name) for name in KILLERS[drug])


def test_kinase_inhibitors_do_nothing_in_ph_negative_disease():
    who = median_person("bulky_relapse")
    on = OFF._replace(tki=np.ones(1), t315i=np.ones(1))
    assert all(
        np.array_equal(a, b)
        for a, b in zip(net(who.start, on, who.parameters), net(who.start, OFF, who.parameters), strict=True)
    )


def test_donor_lymphocytes_need_a_graft():
    """They kill every clone alike, whatever it carries, and less in the sanctuary; without a graft nothing."""
    who = median_person("mrd_cr1")
    y = who.start._replace(**{name: np.full(1, 1e6) for name in ("Ls", "Lo", "Lr", "Ln", "Lx", "Rt")})
    on = OFF._replace(donor=np.ones(1))
    bare, grafted = who.parameters, who.parameters._replace(kDLI=np.full(1, values()["kDLI"]))
    assert all(np.array_equal(a, b) for a, b in zip(net(y, on, bare), net(y, OFF, bare), strict=True))
    lost = {
        name: getattr(net(y, OFF, grafted), name) - getattr(net(y, on, grafted), name) for name in y._fields
    }
    assert lost["Ls"] == pytest.approx(values()["kDLI"] * 1e6)
    assert all(lost[name] == pytest.approx(lost["Ls"]) for name in ("Lo", "Lr", "Ln", "Rt"))
    assert 0 < lost["Lx"] < lost["Ls"] and lost["Bm"] == 0


@given(
    doses=st.lists(st.sampled_from([0.0, 0.0, 40.0, 250.0]), min_size=1, max_size=20),
    pump=st.lists(st.sampled_from([0.0, 9.0, 28.0]), min_size=20, max_size=20),
    ka=st.floats(0.05, 10),
    CL=st.floats(10, 300),
)
def test_what_is_given_is_in_the_depot_in_plasma_or_cleared(doses, pump, ka, CL):
    """Over any plan of infusions and doses under the skin: F·doses + ∫R dt = depot + V·C + CL·∫C dt."""
    V, F, h = 5.98, 0.3, 0.25
    nodes, weights = np.polynomial.legendre.leggauss(30)
    times, weights = (nodes + 1) * h / 2, weights * h / 2
    D = C = cleared = total = 0.0
    for dose, R in zip(doses, pump, strict=False):
        D, total = D + F * dose, total + F * dose + R
        for _ in range(4):
            at = lambda t, D=D, C=C, R=R: concentration(C, R, CL, V, t, np) + absorbed(D, ka, CL, V, t, np)  # noqa: E731
            cleared += CL * np.sum(weights * at(times))
            C, D = at(h), depot(D, ka, h, np)
    assert D + V * C + cleared == pytest.approx(total, rel=1e-9, abs=1e-9)
