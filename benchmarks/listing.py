"""The model's equations as a list of assignments, for programs that cannot run :func:`engager.model.rates` itself.

``rates`` is called once with symbols in place of numbers; what it does to them is written down, every intermediate
quantity once. The list is turned into the language of a contestant by a :class:`Dialect`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from engager.model import Parameters, State, action, alone, rates


@dataclass(frozen=True)
class Dialect:
    """How a language writes what is not the same in all: {0}, {1}, {2} stand for the operands."""

    where: str
    minimum: str
    maximum: str
    exp2: str
    line: str


PYTHON = Dialect(
    where="({1} if {0} else {2})", minimum="min({0}, {1})", maximum="max({0}, {1})", exp2="2.0 ** {0}",
    line="{0} = {1}",
)  # fmt: skip
C = Dialect(
    where="({0} ? {1} : {2})", minimum="fmin({0}, {1})", maximum="fmax({0}, {1})", exp2="exp2({0})",
    line="double {0} = {1};",
)  # fmt: skip
ANTIMONY = Dialect(
    where="piecewise({1}, {0}, {2})", minimum="piecewise({0}, {0} < {1}, {1})",
    maximum="piecewise({0}, {0} > {1}, {1})", exp2="exp({0} * 0.6931471805599453)", line="{0} := {1};",
)  # fmt: skip

PLAIN = {name: "({0} " + sign + " {1})" for name, sign in (
    ("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/"), ("gt", ">"), ("lt", "<"),
)} | {"neg": "(-{0})", "exp": "exp({0})", "log": "log({0})"}  # fmt: skip


class _Symbol:
    """A quantity by name; arithmetic with it writes a line of its list."""

    def __init__(self, name: str, lines: dict[tuple[str, ...], str]) -> None:
        self.name, self.lines = name, lines

    def _new(self, operation: str, *operands: Any) -> Any:
        key = (operation, *(o.name if isinstance(o, _Symbol) else repr(float(o)) for o in operands))
        return _Symbol(self.lines.setdefault(key, f"v{len(self.lines)}"), self.lines)

    def __add__(self, other: Any) -> Any:
        return self if _zero(other) else self._new("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        return self if _zero(other) else self._new("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return -self if _zero(other) else self._new("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        if _zero(other):
            return 0.0
        return self if not isinstance(other, _Symbol) and other == 1 else self._new("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __truediv__(self, other: Any) -> Any:
        return self._new("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return 0.0 if _zero(other) else self._new("div", other, self)

    def __neg__(self) -> Any:
        return self._new("neg", self)

    def __gt__(self, other: Any) -> Any:
        return self._new("gt", self, other)

    def __lt__(self, other: Any) -> Any:
        return self._new("lt", self, other)


def _zero(x: Any) -> bool:
    return not isinstance(x, _Symbol) and x == 0


class _Functions:
    """The array namespace that the model asks for, for symbols and for plain numbers."""

    @staticmethod
    def _of(operation: str, *operands: Any) -> Any:
        first = next((o for o in operands if isinstance(o, _Symbol)), None)
        if first is None:
            raise TypeError(f"{operation} of numbers only: {operands}")
        return first._new(operation, *operands)

    def exp(self, x: Any) -> Any:
        return self._of("exp", x)

    def exp2(self, x: Any) -> Any:
        return self._of("exp2", x)

    def log(self, x: Any) -> Any:
        return self._of("log", x)

    def minimum(self, a: Any, b: Any) -> Any:
        return self._of("minimum", a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return (
            max(a, b)
            if not isinstance(a, _Symbol) and not isinstance(b, _Symbol)
            else self._of("maximum", a, b)
        )

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return self._of("where", condition, a, b)

    def zeros_like(self, _: Any) -> float:
        return 0.0

    def ones_like(self, _: Any) -> float:
        return 1.0


CLONES = ("Ls", "Lo", "Lr", "Ln")
"""States that make up the marrow blasts; none has a production."""


@cache
def equations(*, logarithmic: bool = False) -> tuple[dict[tuple[str, ...], str], dict[str, str]]:
    """Assignments (operation and operands → name), and the name of each derivative by state.

    Free names: the states and parameters, each with an underscore behind it (``h_``, ``N_``), the concentration
    ``C_`` and the rate of infusion ``R_``; the derivative of the concentration is that of ``C``. Where
    ``logarithmic``, the free names of ``CLONES`` stand for natural logarithms, and so do their derivatives.
    """
    lines: dict[tuple[str, ...], str] = {}
    y, p = (kind(*(_Symbol(f"{name}_", lines) for name in kind._fields)) for kind in (State, Parameters))
    C, R = _Symbol("C_", lines), _Symbol("R_", lines)
    xp = _Functions()
    logs = CLONES if logarithmic else ()
    y = y._replace(**{name: xp.exp(getattr(y, name)) for name in logs})
    produced, lost = rates(y, action(alone(C, xp), p, xp), p, xp)
    derivatives = {
        name: -k if name in logs else P - k * value
        for name, P, k, value in zip(State._fields, produced, lost, y, strict=True)
    }
    derivatives["C"] = (R - p.CL * C) / p.V
    return lines, {name: d.name if isinstance(d, _Symbol) else repr(d) for name, d in derivatives.items()}


def written(dialect: Dialect, *, logarithmic: bool = False) -> list[str]:
    """The assignments as lines of a language."""
    forms = PLAIN | {name: getattr(dialect, name) for name in ("where", "minimum", "maximum", "exp2")}
    return [
        dialect.line.format(name, forms[operation].format(*operands))
        for (operation, *operands), name in equations(logarithmic=logarithmic)[0].items()
    ]
