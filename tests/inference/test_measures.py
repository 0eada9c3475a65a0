"""Results of a run that is measured in parts, on tables small enough to count by hand."""

import numpy as np
import polars as pl
import pytest
from tests.tables import marrow, patients

from engager.evidence import Result, Time
from engager.inference.measures import Measures
from engager.trials import Nobody, NotSimulated, Tables, measured, standard_results, trial

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


VERSUS = "blinatumomab vs chemotherapy"
ROWS = [
    *standard_results(TOWER),
    *(
        row(**cells)
        for cells in (
            {}, {"statistic": "count"}, {"endpoint": "age", "statistic": "median"},
            {"endpoint": "patients", "statistic": "count"}, {"subgroup": "Ph-positive"}, {"subgroup": "children"},
            {"endpoint": "overall_survival", "statistic": "hazard_ratio", "subgroup": "children vs adults"},
            {"endpoint": "overall_survival", "statistic": "hazard_ratio", "subgroup": "T315I vs adults"},
            {"statistic": "odds_ratio", "arm": VERSUS}, {"statistic": "difference", "subgroup": "children vs adults"},
            {"endpoint": "regimen_share", "arm": "chemotherapy", "subgroup": "clofarabine"},
            {"endpoint": "regimen_share", "arm": "chemotherapy", "subgroup": "with fludarabine"},
            {"endpoint": "regimen_share", "subgroup": "with fludarabine"},
            {"endpoint": "mrd_response", "subgroup": "after cycle 1"},
            {"endpoint": "mrd_response", "time": Time(value=2, unit="cycles", of="cycles")},
        )
    ),
]  # fmt: skip


def random_run(many, replicates, seed):
    """Patients and marrow assessments in which anything may happen to anybody, seldom to some."""
    rng = np.random.default_rng(seed)
    regimens = np.array(["blinatumomab-tower", "flag-ida", "clofarabine"])[rng.integers(0, 3, many)]
    died, relapsed = rng.integers(1, 900, many), rng.integers(1, 900, many)
    inside, os_event, grafted = (rng.random(many) < share for share in (0.5, 0.7, 0.1))
    end = np.minimum(died, relapsed)
    start = rng.integers(1, 90, many)
    people = patients(
        patient=list(range(many)),
        replicate=list(np.sort(rng.integers(0, replicates, many))),
        arm=["blinatumomab" if name.startswith("blina") else "chemotherapy" for name in regimens],
        regimen=list(regimens),
        ph=list(rng.random(many) < 0.03),
        response=list(rng.choice(["CR", "CRh", "none"], many)),
        age=list(np.where(rng.random(many) < 0.04, 10.0, rng.uniform(18, 80, many))),
        in_remission=list(inside),
        transplant_day=[int(d) if g else None for d, g in zip(start + 20, grafted, strict=True)],
        relapse_day=[int(d) if d == e else None for d, e in zip(relapsed, end, strict=True)],
        os_time=list(died),
        os_event=list(os_event),
        efs_time=list(end),
        efs_event=list(os_event | (relapsed < died)),
        rfs_start=list(start),
        rfs_time=list(np.maximum(end - start, 1)),
        rfs_event=list(os_event | (relapsed < died)),
    )
    looks = people.select("replicate", "patient").sample(2 * many, with_replacement=True, seed=seed)
    seen = marrow(
        looks["patient"].to_list(),
        list(rng.integers(1, 200, 2 * many)),
        replicate=looks["replicate"].to_list(),
        mrd=list(np.where(rng.random(2 * many) < 0.4, 0.0, 10.0 ** rng.uniform(-6, -1, 2 * many))),
        remission=list(rng.random(2 * many) < 0.7),
        engager_cycle=list(rng.integers(1, 4, 2 * many)),
    )
    return Tables(people, seen)


def answers(ask, rows):
    found = {}
    for one in rows:
        try:
            found[str(one)] = ask(one)
        except NotSimulated as why:
            found[str(one)] = str(why)
    return found


@pytest.mark.parametrize(("size", "seed"), [(1, 1), (3, 2), (17, 3), (64, 4)])
def test_replicates_of_any_size_are_measured_part_by_part(size, seed):
    """Everything that a report asks for, at once or of some patients after the others, wherever a part begins: the same
    number to the last digit, or the same reason."""
    replicates, whole = 3, random_run(150, 3, seed)
    asked, people = Measures(TOWER, ROWS, replicates), whole.patients
    for at in range(0, len(people), size):
        part = people[at : at + size]
        mine = whole.marrow.join(part, on=["replicate", "patient"], how="semi")
        following = people[at + size : at + size + 1]
        ends = following.is_empty() or following["replicate"].item() != part["replicate"][-1]
        asked.add(Tables(part, mine), last=ends)
    found, expected = (answers(ask, ROWS) for ask in (asked, lambda one: measured(TOWER, whole, one)))
    told = [name for name, value in expected.items() if not isinstance(value, str)]
    assert len(told) > 50
    for name, value in expected.items():
        if isinstance(value, str):
            assert found[name] == value
            continue
        padded = np.append(value, [np.nan] * (replicates - len(value)))  # last replicates without the group
        assert np.array_equal(found[name], padded, equal_nan=True), (name, found[name], value)


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
