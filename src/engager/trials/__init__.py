"""An experiment on patients: design as data, conduct day by day, results in the rows of the record.

A trial file or a study's name comes in; histories (tables) and measured results go out. The array library
is loaded only when a trial is conducted.
"""

from engager.trials.adverse_events import with_first_days, with_grades, worst_by_cycle
from engager.trials.analysis import Measure, Seen, by_replicate, counted, measured, seen
from engager.trials.design import Trial, read_trial, trial, trial_file, trials
from engager.trials.groups import Nobody, NotSimulated, Tables
from engager.trials.standard import standard_results

__all__ = [
    "Measure",
    "Nobody",
    "NotSimulated",
    "Seen",
    "Tables",
    "Trial",
    "by_replicate",
    "counted",
    "measured",
    "read_trial",
    "seen",
    "standard_results",
    "trial",
    "trial_file",
    "trials",
    "with_first_days",
    "with_grades",
    "worst_by_cycle",
]
