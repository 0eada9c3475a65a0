"""What a clinician would record: response, residual disease, survival.

Arrays over patients come in (states, times, events); responses, measured disease and curves go out.
"""

from engager.outcomes.response import Criterion, measured_mrd, response_criteria
from engager.outcomes.survival import (
    Curve,
    cumulative_incidence,
    hazard_ratio,
    kaplan_meier,
    median,
    value_at,
)

__all__ = [
    "Criterion",
    "Curve",
    "cumulative_incidence",
    "hazard_ratio",
    "kaplan_meier",
    "measured_mrd",
    "median",
    "response_criteria",
    "value_at",
]
