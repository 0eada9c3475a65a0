"""Everything that a report shows of a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from engager.inference.comparison import Compared, Contrast
from engager.patients import structures
from engager.trials import Trial


@dataclass(frozen=True)
class Summary:
    """A finished run.

    failures: replicate, patient, day and reason of who could not be computed, ``failures_beside`` by trial beside (the
    published one, virtual controls); they are left out of all that follows. patients: patient table of all replicates,
    with ``crs_grade`` and ``ne_grade``; adverse_events, courses: tables; marrow: marrow assessments (rows of the visits
    table of that kind); ledger: intended and delivered amounts summed by arm, drug, unit and reason; published: every
    published row beside the simulation (empty for a trial of a user's own); standard: the trial's own results;
    contrasts: differences to the published study's own trial, where the design was changed; controls: the arms against
    the same patients under each virtual control; control_patients: patient table under each; manifest: as stored.
    """

    trial: Trial
    seed: int
    replicates: int
    requested: int
    simulated: int
    failures: list[dict[str, Any]]
    failures_beside: dict[str, list[dict[str, Any]]]
    patients: pl.DataFrame
    adverse_events: pl.DataFrame
    courses: pl.DataFrame
    marrow: pl.DataFrame
    ledger: pl.DataFrame
    published: list[Compared]
    standard: list[Compared]
    contrasts: list[Contrast]
    controls: list[Compared]
    control_patients: dict[str, pl.DataFrame]
    manifest: dict[str, Any]

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
