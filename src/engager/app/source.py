"""The model's source, as text and syntax trees: equations of docstrings, symbols, who reads which value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import engager
from engager.model.t_cells import Engagement

ROOT = Path(engager.__file__).parent

SYNAPSES = {
    "blast_marrow": "sm",
    "b_cell_marrow": "smB",
    "blast_blood": "sb",
    "b_cell_blood": "sbB",
}
"""Symbols of the paper's equations for the fields of ``synapse.Synapses`` and ``synapse.BloodSynapses``."""

KILLS = {"sensitive": "ks", "low_cd22": "kl22", "resistant": "kr", "sanctuary": "ko", "b_cells": "kB"}
"""Symbols for the fields of ``therapies.Kill``."""

_FIELD = re.compile(r"(\w+): (?:.*\s)?(\w+)(?: = [^\[;]+)? \[[^\]]*\]", re.DOTALL)
_EQUATION = re.compile(r"(?:^|(?<=[\s:]))(d?[A-Za-z_]\w*(?:\([^)=]*\))?) = (\S.*)")
_PROSE = re.compile(r",? (?!if |else )[a-z]{2,} (?!if |else )[a-z]{2,}.*")
_CALLED = re.compile(r"^(\w+): |, (\w+) \[")
_NAMED = re.compile(r"``(\w+)`` is (\w+) \[")


@dataclass(frozen=True)
class Equation:
    """One equation as text, and the function of the source that holds it ("model/t_cells.py: t_cell_rates")."""

    text: str
    place: str

    @property
    def symbol(self) -> str:
        """What it defines: the name at the head of its left side."""
        return re.split(r"\W", self.text)[0]

    @property
    def words(self) -> set[str]:
        """The names on its right side."""
        return set(re.findall(r"\w+", self.text.partition(" = ")[2]))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def model_functions() -> tuple[tuple[str, ast.FunctionDef], ...]:
    paths = sorted((ROOT / "model").glob("*.py"))
    return tuple(
        (f"model/{path.name}: {f.name}", f)
        for path in paths
        for f in functions(path)
        if f.name != "ternary_complex"
    )


@cache
def fields() -> dict[str, str]:
    """Symbols that stand for fields of Engagement, Synapses, BloodSynapses and Kill, and for named arguments."""
    found = SYNAPSES | KILLS | {field: symbol for field, symbol, _ in engagement_fields()}
    for path in sorted((ROOT / "model").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            text = ast.get_docstring(node) or "" if isinstance(node, ast.ClassDef | ast.FunctionDef) else ""
            found |= {m[1]: m[2] for m in _NAMED.finditer(text)}
    return found


def engagement_fields() -> list[tuple[str, str, str]]:
    """(field, symbol, meaning with unit) of the fields of Engagement, as its docstring gives them."""
    text = Engagement.__doc__ or ""
    entries = [" ".join(part.split()) for part in re.split(r"; |\.\s", f"{text}\n")]
    return [(m[1], m[2], entry.partition(": ")[2]) for entry in entries if (m := _FIELD.match(entry))]


@cache
def printed() -> dict[str, tuple[Equation, ...]]:
    """Equations of the docstrings by their left side ("dLs", "Cm")."""
    found: dict[str, tuple[Equation, ...]] = {}
    for place, function in model_functions():
        text = (ast.get_docstring(function) or "").partition("Args:")[0]
        for line in text.splitlines():
            for part in re.split(r"\s{3,}|;\s+|,\s+(?=d[A-Z])|,\s{2,}| and (?=\w+ = )", line):
                match = _EQUATION.search(part)
                if match:
                    left = match[1]
                    right = _PROSE.sub("", re.split(r" \[|, for |, once ", match[2])[0]).rstrip(" .,")
                    symbol = left.partition("(")[0]
                    found[symbol] = (*found.get(symbol, ()), Equation(f"{left} = {right}", place))
    return found


@cache
def symbols() -> dict[str, str]:
    """Functions of the model that compute one quantity, with its symbol as their docstrings give it."""
    found = {}
    for _, function in model_functions():
        text = (ast.get_docstring(function) or "").partition("Args:")[0]
        equations = [m[1].partition("(")[0] for m in _EQUATION.finditer(text.replace("  ", "\n"))]
        called = _CALLED.search(text.partition("\n")[0])
        plain = [name for name in equations if not name.startswith("d")]
        if not any(isinstance(s, ast.Return) and isinstance(s.value, ast.Dict) for s in function.body):
            if plain:
                found[function.name] = plain[-1]
            elif called:
                found[function.name] = called[1] or called[2]
            elif function.name.endswith("_hazard"):
                found[function.name] = function.name
    return found


@cache
def derived() -> dict[str, tuple[str, ...]]:
    """Parameters that ``patients.population.person`` derives, with the parameters that it makes them of."""
    person = next(f for f in functions(ROOT / "patients" / "population.py") if f.name == "person")
    assigned = {
        s.targets[0].id: s.value
        for s in person.body
        if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)
    }
    made = assigned["derived"]
    if not isinstance(made, ast.Dict):
        raise TypeError("person() keeps what it derives in a dict")

    def read(value: ast.expr) -> Iterator[str]:
        for node in ast.walk(value):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                yield str(node.slice.value)
            elif name_of(node) in assigned:
                yield from read(assigned[name_of(node)])

    return {
        str(key.value): tuple(dict.fromkeys(read(value)))
        for key, value in zip(made.keys, made.values, strict=True)
        if isinstance(key, ast.Constant)
    }


@cache
def uses() -> dict[str, tuple[str, ...]]:
    """Functions of the model, and of the rooms that draw, treat and assess, that read a value, by its name."""
    found: dict[str, list[str]] = {}
    for room in ("model", "patients", "outcomes", "trials"):
        for path in sorted((ROOT / room).glob("*.py")):
            for function in functions(path):
                for name in sorted(read_by(function)):
                    found.setdefault(name, []).append(f"{room}/{path.name}: {function.name}")
    return {name: tuple(places) for name, places in found.items()}


def read_by(function: ast.FunctionDef) -> set[str]:
    """Names that a function reads values by: ``k.hdis``, ``p.kmax``, ``v["pfm1"]``, ``"x_salvage_1"`` in a list."""
    names = set()
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("k", "p")
        ):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def class_fields(module: str, name: str) -> list[str]:
    tree = ast.parse((ROOT / "model" / module).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return [s.target.id for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]


def symbol_of(name: str) -> str:
    return fields().get(name, name)


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


class _Paper(ast.NodeTransformer):
    """Strips ``p.``, ``y.`` and ``xp.`` and puts symbols in place of the code's longer names."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Name(symbol_of(node.attr)) if isinstance(node.value, ast.Name) else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(symbol_of(node.id))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        symbol = symbols().get(name_of(node.func))
        args = [a for a in node.args if name_of(a) not in ("p", "y", "xp")]
        if symbol and not args:
            return ast.Name(symbol)
        if name_of(node.func) == "power":
            return ast.BinOp(self.visit(args[0]), ast.Pow(), self.visit(args[1]))
        function = ast.Name(symbol) if symbol else self.visit(node.func)
        names = {"maximum": "max", "minimum": "min", "exp2": "exp2"}
        if isinstance(function, ast.Name):
            function = ast.Name(names.get(function.id, function.id))
        return ast.Call(function, [self.visit(a) for a in args], [])


def written(expression: ast.expr) -> str:
    """An expression of the code as a paper would print it."""
    copy = ast.parse(ast.unparse(expression), mode="eval")
    text = ast.unparse(_Paper().visit(copy).body)
    for code, paper in (
        (" ** ", "^"),
        (" * ", "·"),
        (" / ", "/"),
        (" - ", " − "),
        ("1.0", "1"),
        ("0.0", "0"),
    ):
        text = text.replace(code, paper)
    return re.sub(r"(?<![\w)\]])-", "−", text)
