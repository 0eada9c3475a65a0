"""Virtual controls: every patient of a trial once more, under a treatment to which nobody is randomised."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from engager.trials.design import Trial
from engager.trials.groups import Tables
from engager.trials.responses import KEYS


def under_control(trial: Trial, control: str) -> Trial:
    """The trial in which every patient is treated as the named control: one arm, no control."""
    return trial.model_copy(update={"arms": {control: trial.controls[control]}, "controls": {}})


def paired(tables: Tables, others: Tables) -> tuple[Tables, Tables]:
    """Of two conducts the patients that both have (a patient who could not be computed in one is left out)."""
    both = tables.patients.select(KEYS).join(others.patients, on=KEYS, how="semi")
    first, second = (
        Tables(part.patients.join(both, on=KEYS, how="semi"), part.marrow.join(both, on=KEYS, how="semi"))
        for part in (tables, others)
    )
    return first, second


def beside(trial: Trial, controls: Iterable[str]) -> Trial:
    """The trial with its named controls as further arms, so that rows about them are measured like those of an arm."""
    arms = {**trial.arms, **{name: trial.controls[name] for name in controls}}
    return trial.model_copy(update={"arms": arms, "controls": {}})


def together(both: Trial, tables: Tables, controls: Iterable[Tables]) -> Tables:
    """Tables of the trial ``both`` (see :func:`beside`): those of its own arms, and those of the same patients under
    each control. A patient under a control gets a number of its own."""
    parts = (tables, *controls)
    step = 1 + max(int(part.patients["patient"].max() or 0) for part in parts)  # type: ignore[arg-type]

    def numbered(frame: pl.DataFrame, which: int) -> pl.DataFrame:
        arm = pl.col("arm").cast(pl.String).cast(pl.Enum(list(both.arms)))
        return frame.with_columns(arm, patient=pl.col("patient").cast(pl.Int64) + which * step)

    return Tables(
        *(
            pl.concat([numbered(getattr(part, name), i) for i, part in enumerate(parts)])
            for name in ("patients", "marrow")
        )
    )
