"""What is measured of a command is its own."""

import sys

import numpy as np
import pytest
from benchmarks.commands import timed


def test_peak_memory_is_that_of_the_command_not_of_who_starts_it():
    mine = np.ones(60_000_000)  # 480 MB, touched
    seconds, small = timed([sys.executable, "-c", "pass"])
    _, large = timed([sys.executable, "-c", "b = bytearray(300_000_000)"])
    assert mine.nbytes > 4e8 and seconds > 0 and small < 60 and 286 < large < 360


def test_a_command_that_fails_is_named():
    with pytest.raises(SystemExit, match="ended with 3"):
        timed([sys.executable, "-c", "raise SystemExit(3)"])
