"""The C++ reference solves the model's equations: rates at random states, a whole course, and a state it lacks."""

import subprocess

import numpy as np
import pytest

from benchmarks import bare, cpp
from engager.model import Exposure, State, action, rates

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(cpp.compiler() is None, reason="no C++ compiler here"),
]


def anywhere(number: int):
    """Parameters of patients, states around their start, and every treatment at once."""
    who, luck = bare.patients(number), np.random.default_rng(1)
    y = State(
        *(v * 10 ** luck.uniform(-2, 0.3, number) + 10 ** luck.uniform(-3, 0, number) for v in who.start)
    )
    x = Exposure(*(luck.uniform(0, 1, number) for _ in Exposure._fields))
    whole = {name: np.round(getattr(x, name)) for name in ("chemo_given", "dexamethasone")}
    y, x = y._replace(X=luck.uniform(0, 1, number)), x._replace(**whole)
    return who.parameters, *(
        type(part)(*(v.astype(np.float32).astype(float) for v in part)) for part in (y, x)
    )


def test_rates_are_those_of_the_model():
    p, y, x = anywhere(512)
    expected, found = rates(y, action(x, p, np), p, np), cpp.right_hand_side(p, y, x)
    for name, *terms in zip(State._fields, *expected, *found, y, strict=True):
        P, k, P_found, k_found, value = terms
        scale = (
            np.abs(P) + np.abs(k * value) + p.r * value
        )  # losses of clones are differences of larger rates
        assert np.max(np.abs((P_found - k_found * value) - (P - k * value)) / scale) < 3e-5, name
        assert np.max(np.abs(P_found - P) / (np.abs(P) + 1e-9 * scale)) < 1e-4, name


def test_course_is_that_of_the_compiled_program():
    who = bare.patients(256)
    slow, fast = cpp.Reference(who, *bare.grids(), bare.EVERY)(), bare.compiled(who)()
    assert slow.shape == fast.shape == (len(bare.output_days()), 256)
    assert bare.difference(slow, fast).max() < cpp.TOLERANCE


@pytest.mark.parametrize(
    ("old", "new"),
    [("struct State { Real Ls,", "struct State { Real Another, Ls,"), (", Rt; }", "; }"), (" kmax,", "")],
    ids=["a new state", "a state less", "a parameter less"],
)
def test_another_model_does_not_build(tmp_path, old, new):
    text = cpp.model_header()
    assert old in text
    with pytest.raises(subprocess.CalledProcessError) as failed:
        cpp.build(tmp_path, text.replace(old, new))
    assert "error:" in failed.value.stderr
