"""Treatment as data: what is given on which day, and how it reacts to what happens.

In goes a YAML file, a part of one, or the name of a shipped regimen; out comes a frozen :class:`Regimen`,
its calendar (``regimen.days()``), its totals and its text. What cannot be used is a ``DocumentError``.
"""

from engager.regimens.describe import describe
from engager.regimens.events import Cycle, Day, Dose, Infusion, Regimen, step_up
from engager.regimens.reading import read_regimen, regimen, regimen_from, regimens
from engager.regimens.rules import Give, Hold, Pause, Premedicate, Rule, Stop
from engager.regimens.writing import to_data, to_yaml

# fmt: off
__all__ = [
    "Cycle", "Day", "Dose", "Give", "Hold", "Infusion", "Pause", "Premedicate", "Regimen", "Rule", "Stop", "describe",
    "read_regimen", "regimen", "regimen_from", "regimens", "step_up", "to_data", "to_yaml",
]
