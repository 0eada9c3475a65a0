"""The model's equations, read from its source: what ``explain`` shows is what runs.

Two forms are found. The docstrings of :mod:`engager.model` hold the equations as a paper prints them; the
code beneath holds what is computed. Which parameters and states stand behind a symbol is taken from the
code alone, followed through every intermediate quantity down to states, parameters and treatment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from engager.app.source import (
    KILLS,
    SYNAPSES,
    Equation,
    class_fields,
    derived,
    engagement_fields,
    fields,
    model_functions,
    name_of,
    printed,
    symbol_of,
    symbols,
    written,
)
from engager.model import Parameters, State
from engager.model.synapse import BloodSynapses, Synapses
from engager.model.therapies import Kill


@dataclass(frozen=True)
class Behind:
    """What stands behind a symbol: its own equations, those of the quantities in them (nearest first), and
    the parameters and states that all of these contain, in the order of the model."""

    equations: tuple[Equation, ...]
    through: tuple[Equation, ...]
    parameters: tuple[str, ...]
    states: tuple[str, ...]


@dataclass(frozen=True)
class _Node:
    """A quantity of the code: its symbol, the expressions that make it, and where."""

    symbol: str
    parts: tuple[ast.expr, ...]
    function: ast.FunctionDef
    place: str
    state: bool = False


@cache
def quantities() -> dict[str, str]:
    """Quantities that the equations name on their way (kl, Cm, u, …): symbol → where they are computed."""
    found = {symbol: node.place for symbol, node in _nodes().items() if not node.state}
    for symbol, equations in printed().items():
        if not symbol.startswith("d") and symbol not in Parameters._fields:
            found.setdefault(symbol, equations[0].place)
    return {symbol: place for symbol, place in found.items() if symbol not in State._fields}


def behind(symbol: str, *, deep: bool = True) -> Behind:
    """Equations, parameters and states behind a state or an intermediate quantity.

    Not ``deep``: only what stands in its own equations, not what stands behind the quantities in them.
    KeyError if the symbol is neither.
    """
    shown = printed().get(f"d{symbol}" if symbol in State._fields else symbol, ())
    node = _nodes().get(symbol)
    if node is None:
        if not shown:
            raise KeyError(symbol)
        words = {word for equation in shown for word in equation.words}
        return Behind(shown, (), _ordered(words, Parameters), _ordered(words - {symbol}, State))
    names: set[str] = set()
    through: dict[str, Equation] = {}
    _follow(node, names, through, deep=deep)
    own = shown or (_as_equation(node),)
    return Behind(own, _needed(own, through.values()), _ordered(names, Parameters), _ordered(names, State))


def _needed(own: Iterable[Equation], others: Iterable[Equation]) -> tuple[Equation, ...]:
    """Of ``others`` and the docstrings' small equations (lim, kt), those whose left side is mentioned."""
    made = _nodes()
    small = [e for symbol, found in printed().items() if symbol not in made for e in found]
    available = {e.symbol: e for e in (*small, *others)}
    found: dict[str, Equation] = {}
    queue = list(own)
    while queue:
        for word in sorted(queue.pop(0).words):
            equation = available.get(word)
            shown = word not in Parameters._fields or word in derived()
            if equation and word not in found and equation not in own and shown:
                found[word] = equation
                queue.append(equation)
    return tuple(found.values())


def equations_with(parameter: str) -> list[tuple[str, Equation]]:
    """(state or quantity, its equation) for every equation in which the parameter stands itself."""
    found = []
    for symbol in _nodes():
        own = behind(symbol, deep=False)
        if parameter in own.parameters:
            found.append((symbol, own.equations[0]))
    return found


def meaning(symbol: str) -> str:
    """What a quantity is, from the docstring that names it: of its field, or of its function ('' if none)."""
    for _, name, text in engagement_fields():
        if name == symbol:
            return text
    place = quantities()[symbol]
    for kind in (Synapses, BloodSynapses, Kill):
        if symbol in map(symbol_of, kind._fields):
            return " ".join((kind.__doc__ or "").split())
    function = next(f for where, f in model_functions() if where == place)
    return " ".join((ast.get_docstring(function) or "").partition("\n\n")[0].split())


@cache
def _nodes() -> dict[str, _Node]:
    """States and intermediate quantities by symbol, from the code."""
    found: dict[str, _Node] = {}
    for place, function in model_functions():
        returned = next((s.value for s in reversed(function.body) if isinstance(s, ast.Return)), None)
        if isinstance(returned, ast.Dict):
            for key, value in zip(returned.keys, returned.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Tuple):
                    name = str(key.value)
                    found[name] = _Node(name, tuple(value.elts), function, place, state=True)
        elif isinstance(returned, ast.Call) and name_of(returned.func) == "Engagement":
            for field, value in zip(class_fields("t_cells.py", "Engagement"), returned.args, strict=True):
                made = _locals(function).get(name_of(value), value)
                found[fields()[field]] = _Node(fields()[field], (made,), function, place)
        elif isinstance(returned, ast.Call) and name_of(returned.func) == "Kill":
            for symbol, value in zip(KILLS.values(), returned.args, strict=True):
                found[symbol] = _Node(symbol, (value,), function, place)
        elif isinstance(returned, ast.Call) and name_of(returned.func) in ("Synapses", "BloodSynapses"):
            for keyword in returned.keywords:
                symbol = SYNAPSES[str(keyword.arg)]
                found[symbol] = _Node(symbol, (keyword.value,), function, place)
        elif returned is not None and (symbol := symbols().get(function.name, "")):
            found[symbol] = _Node(symbol, (returned,), function, place)
    return found


def _follow(node: _Node, names: set[str], through: dict[str, Equation], *, deep: bool = True) -> None:
    """Collect parameters and states of a node, and the equations of the quantities that it is made of."""
    local = _locals(node.function) | _passed(node.function)
    arguments = {argument.arg for argument in node.function.args.args} - {"p"}
    seen: set[str] = set()
    queue = list(node.parts)
    while queue:
        for part in ast.walk(queue.pop(0)):
            kind, name = _reference(part, local, node.place)
            if kind == "name" or (name in arguments and name in Parameters._fields):
                names.add(name)
            elif kind == "local" and name not in seen and not _is_zero(local[name]):
                seen.add(name)
                queue.append(local[name])
                text = written(local[name])
                if text not in (name, symbol_of(name)):
                    equation = Equation(f"{name} = {text}", node.place)
                    through.setdefault(f"{node.function.name}.{name}", equation)
            elif kind == "quantity" and deep and name in _nodes() and name not in through:
                inner = _nodes()[name]
                shown = printed().get(name)
                through[name] = shown[0] if shown else _as_equation(inner)
                _follow(inner, names, through)


def _locals(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Names that a function assigns, with what it assigns to them (also ``a, b = x, y``)."""
    found: dict[str, ast.expr] = {}
    for statement in function.body:
        if not isinstance(statement, ast.Assign):
            continue
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Name):
            found[target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = zip(target.elts, value.elts, strict=True)
            found |= {t.id: v for t, v in pairs if isinstance(t, ast.Name)}
    return found


@cache
def _passed(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Arguments for which the model's only call of a function passes an expression (``y.Ls + y.Lr``)."""
    calls = [
        (caller, call)
        for _, caller in model_functions()
        for call in ast.walk(caller)
        if isinstance(call, ast.Call) and name_of(call.func) == function.name
    ]
    if len(calls) != 1:
        return {}
    caller, call = calls[0]
    names = [argument.arg for argument in function.args.args]
    given = {
        name: _passed(caller).get(name_of(value), value) for name, value in zip(names, call.args, strict=True)
    }
    return {name: value for name, value in given.items() if _of_the_state(value)}


def _of_the_state(value: ast.expr) -> bool:
    """``y.Ls + y.Lr``, ``y.Bm``, ``cd19_blasts(y)``."""
    if isinstance(value, ast.Call):
        return [name_of(argument) for argument in value.args] == ["y"]
    if isinstance(value, ast.Attribute):
        return name_of(value.value) == "y"
    return isinstance(value, ast.BinOp)


def _is_zero(expression: ast.expr) -> bool:
    """``0 * …``: nothing, with a unit."""
    first = expression
    while isinstance(first, ast.BinOp):
        first = first.left
    return isinstance(first, ast.Constant) and first.value == 0


def _reference(part: ast.AST, local: dict[str, ast.expr], place: str) -> tuple[str, str]:
    """What a node of an expression points at: a parameter or state, a local name, another quantity."""
    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
        if part.value.id in ("p", "y"):
            return "name", part.attr
        if part.value.id in ("a", "g", "s", "blood", "drugs"):
            return "quantity", symbol_of(part.attr)
    if isinstance(part, ast.Call) and name_of(part.func) in symbols():
        return "quantity", symbols()[name_of(part.func)]
    if isinstance(part, ast.Name):
        # a local name is another quantity if it is its symbol, or if that quantity is made in this function
        other = part.id if part.id in _nodes() else symbol_of(part.id)
        made_here = other in _nodes() and (other == part.id or _nodes()[other].place == place)
        return ("local", part.id) if part.id in local and not made_here else ("quantity", other)
    return "", ""


def _as_equation(node: _Node) -> Equation:
    if not node.state:
        return Equation(f"{node.symbol} = {written(node.parts[0])}", node.place)
    production, loss = map(written, node.parts)
    factor = f"({loss})" if " " in loss else loss
    gain = "" if production in ("nothing", "0") else f"{production} "
    return Equation(f"d{node.symbol} = {gain}− {factor}·{node.symbol}", node.place)


def _ordered(names: Iterable[str], kind: type[Parameters] | type[State]) -> tuple[str, ...]:
    found = set(names)
    return tuple(name for name in kind._fields if name in found)
