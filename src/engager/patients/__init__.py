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

__all__ = [
    "Cohort",
    "Disease",
    "Parameter",
    "Patients",
    "Person",
    "draw",
    "exposures",
    "extinction",
    "growth",
    "person",
    "population",
    "values",
]
