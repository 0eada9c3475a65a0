"""Powers in a form that stays vector code: a compiler hands x**g to the C library, one patient after the other."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value


def power(x: Value, g: Value, xp: Any) -> Value:
    """x^g for x ≥ 0 and g > 0 (for x > 0 and any g), as exp(g·ln x)."""
    positive = x > 0
    return xp.where(positive, xp.exp(g * xp.log(xp.where(positive, x, 1.0))), 0.0)
