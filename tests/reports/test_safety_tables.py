"""Adverse events by cycle and against stopping, on cases small enough to count by hand."""

from functools import partial
from types import SimpleNamespace

import polars as pl

from engager.inference import Summary
from engager.reports.safety_tables import BY_DAYS, against_stopping, by_cycle
from engager.trials import trial, with_first_days, worst_by_cycle

TOWER = trial("TOWER")


def run(events, **columns):
    size = len(next(iter(columns.values())))
    ordinary = {
        "replicate": [0] * size,
        "patient": list(range(size)),
        "arm": ["blinatumomab"] * size,
        "engager_off_day": [None] * size,
        "os_time": [500] * size,
        "os_event": [False] * size,
    }
    kinds = {"engager_off_day": pl.Int32, "day": pl.Int32, "grade": pl.Int8}
    names = ("replicate", "patient", "arm", "event", "day", "cycle", "grade")
    rows = [(0, patient, "blinatumomab", *rest) for patient, *rest in events]
    adverse = pl.DataFrame(rows, schema=dict.fromkeys(names), orient="row").cast(
        {"replicate": pl.Int64, "patient": pl.Int64, "day": pl.Int32, "grade": pl.Int8}
    )
    people = pl.DataFrame({**ordinary, **columns}, schema_overrides=kinds)
    found = SimpleNamespace(
        trial=TOWER, patients=with_first_days(people, adverse), worst=worst_by_cycle(adverse)
    )
    found.of_arm = partial(Summary.of_arm, found)
    return found


def test_a_patient_counts_once_a_cycle_by_the_worst_grade():
    s = run(
        [
            (0, "CRS", 2, 1, 1),
            (0, "CRS", 9, 1, 3),
            (0, "CRS", 50, 2, 2),
            (1, "CRS", 3, 1, 1),
            (2, "veno-occlusive disease", 40, 1, None),
        ],
        os_time=[500] * 4,
    )
    table = by_cycle(s)
    assert table.columns == ("event", "arm", "cycle", "any", *(f"grade {g}" for g in range(1, 6)))
    assert list(table.rows) == [
        ("CRS", "blinatumomab", "1", "50.0", "25.0", "–", "25.0", "–", "–"),
        ("CRS", "blinatumomab", "2", "25.0", "–", "25.0", "–", "–", "–"),
        ("veno-occlusive disease", "blinatumomab", "1", "25.0", "–", "–", "–", "–", "–"),
    ]


def test_stopping_competes_with_the_first_event():
    """Of four on the engager: CRS of grade 3 on day 5; stopped on day 10, and an event later does not count; died on
    day 20; still on it."""
    s = run(
        [(0, "CRS", 5, 1, 3), (1, "CRS", 12, 1, 4)],
        engager_off_day=[100, 10, None, None],
        os_time=[500, 500, 20, 500],
        os_event=[False, False, True, False],
    )
    found = {row[0]: row[2:] for row in against_stopping(s).rows[2:4]}
    at = [BY_DAYS.index(day) for day in (7, 14, 28)]
    severe = found["cytokine release syndrome, grade 3 or higher"]
    ended = found["engager ended without it"]
    assert [severe[i] for i in at] == ["25.0", "25.0", "25.0"]
    assert [ended[i] for i in at] == ["0.0", "25.0", "50.0"]


def test_nothing_to_show_is_no_table():
    s = run([], os_time=[500])
    assert by_cycle(s) is None
    s.patients = s.patients.with_columns(arm=pl.lit("chemotherapy"))
    assert against_stopping(s) is None
