"""One step of a production–loss system: exact in the loss, second order, never negative.

For dy/dt = P − λ·y with P and λ frozen over a step h the solution is y·e^(−λh) + P·h·φ(λh), with
φ(z) = (1 − e^(−z))/z. A first stage takes P and λ at the start; the second takes their mean over the
start and the first stage's end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Y = TypeVar("Y", bound=tuple[Any, ...])
Rates = Callable[[Any, Any], tuple[Any, Any]]
"""(state, drive) → (production, loss), both shaped as the state."""

Known = Iterable[tuple[Any, tuple[Any, Any]]]
"""Losses with their ``factors`` for one length of step."""


def factors(loss: Any, h: Any, xp: Any) -> tuple[Any, Any]:
    """e^(−λh) and h·φ(λh) = (1 − e^(−λh))/λ for loss λ and step ``h``; a series where the difference loses digits.

    That ends in a quotient: compilers compute one once, where they would compute sums and selections anew in
    everything that reads them.
    """
    z = loss * h
    decay = xp.exp(-z)
    small = xp.abs(z) < 1e-2
    series = 1 - z * (0.5 - z * (1.0 / 6.0 - z * (1.0 / 24.0)))
    return decay, xp.where(small, h * series, 1 - decay) / xp.where(small, 1.0, loss)


def relax(y: Any, P: Any, f: tuple[Any, Any]) -> Any:
    """Solution of dy/dt = P − λ·y with constant P and λ, from the ``factors`` of λ and the step."""
    decay, gain = f
    return y * decay if _nothing(P) else y * decay + P * gain


def _nothing(P: Any) -> bool:
    """A production that is the plain number 0: what it adds need not be computed for every patient."""
    return isinstance(P, float) and P == 0


def step(rates: Rates, y: Y, drive0: Any, drive1: Any, h: Any, xp: Any, known: Known = ()) -> Y:
    """Advance the state by ``h`` [day].

    Args:
        rates: gives production and loss of a state under a drive (treatment at that moment).
        y: state, a named tuple of arrays.
        drive0, drive1: drive at the start and the end of the step.
        h: step [day]; 0 leaves the state unchanged, bit for bit.
        xp: array namespace.
        known: factors for ``h`` of losses that ``rates`` hands on as they are (the very same object), from where
            they were computed once for all steps of this length.

    Returns:
        The new state.
    """
    of = {id(loss): f for loss, f in known}
    make = type(y)._make  # type: ignore[attr-defined]
    P0, k0 = rates(y, drive0)
    start = [of[id(k)] if id(k) in of else factors(k, h, xp) for k in k0]
    first = make(relax(v, P, f) for v, P, f in zip(y, P0, start, strict=True))
    P1, k1 = rates(first, drive1)
    # a loss that is one and the same parameter in both stages is its own mean
    both = [
        f if ka is kb else factors(0.5 * (ka + kb), h, xp) for ka, kb, f in zip(k0, k1, start, strict=True)
    ]
    return make(  # type: ignore[no-any-return]
        relax(v, Pa if _nothing(Pa) else 0.5 * (Pa + Pb), f)
        for v, Pa, Pb, f in zip(y, P0, P1, both, strict=True)
    )
