"""One step of a production–loss system: exact in the loss, second order, never negative.

For dy/dt = P − λ·y with P and λ frozen over a step h the solution is y·e^(−λh) + P·h·φ(λh), with
φ(z) = (1 − e^(−z))/z. A first stage takes P and λ at the start; the second takes their mean over the
start and the first stage's end. The difference of the stages estimates the local error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Y = TypeVar("Y", bound=tuple[Any, ...])
Rates = Callable[[Any, Any], tuple[Any, Any]]
"""(state, drive) → (production, loss), both shaped as the state."""


def relax(y: Any, P: Any, loss: Any, h: Any, xp: Any) -> Any:
    """Solution after ``h`` of dy/dt = P − loss·y with constant P and loss."""
    z = loss * h
    decay = xp.exp(-z)
    small = xp.abs(z) < 1e-2
    series = 1 - z * (0.5 - z * (1.0 / 6.0 - z * (1.0 / 24.0)))
    phi = xp.where(small, series, (1 - decay) / xp.where(small, 1.0, z))
    return y * decay + P * h * phi


def step(rates: Rates, y: Y, drive0: Any, drive1: Any, h: Any, xp: Any) -> tuple[Y, Y]:
    """Advance the state by ``h`` [day].

    Args:
        rates: gives production and loss of a state under a drive (treatment at that moment).
        y: state, a named tuple of arrays.
        drive0, drive1: drive at the start and the end of the step.
        h: step [day]; 0 leaves the state unchanged, bit for bit.
        xp: array namespace.

    Returns:
        The new state and the first-stage (first-order) state, for error estimates.
    """
    make = type(y)._make  # type: ignore[attr-defined]
    P0, k0 = rates(y, drive0)
    first = make(relax(v, P, k, h, xp) for v, P, k in zip(y, P0, k0, strict=True))
    P1, k1 = rates(first, drive1)
    second = make(
        relax(v, 0.5 * (Pa + Pb), 0.5 * (ka + kb), h, xp)
        for v, Pa, Pb, ka, kb in zip(y, P0, P1, k0, k1, strict=True)
    )
    return second, first
