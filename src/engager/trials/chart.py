"""What is known of a patient before the trial, and the chart that is kept through it (arrays over patients)."""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model import Parameters, State

Value = Any

WINDOWS = 4
"""Rises of dose that are followed by a CRS window, and so the most CRS events that can be answered."""

NEUROLOGIC = 2
"""Neurologic events that a patient can have."""

# why treatment ended, in the order of the codes
OFF_REASONS = (
    "on treatment", "completed", "CRS", "neurologic event", "no response", "progression", "relapse",
    "transplant", "patient's decision", "death", "end of follow-up", "integration failed",
)  # fmt: skip
ON, COMPLETED, OFF_CRS, OFF_NE, NO_RESPONSE, PROGRESSION = range(6)
RELAPSE, TRANSPLANT, DROPPED, DEATH, CENSORED, BROKEN = range(6, 12)

CAUSES = (
    "alive", "disease", "infection", "chemotherapy", "in remission", "non-relapse after transplant",
    "after failure", "CRS", "neurologic event", "other", "veno-occlusive disease",
)  # fmt: skip
ALIVE, OF_DISEASE, OF_INFECTION, OF_CHEMO, IN_REMISSION = range(5)
OF_NRM, AFTER_FAILURE, OF_CRS, OF_NE, OTHER, OF_VOD = range(5, 11)

FAULTS = (
    "none",
    "the state left the range of finite numbers",
    "blasts outgrew the marrow",
)
"""Why a patient could not be computed, in the order of the codes."""
NOT_FINITE, OVERGROWN = 1, 2

RELAPSES = ("none", "CD19-positive", "CD19-negative", "extramedullary")

RESPONSES = ("none", "CRi", "CRh", "CR")

NOT_YET = 1_000_000
"""A day that has not come."""


class Fate(NamedTuple):
    """Everything about a patient that chance decides, drawn once: the same person under every regimen.

    regimen: index into the lowered regimens; follow_up: days until the patient's own end of follow-up;
    BSA [m²]; b0: blast share at entry [1]; remission: 1 if in remission at entry; visit_day [visit]: plan
    day of each marrow assessment; aspirate [visit]: error of the aspirate [log10]; crs_threshold [window]:
    IL-6 at which CRS reaches grade 3 [pg/mL]; crs_fatal [window], ne_fatal [occurrence]: 1 if that event
    kills; ne_threshold [occurrence]: cumulative neurologic hazard at which it happens; crs_luck, ne_luck
    [occurrence]: uniform that decides whether to go on after a hold; log_kill: of a first cycle of
    chemotherapy [1]; lkh: transplant log kill; transplant_delay: days from the start of remission to
    transplant, NOT_YET for who is not transplanted; nrm_time: days from transplant to non-relapse death;
    dropout: cumulative hazard at which the patient leaves; disease, infection, chemo, remission_death:
    exponential thresholds of the hazards of death; failure_time, failure_time_hsct: days from failure to
    death without and with a transplant behind; age, chemo_age, remission_age: factors on hazards [1];
    vod_threshold: logit at which veno-occlusive disease sets in; vod_fatal: 1 if it kills; later_line: 1 on a
    further line of therapy, where disease outside the marrow counts as that within does.
    """

    regimen: Value
    follow_up: Value
    BSA: Value
    b0: Value
    remission: Value
    visit_day: Value
    aspirate: Value
    crs_threshold: Value
    crs_fatal: Value
    crs_luck: Value
    ne_threshold: Value
    ne_fatal: Value
    ne_luck: Value
    log_kill: Value
    lkh: Value
    transplant_delay: Value
    nrm_time: Value
    dropout: Value
    disease: Value
    infection: Value
    chemo: Value
    remission_death: Value
    failure_time: Value
    failure_time_hsct: Value
    age: Value
    chemo_age: Value
    remission_age: Value
    vod_threshold: Value
    vod_fatal: Value
    later_line: Value


class Constants(NamedTuple):
    """Population constants of the trial's day: names and meanings in the parameter table."""

    rk2: Value
    bcrs: Value
    crs_rise: Value
    crs_window: Value
    crs_shift_1: Value
    crs_shift_2: Value
    crs_shift_4: Value
    I6_tocilizumab: Value
    lasts_tocilizumab: Value
    hdrop: Value
    drop_from: Value
    hdis: Value
    hdis_exponent: Value
    hdis_from: Value
    hinf: Value
    anc_severe: Value
    hchem: Value
    chem_hit: Value
    chemo_active: Value
    pomp_hit: Value
    bvod: Value
    cvod: Value
    vod_transplant: Value
    hrem: Value
    progression_blasts: Value
    progression_ratio: Value
    relapse_blasts: Value
    relapse_recheck: Value
    Lx_relapse: Value
    drug_gone: Value


class Entrant(NamedTuple):
    """A patient at entry: parameters, state before treatment, extinction threshold [cells], fate; ``further``: what
    belongs to each further line (see ``further_lines``), () where none is simulated."""

    parameters: Parameters
    start: State
    Lc: Value
    fate: Fate
    further: Value = ()


class Chart(NamedTuple):
    """A patient's chart. Days count from 0 at randomisation; NOT_YET where something has not happened.

    pointer: next plan day; next_visit: next marrow assessment; hold, step: days left on hold and at the
    restart rate; step_rate [µg/day]; last_rate: yesterday's rate at midnight [µg/day]; last_dose: the last one under
    the skin, 0 where none was given since treatment began or was on hold [µg]; window: CRS windows
    opened; window_left [day]; peak [window]: highest IL-6 [pg/mL]; crs_day, severe_day [window]: when it
    opened, when grade 3 was reached; answered: CRS of this window was answered; given: a drug was given for it;
    blocked: days for which that drug still acts; bag: days of infusion since the last change of bags;
    crs, ne: events that called for an answer; ne_day [occurrence]; C [µg/L], A, log_kill, intensity,
    chemo_given: exposure; depot: what is still to be absorbed from under the skin [µg]; ino [mg/L],
    ino_auc [mg·day/L], ino_day (last dose): of inotuzumab; vod: day of veno-occlusive disease;
    ne_hazard, drop_hazard, *_hazard: cumulative; best: best response (code of
    RESPONSES); early: best within the trial's window; responded (remission, or MRD response in who
    entered in remission), relapsed, failed, transplanted, off, died: days; stopped, stop_reason: when and why the
    engager alone was ended; relapse_type, off_reason,
    cause: codes; broken: day on which integration failed, broken_by: why (code of FAULTS); closed: 1 once
    follow-up has ended.
    """

    pointer: Value
    next_visit: Value
    hold: Value
    step: Value
    step_rate: Value
    last_rate: Value
    last_dose: Value
    window: Value
    window_left: Value
    peak: Value
    crs_day: Value
    severe_day: Value
    answered: Value
    given: Value
    blocked: Value
    bag: Value
    crs: Value
    ne: Value
    ne_day: Value
    C: Value
    depot: Value
    A: Value
    log_kill: Value
    intensity: Value
    chemo_given: Value
    ino: Value
    ino_auc: Value
    ino_day: Value
    vod: Value
    ne_hazard: Value
    drop_hazard: Value
    disease_hazard: Value
    infection_hazard: Value
    chemo_hazard: Value
    remission_hazard: Value
    best: Value
    early: Value
    responded: Value
    relapsed: Value
    relapse_type: Value
    failed: Value
    transplanted: Value
    off: Value
    off_reason: Value
    stopped: Value
    stop_reason: Value
    died: Value
    cause: Value
    broken: Value
    broken_by: Value
    closed: Value


def blank(fate: Fate, xp: Any) -> Chart:
    """The chart on the day of randomisation."""
    shape = fate.b0.shape
    zero, none = xp.zeros(shape, xp.float32), xp.zeros(shape, xp.int32)
    never = xp.full(shape, NOT_YET, xp.int32)
    many, many_never = xp.zeros((WINDOWS, *shape), xp.float32), xp.full((WINDOWS, *shape), NOT_YET, xp.int32)
    ints = dict.fromkeys(
        ("pointer", "next_visit", "hold", "step", "window", "answered", "given", "blocked", "bag", "crs", "ne",
         "relapse_type", "best",
         "early", "off_reason", "stop_reason", "cause", "broken_by", "closed"), none
    )  # fmt: skip
    days = dict.fromkeys(
        (
            "responded",
            "relapsed",
            "failed",
            "transplanted",
            "off",
            "stopped",
            "died",
            "broken",
            "ino_day",
            "vod",
        ),
        never,
    )
    tables = {
        "peak": many,
        "crs_day": many_never,
        "severe_day": many_never,
        "ne_day": many_never[:NEUROLOGIC],
    }
    floats = {name: zero for name in Chart._fields if name not in {*ints, *days, *tables}}
    return Chart(**ints, **days, **tables, **floats)
