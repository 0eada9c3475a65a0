"""What a clinician would record: response, residual disease, adverse events, survival."""

from engager.outcomes.response import Criterion, measured_mrd, response_criteria

__all__ = ["Criterion", "measured_mrd", "response_criteria"]
