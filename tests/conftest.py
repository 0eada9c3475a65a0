"""Shared by all tests: strict floating point, and a small trial that is simulated once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("engager", deadline=None, derandomize=True)
settings.load_profile("engager")


@pytest.fixture(autouse=True)
def strict_floats():
    """Invalid operations are errors in numpy, as they would hide a wrong number."""
    with np.errstate(invalid="raise"):
        yield
