"""Who is treated: the population's parameters and the cohorts drawn from it.

In go a cohort (baseline table), a seed and patient numbers; out come persons: parameters, state, covariates.
"""

from engager.patients.cohort import Cohort, Patients, draw, exposures
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
    "Parameter",
    "Patients",
    "Person",
    "Structure",
    "draw",
    "exposures",
    "extinction",
    "growth",
    "person",
    "population",
    "rivalries",
    "setting",
    "simplest",
    "structures",
    "values",
]
