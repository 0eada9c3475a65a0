"""T cells: redistribution between blood, periphery and marrow; activation, expansion, exhaustion."""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model.pharmacokinetics import Value
from engager.model.power import power
from engager.model.synapse import BloodSynapses, Synapses
from engager.model.target_cells import cd19_blasts


class Engagement(NamedTuple):
    """What the synapses do to T cells and, through them, to targets.

    engaged: share of marrow T cells engaged, e [1]; contact: mean synapse probability over marrow
    targets, smw [1]; kill: kill rate per target at a certain synapse, kl [1/day]; capacity: marrow
    T-cell capacity, cap [cells]; signal: redistribution signal S [1]; surprise: its unadapted part,
    u = max(S − D, 0) [1]; margination: m [1].
    """

    engaged: Value
    contact: Value
    kill: Value
    capacity: Value
    signal: Value
    surprise: Value
    margination: Value


def engagement(y: Any, s: Synapses, blood: BloodSynapses, function: Value, p: Any, xp: Any) -> Engagement:
    """Engagement of T cells in state ``y`` at synapse probabilities in marrow and blood; ``function`` is E_T [1]."""
    seen = cd19_blasts(y)
    G = seen + y.Bm + p.one_cell
    smw = (seen * s.blast_marrow + y.Bm * s.b_cell_marrow) / G
    engaged = smw * G / (G + p.kap * (y.Tm + y.Am))
    kill = p.kmax * (1 - y.X) * function * y.Am / (p.h + y.Am + G)
    crowding = xp.minimum((seen + y.Ln) / p.Nmarrow, 1.0)
    capacity = p.Tcap * (1 - p.chi * crowding)

    blasts_seen, B_seen = y.Lb + seen, y.Bb + y.Bm
    s_mean = (blood.blast_blood * blasts_seen + blood.b_cell_blood * B_seen) / (
        blasts_seen + B_seen + p.one_cell
    )
    targets = all_targets(y, p)
    signal = s_mean * function * targets / (targets + p.kapS * effectors(y, p))
    surprise = xp.maximum(signal - y.D, 0.0)
    return Engagement(engaged, smw, kill, capacity, signal, surprise, p.Mmax * power(surprise, p.gM, xp))


def all_targets(y: Any, p: Any) -> Value:
    """Gall: CD19-positive cells anywhere that T cells can meet [cells]."""
    return cd19_blasts(y) + y.Bm + p.one_cell + y.Lb + y.Bb + y.Lx


def effectors(y: Any, p: Any) -> Value:
    """Teff: T cells that take part in cytokine release, the periphery weighted by wTp [cells]."""
    return y.Tb + y.Tm + y.Am + p.wTp * y.Tp


def t_cell_rates(
    y: Any, g: Engagement, function: Value, kchem: Value, worn: Value, rested: Value, p: Any, xp: Any
) -> dict[str, Any]:
    """Production [unit/day] and loss [1/day] of Tb, Tp, Tm, Am, X, D, W.

    dTb = kpb·Tp + kmb·Tm + kmbA·Am − (kbm + kbp)(1+m)·Tb − kTch·kchem·Tb
    dTp = kbp(1+m)·Tb + kcT·Tp0 + pW·W·Tp − (kpb + kcT)·Tp − kTch·kchem·Tp
    dTm = kbm(1+m)·Tb + kde·Am − (kmb + kact·e·E_T)·Tm − kTch·kchem·Tm
    dAm = kact·e·E_T·Tm + p·e·E_T·Am·max(1 − Tmar/cap, 0) − (dA + kde + kmbA)·Am − kTch·kchem·Am
    dX = kx·worn·e·(1 − X) − krec·rested·X·(1 − min(1, srec·smw))
    dD = (kD if S > D else krs)·(S − D)        dW = kW·(u − W)

    ``worn`` and ``rested`` are the factors by which drugs change exhaustion and recovery.
    kbm = kmb·Tm(0)/Tb0 and kpb = kbp·Tb0/Tp0 hold the untreated person at rest.
    """
    to_marrow = p.kbm * (1 + g.margination)
    to_periphery = p.kbp * (1 + g.margination)
    activation = p.kact * g.engaged * function
    room = xp.maximum(1 - (y.Tm + y.Am) / g.capacity, 0.0)
    expansion = p.p * g.engaged * function * room
    chemo = p.kTch * kchem
    recovery = p.krec * rested * (1 - xp.minimum(p.srec * g.contact, 1.0))
    exhaustion = p.kx * worn * g.engaged
    adaptation = xp.where(g.signal > y.D, p.kD, p.krs)
    return {
        "Tb": (p.kpb * y.Tp + p.kmb * y.Tm + p.kmbA * y.Am, to_marrow + to_periphery + chemo),
        "Tp": (to_periphery * y.Tb + p.kcT * p.Tp0, p.kpb + p.kcT + chemo - p.pW * y.W),
        "Tm": (to_marrow * y.Tb + p.kde * y.Am, p.kmb + activation + chemo),
        "Am": (activation * y.Tm, p.dA + p.kde + p.kmbA + chemo - expansion),
        "X": (exhaustion, exhaustion + recovery),
        "D": (adaptation * g.signal, adaptation),
        "W": (p.kW * g.surprise, p.kW),
    }
