"""Structures that can be switched: in the tables, with an effect, and gone without a trace when out."""

import numpy as np
import pytest

from engager.documents import DocumentError
from engager.patients import Cohort, draw, person, population, simplest, structures, values

COHORT = Cohort.model_validate(
    {
        "setting": "relapsed",
        "blasts": {"distribution": "logit-normal", "at_least_half": 0.5, "sd": 1.5},
        "lines": {"1": 0.5, "3": 0.5},
        "prior_transplant": 0.3,
        "age": {"median": "40 years", "lowest": "18 years", "highest": "70 years", "sd": 0.4},
        "ph": 1,
        "refractory": 0.5,
    }
)


def test_a_structure_changes_parameters_of_the_table_and_no_two_the_same():
    named = [name for one in structures().values() for name in one.without]
    assert set(named) <= set(population()) and len(named) == len(set(named))


@pytest.mark.parametrize("name", structures())
def test_switching_moves_its_parameters_and_no_others(name):
    usual, other = values(), values(switched=[name])
    moved = {key for key in usual if usual[key] != other[key]}
    assert moved == set(structures()[name].without)


def test_an_unknown_structure_is_named_with_what_is_near():
    with pytest.raises(DocumentError, match="unknown structure 'cd22_clon'; did you mean 'cd22_clone'"):
        values(switched=["cd22_clon"])


def test_a_value_given_wins_over_a_structure():
    assert values({"gK": 3}, ["cytokine_source"])["gK"] == 3


def born(switched):
    q = draw(COHORT, values(switched=switched), 1, 0, range(200))
    return q, person(q.values, q.disease)


def test_without_its_structures_there_is_no_minor_clone_and_no_reservoir():
    _, bare = born(simplest())
    assert not np.any(bare.start.Lo) and not np.any(bare.start.Rt)
    _, full = born([])
    assert np.any(full.start.Lo > 0) and np.all(full.start.Rt > 0)


def test_sensitivity_to_inotuzumab_falls_with_prior_treatment_in_one_structure_only():
    (q, with_it), (_, without) = born([]), born(["cd22_by_line"])
    assert np.allclose(
        with_it.parameters.f22 / without.parameters.f22, np.exp(-values()["psi22"] * q.disease.exposure)
    )


def test_the_same_people_whatever_the_structures():
    (q, one), (r, other) = born([]), born(simplest())
    assert np.array_equal(q.age, r.age) and np.array_equal(q.refractory, r.refractory)
    assert np.array_equal(one.parameters.CL, other.parameters.CL)
