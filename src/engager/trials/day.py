"""One day of one patient in a trial: orders, the course of the day, the clinic, survival.

Every function takes arrays over patients and treats each patient by that patient's own chart alone, so a
patient's day depends on nobody else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.engine.integrate import step
from engager.model import Exposure, State, absorbed, alone, concentration, depot, rates
from engager.model.neurotoxicity import neurologic_hazard
from engager.model.therapies import chemotherapy_decay, inotuzumab_decay, inotuzumab_exposure
from engager.trials import chart as ch
from engager.trials.chart import NOT_YET, Chart, Constants, Entrant
from engager.trials.plan import HOLD, NOTHING, Lowered, Plan, Policy

Value = Any

CRS_EVENT, NE_EVENT = 0, 1
"""Rows of the answers, in the order of ``plan.EVENTS``."""

SHORTEST = 1e-6
"""Below this a step has no length [day]; it only keeps a quotient defined."""

DAILY_LEVELS = (
    "tki",
    "t315i",
    "pomp",
    "intrathecal",
    "rituximab",
    "donor",
    "function",
    "exhaustion",
    "recovery",
    "release",
)
"""Fields of the exposure that the plan gives day by day."""


class Orders(NamedTuple):
    """Today's treatment: the plan's rate and the rate given from midnight [µg/day]; the engager's dose put under the
    skin at midnight [µg]; whether the plan goes on today (no hold); 1 on a day with dexamethasone; whether a rule
    gave it; the plan day; ``levels``: exposure to the other drugs of the day (concentrations in it are not
    used); ``gap``: time for which the pump stands still at a change of bags [day]."""

    planned: Value
    rate: Value
    dose: Value
    running: Value
    dexamethasone: Value
    premedicated: Value
    plan_day: Value
    levels: Exposure
    gap: Value


class Moment(NamedTuple):
    """What changes within a day: state, pump (1 runs, 0 stopped), what is left of the gap at a change of bags [day],
    drug given so far today [µg], chart."""

    y: State
    pump: Value
    gap: Value
    delivered: Value
    chart: Chart


def followed(c: Chart) -> Value:
    """True while alive, in follow-up, and computed without fault."""
    return (c.died == NOT_YET) & (c.broken == NOT_YET) & (c.closed == 0)


def under_study(c: Chart) -> Value:
    """True while the patient's cells are followed: until failure, death or fault."""
    return followed(c) & (c.failed == NOT_YET)


def remission_since(c: Chart, e: Entrant, xp: Any) -> Value:
    """Day since which the patient is in remission: the first response, or entry; NOT_YET without remission."""
    return xp.where(e.fate.remission > 0, 0, c.responded)


def on_plan(c: Chart, e: Entrant, low: Lowered) -> Value:
    """True while the plan's days count for the patient, with or without drug."""
    within = c.pointer < low.plan.length[e.fate.regimen]
    return under_study(c) & (c.transplanted == NOT_YET) & within


def orders(c: Chart, e: Entrant, low: Lowered, k: Constants, day: Value, xp: Any) -> tuple[Orders, Chart]:
    """Read the plan at the patient's own pointer; give today's doses; open a CRS window when the dose rises.

    A hold stops the engager, chemotherapy and inotuzumab. What is taken or lasts day by day (kinase
    inhibitors, POMP, antibodies, donor lymphocytes) goes on through a hold, and ends with the treatment; what is
    under the skin by then is still absorbed.

    A rate rises against the day before, a dose under the skin against the last one given: between doses the
    concentration falls, so against the day before every dose would open a window, and the windows would be used up
    before the first step. A hold ends the comparison for both.
    """
    fate, plan, p = e.fate, low.plan, e.parameters
    at = (fate.regimen, c.pointer)
    running = on_plan(c, e, low) & (c.hold == 0)
    dosed = running & (c.off == NOT_YET)
    planned = xp.where(running, plan.rate[at] + plan.rate_m2[at] * fate.BSA, 0.0)
    infused = dosed & (c.stopped == NOT_YET)
    rate = xp.where(infused, xp.where(c.step > 0, xp.minimum(planned, c.step_rate), planned), 0.0)
    dose = xp.where(infused, plan.depot[at] + plan.depot_m2[at] * fate.BSA, 0.0)
    chemo = xp.where(dosed, plan.chemo[at], 0.0)
    rise = (rate > k.crs_rise * c.last_rate) | (dose > k.crs_rise * c.last_dose)
    policy = low.policy
    premedicated = rise & (policy.premedicated[fate.regimen] + policy.premedicated_m2[fate.regimen] > 0)
    dexamethasone = xp.maximum(plan.steroid[at] * dosed, 1.0 * premedicated)
    opened = rise & (c.window < ch.WINDOWS)
    slot = xp.arange(ch.WINDOWS)[:, None] == c.window
    changed = (rate > 0) & (c.bag >= policy.bag[fate.regimen])
    ino = xp.where(dosed, (plan.inotuzumab[at] + plan.inotuzumab_m2[at] * fate.BSA), 0.0)
    c = c._replace(
        depot=c.depot + p.F_sc * dose,
        last_dose=xp.where(dose > 0, dose, c.last_dose),
        ino=c.ino + ino / p.Vi,
        ino_day=xp.where(ino > 0, day, c.ino_day),
        crs_day=xp.where(slot & opened, day, c.crs_day),
        window=c.window + opened,
        window_left=xp.where(opened, k.crs_window, xp.maximum(c.window_left - 1.0, 0.0)),
        answered=xp.where(opened, 0, c.answered),
        given=xp.where(opened, 0, c.given),
        bag=xp.where(changed, 0, c.bag),
        A=c.A + chemo,
        chemo_given=xp.where(chemo > 0, 1.0, c.chemo_given),
        log_kill=xp.where(chemo > 0, fate.log_kill * k.rk2 ** plan.chemo_cycle[at], c.log_kill),
        intensity=xp.where(chemo > 0, plan.intensity[at], c.intensity),
    )
    levels = _levels(c, plan, at, on_plan(c, e, low) & (c.off == NOT_YET), dexamethasone, xp)
    gap = xp.where(changed, policy.gap[fate.regimen], 0.0)
    return Orders(planned, rate, dose, running, dexamethasone, premedicated, c.pointer, levels, gap), c


def absorbing(c: Chart, p: Any, k: Constants) -> Value:
    """True while the depot feeds the blood: while what it releases could by itself hold a concentration that counts."""
    return p.ka_sc * c.depot > k.drug_gone * p.CL


def _levels(c: Chart, plan: Plan, at: Any, on: Value, dexamethasone: Value, xp: Any) -> Exposure:
    """Exposure to the day's other drugs: levels and factors of the plan for who is on treatment, else at rest."""
    rest = alone(c.C, xp, dexamethasone)
    held = {name: xp.where(on, getattr(plan, name)[at], getattr(rest, name)) for name in DAILY_LEVELS}
    return rest._replace(**held)


def advance(
    m: Moment, o: Orders, e: Entrant, low: Lowered, k: Constants, h: Value, day: Value, xp: Any
) -> Moment:
    """Integrate one step ``h`` [day] (0 leaves a patient untouched) and answer what happens in it.

    An answered event stops the pump at the end of the step, so a hold takes effect within the hour or two.
    """
    c, p = m.chart, e.parameters
    still = xp.minimum(m.gap, h)
    rate = o.rate * m.pump * (h - still) / xp.maximum(h, SHORTEST)
    C1 = concentration(c.C, rate, p.CL, p.V, h, xp) + absorbed(c.depot, p.ka_sc, p.CL, p.V, h, xp)
    A1 = chemotherapy_decay(c.A, p, h, xp)
    ino1 = inotuzumab_decay(c.ino, p, h, xp)
    before = o.levels._replace(C=c.C, A=c.A, log_kill=c.log_kill, chemo_given=c.chemo_given, inotuzumab=c.ino)
    after = before._replace(C=C1, A=A1, inotuzumab=ino1)
    y, _ = step(lambda state, x: rates(state, x, p, xp), m.y, before, after, h, xp)
    c = c._replace(
        C=C1,
        depot=depot(c.depot, p.ka_sc, h, xp),
        A=A1,
        ino=ino1,
        ino_auc=c.ino_auc + inotuzumab_exposure(c.ino, p, h, xp),
        ne_hazard=c.ne_hazard + h * neurologic_hazard(y, p, xp),
    )
    c, released = cytokine_release(c, y, h, e.fate, low, k, day, xp)
    c, neurologic = neurologic_event(c, h, e.fate, low, day, xp)
    pump = xp.where(released | neurologic, 0.0, m.pump)
    return Moment(y, pump, m.gap - still, m.delivered + rate * h, c)


def cytokine_release(
    c: Chart, y: State, h: Value, fate: Any, low: Lowered, k: Constants, day: Value, xp: Any
) -> tuple[Chart, Value]:
    """Keep the IL-6 peak of the open window; grade 3 once it passes the patient's threshold; answer it.

    What counts is the IL-6 that its receptor sees: tocilizumab, given once in a window where the regimen says
    so, lowers it for a while.

    logit P(grade ≥ 3) = −acrs + bcrs·log10(peak IL-6), solved for the peak at which this patient's uniform
    is reached; other grades by shifted intercepts, that is by thresholds moved by 10^(−shift/bcrs).
    """
    watched = (c.window_left > 0) & (h > 0)
    answers, policy = low.answers, low.policy
    slot = (xp.arange(ch.WINDOWS)[:, None] == c.window - 1) & watched
    threshold = xp.sum(xp.where(slot, fate.crs_threshold, 0.0), axis=0)
    signal = y.I6 * xp.where(c.blocked > 0, k.I6_tocilizumab, 1.0)
    severe = slot & (signal > threshold) & (c.severe_day == NOT_YET)
    at = (fate.regimen, CRS_EVENT, xp.minimum(c.crs, answers.action.shape[2] - 1))
    shift = crs_shift(answers.grade[at], k, xp)
    alive = c.died == NOT_YET
    called = watched & alive & (c.answered == 0) & (signal > threshold * 10.0 ** (-shift / k.bcrs))
    at_grade = policy.give_grade[fate.regimen]
    rescue = watched & alive & (c.given == 0) & (at_grade > 0)
    rescue = rescue & (signal > threshold * 10.0 ** (-crs_shift(at_grade, k, xp) / k.bcrs))
    dies = alive & xp.any(severe & (fate.crs_fatal > 0), axis=0)
    c = c._replace(
        peak=xp.where(slot, xp.maximum(c.peak, signal), c.peak),
        given=xp.where(rescue, 1, c.given),
        blocked=xp.where(rescue, xp.asarray(k.lasts_tocilizumab).astype(c.blocked.dtype), c.blocked),
        severe_day=xp.where(severe, day, c.severe_day),
        answered=xp.where(called, 1, c.answered),
        crs=c.crs + called,
        died=xp.where(dies, day, c.died),
        cause=xp.where(dies, ch.OF_CRS, c.cause),
    )
    luck = xp.sum(xp.where(xp.arange(ch.WINDOWS)[:, None] == c.crs - called, fate.crs_luck, 0.0), axis=0)
    return answer(c, called, luck, low, at, fate, ch.OFF_CRS, day, xp)


def crs_shift(grade: Value, k: Constants, xp: Any) -> Value:
    """Shift of the CRS intercept for at least this grade, relative to grade 3 [logit]."""
    mild = xp.where(grade == 1, k.crs_shift_1, xp.where(grade == 2, k.crs_shift_2, 0.0))
    return xp.where(grade == 4, k.crs_shift_4, mild)


def neurologic_event(c: Chart, h: Value, fate: Any, low: Lowered, day: Value, xp: Any) -> tuple[Chart, Value]:
    """An event of grade ≥ 3 when the cumulative hazard passes the patient's next threshold; answer it."""
    occurrences = fate.ne_threshold.shape[0]
    slot = xp.arange(occurrences)[:, None] == c.ne
    threshold = xp.sum(xp.where(slot, fate.ne_threshold, 0.0), axis=0)
    happens = (h > 0) & (c.died == NOT_YET) & (c.ne < occurrences) & (c.ne_hazard > threshold)
    dies = xp.any(slot & happens & (fate.ne_fatal > 0), axis=0)
    at = (fate.regimen, NE_EVENT, xp.minimum(c.ne, low.answers.action.shape[2] - 1))
    c = c._replace(
        ne_day=xp.where(slot & happens, day, c.ne_day),
        ne=c.ne + happens,
        died=xp.where(dies, day, c.died),
        cause=xp.where(dies, ch.OF_NE, c.cause),
    )
    luck = xp.sum(xp.where(slot, fate.ne_luck, 0.0), axis=0)
    return answer(c, happens, luck, low, at, fate, ch.OFF_NE, day, xp)


def answer(
    c: Chart,
    called: Value,
    luck: Value,
    low: Lowered,
    at: Any,
    fate: Any,
    reason: int,
    day: Value,
    xp: Any,
) -> tuple[Chart, Value]:
    """Hold (then go on at the restart rate) or stop for good, as the regimen says; True where it acts."""
    answers = low.answers
    acts = called & (answers.action[at] != NOTHING) & (c.off == NOT_YET) & (c.stopped == NOT_YET)
    holds = acts & (answers.action[at] == HOLD) & (luck < answers.share[at])
    ends = acts & ~holds
    restart = answers.restart[at] + answers.restart_m2[at] * fate.BSA
    c = c._replace(
        hold=xp.where(holds, xp.maximum(c.hold, answers.hold[at].astype(c.hold.dtype)), c.hold),
        step=xp.where(holds, answers.step[at].astype(c.step.dtype), c.step),
        step_rate=xp.where(holds, restart, c.step_rate),
    )
    return end_engager(c, ends, reason, fate, low.policy, day, xp), acts


def end_engager(c: Chart, ends: Value, reason: int, fate: Any, policy: Policy, day: Value, xp: Any) -> Chart:
    """End the engager for good. What the plan gives beside it goes on; where it gives nothing else, treatment ends."""
    ends = ends & (c.off == NOT_YET) & (c.stopped == NOT_YET)
    others = policy.others[fate.regimen] > 0
    c = c._replace(
        stopped=xp.where(ends & others, day, c.stopped),
        stop_reason=xp.where(ends & others, reason, c.stop_reason),
    )
    return end_treatment(c, ends & ~others, reason, day, xp)


def end_treatment(c: Chart, ends: Value, reason: int, day: Value, xp: Any) -> Chart:
    """Note why and when treatment ended, if it had not ended before."""
    ends = ends & (c.off == NOT_YET)
    return c._replace(off=xp.where(ends, day, c.off), off_reason=xp.where(ends, reason, c.off_reason))
