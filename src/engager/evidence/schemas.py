"""JSON schemas of the record's YAML files, so that an editor completes names and marks mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from engager.documents import DocumentError
from engager.evidence.blocks import DATA, Block
from engager.evidence.facts import FactFile, quantities
from engager.evidence.findings import JudgedFile
from engager.evidence.load import Entry, StudyFile
from engager.evidence.record import Fact
from engager.vocabulary import endpoints

SHIPPED = DATA / "schema"
"""Where the schemas of the shipped files lie; ``engager evidence schema`` writes the same elsewhere."""


class _Results(Block):
    rows: list[Entry]


class _Facts(Block):
    rows: list[Fact]


class _Study(StudyFile):
    """A study: what it is, its arms, and in blocks what one place of one source prints."""

    facts: list[_Facts] = []  # noqa: RUF012
    results: list[_Results]


class _FactList(FactFile):
    """Numbers about a drug or the disease, in blocks of one place of one source."""

    facts: list[_Facts]


def schemas() -> dict[str, dict[str, Any]]:
    """File name to JSON schema: of a study, of a list of facts, of judgements on findings."""
    made = {
        "study.schema.json": _schema(_Study),
        "facts.schema.json": _schema(_FactList),
        "judged.schema.json": _schema(JudgedFile),
    }
    for schema in made.values():
        for name, part in schema.get("$defs", {}).items():
            if name == "Entry":
                part["properties"]["endpoint"] = _names(endpoints())
            if name == "Fact":
                part["properties"]["name"] = _names({**quantities(), **endpoints()})
                for filled_in in ("id", "source", "place", "reference"):  # these come from the block
                    del part["properties"][filled_in]
    return made


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into ``folder``; returns the files. Raises DocumentError where that fails."""
    written = []
    for name, schema in schemas().items():
        path = folder / name
        try:
            path.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise DocumentError(f"{path}: cannot be written ({error.strerror})") from None
        written.append(path)
    return written


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}


def _names(known: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "string",
        "oneOf": [
            {"const": name, "description": f"{item.label} [{item.unit}]. {item.definition}"}
            for name, item in known.items()
        ],
    }
