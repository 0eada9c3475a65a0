"""Values against a schema (pydantic): all problems at once, each at its line, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from engager.documents.problems import DocumentError, Problem, near
from engager.documents.yaml_reader import Document, Path_


class Strict(BaseModel):
    """Base of every schema: immutable, no unknown key, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


S = TypeVar("S", bound=BaseModel)


def validate(document: Document, schema: type[S], *, at: Path_ = ()) -> S:
    """Turn the value of ``document`` (or the part ``at`` a path) into ``schema``.

    Raises:
        DocumentError: every problem with ``file:line:column``; unknown keys and names come with near ones.
    """
    value: Any = document.value
    for step in at:
        value = value[step]
    if not isinstance(value, dict):
        what = "nothing" if value is None else f"a {type(value).__name__}"
        raise DocumentError([document.problem(at, f"must be a mapping of keys to values, not {what}")])
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise DocumentError(_problems(error, document, schema, at)) from None


def _problems(
    error: ValidationError, document: Document, schema: type[BaseModel], at: Path_
) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        path = (*at, *_in_document(item["loc"], document, at))
        yield document.problem(path, _sentence(item, schema, path))


def _in_document(loc: tuple[int | str, ...], document: Document, at: Path_) -> Path_:
    # pydantic adds the names of union members to a location; keep what the document really has
    path: Path_ = ()
    for step in loc:
        if (*at, *path, step) in document.places:
            path = (*path, step)
    return path


def _sentence(item: Any, schema: type[BaseModel], path: Path_) -> str:
    kind, given, context = item["type"], item.get("input"), item.get("ctx", {})
    name = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key '{name}'; {near(name, _keys(schema, item['loc'][:-1]))}"
    if kind == "missing":
        return f"key '{name}' is missing"
    where = f"{path[-1]}: " if path and isinstance(path[-1], str) else ""
    if kind in ("literal_error", "enum"):
        names = [part.strip().strip("'") for part in context["expected"].replace(" or ", ", ").split(",")]
        return f"{where}{given!r} is not known; {near(str(given), names)}"
    if kind in ("value_error", "assertion_error"):
        return f"{where}{context['error']}"
    return f"{where}{given!r}: {item['msg'][:1].lower()}{item['msg'][1:]}"


def _keys(schema: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the schema allows at ``loc``, found by walking its JSON schema."""
    root = schema.model_json_schema(by_alias=True)
    nodes = [root]
    for step in loc:
        nodes = [n for node in nodes for n in _children(node, step, root)]
    return sorted({key for node in nodes for n in _resolved(node, root) for key in n.get("properties", {})})


def _resolved(node: Any, root: Any) -> Iterator[Any]:
    if "$ref" in node:
        yield from _resolved(root["$defs"][node["$ref"].rsplit("/", 1)[-1]], root)
    for key in ("anyOf", "oneOf", "allOf"):
        for option in node.get(key, []):
            yield from _resolved(option, root)
    if "properties" in node or "items" in node or "additionalProperties" in node:
        yield node


def _children(node: Any, step: int | str, root: Any) -> Iterator[Any]:
    for n in _resolved(node, root):
        if isinstance(step, int):
            if "items" in n:
                yield n["items"]
        elif step in n.get("properties", {}):
            yield n["properties"][step]
        elif isinstance(n.get("additionalProperties"), dict):
            yield n["additionalProperties"]
        else:  # a union member's name inside the location
            yield n
