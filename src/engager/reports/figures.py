"""Every figure of the report, in its order. Another figure is another function in this list."""

from __future__ import annotations

from collections.abc import Callable

from engager.inference import Summary
from engager.reports.figures_comparison import comparison
from engager.reports.figures_exposure import doses, exposure
from engager.reports.figures_patients import swimmer
from engager.reports.figures_response import residual, response
from engager.reports.figures_safety import toxicity
from engager.reports.figures_survival import counterfactual, remission, survival
from engager.reports.flow import flow
from engager.reports.style import Figure, styled

FIGURES: tuple[Callable[[Summary], Figure | None], ...] = (
    flow, comparison, counterfactual, survival, remission, response, residual, exposure, toxicity, swimmer, doses,
)  # fmt: skip
"""Each draws one figure of a finished run, or returns None where the run has nothing to show in it."""


def figures(summary: Summary) -> list[Figure]:
    """All figures that the run has something to show in, in the report's order."""
    with styled():
        drawn = [draw(summary) for draw in FIGURES]
    return [figure for figure in drawn if figure is not None]
