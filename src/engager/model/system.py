"""One patient: the 25 states, the parameters they need, and the rates of change.

Every rate has the form production − loss·y, so that a step can take the loss exactly and stay positive.
The functions below are plain arithmetic: they run on floats, numpy, JAX, and quantities with units.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model.cytokines import cytokine_rates, drug_presence
from engager.model.haematopoiesis import crowding, haematopoiesis_rates, myelosuppression
from engager.model.neurotoxicity import neurologic_rates
from engager.model.pharmacokinetics import Value
from engager.model.synapse import BloodSynapses, blood_synapses, molar, synapses
from engager.model.t_cells import engagement, t_cell_rates
from engager.model.target_cells import cd19_blasts, reservoir_rates, target_cell_rates
from engager.model.therapies import Kill, chemotherapy_kill, drug_kill, occupancy22, t_cell_function


class State(NamedTuple):
    """State of one patient; units and meanings in ``data/states.csv``. Cells as counts."""

    Ls: Value
    Lo: Value
    Lr: Value
    Ln: Value
    Lx: Value
    Lb: Value
    Bm: Value
    Bb: Value
    Tb: Value
    Tp: Value
    Tm: Value
    Am: Value
    X: Value
    D: Value
    W: Value
    I6: Value
    Pn: Value
    Tn: Value
    N: Value
    Pp: Value
    Tt: Value
    Pl: Value
    Nf: Value
    Ns: Value
    Rt: Value


class Parameters(NamedTuple):
    """What the equations need of one patient: values come from the population's table, by these names.

    Derived for each patient before integration: ``kbm`` and ``kpb`` (rest before treatment), ``kN`` and ``kP`` (transit
    rates 4/MTT_N and 4/MTT_P), ``hne``
    (neurologic hazard with frailty and age), ``Gall0`` (all targets before treatment), and ``r``, ``kmax``, ``Tcap``
    (changed by prior treatment).
    """

    CL: Value
    V: Value
    F_sc: Value
    ka_sc: Value
    MW: Value
    g_per_ug: Value
    NA: Value
    Kp: Value
    Kd19: Value
    kint: Value
    PS: Value
    Vm: Value
    n19: Value
    n19B: Value
    N50: Value
    kap: Value
    kapS: Value
    kmax: Value
    h: Value
    Tcap: Value
    p: Value
    chi: Value
    kbm: Value
    kpb: Value
    kact: Value
    kde: Value
    dA: Value
    kmb: Value
    kmbA: Value
    kbp: Value
    Tp0: Value
    Mmax: Value
    gM: Value
    kD: Value
    krs: Value
    kW: Value
    pW: Value
    kcT: Value
    kTch: Value
    kx: Value
    krec: Value
    srec: Value
    r: Value
    Kcap: Value
    xr: Value
    xk: Value
    xchem: Value
    rx: Value
    Kx: Value
    kb: Value
    kLb: Value
    fb: Value
    rB: Value
    Bm0: Value
    kBm: Value
    Bb0: Value
    Bchem: Value
    q6: Value
    KQ: Value
    gK: Value
    KCy: Value
    gC: Value
    k6: Value
    base6: Value
    gQ: Value
    wTp: Value
    adapts: Value
    depletes: Value
    Gall0: Value
    dex_cytokine: Value
    dex_T: Value
    kNf: Value
    kNs: Value
    kNr: Value
    wNs: Value
    Cref: Value
    hne: Value
    kN: Value
    kP: Value
    N0: Value
    P0: Value
    gN: Value
    gP: Value
    N_floor: Value
    P_floor: Value
    hb: Value
    cr_floor: Value
    ils: Value
    gils: Value
    kes: Value
    ln10: Value
    Ech: Value
    kA: Value
    Emax22: Value
    EC22: Value
    f22: Value
    f22_low: Value
    CLi: Value
    Vi: Value
    E_ino: Value
    x_ino: Value
    B_ino: Value
    kTKI: Value
    kTKI_T315I: Value
    x_tki: Value
    kRt: Value
    Rt_chem: Value
    kPOMP: Value
    x_pomp: Value
    E_pomp: Value
    kIT: Value
    kRTX: Value
    kDLI: Value
    x_dli: Value
    x_lkh: Value
    A_hsct: Value
    Nmarrow: Value
    one_cell: Value


class Exposure(NamedTuple):
    """Treatment acting at one moment.

    C: plasma blinatumomab [µg/L]; A: active chemotherapy [1]; log_kill: its log10 kill per unit [1];
    chemo_given: 1 once any chemotherapy was given, else 0; dexamethasone: 1 on a day with it, else 0;
    inotuzumab: its plasma concentration [mg/L]. Levels relative to a usual dose [1]: tki (kill of BCR-ABL1
    blasts), t315i (of those with T315I), pomp, intrathecal, rituximab, donor (donor lymphocytes). Factors by drugs
    [1]: function of T cells, rate of exhaustion and of recovery from it, release of IL-6.
    """

    C: Value
    A: Value
    log_kill: Value
    chemo_given: Value
    dexamethasone: Value
    inotuzumab: Value
    tki: Value
    t315i: Value
    pomp: Value
    intrathecal: Value
    rituximab: Value
    donor: Value
    function: Value
    exhaustion: Value
    recovery: Value
    release: Value


def alone(C: Value, xp: Any, dexamethasone: Value = 0.0) -> Exposure:
    """Exposure to blinatumomab (with or without dexamethasone) and nothing else, shaped as ``C``."""
    rest = dict.fromkeys(Exposure._fields, xp.zeros_like(C))
    rest |= dict.fromkeys(("function", "exhaustion", "recovery", "release"), xp.ones_like(C))
    return Exposure(**rest)._replace(C=C, dexamethasone=rest["A"] + dexamethasone)


class Action(NamedTuple):
    """What a treatment does at one moment in a patient, whatever the state of cells: the part of the rates that
    changes with exposure alone, so that it is computed once where a step ends and the next one begins.

    exposure: of which it is the action; Cp [mol/L]; blood: synapses there; function: E_T [1]; presence: hC [1]; kchem
    [1/day]; drug_kill: by all drugs but the engager; Edrug: myelosuppression [1].
    """

    exposure: Exposure
    Cp: Value
    blood: BloodSynapses
    function: Value
    presence: Value
    kchem: Value
    drug_kill: Kill
    Edrug: Value


def action(x: Exposure, p: Parameters, xp: Any) -> Action:
    """What exposure ``x`` does in a patient with parameters ``p``; ``xp`` as for :func:`rates`."""
    Cp, kchem = molar(x.C, p), chemotherapy_kill(x.A, x.log_kill, p)
    return Action(
        exposure=x,
        Cp=Cp,
        blood=blood_synapses(Cp, p, xp),
        function=t_cell_function(x.dexamethasone, x.function, p),
        presence=drug_presence(x.C, p, xp),
        kchem=kchem,
        drug_kill=drug_kill(x, kchem, p),
        Edrug=myelosuppression(x.A, x.chemo_given, x.pomp, occupancy22(x.inotuzumab, p), p, xp),
    )


def rates(y: State, a: Action, p: Parameters, xp: Any) -> tuple[State, State]:
    """Production and loss of every state: dy/dt = production − loss·y.

    Args:
        y: state.
        a: what treatment does at this moment.
        p: the patient's parameters.
        xp: array namespace with exp, exp2, minimum, maximum, where.

    Returns:
        production [unit of the state/day] and loss [1/day], both shaped as the state.
    """
    x, blood = a.exposure, a.blood
    s = synapses(a.Cp, cd19_blasts(y), y.Bm, p, xp)
    g = engagement(y, s, blood, a.function, p, xp)
    terms = {
        **target_cell_rates(y, s, blood, g.kill, a.drug_kill, a.function, p),
        **reservoir_rates(x, a.kchem, p),
        **t_cell_rates(y, g, a.function, a.kchem, x.exhaustion, x.recovery, p, xp),
        **cytokine_rates(y, g, a.presence, x.dexamethasone, x.release, p, xp),
        **haematopoiesis_rates(y, g.surprise, a.Edrug, p, xp),
        **neurologic_rates(y, x.C, p, xp),
    }
    return State(*(terms[f][0] for f in State._fields)), State(*(terms[f][1] for f in State._fields))


def steady_losses(p: Parameters) -> tuple[Value, ...]:
    """Losses [1/day] that no treatment and no state changes: of W, of I6, of neutrophils, of platelets, of Nf.

    :func:`rates` hands them on as they are, so that their exponentials are needed once for each length of step.
    """
    return p.kW, p.k6, p.kN, p.kP, p.kNf


def at_rest(clones: dict[str, Value], T: dict[str, Value], p: Parameters, xp: Any) -> State:
    """State before treatment.

    Args:
        clones: Ls, Lo, Lr, Ln, Lx, Lb, Rt [cells].
        T: Tb, Tp, Tm [cells] at rest.
        p: the patient's parameters.

    Returns:
        The state with no activated T cells, IL-6 at baseline, and blood counts at the level that the
        blasts leave room for: N0·cr^(1/(1+gN)), platelets alike.
    """
    zero = 0 * clones["Ls"] / p.Nmarrow
    L = clones["Ls"] + clones["Lo"] + clones["Lr"] + clones["Ln"]
    room = crowding(L / p.Nmarrow, p, xp)
    N, Pl = p.N0 * room ** (1 / (1 + p.gN)), p.P0 * room ** (1 / (1 + p.gP))
    return State(
        **clones, Bm=p.Bm0 + 0 * L, Bb=p.Bb0 + 0 * L, **T, Am=0 * L, X=zero, D=zero, W=zero,
        I6=p.base6 + 0 * zero * p.base6, Pn=N, Tn=N, N=N, Pp=Pl, Tt=Pl, Pl=Pl, Nf=zero, Ns=zero,
    )  # fmt: skip
