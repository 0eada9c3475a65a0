"""Results of a run that is measured in parts, on tables small enough to count by hand."""

import numpy as np
import polars as pl
import pytest
from tests.tables import marrow, patients

from engager.evidence import Result
from engager.inference.measures import Measures
from engager.trials import Nobody, NotSimulated, Tables, measured, trial

TOWER = trial("TOWER")
WHOLE = Tables(
    patients(
        replicate=[0, 0, 1, 1, 1, 2],
        ph=[False, False, True, True, False, False],
        response=["CR", "none", "CR", "none", "CR", "CRh"],
        age=[30.0, 50.0, 20.0, 60.0, 70.0, 80.0],
    ),
    marrow([], []),
)


SOME = pl.Series(["clofarabine", *["blinatumomab-tower"] * 5])


def row(**cells):
    given = {
        "study": "TOWER",
        "arm": "blinatumomab",
        "endpoint": "complete_remission",
        "statistic": "proportion",
    }
    return Result(**{**given, **cells})


def asked(rows, many=3, tables=WHOLE):
    """Measured one replicate after the other."""
    found = Measures(TOWER, rows, many)
    for _, part in sorted(tables.patients.partition_by("replicate", as_dict=True).items()):
        found.add(Tables(part, tables.marrow))
    return found


@pytest.mark.parametrize(
    "cells",
    [
        {}, {"statistic": "count"}, {"endpoint": "age", "statistic": "median"},
        {"endpoint": "patients", "statistic": "count"},
    ],
)  # fmt: skip
def test_in_parts_as_in_one(cells):
    assert np.array_equal(asked([row(**cells)])(row(**cells)), measured(TOWER, WHOLE, row(**cells)))


def test_a_replicate_without_the_group_has_no_value_wherever_it_stands():
    of = row(subgroup="Ph-positive")
    assert np.array_equal(asked([of])(of), [np.nan, 0.5, np.nan], equal_nan=True)


def test_a_regimen_that_a_part_does_not_hold_has_no_share_in_it():
    both = Tables(WHOLE.patients.with_columns(regimen=SOME), WHOLE.marrow)
    of = row(endpoint="regimen_share", subgroup="clofarabine")
    assert np.array_equal(asked([of], tables=both)(of), [0.5, 0, 0])


def test_the_reason_is_that_of_the_whole_run():
    nobody, never = row(subgroup="children"), row(subgroup="Ph-positive", endpoint="age", statistic="range")
    found = asked([nobody, never])
    with pytest.raises(Nobody, match="no simulated patient is in the subgroup 'children'"):
        found(nobody)
    with pytest.raises(NotSimulated, match="a range is no single value"):
        found(never)
