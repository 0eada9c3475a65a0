"""Blinatumomab in plasma: linear, one compartment, constant infusion between changes, and a depot under the skin
that feeds it — solved exactly. The equations are linear, so what comes from the pump and from the depot add up."""

from __future__ import annotations

from typing import Any

Value = Any
"""A number, an array over patients, a traced array, or a quantity with a unit: equations take them all."""


def concentration(
    C: Value, rate: Value, CL: Value, V: Value, dt: Value, xp: Any, left: Value | None = None
) -> Value:
    """Plasma concentration after ``dt`` of constant infusion.

    C(t + dt) = R/CL + (C − R/CL)·exp(−CL/V·dt)

    Args:
        C: concentration now [µg/L = ng/mL].
        rate: infusion rate R [µg/day].
        CL: clearance [L/day].
        V: volume of distribution [L].
        dt: time [day].
        xp: array namespace (numpy, jax.numpy).
        left: share that ``remains`` after ``dt``, where it was computed before.

    Returns:
        Concentration at the end of ``dt`` [µg/L].
    """
    plateau = rate / CL
    return plateau + (C - plateau) * (remains(CL, V, dt, xp) if left is None else left)


def remains(CL: Value, V: Value, dt: Value, xp: Any) -> Value:
    """Share of the drug that is still in plasma after ``dt`` [day] without infusion: exp(−CL/V·dt) [1]."""
    return xp.exp(-CL / V * dt)


def depot(amount: Value, ka: Value, dt: Value, xp: Any) -> Value:
    """What is left in the depot after ``dt``.

    depot(t + dt) = (depot + F_sc·dose)·exp(−ka_sc·dt)

    Args:
        amount: what of it will reach the blood, with F_sc of a dose that was just given [µg].
        ka: absorption rate ka_sc [1/day].
        dt: time [day].
        xp: array namespace (numpy, jax.numpy).

    Returns:
        Amount at the end of ``dt`` [µg].
    """
    return amount * xp.exp(-ka * dt)


def absorbed(amount: Value, ka: Value, CL: Value, V: Value, dt: Value, xp: Any) -> Value:
    """Plasma concentration after ``dt`` that comes from what is in the depot now; to be added to that of the pump.

    Cd = ka_sc·depot/V·(exp(−ka_sc·dt) − exp(−CL/V·dt))/(CL/V − ka_sc)

    It solves V·dC/dt = ka·depot − CL·C without any drug in plasma to begin with, and is computed as the slower of the
    two exponentials times (1 − exp(−g))/g, where g [1] is the difference of their rates times ``dt``: that holds where
    both rates agree (the factor is then 1), loses no digits near there, and neither exponential can overflow.

    Args:
        amount: in the depot at the start of ``dt`` [µg].
        ka: absorption rate [1/day].
        CL: clearance [L/day].
        V: volume of distribution [L].
        dt: time [day].
        xp: array namespace (numpy, jax.numpy).

    Returns:
        Concentration at the end of ``dt`` [µg/L].
    """
    k = CL / V
    slower = xp.minimum(ka, k)
    gap = (xp.maximum(ka, k) - slower) * dt
    apart = xp.where(gap > 0, gap, 1.0 + 0 * gap)
    factor = xp.where(gap > 0, -xp.expm1(-apart) / apart, 1.0 + 0 * gap)
    return ka * amount / V * dt * xp.exp(-slower * dt) * factor


def half_life(CL: Value, V: Value, xp: Any) -> Value:
    """Elimination half-life ln 2·V/CL [day]."""
    return xp.log(2.0) * V / CL
