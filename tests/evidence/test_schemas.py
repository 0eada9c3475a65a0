"""The JSON schemas: current, accepting every shipped file, and refusing what the loader refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engager.documents import read_yaml
from engager.evidence.blocks import DATA
from engager.evidence.schemas import SHIPPED, schemas

FILES = {
    "study.schema.json": sorted((DATA / "studies").glob("*.yaml")),
    "facts.schema.json": [DATA / "pharmacology.yaml", DATA / "context.yaml"],
    "judged.schema.json": [DATA / "judged.yaml"],
}
PAIRS = [pytest.param(name, path, id=path.name) for name, paths in FILES.items() for path in paths]


@pytest.mark.parametrize("name", schemas())
def test_shipped_schemas_are_current(name: str) -> None:
    shipped = json.loads((SHIPPED / name).read_text(encoding="utf-8"))
    assert shipped == schemas()[name], f"renew with: engager evidence schema --out {SHIPPED}"


@pytest.mark.parametrize(("name", "path"), PAIRS)
def test_every_shipped_file_fits_its_schema_and_names_it(name: str, path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schemas()[name])
    assert [error.message for error in validator.iter_errors(read_yaml(path).value)] == []
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == (SHIPPED / name).resolve()


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("endpoint", "complete_remision"),
        ("statistic", "porportion"),
        ("standing", "usabel"),
        ("N", 0),
        ("value", "a third"),
        ("printedd", "34%"),
    ],
)
def test_an_editor_marks_what_the_loader_refuses(key: str, wrong: Any) -> None:
    document = read_yaml(DATA / "studies" / "TOWER.yaml").value
    validator = jsonschema.Draft202012Validator(schemas()["study.schema.json"])
    document["results"][0]["rows"][0][key] = wrong
    assert list(validator.iter_errors(document))
