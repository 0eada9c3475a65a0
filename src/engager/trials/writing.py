"""A trial as a file to copy: what is written here reads back as an equal trial.

Quantities stay as they were written ("18 months"); regimens that were named are written out.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engager.documents import read_yaml
from engager.regimens import regimen, to_data

WIDTH = 100
"""Columns within which lists of numbers are broken."""

ONE_LINE = 72
"""Longest mapping that is written in one line where it could be several; doses and rules always are."""

_PLAIN = re.compile(r"\w(?:[^:#{}\[\],\"'\n]*[^:#{}\[\],\"'\s])?")
_PLAIN_ALONE = re.compile(r"\w(?:[^:#\"'\n]*[^:#\"'\s])?")
_WORDS = ("null", "true", "false")

HOW_TO = """\
# Copy this file, change it, and run it:  engager trial show {name} > my.yaml;  engager simulate my.yaml
# 'study' names the published study that the results are compared with; if the design was changed, the
# study's own trial is simulated too, with the same patients. Without the line nothing is compared.
"""


def written_out(path: Path) -> dict[str, Any]:
    """The trial of a file as a mapping, every regimen that it names replaced by the regimen's own data.

    Raises:
        DocumentError: the file cannot be read, or names a regimen that is not shipped.
    """
    data: dict[str, Any] = read_yaml(path).value
    return {key: _arms(value) if key in ("arms", "controls") else value for key, value in data.items()}


def _arms(arms: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for name, arm in arms.items():
        options = [{**option, "regimen": _regimen(option["regimen"])} for option in arm["regimens"]]
        out[name] = {**arm, "regimens": options}
    return out


def _regimen(given: Any) -> Any:
    return to_data(regimen(given)) if isinstance(given, str) else given


def trial_yaml(path: Path) -> str:
    """The trial of a file as the text of a YAML file, with the comments at its head."""
    text = path.read_text(encoding="utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    data = written_out(path)
    return "\n".join([*head, HOW_TO.format(name=data["trial"]).rstrip("\n"), *_mapping(data)]) + "\n"


def _mapping(data: dict[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        name = _scalar(key)
        if not isinstance(value, dict | list) or not value:
            yield f"{name}: {_scalar(value, alone=True) if isinstance(value, str) else _flow(value)}"
        elif isinstance(value, dict) and _fits(value):
            yield f"{name}: {_flow(value)}"
        elif isinstance(value, list) and not any(isinstance(item, dict | list | str) for item in value):
            yield from _numbers(name, value)
        else:
            yield f"{name}:"
            yield from _indented(_mapping(value) if isinstance(value, dict) else _list(value))


def _list(items: list[Any]) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict) and any(isinstance(value, dict | list) for value in item.values()):
            first, *rest = _mapping(item)
            yield f"- {first}"
            yield from _indented(rest)
        elif isinstance(item, str):
            yield from _text(item)
        else:
            yield f"- {_flow(item)}"


def _text(item: str) -> list[str]:
    written = _scalar(item, alone=True)
    if "  " in item:  # breaking the line would make two spaces one
        return [f"- {written}"]
    wrap = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    first, *rest = wrap.wrap(written)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _indented(lines: Any) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _fits(value: dict[str, Any]) -> bool:
    nested = any(isinstance(item, dict | list) for item in value.values())
    return not nested and len(_flow(value)) <= ONE_LINE


def _numbers(name: str, values: list[Any]) -> list[str]:
    text = ", ".join(map(_scalar, values))
    if len(text) <= WIDTH:
        return [f"{name}: [{text}]"]
    return [f"{name}: [", *(f"  {line}" for line in textwrap.wrap(text, WIDTH)), "]"]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any, *, alone: bool = False) -> str:
    """One scalar as our reader reads it back; ``alone`` in its line, commas and brackets need no quotes."""
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, str):
        known = _PLAIN_ALONE if alone else _PLAIN
        # a text that holds nothing but a number, or null, true, false, would not stay a text
        plain = known.fullmatch(value) and value.lower() not in _WORDS and not _is_number(value)
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
