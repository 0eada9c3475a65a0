"""Who is treated: the population's parameters and the cohorts drawn from it.

In go a cohort (baseline table), a seed and patient numbers; out come persons: parameters, state, covariates.
"""

from engager.patients.cohort import Cohort, Patients, draw, exposures
from engager.patients.ensemble import Ensemble, ensemble, read_ensemble, write_ensemble
from engager.patients.population import (
    Disease,
    Parameter,
    Person,
    extinction,
    growth,
    person,
    population,
    values,
)
from engager.patients.structures import Structure, rivalries, setting, simplest, structures

__all__ = [
    "Cohort",
    "Disease",
    "Ensemble",
    "Parameter",
    "Patients",
    "Person",
    "Structure",
    "draw",
    "ensemble",
    "exposures",
    "extinction",
    "growth",
    "person",
    "population",
    "read_ensemble",
    "rivalries",
    "setting",
    "simplest",
    "structures",
    "values",
    "write_ensemble",
]
