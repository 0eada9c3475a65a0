"""From effects to tables and a picture, on a linear model of known answers; what is shipped."""

import numpy as np
import polars as pl
import pytest

from engager.app.rivals import EMPTY, FARTHEST, Held
from engager.documents import DocumentError
from engager.inference.morris import design, effects, summarised
from engager.inference.prior import Prior, prior
from engager.inference.sensitivity import (
    Sensitivity,
    effects_table,
    parameter_tables,
    read_sensitivity,
    slopes,
    sobol_table,
)
from engager.inference.targets import targets
from engager.reports.heat_map import heat_map, short

KNOWN = Prior(prior().dimensions[:4])
WANTED = [t for t in targets() if t.study == "MT103-202"][:3]
SLOPES = np.array([[3.0, 0.0, 0.05], [2.9, 0.1, 0.0], [0.0, 1.5, -2.0], [0.0, 0.0, 0.02]])
FLOOR = np.full(3, 0.2)


@pytest.fixture(scope="module")
def found():
    made = design(4, 5, 1)
    return summarised(effects(made, made.points @ SLOPES))


def test_slopes_are_found_where_they_are_clear():
    rng = np.random.default_rng(6)
    points = rng.standard_normal((300, 4))
    exact = slopes(points, points @ SLOPES + 7)
    assert np.allclose(exact.values, SLOPES, atol=1e-9) and np.allclose(exact.errors, 0, atol=1e-9)
    noisy = slopes(points, points @ SLOPES + rng.standard_normal((300, 3)))
    assert np.allclose(noisy.errors, 300**-0.5, rtol=0.3)
    assert np.array_equal(noisy.clear != 0, np.abs(SLOPES) > 0.2)
    assert np.allclose(noisy.clear, SLOPES, atol=0.2)
    with pytest.raises(DocumentError, match="5 points are too few for 4 parameters"):
        slopes(points[:5], points[:5] @ SLOPES)


def test_a_variant_that_empties_a_group_is_worse_and_not_better():
    error = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
    held = Held(KNOWN, WANTED, error, SLOPES)
    at = np.array([t.observed for t in WANTED])
    there, gone = (held.distance(at + np.array([2.0, second, 1.0])) for second in (2.0, np.nan))
    assert held.misfit(there) == pytest.approx(4 / 0.9 + 1)
    assert held.misfit(gone) == pytest.approx(4 + 1 + EMPTY**2)
    u = np.zeros(4)
    assert np.array_equal(held.next(u, gone), held.next(u, np.where(np.isnan(gone), 0, gone)))


def test_parameters_by_what_is_said_of_them(found):
    clear = np.where(np.abs(SLOPES) > 0.2, SLOPES, 0)
    parameters, pairs = parameter_tables(KNOWN, WANTED, found, FLOOR, clear, np.eye(3))
    by_name = {r["parameter"]: r for r in parameters.to_dicts()}
    names = KNOWN.names
    assert by_name[names[3]] | {"role": ""} == {
        "parameter": names[3], "targets": 0, "strongest": None, "mu_star": 0.0, "spread": 1.0, "role": "",
    }  # fmt: skip
    assert by_name[names[2]]["targets"] == 2 and by_name[names[2]]["strongest"] == WANTED[2].name
    assert by_name[names[2]]["spread"] == pytest.approx((1 + 1.5**2 + 2**2) ** -0.5)
    assert [{r["parameter"], r["other"]} for r in pairs.to_dicts()] == [set(names[:2])]
    assert pairs["correlation"][0] == pytest.approx(-3 * 2.9 / np.sqrt(10 * (1 + 2.9**2)))


def test_shares_are_given_where_the_polynomial_predicts():
    rng = np.random.default_rng(4)
    points = rng.standard_normal((200, 4))
    values = points @ SLOPES
    values[:, 1] = rng.standard_normal(200)
    values[7, 0] = np.nan  # nobody in the group
    table = sobol_table(KNOWN, WANTED, points, values, np.arange(200) % 5)
    one, noise, _ = (table.filter(pl.col("target") == t.name) for t in WANTED)
    assert one["first"][0] == pytest.approx(9 / (9 + 2.9**2), abs=0.02) and one["predicted"][0] > 0.95
    assert noise["predicted"][0] < 0.2 and noise["first"].null_count() == 4


def test_a_step_of_the_refit_is_exact_where_the_model_is_straight():
    error = np.array([[0.4, 0.1, 0.0], [0.1, 0.3, 0.0], [0.0, 0.0, 0.2]])
    held = Held(KNOWN, WANTED, error, SLOPES)
    z0 = np.array([0.8, -0.5, 0.3])
    found = held.next(np.zeros(4), z0)
    again = held.next(found, z0 + found @ SLOPES)
    assert np.allclose(again, found) and np.all(np.abs(found) < FARTHEST)
    values = np.array([t.observed for t in WANTED]) + held.sd * z0
    assert np.allclose(held.distance(values), z0)
    assert held.misfit(z0) == pytest.approx((held.sd * z0) @ np.linalg.solve(error, held.sd * z0))
    assert held.misfit(z0 + found @ SLOPES) + found @ found < held.misfit(z0)


def test_the_picture_shows_what_is_beyond_noise(found):
    table = effects_table(KNOWN, WANTED, found, FLOOR)
    empty = pl.DataFrame()
    drawn = heat_map(Sensitivity(table, empty, empty, empty, empty, empty, {}))
    assert drawn.data["shown"].count() == int((np.abs(SLOPES) > 0.2).sum())
    assert f"{KNOWN.names[3]}: none." in drawn.alt and f"{KNOWN.names[2]}: 2 targets" in drawn.alt
    assert drawn.svg == heat_map(Sensitivity(table, empty, empty, empty, empty, empty, {})).svg


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.result.id)
def test_every_target_has_a_short_name(target):
    assert short(target.name) and " · " not in short(target.name)


def test_short_names_tell_targets_of_a_study_apart():
    names = [(t.study, short(t.name)) for t in targets()]
    assert len(set(names)) == len(names)


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(DocumentError, match="holds no finished study of sensitivity"):
        read_sensitivity(tmp_path)
