"""Marrow assessments as a trial's database holds them: one row each, with what was seen and what it showed."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.outcomes import measured_mrd
from engager.regimens import Regimen
from engager.trials import chart as ch
from engager.trials.conduct import Courses
from engager.trials.design import Trial
from engager.trials.enrol import Enrolled
from engager.trials.plan import ENGAGER, Lowered
from engager.trials.rows import keys, labels

Array = NDArray[Any]


def marrow_assessments(trial: Trial, low: Lowered, e: Enrolled, c: Courses, follow: Array) -> pl.DataFrame:
    """One row per assessment within follow-up.

    ``row`` and ``index``: patient and day as positions in ``c``; ``cycle``: of the regimen; ``engager_cycle``:
    see ``engager_cycles``; ``blasts``: as the aspirate shows them; ``mrd``: as the assay measures it;
    ``transcripts``: share of cells with BCR-ABL1, likewise (null in Ph-negative disease);
    ``response``: what this assessment showed; ``remission``: the patient is in remission by then.
    """
    day, who = np.nonzero((c.daily.visit > 0) & (np.arange(len(c.daily.visit))[:, None] < follow))
    number = c.daily.visit[day, who] - 1
    fate = e.entrant.fate
    luck, other = np.zeros(len(day)), np.zeros(len(day))
    for i in np.unique(number):
        luck[number == i] = e.luck(f"MRD sample {i}")[who[number == i]]
        other[number == i] = e.luck(f"transcript sample {i}")[who[number == i]]
    error = fate.aspirate[number, who]
    true = c.daily.blasts[day, who].astype(np.float64)
    cells = trial.visits.assay.cells
    found = measured_mrd(c.daily.transcripts[day, who].astype(np.float64), error, other, cells)
    ph = np.asarray(e.patients.disease.ph)[who] > 0
    in_remission = (fate.remission[who] > 0) | (c.chart.responded[who] <= day)
    regimen = fate.regimen[who]
    cycle = low.plan.cycle[regimen, c.daily.plan_day[day, who]].astype(np.int16)
    counted = [engager_cycles(r) for r in trial.regimens]
    own = np.zeros((len(counted), max(map(len, counted)) + 1), np.int16)
    for i, numbers in enumerate(counted):
        own[i, 1 : len(numbers) + 1] = numbers
    return pl.DataFrame(
        {
            **keys(trial, e, who),
            "day": (day + 1).astype(np.int32),
            "row": who,
            "index": day,
            "visit": (number + 1).astype(np.int16),
            "cycle": cycle,
            "engager_cycle": own[regimen, cycle],
            "mrd": measured_mrd(true, error, luck, cells),
            "transcripts": pl.Series(np.where(ph, found, np.nan)).fill_nan(None),
            "blasts": np.minimum(true * 10.0**error, 1.0),
            "response": labels(c.daily.response[day, who], ch.RESPONSES),
            "remission": in_remission & (c.chart.relapsed[who] >= day),
        }
    )


def engager_cycles(regimen: Regimen) -> list[int]:
    """For each cycle of a regimen the number, from 1, of the engager's cycle that it is or that comes next.

    Papers count cycles of the drug under study: what precedes it (an induction without it) belongs to its first
    cycle. Cycles of a regimen without the engager are counted as they are.
    """
    given = [any(dose.drug == ENGAGER for dose in cycle.doses) for cycle in regimen.cycles]
    if not any(given):
        return list(range(1, len(given) + 1))
    return [1 + sum(given[:i]) for i in range(len(given))]
