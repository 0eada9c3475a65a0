"""The equations that other programs are given are the model's."""

import math

import numpy as np
import pytest

from benchmarks import bare, listing, peers
from engager.model import Parameters, State, action, alone, rates

RATE = 28.0


def anywhere(number: int):
    """Parameters of patients, and states around their start with some drug about."""
    who, luck = bare.patients(number), np.random.default_rng(2)
    states = [
        [float(v * 10 ** luck.uniform(-2, 0.3) + 10 ** luck.uniform(-3, 0)) for v in column]
        for column in np.array(who.start).T
    ]
    return list(np.array(who.parameters).T), states, luck.uniform(0, 2, number)


def expected(p, y, C):
    """Derivatives of states and concentration, and the size of their terms."""
    p, y = Parameters(*p), State(*y)
    P, k = rates(y, action(alone(np.float64(C), np), p, np), p, np)
    rise = [a - b * v for a, b, v in zip(P, k, y, strict=True)]
    size = [abs(a) + abs(b * v) + p.r * v for a, b, v in zip(P, k, y, strict=True)]
    return np.array([*rise, (RATE - p.CL * C) / p.V]), np.array([*size, RATE / p.V])


def test_assignments_give_the_models_rates():
    for p, y, C in zip(*anywhere(20), strict=True):
        room = {f"{name}_": float(v) for name, v in zip(Parameters._fields, p, strict=True)}
        room |= {f"{name}_": v for name, v in zip(State._fields, y, strict=True)}
        room |= {"C_": float(C), "R_": RATE, "exp": math.exp, "log": math.log}
        exec("\n".join(listing.written(listing.PYTHON)), room)
        found = [eval(name, room) for name in listing.equations()[1].values()]
        rise, size = expected(p, y, C)
        assert np.max(np.abs(found - rise) / size) < 1e-12


def test_logarithms_of_clones_fall_at_their_loss():
    plain, logs = listing.equations()[1], listing.equations(logarithmic=True)[1]
    assert plain.keys() == logs.keys()
    for p, y, C in zip(*anywhere(5), strict=True):
        room = {f"{name}_": float(v) for name, v in zip(Parameters._fields, p, strict=True)}
        room |= {f"{name}_": v for name, v in zip(State._fields, y, strict=True)}
        room |= {f"{name}_": math.log(getattr(State(*y), name)) for name in listing.CLONES}
        room |= {"C_": float(C), "R_": RATE, "exp": math.exp, "log": math.log}
        exec("\n".join(listing.written(listing.PYTHON, logarithmic=True)), room)
        rise, size = expected(p, y, C)
        for name in listing.CLONES:
            i = State._fields.index(name)
            assert abs(eval(logs[name], room) * y[i] - rise[i]) / size[i] < 1e-12


@pytest.mark.slow
def test_roadrunner_holds_the_models_rates():
    if lacking := peers.missing("libRoadRunner"):
        pytest.skip(f"{', '.join(lacking)} not installed")
    runner = peers.road_runner()
    indices = peers.set_in(runner, (*peers.NAMES, *Parameters._fields, "R"))
    for p, y, C in zip(*anywhere(20), strict=True):
        runner.reset()
        runner.model.setGlobalParameterValues(indices, [*y, C, *p, RATE])
        found = np.array([runner.getValue(f"{name}_'") for name in peers.NAMES])
        rise, size = expected(p, y, C)
        assert np.max(np.abs(found - rise) / size) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scipy LSODA, numba", "numbalsoda", "libRoadRunner", "diffrax Tsit5"])
def test_peer_solves_the_problem(name):
    if lacking := [*peers.missing(name), *peers.missing("scipy LSODA, numba")]:
        pytest.skip(f"{', '.join(lacking)} not installed")
    who = bare.patients(8)
    found = peers.PEERS[name][1](who, 1e-5)
    assert np.quantile(bare.difference(found, peers.tight(who)), 0.95) < 5e-3
