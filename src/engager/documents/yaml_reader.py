"""YAML as people expect it: version 1.2 words and numbers, no duplicate keys, a place for every value.

PyYAML alone reads ``1e-3`` as text, ``NO`` as false and ``12:30`` as a number of seconds, and of two equal
keys keeps the last without a word. Here a plain scalar is null, true/false, an integer, a finite decimal
number, or text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engager.documents.problems import DocumentError, Place, Problem

try:  # the C loader is ten times faster; the wheel has it on every common platform
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

LARGEST = 1_000_000
"""Longest file that is read [characters]; a trial is a few thousand."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A file that was read: its value (dicts, lists, scalars) and the place of every value and key in it."""

    name: str
    value: Any
    places: dict[Path_, Place] = field(repr=False)
    text: str = field(repr=False, default="")

    def place(self, path: Path_) -> Place:
        """The place of the value at ``path``, or of the nearest thing that encloses it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.name, 1, 1))

    def problem(self, path: Path_, message: str) -> Problem:
        """A problem with the value at ``path``."""
        return Problem(self.place(path), message)


def read_yaml(source: Path | str, *, name: str | None = None) -> Document:
    """Read a YAML file (a ``Path``) or YAML text (a ``str``; then ``name`` is shown as its file).

    Raises:
        DocumentError: with every problem of the first layer that has any (file, syntax, keys and values).
    """
    shown = name or (str(source) if isinstance(source, Path) else "<text>")
    text = _text(source, shown) if isinstance(source, Path) else source
    if len(text) > LARGEST:
        raise DocumentError(
            [Problem(Place(shown, 1, 1), f"has {len(text):,} characters; at most {LARGEST:,} are read")]
        )
    _refuse_aliases(text, shown)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax(error, text, shown)]) from None
    except yaml.YAMLError as error:
        raise DocumentError([Problem(Place(shown, 1, 1), " ".join(str(error).split()))]) from None
    except RecursionError:
        raise DocumentError([Problem(Place(shown, 1, 1), "is nested too deeply to be read")]) from None
    places: dict[Path_, Place] = {}
    problems: list[Problem] = []
    value = _build(node, (), shown, places, problems) if node is not None else None
    if problems:
        raise DocumentError(problems)
    return Document(shown, value, places, text)


def _text(path: Path, shown: str) -> str:
    try:
        if path.stat().st_size > 4 * LARGEST:
            size = path.stat().st_size
            raise DocumentError(f"{shown} has {size:,} bytes; at most {4 * LARGEST:,} are read")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{shown} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise DocumentError(f"{shown} cannot be read: {error.strerror}") from None


def _refuse_aliases(text: str, shown: str) -> None:
    # A few kilobytes of aliases can expand to gigabytes, and no file of ours needs one.
    try:
        for event in _events(text):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                mark = event.start_mark
                raise DocumentError(
                    [
                        Problem(
                            Place(shown, mark.line + 1, mark.column + 1),
                            "anchors (&name) and aliases (*name) are not read; write the value out",
                        )
                    ]
                )
    except yaml.YAMLError:
        return  # compose() reports it with its place


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=_Loader))


def _syntax(error: yaml.MarkedYAMLError, text: str, shown: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown, 1, 1)
    what = error.problem or error.context or "is not YAML"
    if "\t" in "".join(text.splitlines()[place.line - 1 : place.line])[: place.column]:
        return Problem(place, "a tab; YAML is indented with spaces")
    context = f" ({error.context})" if error.context and error.problem else ""
    return Problem(place, f"is not YAML: {what}{context}")


def _build(
    node: yaml.Node, path: Path_, file: str, places: dict[Path_, Place], problems: list[Problem]
) -> Any:
    place = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
    places[path] = place
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, place, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, i), file, places, problems) for i, item in enumerate(node.value)]
    return _mapping(node, path, file, places, problems)


def _mapping(
    node: yaml.Node, path: Path_, file: str, places: dict[Path_, Place], problems: list[Problem]
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    seen: dict[str, Place] = {}
    for key_node, value_node in node.value:
        place = Place(file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(place, "a key must be a word, not a list or a mapping"))
            continue
        key = str(key_node.value)
        if key in seen:
            problems.append(Problem(place, f"key '{key}' stands twice (first at line {seen[key].line})"))
        seen[key] = place
        out[key] = _build(value_node, (*path, key), file, places, problems)
        if isinstance(value_node, yaml.ScalarNode) and value_node.value == "":
            places[(*path, key)] = place  # an empty value has no place of its own
    return out


def _scalar(node: yaml.ScalarNode, place: Place, problems: list[Problem]) -> Any:
    text = node.value
    if node.tag.startswith("tag:yaml.org,2002:") is False:
        problems.append(Problem(place, f"tag {node.tag} is not read"))
    if node.style in ("'", '"', "|", ">"):  # quoted or block text stays text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 19 else float(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            problems.append(Problem(place, f"{text} is too large for a number"))
        return number
    if _NOT_FINITE.fullmatch(text):
        problems.append(Problem(place, f"{text} is not a finite number"))
        return None
    return text
