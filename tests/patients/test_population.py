"""The parameter table, and persons built from it."""

import ast
from pathlib import Path

import numpy as np
import pytest

import engager
from engager.documents import DocumentError
from engager.model import Parameters
from engager.patients import Cohort, Disease, draw, person, population, values
from engager.trials import trial
from engager.trials.therapies import therapies
from engager.vocabulary import unit

ROOT = Path(engager.__file__).parent


@pytest.mark.parametrize("row", population().values(), ids=lambda row: row.name)
def test_every_parameter_has_unit_source_and_meaning(row):
    words = row.unit.split(" ")
    unit(words[-1])  # raises for an unknown unit
    assert len(words) == 1 or words[0] in ("log", "log10", "logit")
    assert row.source and row.meaning
    assert row.distribution == "fixed" or row.sd > 0
    assert row.distribution != "lognormal" or row.value > 0


def test_every_parameter_is_used():
    """A row that no code names is a number without effect."""
    used: set[str] = set(Parameters._fields)
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value)
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                used.add(node.target.id)
    used |= {word for therapy in therapies() for word in (therapy.parameter, therapy.usual, therapy.lasts)}
    unused = [name for name in population() if name not in used]
    assert not unused


def test_model_code_holds_no_number_of_biology():
    """Numbers in the model room are exponents, halves and the like; biology comes from the table."""
    plain = {0, 1, 2, 3, 4, 10, 0.5}
    for path in (ROOT / "model").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                assert node.value in plain, f"{path.name}:{node.lineno} {node.value}"


def test_unknown_override_offers_near_names():
    with pytest.raises(DocumentError, match="did you mean 'kmax'"):
        values({"kmaxx": 1.0})


def cohort(name: str) -> Cohort:
    return trial(name).cohort


@pytest.mark.parametrize(("study", "printed"), [("TOWER", 0.75), ("MT103-211", 0.69)])
def test_a_cohort_is_drawn_to_its_baseline_table(study, printed):
    n = 20_000
    q = draw(cohort(study), values(), 5, 0, range(n))
    error = 3 * np.sqrt(0.25 / n)
    assert np.mean(q.disease.b0 >= 0.5) == pytest.approx(printed, abs=error)
    later = sum(share for line, share in cohort(study).lines.items() if line != "1")
    assert np.mean(q.line >= 2) == pytest.approx(later, abs=error)
    assert np.mean(q.disease.grafted) == pytest.approx(cohort(study).prior_transplant, abs=error)
    age = cohort(study).age
    assert age.lowest <= q.age.min() and q.age.max() <= age.highest
    assert np.median(q.age) == pytest.approx(age.median, abs=1.0)


def test_a_patient_is_the_same_person_in_any_company():
    many = draw(cohort("TOWER"), values(), 1, 0, range(100))
    one = draw(cohort("TOWER"), values(), 1, 0, range(17, 18))
    assert one.age[0] == many.age[17] and one.disease.b0[0] == many.disease.b0[17]
    for name, value in one.values.items():
        if np.ndim(value):
            assert value[0] == many.values[name][17], name


def test_prior_treatment_weakens_t_cells_and_speeds_blasts():
    v = values() | {"CL": 49.2, "hne": 0.0}
    one = np.ones(1)
    fresh, late = (person(v, Disease(0.5 * one, x * one, one, 0 * one)) for x in (0.0, 1.8))
    assert late.parameters.kmax < fresh.parameters.kmax and late.parameters.Tcap < fresh.parameters.Tcap
    assert late.parameters.r > fresh.parameters.r and late.Lc < fresh.Lc
    assert late.Lc >= 1


def test_donor_lymphocytes_act_in_who_has_a_graft():
    q = draw(cohort("TOWER"), values(), 1, 0, range(200))
    grafted = q.disease.grafted > 0
    kill = np.asarray(person(q.values, q.disease).parameters.kDLI)
    assert 20 < grafted.sum() < 150
    assert np.all(kill[grafted] == values()["kDLI"]) and np.all(kill[~grafted] == 0)
