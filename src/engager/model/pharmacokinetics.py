"""Blinatumomab in plasma: linear, one compartment, constant infusion between changes — solved exactly."""

from __future__ import annotations

from typing import Any

Value = Any
"""A number, an array over patients, a traced array, or a quantity with a unit: equations take them all."""


def concentration(C: Value, rate: Value, CL: Value, V: Value, dt: Value, xp: Any) -> Value:
    """Plasma concentration after ``dt`` of constant infusion.

    C(t + dt) = R/CL + (C − R/CL)·exp(−CL/V·dt)

    Args:
        C: concentration now [µg/L = ng/mL].
        rate: infusion rate R [µg/day].
        CL: clearance [L/day].
        V: volume of distribution [L].
        dt: time [day].
        xp: array namespace (numpy, jax.numpy).

    Returns:
        Concentration at the end of ``dt`` [µg/L].
    """
    plateau = rate / CL
    return plateau + (C - plateau) * xp.exp(-CL / V * dt)


def half_life(CL: Value, V: Value, xp: Any) -> Value:
    """Elimination half-life ln 2·V/CL [day]."""
    return xp.log(2.0) * V / CL
