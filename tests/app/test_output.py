"""What leaves the program as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path

from engager.app.output import plain, print_json


@dataclass(frozen=True)
class Thing:
    a: float
    b: tuple[int, ...]


def test_not_a_number_is_null(capsys):
    print_json(
        {"x": float("nan"), "y": [float("inf"), 1.5], "t": Thing(float("-inf"), (1, 2)), "p": Path("a/b")}
    )
    out = capsys.readouterr().out
    assert json.loads(out) == {"x": None, "y": [None, 1.5], "t": {"a": None, "b": [1, 2]}, "p": "a/b"}
    assert out.count("\n") == 1


def test_plain_keeps_what_is_plain():
    assert plain({1: True, "s": None, "u": "µ"}) == {"1": True, "s": None, "u": "µ"}
