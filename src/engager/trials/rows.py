"""Columns that the tables of a trial share: keys of a patient, days, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.trials.design import Trial
from engager.trials.enrol import Enrolled

Array = NDArray[Any]


def keys(trial: Trial, e: Enrolled, rows: Array | slice = slice(None)) -> dict[str, Any]:
    """Replicate, patient and arm of the patients at ``rows``."""
    arms = np.array(list(trial.arms))
    return {
        "replicate": e.replicate[rows].astype(np.int32),
        "patient": e.patients.number[rows].astype(np.int32),
        "arm": pl.Series(arms[e.arm[rows]], dtype=pl.Enum(list(trial.arms))),
    }


def nullable(numbers: Array) -> pl.Series:
    """Numbers from 1 (days, grades), null where they are 0."""
    series = pl.Series(numbers)
    return series.set(series == 0, None)


def labels(codes: Array, words: tuple[str, ...]) -> pl.Series:
    """The words that codes stand for."""
    return pl.Series(words, dtype=pl.Enum(words)).gather(np.asarray(codes, np.uint32))
