"""The biology of one patient: equations only, no numbers. Parameters come in, rates of change go out."""

from engager.model.pharmacokinetics import absorbed, concentration, depot, half_life, remains
from engager.model.system import (
    Action,
    Exposure,
    Parameters,
    State,
    action,
    alone,
    at_rest,
    rates,
    steady_losses,
)
from engager.model.t_cells import all_targets

__all__ = [
    "Action", "Exposure", "Parameters", "State", "absorbed", "action", "all_targets", "alone", "at_rest",
    "concentration", "depot", "half_life", "rates", "remains", "steady_losses",
]  # fmt: skip
