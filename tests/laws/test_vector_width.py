"""Other vector instructions: shorter vectors give the same bits; without fused multiply-add the last digits differ, and
here is how far that goes, in cells and in what a clinic records."""

import os
import subprocess
import sys

import numpy as np
import pytest

PATIENTS = 2048
OUTCOMES = (
    "early",
    "responded",
    "relapsed",
    "failed",
    "transplanted",
    "off",
    "off_reason",
    "died",
    "cause",
    "crs",
    "ne",
)

COURSE = """
import sys
import numpy as np
from engager.trials import trial
from engager.trials.conduct import conduct
from engager.trials.enrol import enrol
from engager.trials.shards import setup

s = setup(trial("TOWER"), 1)
e = enrol(s.trial, s.low, s.values, 1, 0, range(int(sys.argv[1])))
c = conduct(s.trial, s.low, s.values, e.entrant, 8)
np.savez(sys.argv[2], blasts=c.daily.blasts, studied=c.daily.studied, **c.chart._asdict())
"""


def course(folder, flags=""):
    """Blasts by day and charts of TOWER's patients, in a process of its own with these flags of the compiler."""
    out = folder / "course.npz"
    command = [sys.executable, "-c", COURSE, str(PATIENTS), str(out)]
    subprocess.run(command, env={**os.environ, "XLA_FLAGS": flags}, check=True, timeout=300)
    return np.load(out)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return course(tmp_path_factory.mktemp("usual"))


@pytest.mark.slow
@pytest.mark.parametrize("width", [128, 256])
def test_shorter_vectors_give_the_same_bits(width, usual, tmp_path):
    found = course(tmp_path, f"--xla_cpu_prefer_vector_width={width}")
    for name in usual.files:
        assert np.array_equal(found[name], usual[name]), name


@pytest.mark.slow
def test_without_fused_multiply_add_the_last_digits_differ(usual, tmp_path):
    """As on an old processor. The limits stand in docs/numerics.md."""
    found = course(tmp_path, "--xla_cpu_max_isa=AVX")
    both = (usual["studied"] > 0) & (found["studied"] > 0)
    logs = [np.log10(np.maximum(x["blasts"], 1e-13)) for x in (usual, found)]
    worst = np.where(both, np.abs(logs[0] - logs[1]), 0).max(axis=0)  # of each patient, on any day
    alike = np.all([usual[name] == found[name] for name in OUTCOMES], axis=0)
    assert np.median(worst) < 1e-6 and np.quantile(worst, 0.99) < 1e-4 and worst.max() > 0
    assert np.mean(worst > 0.01) < 0.005 and alike.mean() > 0.995
