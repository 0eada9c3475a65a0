"""The map of the record: a mark for every pair of study and endpoint that has a row, and no other."""

import re
import xml.etree.ElementTree as ET

import pytest

from engager.evidence import Result, distinct, role_of, studies
from engager.reports.coverage_map import Cell, cells, coverage_svg, in_order, rows
from engager.vocabulary import endpoints

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawing() -> str:
    return coverage_svg(studies().values())


def a_study(*results: dict, name: str = "TOWER"):
    """A study of the record with these rows alone."""
    row = {"study": name, "arm": "blinatumomab", "statistic": "proportion", "value": 0.5, "printed": "50%"}
    return studies()[name].model_copy(update={"results": tuple(Result(**{**row, **r}) for r in results)})


def test_svg_is_the_same_every_time_and_names_every_study(drawing):
    assert drawing == coverage_svg(reversed(studies().values()))
    root = ET.fromstring(drawing)
    assert root.get("role") == "img" and root.find(f"{SVG}title").text
    texts = {"".join(node.itertext()) for node in root.iter(f"{SVG}text")}
    reported = {row.endpoint for study in studies().values() for row in study.results}
    assert set(studies()) <= texts
    assert {e.label for e in endpoints().values() if e.name in reported} <= texts
    assert not {e.label for e in endpoints().values() if e.name not in reported} & texts
    for study in studies().values():
        assert f"{study.id}: {len({row.endpoint for row in study.results})} endpoints" in drawing


@pytest.mark.parametrize("name", studies())
def test_every_study_has_a_mark_for_each_endpoint_that_it_reports(name, drawing):
    marked = re.findall(rf'id="coverage-{name}-(\w+)"', drawing)
    assert sorted(marked) == sorted({row.endpoint for row in studies()[name].results})
    for (_, endpoint), cell in cells([studies()[name]]).items():
        mine = [row for row in distinct(studies()[name].results) if row.endpoint == endpoint]
        assert cell.facts == len(mine)
        compared = {role_of(row) for row in mine} - {"context"}
        assert {role for role, _ in cell.marks} == (compared or {"context"})
        for role, counted in cell.marks:
            assert counted == any(row.N for row in mine if role_of(row) == role)


def test_a_cell_has_its_role_its_denominator_and_distinct_facts():
    counted = {"n": 91, "N": 271, "basis": "stated"}
    study = a_study(
        {"endpoint": "complete_remission", **counted, "source": "zhao2019"},
        {"endpoint": "complete_remission", "source": "franquiz2020"},
        {"endpoint": "crs", "standing": "context", "reason": "of a test"},
        {"endpoint": "crs", "subgroup": "older", "standing": "context", "reason": "of a test", **counted},
        {"endpoint": "relapse"},
    )
    found = cells([study])
    assert found["TOWER", "complete_remission"] == Cell(((role_of(study.results[0]), True),), 1)
    assert found["TOWER", "crs"] == Cell((("context", True),), 2)
    assert found["TOWER", "relapse"] == Cell(((role_of(study.results[4]), False),), 1)
    assert len(found) == 3


def test_a_denominator_of_a_lesser_role_does_not_fill_the_mark():
    study = a_study(
        {"endpoint": "relapse"},
        {"endpoint": "relapse", "subgroup": "older", "standing": "context", "reason": "of a test", "N": 9},
    )
    (cell,) = cells([study]).values()
    assert role_of(study.results[0]) != "context"
    assert cell == Cell(((role_of(study.results[0]), False),), 2)


def test_arms_of_two_roles_have_two_marks(drawing):
    cell = cells([studies()["TOWER"]])["TOWER", "overall_survival"]
    assert [role for role, _ in cell.marks] == ["calibrated", "predicted"]
    assert drawing.count('id="coverage-TOWER-overall_survival') == 2


def test_studies_stand_by_setting_then_id_and_endpoints_in_two_blocks():
    ordered = in_order(studies().values())
    settings = [study.setting for study in ordered]
    assert settings == sorted(settings, key=["relapsed", "MRD", "untreated", "mixed"].index)
    for setting in set(settings):
        ids = [study.id for study in ordered if study.setting == setting]
        assert ids == sorted(ids)
    blocks = rows(["age", "overall_survival", "patients", "complete_remission"])
    assert [[e.name for e in block] for block in blocks.values()] == [
        ["complete_remission", "overall_survival"],
        ["patients", "age"],
    ]
    assert sum(len(block) for block in rows(endpoints()).values()) == len(endpoints())
