"""One population for all studies: a trial holds baselines, regimens and conduct, never a number of biology."""

import pytest

from engager.documents import read_yaml
from engager.patients import Cohort, population
from engager.trials import trial_file, trials

MEASURED = {
    "setting", "blasts", "lines", "prior_transplant", "age", "ph", "t315i", "refractory", "assumptions",
}  # fmt: skip
"""What may differ between cohorts: characteristics at entry that a study reports or a file declares as assumed."""


def keys(value):
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in keys(item)}
    return {key for item in value for key in keys(item)} if isinstance(value, list) else set()


def test_a_cohort_is_described_by_baselines_alone():
    assert set(Cohort.model_fields) == MEASURED
    assert not MEASURED & set(population())


@pytest.mark.parametrize("name", trials())
def test_no_trial_has_a_biological_parameter_of_its_own(name):
    written = keys(read_yaml(trial_file(name)).value)
    assert not written & set(population())
