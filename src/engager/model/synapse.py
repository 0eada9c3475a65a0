"""From drug to synapse: what reaches the marrow, what binds CD19, how likely a contact becomes a synapse.

Binding is fast and far from saturation at clinical doses (about 11 pM of drug against a CD19 affinity of
1.5 nM), so bound drug is algebra, not a state.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model.pharmacokinetics import Value


class BloodSynapses(NamedTuple):
    """Probability that a contact with a T cell in blood forms a synapse, by target [1]."""

    blast_blood: Value
    b_cell_blood: Value


class Synapses(NamedTuple):
    """Probability that a contact with a T cell in marrow forms a synapse, by target [1]."""

    blast_marrow: Value
    b_cell_marrow: Value


def molar(C: Value, p: Any) -> Value:
    """Plasma concentration in mol/L: Cp = C·(g per µg)/MW."""
    return C * p.g_per_ug / p.MW


def marrow_concentration(Cp: Value, cd19_blasts: Value, B_cells: Value, p: Any) -> Value:
    """Free drug in marrow with CD19 as a sink [mol/L].

    S19 = (n19·L + n19B·B)/(NA·Vm);  Cm = Kp·Cp/(1 + kint·S19/(PS·Kd19)).
    Valid far below saturation (Cm ≪ Kd19).
    """
    S19 = (p.n19 * cd19_blasts + p.n19B * B_cells) / (p.NA * p.Vm)
    return p.Kp * Cp / (1 + p.kint * S19 / (p.PS * p.Kd19))


def synapse_probability(n: Value, c: Value, p: Any, xp: Any) -> Value:
    """s(n, c) = 1 − 2^(−n·c/(Kd19 + c)/N50), for n CD19 molecules per cell and free drug c [mol/L]."""
    bound = n * c / (p.Kd19 + c)
    return 1 - xp.exp2(-bound / p.N50)


def blood_synapses(Cp: Value, p: Any, xp: Any) -> BloodSynapses:
    """Synapses in blood at plasma concentration ``Cp`` [mol/L]."""
    return BloodSynapses(
        blast_blood=synapse_probability(p.n19, Cp, p, xp),
        b_cell_blood=synapse_probability(p.n19B, Cp, p, xp),
    )


def synapses(Cp: Value, cd19_blasts: Value, B_cells: Value, p: Any, xp: Any) -> Synapses:
    """Synapses in marrow at plasma concentration ``Cp`` [mol/L] and marrow target counts."""
    Cm = marrow_concentration(Cp, cd19_blasts, B_cells, p)
    return Synapses(
        blast_marrow=synapse_probability(p.n19, Cm, p, xp),
        b_cell_marrow=synapse_probability(p.n19B, Cm, p, xp),
    )


def ternary_complex(A: Value, B: Value, C: Value, K_A: Value, K_C: Value, xp: Any) -> Value:
    """Non-cooperative ternary complex for any drug level B, hook effect included.

    [ABC] = φ(A,B,K_A)·φ(C,B,K_C)/B,  φ(x,y,K) = ½[(x+y+K) − √((x+y+K)² − 4xy)]

    All arguments in one unit of concentration. At low occupancy it reduces to the product
    A·C·B/(K_A·K_C), which :func:`synapse_probability` rests on.
    """
    return bound(A, B, K_A, xp) * bound(C, B, K_C, xp) / B


def bound(x: Value, y: Value, K: Value, xp: Any) -> Value:
    """Equilibrium complex of two partners x and y with dissociation constant K (one unit for all)."""
    total = x + y + K
    return 0.5 * (total - xp.sqrt(total * total - 4 * x * y))
