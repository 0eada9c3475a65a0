"""Everything that is measured of a run: what was published of it, its own results, what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import polars as pl

from engager.evidence import Study
from engager.inference.comparison import (
    Compared,
    Contrast,
    compare,
    contrast,
    controlled,
    of_control,
    rows_common,
    rows_published,
    rows_under_control,
    standard,
)
from engager.inference.measures import Ask, Floats, Measures
from engager.inference.spread import spread
from engager.trials import Tables, Trial, standard_results
from engager.trials.controls import beside, paired, together


class Asked:
    """Asked of a run part by part; answered when all parts were added.

    Args:
        trial: the trial of the run.
        study: what was published of it; None for a trial of a user's own.
        original: the study's own trial where ``trial`` is a changed copy of it.
        replicates: of the whole run.
        varied: parameters differ between replicates, so that their part of the scatter can be told.
    """

    def __init__(
        self, trial: Trial, study: Study | None, original: Trial | None, replicates: int, *, varied: bool
    ) -> None:
        self.trial, self.study, self.original, self.varied = trial, study, original, varied
        printed, of_controls = rows_published(trial, study) if study else ([], [])
        self._own = Measures(trial, [*printed, *standard_results(trial)], replicates)
        self._with_controls = Measures(beside(trial, trial.controls), of_controls, replicates)
        self._original = Measures(original, rows_common(trial, original), replicates) if original else None
        self._pairs = {
            (arm, control): rows_under_control(trial, arm, control)
            for arm, control in product(trial.arms, trial.controls)
        }
        self._paired = {pair: Measures(both, rows, replicates) for pair, (both, rows) in self._pairs.items()}

    def add(
        self, tables: Tables, reference: Tables | None, controls: Mapping[str, Tables], *, last: bool = True
    ) -> None:
        """Look at a part.

        Args:
            tables: some patients of a replicate, or all of several.
            reference: the same patients in the study's own trial.
            controls: the same patients under each virtual control.
            last: replicates end with this part.
        """
        self._own.add(tables, last=last)
        if self._original and reference:
            self._original.add(reference, last=last)
        if controls:
            self._with_controls.add(together(self._with_controls.trial, tables, controls.values()), last=last)
        for (arm, control), measures in self._paired.items():
            treated = Tables(tables.patients.filter(pl.col("arm") == arm), tables.marrow)
            mine, theirs = paired(treated, controls[control])
            measures.add(together(measures.trial, mine, [theirs]), last=last)

    def published(self) -> list[Compared]:
        """See :func:`compare`; of a changed trial for orientation only."""
        if self.study is None:
            return []
        found = compare(self.trial, self.study, self._own, self._with_controls)
        found = [
            self._told_apart(c, self._with_controls if of_control(self.trial, c.result) else self._own)
            for c in found
        ]
        if self.original is None:
            return found
        why = "the trial's design was changed; shown for orientation"
        return [replace(c, role="context", covered=None, reason=c.reason or why) for c in found]

    def standard(self) -> list[Compared]:
        """See :func:`standard`; nothing was ever fitted to a trial of a changed design."""
        found = [self._told_apart(c, self._own) for c in standard(self.trial, self._own)]
        return found if self.original is None else [replace(c, role="predicted") for c in found]

    def log_rank(self) -> dict[str, Floats]:
        """p values of overall survival over replicates, by the arms compared."""
        rows = [row for row in standard_results(self.trial) if row.statistic == "p_value"]
        return {row.arm: self._own(row) for row in rows}

    def contrasts(self) -> list[Contrast]:
        """See :func:`contrast`."""
        if self.original is None or self._original is None:
            return []
        return contrast(self.trial, self._own, self.original, self._original, varied=self.varied)

    def controls(self) -> list[Compared]:
        """See :func:`controlled`."""
        return [
            self._told_apart(c, self._paired[pair])
            for pair, (_, rows) in self._pairs.items()
            for c in controlled(rows, self._paired[pair])
        ]

    def _told_apart(self, c: Compared, ask: Ask) -> Compared:
        if not self.varied or c.simulated is None:
            return c
        return replace(c, spread=spread(ask(c.result)))
