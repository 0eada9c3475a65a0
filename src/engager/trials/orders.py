"""What a patient is to get on a day: the plan at the patient's own pointer, and how treatment ends.

Every function takes arrays over patients and treats each patient by that patient's own chart alone, so a
patient's day depends on nobody else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model import Exposure, alone
from engager.model.power import power
from engager.trials import chart as ch
from engager.trials.chart import NOT_YET, Chart, Constants, Entrant, Value
from engager.trials.plan import Lowered, Plan

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
        log_kill=xp.where(chemo > 0, fate.log_kill * power(k.rk2, plan.chemo_cycle[at], xp), c.log_kill),
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


def end_engager(c: Chart, ends: Value, reason: int, others: Value, day: Value, xp: Any) -> Chart:
    """End the engager for good. What the plan gives beside it goes on; where there are no such ``others``, treatment
    ends."""
    ends = ends & (c.off == NOT_YET) & (c.stopped == NOT_YET)
    c = c._replace(
        stopped=xp.where(ends & others, day, c.stopped),
        stop_reason=xp.where(ends & others, reason, c.stop_reason),
    )
    return end_treatment(c, ends & ~others, reason, day, xp)


def end_treatment(c: Chart, ends: Value, reason: int, day: Value, xp: Any) -> Chart:
    """Note why and when treatment ended, if it had not ended before."""
    ends = ends & (c.off == NOT_YET)
    return c._replace(off=xp.where(ends, day, c.off), off_reason=xp.where(ends, reason, c.off_reason))
