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


@pytest.mark.parametrize(
    "cells",
    [
        {}, {"statistic": "count"}, {"endpoint": "age", "statistic": "median"},
        {"endpoint": "patients", "statistic": "count"},
        {"endpoint": "overall_survival", "statistic": "median"},
        {"endpoint": "overall_survival", "statistic": "hazard_ratio", "arm": "blinatumomab vs chemotherapy"},
        {"endpoint": "regimen_share", "subgroup": "clofarabine"},
        {"endpoint": "regimen_share", "subgroup": "fludarabine"},
        {"subgroup": "Ph-positive"}, {"subgroup": "children"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 64])
def test_replicates_of_any_size_are_measured_part_by_part(cells, size):
    """A whole replicate at once, or some of its patients after the others: the same number to the last digit."""
    rng, many = np.random.default_rng(5), 200
    regimens = np.array(["blinatumomab-tower", "flag-ida", "clofarabine"])[rng.integers(0, 3, many)]
    people = patients(
        replicate=[0] * many,
        arm=["blinatumomab" if name.startswith("blina") else "chemotherapy" for name in regimens],
        regimen=list(regimens),
        ph=list(rng.random(many) < 0.03),
        response=list(rng.choice(["CR", "CRh", "none"], many)),
        age=list(rng.uniform(18, 80, many)),
        os_time=list(rng.integers(1, 400, many)),
        os_event=list(rng.random(many) < 0.7),
    )
    asked, of = Measures(TOWER, [row(**cells)], 1), row(**cells)
    for at in range(0, many, size):
        asked.add(Tables(people[at : at + size], WHOLE.marrow), last=at + size >= many)
    try:
        expected = measured(TOWER, Tables(people, WHOLE.marrow), of)
    except Nobody:
        with pytest.raises(Nobody):
            asked(of)
        return
    assert np.array_equal(asked(of), expected)


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
