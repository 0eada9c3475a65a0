"""Structures that can be switched: in the tables, with an effect, and gone without a trace when out."""

import numpy as np
import pytest

from engager.documents import DocumentError
from engager.model import action, alone, rates
from engager.model.synapse import blood_synapses, molar, synapses
from engager.model.t_cells import engagement
from engager.model.target_cells import cd19_blasts
from engager.patients import Cohort, draw, person, population, rivalries, simplest, structures, values

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


def test_rivals_come_in_pairs_and_stay_where_the_others_are_taken_out():
    assert rivalries() == [("antigen_sink", "crowding"), ("adaptation", "target_depletion")]
    assert not set(simplest()) & {name for pair in rivalries() for name in pair}


def changed(switched, C=0.6):
    """Rates of a person at the start and after half of the targets are gone and the signal is adapted to."""
    who = person(
        values(switched=switched) | {"CL": 49.2, "hne": 0.01}, draw(COHORT, values(), 1, 0, range(50)).disease
    )
    later = who.start._replace(
        **{n: 0.5 * getattr(who.start, n) for n in ("Ls", "Lo", "Lr", "Lb", "Bm", "Bb")}
    )
    later = later._replace(D=later.D + 1.0, Am=1e9 + later.Am)
    p = who.parameters
    at = (action(alone(C + 0 * who.Lc, np), p, np), p, np)
    return who, rates(who.start, *at), rates(later, *at)


def test_cytokine_release_wanes_by_adaptation_or_by_depletion_and_by_neither_without_both():
    _, (start, _), (adapted, _) = changed([])
    assert np.all(adapted.I6 < start.I6)  # D is above the signal: nothing but the base is released
    _, (start, _), (depleted, _) = changed(["adaptation"])
    kept, (begin, _), (neither, _) = changed(["adaptation", "target_depletion"])
    assert np.allclose(begin.I6, start.I6, rtol=1e-12)  # before treatment they agree
    assert np.all(neither.I6 > depleted.I6)
    assert np.all(kept.parameters.depletes == 0) and np.all(kept.parameters.Gall0 > 0)
    assert np.array_equal(neither.D, depleted.D)  # redistribution adapts as ever


@pytest.mark.parametrize(
    ("switched", "sink", "room"),
    [
        ([], True, True),
        (["crowding"], True, False),
        (["antigen_sink"], False, True),
        (["antigen_sink", "crowding"], False, False),
    ],
)
def test_burden_acts_through_the_sink_and_through_room_as_they_are_in_the_model(switched, sink, room):
    v = values(switched=switched) | {"CL": 49.2, "hne": 0.01}
    disease = draw(COHORT, v, 1, 0, range(1)).disease
    seen = []
    for b0 in (0.1, 0.9):
        who = person(v, disease._replace(b0=np.full(1, b0)))
        p, y = who.parameters, who.start
        Cp = molar(np.full(1, 0.6), p)
        s, blood = synapses(Cp, cd19_blasts(y), y.Bm, p, np), blood_synapses(Cp, p, np)
        seen.append((s.blast_marrow, y.Tm, engagement(y, s, blood, 1.0, p, np).capacity))
    (s0, T0, cap0), (s1, T1, cap1) = seen
    assert (s1 < s0) == sink and (T1 < T0) == room and (cap1 < cap0) == room
    assert sink or s1 == s0
    assert room or (T1 == T0 and cap1 == cap0)
