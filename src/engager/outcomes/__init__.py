"""What a clinician would record: response, residual disease, survival.

Arrays over patients come in (states, times, events); responses, measured disease and curves go out.
"""

from engager.outcomes.response import Criterion, measured_mrd, response_criteria
from engager.outcomes.survival import (
    Curve,
    cumulative_incidence,
    hazard_ratio,
    kaplan_meier,
    log_rank,
    median,
    odds_ratio,
    restricted_mean,
    restricted_mean_difference,
    value_at,
)

__all__ = [
    "Criterion",
    "Curve",
    "cumulative_incidence",
    "hazard_ratio",
    "kaplan_meier",
    "log_rank",
    "measured_mrd",
    "median",
    "odds_ratio",
    "response_criteria",
    "restricted_mean",
    "restricted_mean_difference",
    "value_at",
]
