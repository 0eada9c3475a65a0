"""The compiler's options where a user has JAX already: set while that is possible, else a warning, and never untrue."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, warnings
os.environ.pop("XLA_FLAGS", None)
import jax
if {at_work}:
    jax.devices()
from engager.engine import compiler
told = compiler.options()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    compiler.jax().devices()
print(told == compiler.options() == os.environ.get("XLA_FLAGS", ""), all(o in told for o in compiler.OPTIONS))
print(*[str(w.message) for w in caught if "at work" in str(w.message)])
"""


@pytest.mark.parametrize("at_work", [False, True])
def test_jax_before_engager(at_work):
    script = SCRIPT.format(at_work=at_work)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    answers, warned = done.stdout.split("\n")[:2]
    assert answers == f"True {not at_work}"
    assert warned.startswith("JAX was at work in this process before engager") == at_work
