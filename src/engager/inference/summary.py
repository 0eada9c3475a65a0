"""Everything that a report shows of a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from engager.inference.comparison import Compared, Contrast
from engager.inference.measures import Floats
from engager.patients import structures
from engager.trials import Trial
from engager.trials.adverse_events import FIRST, GRADED

SHOWN = (
    "replicate", "patient", "arm", "regimen", "age", "line", "prior_transplant", "refractory", "body_surface",
    "clearance", "blasts", "response", "response_day", "mrd_response", "complete_mrd_response", "in_remission",
    "relapse_day", "transplant_day", "engager_off_day", "off_day", "death_day", "os_time", "os_event", "rfs_time",
    "rfs_event", *GRADED.values(), *FIRST,
)  # fmt: skip
"""Columns of the patient table that a report draws from, and that a summary holds: some hundred bytes a patient."""


@dataclass(frozen=True)
class Summary:
    """A finished run.

    failures: replicate, patient, day and reason of who could not be computed, ``failures_beside`` by trial beside (the
    published one, virtual controls); they are left out of all that follows. patients: patient table of all replicates,
    with the columns :data:`SHOWN`; worst: patients by worst grade of each event in each cycle (see
    ``trials.worst_by_cycle``); courses: table; marrow: arm, visit, day and mrd of all marrow assessments; ledger:
    intended and delivered amounts summed by arm, drug, unit and reason; published: every published row beside the
    simulation (empty for a trial of a user's own); standard: the trial's own results; log_rank: p values of overall
    survival over replicates, by the arms compared; contrasts: differences to the published study's own trial, where
    the design was changed; controls: the arms against the same patients under each virtual control; control_patients:
    replicate, os_time and os_event of the patients under each; manifest: as stored.
    """

    trial: Trial
    seed: int
    replicates: int
    requested: int
    simulated: int
    failures: list[dict[str, Any]]
    failures_beside: dict[str, list[dict[str, Any]]]
    patients: pl.DataFrame
    worst: pl.DataFrame
    courses: pl.DataFrame
    marrow: pl.DataFrame
    ledger: pl.DataFrame
    published: list[Compared]
    standard: list[Compared]
    log_rank: dict[str, Floats]
    contrasts: list[Contrast]
    controls: list[Compared]
    control_patients: dict[str, pl.DataFrame]
    manifest: dict[str, Any]

    def of_arm(self, arm: str, *columns: str) -> pl.DataFrame:
        """These columns of the patient table, of an arm's patients. The others are not copied: of a large run they
        would be most of the memory that its report takes."""
        return self.patients.select("arm", *columns).filter(pl.col("arm") == arm).drop("arm")

    @property
    def varied(self) -> str:
        """Population of the run: point, ensemble, or the folder of a calibration."""
        return str(self.manifest["request"].get("parameters", "point"))

    @property
    def warnings(self) -> list[str]:
        """Sentences on what a reader must know first: what the trial does in vain, which structures were switched."""
        names = self.manifest["request"]["switched"]
        ways = {"in": "taken out", "out": "taken in"}
        told = [
            f"structure {name} is {ways[structures()[name].default]}; the model was fitted otherwise"
            for name in names
        ]
        lost = [
            f"{len(failed)} of {self.requested:,} patients could not be computed in {name} and are left out there"
            for name, failed in self.failures_beside.items()
        ]
        return [*self.trial.cautions, *told, *lost]
