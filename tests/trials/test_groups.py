"""Subgroups by what is known at entry, and groups at a landmark, on tables written by hand."""

import polars as pl
import pytest
from tests.tables import marrow, patients, tables

from engager.evidence import Result
from engager.trials import NotSimulated, Tables, measured, trial
from engager.trials.groups import AT_FIRST_CYCLE, AT_TRANSPLANT, by_regimen, group_of
from engager.vocabulary import quantity

TOWER = trial("TOWER")
MONTH = quantity("1 month").canonical
FIRST = TOWER.arms["blinatumomab"].regimens[0].regimen.cycles[0].length
DELAY = TOWER.arms["blinatumomab"].transplant.delay


def members(people, subgroup, looks=None):
    return group_of(TOWER, tables(people, looks), "blinatumomab", subgroup).patients["patient"].to_list()


@pytest.mark.parametrize(
    ("subgroup", "columns", "inside"),
    [
        ("first salvage", {"line": [1, 2, 3]}, [0]),
        ("second salvage", {"line": [1, 2, 3]}, [1]),
        ("third or later salvage", {"line": [1, 2, 3]}, [2]),
        ("second or later salvage", {"line": [1, 2, 3]}, [1, 2]),
        ("Ph-positive", {"ph": [True, False]}, [0]),
        ("Ph-negative", {"ph": [True, False]}, [1]),
        ("blasts < 50 %", {"blasts": [0.5, 0.49]}, [1]),
        ("blasts >= 50 %", {"blasts": [0.5, 0.49]}, [0]),
        ("MRD above 1e-2", {"blasts": [0.011, 0.01]}, [0]),
        ("MRD up to 1e-2", {"blasts": [0.011, 0.01]}, [1]),
        ("first remission", {"line": [1, 2]}, [0]),
        ("later remission", {"line": [1, 2]}, [1]),
        ("T315I", {"ph": [True, True, False], "t315i": [True, False, True]}, [0]),
        ("no T315I", {"ph": [True, True, False], "t315i": [True, False, True]}, [1]),
        ("prior transplant", {"prior_transplant": [True, False]}, [0]),
        ("no prior transplant", {"prior_transplant": [True, False]}, [1]),
        ("overt relapse", {"blasts": [0.05, 0.049]}, [0]),
        ("MRD only", {"blasts": [0.05, 0.049]}, [1]),
        ("long-term responders", {"os_time": [914, 913]}, [0]),
        ("transplanted", {"transplant_day": [100, None]}, [0]),
        ("with blinatumomab", {"regimen": ["blinatumomab-tower", "another"]}, [0]),
        ("blinatumomab", {"regimen": ["another", "blinatumomab-tower"]}, [1]),
        ("ramp-up", {"regimen": ["another", "blinatumomab-tower"]}, [1]),
    ],
)
def test_subgroups_at_entry(subgroup, columns, inside):
    assert members(patients(**columns), subgroup) == inside


def test_a_subgroup_that_nobody_is_in_or_that_is_not_known_is_said():
    with pytest.raises(NotSimulated, match="no simulated patient is in the subgroup 'Ph-positive'"):
        members(patients(2), "Ph-positive")
    with pytest.raises(NotSimulated, match="no 'newly diagnosed'"):
        members(patients(2), "newly diagnosed")
    with pytest.raises(NotSimulated, match="no arm 'historical'"):
        group_of(TOWER, tables(patients(1)), "historical", "")


def test_a_regimen_is_known_by_its_arm_and_name():
    people = patients(arm=["blinatumomab", "chemotherapy"], regimen=["flag-ida", "flag-ida"])
    chosen = people.filter(by_regimen(TOWER, lambda r: "fludarabine" in r.drugs or "cytarabine" in r.drugs))
    assert chosen["patient"].to_list() == [1]


def test_undivided_inotuzumab_is_given_on_one_day_of_a_cycle():
    from engager.regimens import Cycle, Dose, Regimen
    from engager.trials.groups import _undivided

    once, twice = (
        Cycle("c", 28, (Dose("inotuzumab ozogamicin", quantity("0.9 mg/m²"), days),))
        for days in ((3,), (2, 8))
    )
    assert _undivided(Regimen("r", (once, once)))
    assert not _undivided(Regimen("r", (once, twice)))
    assert not _undivided(TOWER.regimens[0])


def responders(**columns):
    """Patients in remission since day 29, by default to the end of follow-up."""
    size = len(next(iter(columns.values())))
    ordinary = {"in_remission": [True] * size, "rfs_start": [29] * size, "rfs_time": [971] * size}
    return patients(**{**ordinary, **columns})


def test_mrd_responders_are_those_of_the_first_cycle_who_are_still_observed():
    people = responders(os_time=[1000, 1000, 1000, FIRST, 1000], in_remission=[True, True, True, True, False])
    looks = marrow(
        [0, 1, 2, 3, 2],
        [29, 29, 29, 29, FIRST + 1],
        remission=[True] * 5,
        mrd=[0.0, 5e-5, 1e-3, 0.0, 0.0],
    )
    assert members(people, "MRD responders", looks) == [0, 1]
    assert members(people, "complete MRD responders", looks) == [0]
    assert members(people, "MRD non-responders", looks) == [2]


def test_transplanted_and_not_are_told_apart_on_the_day_by_which_the_policy_transplants():
    day = FIRST + DELAY
    people = responders(
        transplant_day=[day, day + 1, None, None, day],
        rfs_time=[971, 971, 971, day - 29, 971],
        os_time=[1000, 1000, 1000, 1000, day],
    )
    assert members(people, "transplant") == [0]
    assert members(people, "no transplant or chemotherapy") == [1, 2]


def test_time_runs_from_the_landmark():
    people = responders(
        os_time=[FIRST + 100, FIRST + 200], os_event=[True, True], rfs_time=[FIRST + 60 - 29, 1000]
    )
    people = people.with_columns(rfs_event=pl.Series([True, False]))
    looks = marrow([0, 1], [29, 29], remission=[True, True], mrd=[0.0, 0.0])

    def asked(endpoint):
        row = Result(
            study="S", arm="blinatumomab", subgroup="MRD responders", endpoint=endpoint, statistic="median"
        )
        return measured(TOWER, Tables(people, looks), row)[0] * MONTH

    assert asked("overall_survival") == pytest.approx(100)
    assert asked("relapse_free_survival") == pytest.approx(60)


def test_later_responses_are_counted_in_who_had_none_in_the_first_cycle():
    people = patients(3, in_remission=[True] * 3)
    looks = marrow(
        [0, 1, 1, 2],
        [42, 42, 84, 42],
        mrd=[0.0, 1e-2, 0.0, 1e-2],
        remission=[True] * 4,
        engager_cycle=[1, 1, 2, 1],
    )
    cells = {"study": "S", "arm": "blinatumomab", "endpoint": "mrd_response", "population": "MRD responders"}
    count = Result(**cells, subgroup="after cycle 1", statistic="count")
    assert measured(trial("MT103-202"), tables(people, looks), count)[0] == 1


@pytest.mark.parametrize("subgroup", [*AT_FIRST_CYCLE, *AT_TRANSPLANT])
def test_a_landmark_group_knows_nothing_of_what_comes_after(tower, subgroup):
    """Whatever happens after the landmark, the groups are the same."""
    people, looks = tower.tables.patients, tower.tables.visits.filter(pl.col("kind") == "marrow")
    group = group_of(TOWER, Tables(people, looks), "blinatumomab", subgroup)
    mark = int(group.patients["landmark"].max())
    assert len(group.patients) > 5 and (group.patients["landmark"] == mark).all()
    end = pl.col("rfs_start") + pl.col("rfs_time")
    later = {
        day: pl.when(pl.col(day) > mark).then(None).otherwise(pl.col(day))
        for day in ("transplant_day", "relapse_day")
    }
    changed = people.with_columns(
        os_time=pl.when(pl.col("os_time") > mark).then(mark + 1).otherwise(pl.col("os_time")),
        os_event=~pl.col("os_event"),
        rfs_time=pl.when(end > mark).then(mark + 1 - pl.col("rfs_start")).otherwise(pl.col("rfs_time")),
        rfs_event=~pl.col("rfs_event"),
        response=pl.lit("CR"),
        mrd=pl.lit(0.0),
        mrd_response=pl.lit(True),
        complete_mrd_response=pl.lit(True),
        **later,
    )
    others = looks.with_columns(mrd=pl.when(pl.col("day") > mark).then(0.0).otherwise(pl.col("mrd")))
    same = group_of(TOWER, Tables(changed, others), "blinatumomab", subgroup)
    assert same.patients["patient"].equals(group.patients["patient"])


SECOND = sum(cycle.length for cycle in TOWER.arms["blinatumomab"].regimens[0].regimen.cycles[:2])


def test_residual_disease_at_the_end_of_the_second_cycle_is_that_of_the_last_marrow():
    people = responders(os_time=[1000, 1000, 1000, SECOND, 1000], rfs_time=[900, 900, SECOND - 29, 900, 900])
    looks = marrow(
        [0, 0, 1, 1, 2, 3, 4],
        [29, 80, 29, 80, 80, 80, SECOND + 1],
        remission=[True] * 7,
        mrd=[1e-2, 0.0, 0.0, 1e-2, 0.0, 0.0, 0.0],
    )

    def of(arm, subgroup=""):
        return group_of(TOWER, tables(people, looks), arm, subgroup)

    # the third had relapsed, the fourth had died, the fifth was not looked at in time
    assert of("mrd-negative").patients["patient"].to_list() == [0]
    assert of("mrd-positive", "adults").patients["patient"].to_list() == [1]
    assert of("mrd-negative").landmarked and (of("mrd-negative").patients["landmark"] == SECOND).all()
    with pytest.raises(NotSimulated, match="no simulated patient is in the subgroup 'children'"):
        of("mrd-negative", "children")
