"""From a plan's doses to the levels that the equations take: which drug does what, how strongly, for how long."""

import numpy as np
import pytest

from engager.documents import DocumentError
from engager.patients import population, values
from engager.regimens import Cycle, Dose, Regimen
from engager.trials.therapies import FACTORS, LEVELS, levels, therapies
from engager.vocabulary import drugs, quantity

V = values()
UNITS = {name: row.unit for name, row in population().items()}


def plan(*doses, days=60):
    events = tuple(
        Dose(drug, quantity(amount), tuple(range(first, last + 1))) for drug, amount, first, last in doses
    )
    return Regimen(name="made", cycles=(Cycle("one", days, events),))


def acting(*doses, days=60, **changed):
    return levels(plan(*doses, days=days).days(), {**V, **changed}, UNITS)


def test_every_drug_that_a_regimen_can_name_has_an_effect_or_none_on_purpose():
    by_rule = {"tocilizumab"}
    assert {therapy.drug for therapy in therapies()} | by_rule == set(drugs())
    with pytest.raises(DocumentError, match="tocilizumab: the model gives it no effect"):
        acting(("tocilizumab", "600 mg", 1, 1))


def test_a_kinase_inhibitor_acts_on_its_days_in_proportion_to_its_dose():
    found = acting(("dasatinib", "70 mg", 1, 10), ET_dasatinib=0.6)
    assert [day["tki"] for day in found[:12]] == [0.5] * 10 + [0.0] * 2
    assert [day["function"] for day in found[:11]] == pytest.approx([0.8] * 10 + [1.0])
    assert all(day["t315i"] == 0 for day in found)
    assert acting(("ponatinib", "45 mg", 1, 1))[0]["t315i"] == 1


def test_an_antibody_lasts_and_a_new_dose_renews_it_without_adding_up():
    found = acting(
        ("nivolumab", "240 mg", 1, 1), ("nivolumab", "240 mg", 15, 15), lasts_nivolumab=28.0, kx_pd1=0.5
    )
    assert [day["exhaustion"] for day in found] == [0.5] * 42 + [1.0] * 18


def test_factors_multiply_and_levels_add():
    found = acting(("nivolumab", "240 mg", 1, 1), ("pembrolizumab", "200 mg", 1, 1), kx_pd1=0.5)
    assert found[0]["exhaustion"] == 0.25
    both = acting(("dasatinib", "140 mg", 1, 1), ("imatinib", "600 mg", 1, 1), tki_imatinib=0.5)
    assert both[0]["tki"] == 1.5


def test_courses_doses_and_milligrams():
    found = acting(
        ("hyper-CVAD", "1 course", 1, 1),
        ("mini-hyper-CVD", "2 courses", 22, 22),
        ("inotuzumab ozogamicin", "1.8 mg/m²", 3, 3),
        ("POMP", "1 course", 30, 30),
        course_mini_hyper_cvd=0.7,
    )
    assert found[0]["chemo"] == 1 and found[21]["chemo"] == pytest.approx(1.4)
    assert found[2]["inotuzumab_m2"] == pytest.approx(1.8) and found[2]["inotuzumab"] == 0
    assert acting(("inotuzumab ozogamicin", "1 mg", 4, 4))[3]["inotuzumab"] == pytest.approx(1)
    assert [day["pomp"] for day in found[28:58]] == [0] + [1] * 28 + [0]


def test_a_day_without_drugs_is_at_rest():
    found = acting(("dasatinib", "140 mg", 60, 60))
    assert all(found[0][name] == 0 for name in LEVELS) and all(found[0][name] == 1 for name in FACTORS)


def test_a_dose_that_its_usual_one_cannot_measure_is_refused():
    with pytest.raises(DocumentError, match="rituximab: 375 mg/m² cannot be compared"):
        levels(plan(("rituximab", "375 mg/m²", 1, 1)).days(), V, {**UNITS, "usual_rituximab": "mg"})


def test_levels_never_depend_on_the_order_of_doses():
    doses = [("dasatinib", "140 mg", 1, 5), ("nivolumab", "240 mg", 2, 2), ("POMP", "1 course", 3, 3)]
    forward, backward = acting(*doses), acting(*reversed(doses))
    assert all(
        np.isclose(a[n], b[n]) for a, b in zip(forward, backward, strict=True) for n in (*LEVELS, *FACTORS)
    )


def test_donor_lymphocytes_act_for_weeks_and_a_second_infusion_prolongs_it():
    found = acting(
        ("donor lymphocytes", "1 course", 3, 3), ("donor lymphocytes", "1 course", 20, 20), lasts_dli=30.0
    )
    assert [day["donor"] for day in found] == [0.0] * 2 + [1.0] * 47 + [0.0] * 11


def test_doses_under_the_skin_are_amounts_of_their_day():
    doses = tuple(
        Dose("blinatumomab", quantity(a), (d,), route="subcutaneous") for a, d in (("40 µg", 1), ("1 mg", 8))
    )
    found = levels(Regimen("made", (Cycle("one", 10, doses),)).days(), V, UNITS)
    assert [day["depot"] for day in found] == [40.0] + [0.0] * 6 + [1000.0] + [0.0] * 2
    per_area = (Dose("blinatumomab", quantity("100 µg/m²"), (2,), route="subcutaneous"),)
    found = levels(Regimen("made", (Cycle("one", 3, per_area),)).days(), V, UNITS)
    assert [(day["depot"], day["depot_m2"]) for day in found] == [(0, 0), (0, 100), (0, 0)]
