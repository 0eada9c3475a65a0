"""Cells that carry (or have lost) CD19: leukaemic clones, sanctuary, blasts in blood, normal B cells."""

from __future__ import annotations

from typing import Any

from engager.model.pharmacokinetics import Value
from engager.model.synapse import BloodSynapses, Synapses
from engager.model.therapies import Kill


def marrow_blasts(y: Any) -> Value:
    """All leukaemic cells in the marrow, L [cells]."""
    return cd19_blasts(y) + y.Ln


def cd19_blasts(y: Any) -> Value:
    """Leukaemic cells in the marrow that carry CD19, L19 [cells]."""
    return y.Ls + y.Lo + y.Lr


def transcripts(y: Any, p: Any) -> Value:
    """Share of marrow cells with BCR-ABL1 transcripts in Ph-positive disease, t = (L + Rt)/Nmarrow [1]."""
    return (marrow_blasts(y) + y.Rt) / p.Nmarrow


def blast_share(y: Any, p: Any) -> Value:
    """Marrow blast share b = L/Nmarrow [1]; may exceed 1 in a packed marrow."""
    return marrow_blasts(y) / p.Nmarrow


def target_cell_rates(
    y: Any, s: Synapses, blood: BloodSynapses, kl: Value, drugs: Kill, function: Value, p: Any
) -> dict[str, Any]:
    """Production [cells/day] and loss [1/day] of Ls, Lo, Lr, Ln, Lx, Lb, Bm, Bb.

    dLs = r·lim·Ls − (kl·sm + ks)·Ls               lim = 1 − L/Kcap
    dLo = r·lim·Lo − (kl·sm + kl22)·Lo             little CD22
    dLr = r·lim·Lr − (xr·kl·sm + kr)·Lr            killed at the factor xr
    dLn = r·lim·Ln − ks·Ln                         no CD19, no synapse
    dLx = rx·r·(1 − Lx/Kx)·Lx − (xk·kl·sm + ko)·Lx
    dLb = kLb·fb·L − (kLb + kb·sb·E_T)·Lb
    dBm = rB·(Bm0 − Bm) − (kl·smB + kB)·Bm
    dBb = kBm·Bb0·Bm/Bm0 − (kBm + kb·sbB·E_T)·Bb

    ks, kl22, kr, ko and kB are the kill by other drugs (see ``therapies.drug_kill``). Clones are lost or gained in
    proportion to themselves, so they have no production term.
    """
    L = marrow_blasts(y)
    growth = p.r * (1 - L / p.Kcap)
    kill = kl * s.blast_marrow
    sanctuary_growth = p.rx * p.r * (1 - y.Lx / p.Kx)
    nothing = 0.0
    return {
        "Ls": (nothing, kill + drugs.sensitive - growth),
        "Lo": (nothing, kill + drugs.low_cd22 - growth),
        "Lr": (nothing, p.xr * kill + drugs.resistant - growth),
        "Ln": (nothing, drugs.sensitive - growth),
        "Lx": (nothing, p.xk * kill + drugs.sanctuary - sanctuary_growth),
        "Lb": (p.kLb * p.fb * L, p.kLb + p.kb * blood.blast_blood * function),
        "Bm": (p.rB * p.Bm0, p.rB + kl * s.b_cell_marrow + drugs.b_cells),
        "Bb": (p.kBm * p.Bb0 * y.Bm / p.Bm0, p.kBm + p.kb * blood.b_cell_blood * function),
    }


def reservoir_rates(x: Any, kchem: Value, p: Any) -> dict[str, Any]:
    """Production and loss [1/day] of Rt, cells with BCR-ABL1 that are no blasts and carry no CD19.

    dRt = −(kRt·tki + Rt_chem·kchem + kDLI·donor)·Rt   neither the engager's T cells nor antibodies see them
    """
    nothing = 0.0
    return {"Rt": (nothing, p.kRt * x.tki + p.Rt_chem * kchem + p.kDLI * x.donor)}
