"""Three median patients follow reference courses: every state within 0.02 log10.

The expected numbers come from an independent program of the same equations (model/data/reference.csv),
which has neither Lo nor Rt: they stay 0.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.helpers import CASES, course

import engager.model
from engager.model import State

ROWS = list(csv.DictReader((Path(engager.model.__file__).parent / "data" / "reference.csv").open()))
NOTHING = 1e-9
"""Below this a cell count is a remainder of an extinct clone's blood blasts, not a result."""


@pytest.mark.parametrize("case", CASES)
def test_median_patient_follows_the_reference(case):
    simulated = course(case, 84, 80)
    compared = 0
    for row in (row for row in ROWS if row["case"] == case):
        y = simulated[float(row["day"])]
        for name in State._fields:
            expected, found = float(row[name]), float(getattr(y, name)[0])
            if name == "Lb" and expected < NOTHING:
                assert found < NOTHING
                continue
            if expected < NOTHING:
                assert abs(found - expected) < NOTHING
                continue
            assert abs(np.log10(found / expected)) < 0.02, (case, row["day"], name, found, expected)
            compared += 1
    assert compared > 200
