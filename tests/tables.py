"""Patient tables written by hand: a column that a test does not name holds what happens to nobody."""

import polars as pl

from engager.trials import Tables
from engager.trials.chart import CAUSES, RELAPSES, RESPONSES

DAY = pl.Int32
ORDINARY = {
    "replicate": (0, DAY), "arm": ("blinatumomab", pl.String), "regimen": ("blinatumomab-tower", pl.String),
    "age": (40.0, pl.Float64), "line": (1, pl.Int8), "prior_transplant": (False, pl.Boolean),
    "refractory": (False, pl.Boolean),
    "blasts": (0.7, pl.Float64), "ph": (False, pl.Boolean), "t315i": (False, pl.Boolean),
    "follow_up": (1000, DAY), "response": ("none", pl.Enum(RESPONSES)), "in_remission": (False, pl.Boolean),
    "mrd": (None, pl.Float64), "mrd_response": (None, pl.Boolean), "complete_mrd_response": (None, pl.Boolean),
    "molecular_response": (None, pl.Boolean), "complete_molecular_response": (None, pl.Boolean),
    "lowest_blasts": (None, pl.Float64), "response_day": (None, DAY), "relapse_day": (None, DAY),
    "relapse_type": ("none", pl.Enum(RELAPSES)), "failure_day": (None, DAY), "transplant_day": (None, DAY),
    "vod_day": (None, DAY), "cycles": (1, pl.Int16), "death_day": (None, DAY),
    "death_cause": ("alive", pl.Enum(CAUSES)), "os_time": (1000, DAY), "os_event": (False, pl.Boolean),
    "efs_time": (1000, DAY), "efs_event": (False, pl.Boolean), "rfs_start": (0, DAY), "rfs_time": (0, DAY),
    "rfs_event": (False, pl.Boolean), "crs_grade": (0, pl.Int8), "ne_grade": (0, pl.Int8),
    "neutropenia_grade": (0, pl.Int8), "thrombocytopenia_grade": (0, pl.Int8),
}  # fmt: skip

LOOK = {
    "replicate": (0, DAY), "engager_cycle": (1, pl.Int16), "cycle": (1, pl.Int16), "mrd": (0.5, pl.Float64),
    "transcripts": (None, pl.Float64), "blasts": (0.5, pl.Float32),
    "response": ("none", pl.Enum(RESPONSES)), "remission": (False, pl.Boolean),
}  # fmt: skip


def _frame(ordinary, columns):
    size = len(next(iter(columns.values())))
    given = {}
    for name, (value, kind) in ordinary.items():
        given[name] = pl.Series(name, columns.pop(name, [value] * size), dtype=kind)
    return pl.DataFrame({**{n: pl.Series(n, x, dtype=DAY) for n, x in columns.items()}, **given})


def patients(size=None, **columns):
    """``size`` patients numbered from 0; columns as lists."""
    size = size or len(next(iter(columns.values())))
    return _frame(ORDINARY, {"patient": list(range(size)), **columns})


def marrow(patient, day, **columns):
    """Marrow assessments: of which patient, on which day."""
    return _frame(LOOK, {"patient": patient, "day": day, **columns})


def tables(people, looks=None):
    return Tables(people, marrow([], []) if looks is None else looks)
