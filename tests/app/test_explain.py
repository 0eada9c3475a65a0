"""Every word is explained, and what is shown of the model is what the model computes."""

import inspect
import re

import pytest

from engager.app import equations, source
from engager.app.bases import BASES
from engager.app.explain import explanations, words
from engager.documents import DocumentError
from engager.model import Parameters, State, system
from engager.model.states import states
from engager.patients import population
from engager.reports.tables import explanation_page
from engager.vocabulary import drugs, endpoints, unit


def test_states_are_those_of_the_model():
    assert tuple(states()) == State._fields
    for state in states().values():
        unit(state.unit)
        assert state.meaning and state.source


def test_every_endpoint_parameter_state_and_drug_is_explained():
    wanted = {name for e in endpoints().values() for name in (e.name, e.symbol)}
    wanted |= {*population(), *Parameters._fields, *State._fields, *drugs()}
    assert wanted <= set(words())
    for word in words():
        found = explanations(word)
        assert found and all(e.title and e.definition for e in found), word
        explanation_page(found)
    for name in endpoints():
        assert [e.kind for e in explanations(name)] == ["endpoint"]


def test_every_parameter_has_its_equations_or_the_functions_that_read_it():
    for name in population():
        if not name.startswith("unit_"):  # read by a name that is put together from the drug's
            found = explanations(name)
            assert any(e.equations or e.seen for e in found), name


def test_cr_has_definition_equations_and_parameters_with_source():
    (cr,) = explanations("CR")
    assert "5 %" in cr.definition
    facts = dict(cr.facts)
    assert "neutrophils above 1.0 and platelets above 100" in facts["criterion CR"]
    texts = {e.text for e in cr.equations}
    assert {"b = L/Nmarrow", "dN = kN·(Tn − N)", "dPl = kP·Tt − kP·Pl"} <= texts
    for parameter in cr.parameters:
        assert parameter.unit and parameter.source and parameter.standing
    assert {"MTT_N", "MTT_P", "N0", "P0", "Nmarrow", "mrd_noise"} <= {p.name for p in cr.parameters}


def test_crs_has_what_il_6_is_released_by_and_no_argument_for_an_equation():
    (crs,) = [e for e in explanations("CRS") if e.kind == "endpoint"]
    assert {"q6", "KQ", "gQ", "KCy", "gC", "dex_cytokine"} <= {p.name for p in crs.parameters}
    texts = [e.text for e in (*crs.equations, *crs.through)]
    assert "hC = hill(C, KCy, gC)" in texts and "dex = dex_cytokine, else 1" in texts
    assert not any(text.startswith(("drugs =", "worn =", "rested =")) for text in texts)


def test_equations_are_found_in_the_source_they_name():
    for symbol in [*State._fields, *equations.quantities()]:
        found = equations.behind(symbol)
        assert found.equations, symbol
        for equation in (*found.equations, *found.through):
            path, _, function = equation.place.partition(": ")
            assert f"def {function}(" in (source.ROOT / path).read_text(encoding="utf-8")
            assert not re.search(r"\b(p|y|g|xp)\.", equation.text), equation.text


def test_parameters_behind_states_are_those_that_the_code_reads():
    together = {name for state in State._fields for name in equations.behind(state).parameters}
    hazard = set(equations.behind("neurologic_hazard").parameters)
    # a transplant, inotuzumab's own kinetics, and what reaches the blood from under the skin
    between_steps = {"x_lkh", "A_hsct", "CLi", "Vi", "F_sc", "ka_sc"}
    assert together | hazard | between_steps == set(Parameters._fields)
    drugs = ("kes", "ln10", "Emax22", "EC22", "f22", "kTKI", "kPOMP", "kDLI")
    assert equations.behind("Ln").parameters == ("r", "Kcap", *drugs)
    assert {"sm", "kl"} <= {e.symbol for e in equations.behind("Ls").through}
    assert {"Ls", "Lo", "Lr", "Bm"} == set(equations.behind("Cm").states)


def test_the_printed_equation_is_the_docstrings():
    from engager.model.target_cells import target_cell_rates

    (line,) = equations.behind("Bm").equations
    assert line.text in inspect.getdoc(target_cell_rates)


def test_bases_name_what_there_is():
    known = {*State._fields, *equations.quantities()}
    places = {place for found in source.uses().values() for place in found}
    for name, basis in BASES.items():
        assert name in endpoints()
        assert set(basis.symbols) | set(basis.chain) <= known
        assert set(basis.parameters) <= set(population())
        for place in basis.functions:
            path, _, function = place.partition(": ")
            assert f"def {function}(" in (source.ROOT / path).read_text(encoding="utf-8"), place
    assert "trials/clinic.py: survive" in places


def test_case_matters_first_and_then_no_more():
    assert [e.kind for e in explanations("CL")] == ["parameter"]
    assert {e.word for e in explanations("D")} == {"D"}
    assert [e.word for e in explanations("BLINATUMOMAB")] == ["blinatumomab"]
    assert {e.kind for e in explanations("N")} == {"endpoint", "state"}


def test_unknown_words_get_near_ones():
    with pytest.raises(DocumentError, match="did you mean"):
        explanations("overall_survivl")


def test_the_model_has_no_state_or_parameter_that_cannot_be_looked_up():
    assert "data/states.csv" in system.State.__doc__
