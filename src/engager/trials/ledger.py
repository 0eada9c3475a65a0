"""The dose ledger: what the plan intended, what was delivered, and why they differ — to the microgram.

For each patient and drug the intended amounts add up to the whole plan and the delivered ones to what the
pump or the ward gave; every row says why, so nothing is missing without a reason.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.trials import chart as ch
from engager.trials.chart import NOT_YET
from engager.trials.conduct import Courses
from engager.trials.design import Trial
from engager.trials.enrol import Enrolled
from engager.trials.plan import ENGAGER, RESCUE, Lowered
from engager.vocabulary import drugs

Array = NDArray[Any]

AS_PLANNED, RESTART_DOSE, INTERRUPTED, BAG_CHANGE, WITHHELD = range(5)
REASONS = ("as planned", "restart dose", "interrupted by an adverse event", "change of bags")
PREMEDICATION, RESCUE_GIVEN = "premedication", "treatment of CRS"
"""Reasons for days with drug; for days without, and for what the plan never reached, why treatment ended."""


def ledger(trial: Trial, low: Lowered, e: Enrolled, c: Courses, follow: Array) -> pl.DataFrame:
    """Columns: replicate, patient, arm, drug, unit, from_day, to_day (study days; null for what the plan never
    reached), intended, delivered, reason."""
    words = tuple(dict.fromkeys([*REASONS, PREMEDICATION, RESCUE_GIVEN, *ch.OFF_REASONS]))
    parts = [
        _infusion(low, e, c, follow),
        _premedication(low, e, c),
        _rescue(low, e, c),
        *_doses(trial, e, c, follow),
    ]
    rows = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    who = rows.pop("who")
    arms = np.array(list(trial.arms))
    frame = pl.DataFrame(
        {
            "replicate": e.replicate[who].astype(np.int32),
            "patient": e.patients.number[who].astype(np.int32),
            "arm": pl.Series(arms[e.arm[who]], dtype=pl.Enum(list(trial.arms))),
            "drug": pl.Series(rows["drug"], dtype=pl.Enum(list(drugs()))),
            "unit": rows["unit"],
            "from_day": rows["first"].astype(np.int32),
            "to_day": rows["last"].astype(np.int32),
            "intended": rows["intended"],
            "delivered": rows["delivered"],
            "reason": pl.Series(rows["reason"], dtype=pl.Enum(words)),
        }
    )
    unreached = pl.col("from_day") == 0
    return frame.with_columns(
        from_day=pl.when(unreached).then(None).otherwise(pl.col("from_day")),
        to_day=pl.when(unreached).then(None).otherwise(pl.col("to_day")),
    ).sort("replicate", "patient", "from_day", nulls_last=True)


def _infusion(low: Lowered, e: Enrolled, c: Courses, follow: Array) -> dict[str, Array]:
    """Stretches of equal dosing of the engager, and what was left of the plan at the end."""
    d = c.daily
    reached = (d.running & (np.arange(len(d.running))[:, None] < follow)).T
    planned, rate = d.planned.T.astype(np.float64), d.rate.T.astype(np.float64)
    delivered = np.where(reached, d.delivered.T.astype(np.float64), 0.0)
    reason = np.where(rate == 0, WITHHELD, np.where(rate < planned, RESTART_DOSE, AS_PLANNED))
    # the pump's own sum of steps differs from rate × day by rounding only
    whole = rate * (1 - d.paused.T.astype(np.float64))
    reason = np.where((rate > 0) & (whole < rate), BAG_CHANGE, reason)
    reason = np.where((rate > 0) & (delivered < 0.999 * whole), INTERRUPTED, reason)
    delivered = np.where((reason == INTERRUPTED) | (reason == WITHHELD), delivered, whole)
    given = reached & (planned > 0)
    change = np.ones_like(given)
    same = given[:, 1:] & given[:, :-1] & (planned[:, 1:] == planned[:, :-1]) & (rate[:, 1:] == rate[:, :-1])
    change[:, 1:] = ~(same & (reason[:, 1:] == reason[:, :-1]))
    who, day = np.nonzero(given)
    starts = np.flatnonzero(change[who, day])
    ends = np.append(starts[1:], len(who))[: len(starts)] - 1  # without any infusion there is no stretch
    rows = {
        "who": who[starts],
        "first": day[starts] + 1,
        "last": day[ends] + 1,
        "intended": np.add.reduceat(planned[who, day], starts) if len(starts) else np.zeros(0),
        "delivered": np.add.reduceat(delivered[who, day], starts) if len(starts) else np.zeros(0),
        "reason": _words(reason[who, day][starts], _why_no_engager(c)[who[starts]]),
    }
    regimen = e.entrant.fate.regimen
    total = low.plan.rate[regimen].sum(1) + low.plan.rate_m2[regimen].sum(1) * e.entrant.fate.BSA
    left = total - np.where(given, planned, 0.0).sum(1)
    rest = np.flatnonzero(left > 1e-3 * total)
    closing = _closing(e, c, follow, rest, left[rest])
    out = {key: np.concatenate([rows[key], closing[key]]) for key in rows}
    size = len(out["who"])
    return {**out, "drug": np.full(size, ENGAGER), "unit": np.full(size, "µg")}


def _why_no_engager(c: Courses) -> Array:
    """Why the engager was ended: alone, or with the whole treatment."""
    h = c.chart
    return np.asarray(np.where(np.asarray(h.stopped) < NOT_YET, h.stop_reason, h.off_reason))


def _words(reason: Array, off_reason: Array) -> Array:
    """Reasons in words: what was done to a day's dose, or why treatment had ended by then."""
    held = np.array([*REASONS, ""])[reason]
    return np.where(reason == WITHHELD, np.array(ch.OFF_REASONS)[off_reason], held)


def _closing(e: Enrolled, c: Courses, follow: Array, who: Array, intended: Array) -> dict[str, Array]:
    """Rows for what the plan never reached, with the reason why it ended."""
    h = c.chart
    off, died = h.off[who] < follow[who], h.died[who] < follow[who]
    reason = np.where(off, h.off_reason[who], np.where(died, ch.DEATH, ch.CENSORED))
    none = np.zeros(len(who))
    return {
        "who": who, "first": none, "last": none, "intended": intended, "delivered": none,
        "reason": np.array(ch.OFF_REASONS)[reason],
    }  # fmt: skip


def _premedication(low: Lowered, e: Enrolled, c: Courses) -> dict[str, Array]:
    """Dexamethasone that a rule gave before a rise of the infusion rate."""
    day, who = np.nonzero(c.daily.premedicated)
    regimen, policy = e.entrant.fate.regimen[who], low.policy
    amount = policy.premedicated[regimen] + policy.premedicated_m2[regimen] * e.entrant.fate.BSA[who]
    size = len(who)
    return {
        "who": who, "first": day + 1, "last": day + 1, "intended": amount, "delivered": amount,
        "reason": np.full(size, PREMEDICATION), "drug": np.full(size, "dexamethasone"),
        "unit": np.full(size, "mg"),
    }  # fmt: skip


def _rescue(low: Lowered, e: Enrolled, c: Courses) -> dict[str, Array]:
    """The drug that a rule gave for CRS."""
    day, who = np.nonzero(c.daily.rescued)
    regimen, policy = e.entrant.fate.regimen[who], low.policy
    amount = policy.given[regimen] + policy.given_m2[regimen] * e.entrant.fate.BSA[who]
    size = len(who)
    return {
        "who": who, "first": day + 1, "last": day + 1, "intended": amount, "delivered": amount,
        "reason": np.full(size, RESCUE_GIVEN), "drug": np.full(size, RESCUE), "unit": np.full(size, "mg"),
    }  # fmt: skip


def _doses(trial: Trial, e: Enrolled, c: Courses, follow: Array) -> list[dict[str, Array]]:
    """One row per patient, drug and planned day of a drug that is given in doses."""
    parts: list[dict[str, Array]] = []
    calendar = np.arange(len(c.daily.running))
    for i, regimen in enumerate(trial.regimens):
        patients = np.flatnonzero(e.entrant.fate.regimen == i)
        if not len(patients):
            continue
        day_of = np.full((len(patients), regimen.length), NOT_YET)
        running = c.daily.running[:, patients] & (calendar[:, None] < follow[patients])
        day, k = np.nonzero(running)
        day_of[k, c.daily.plan_day[day, patients[k]]] = day
        for plan in regimen.days():
            for drug, amount in plan.doses:
                parts.append(_dose(drug, amount, day_of[:, plan.day - 1], patients, e, c, follow))
    return parts


def _dose(
    drug: str, amount: Any, day: Array, patients: Array, e: Enrolled, c: Courses, follow: Array
) -> dict[str, Array]:
    per_area = ("area", -1) in amount.unit.dimension
    in_courses = ("course", 1) in amount.unit.dimension
    size = amount.canonical if in_courses or drug == ENGAGER else 1e-3 * amount.canonical
    each = size * (e.entrant.fate.BSA[patients] if per_area else 1.0)
    intended = np.broadcast_to(each, patients.shape).astype(np.float64)
    reached = day < NOT_YET
    ended, why = c.chart.off[patients], c.chart.off_reason[patients]
    if drug == ENGAGER:
        ended, why = np.minimum(c.chart.stopped[patients], ended), _why_no_engager(c)[patients]
    dosed = reached & (day <= ended)
    first = np.where(reached, day + 1, 0)
    closing = _closing(e, c, follow, patients, intended)["reason"]
    given = _words(np.where(dosed, AS_PLANNED, WITHHELD), why)
    reason = np.where(reached, given, closing)
    many = len(patients)
    return {
        "who": patients, "first": first, "last": first, "intended": intended,
        "delivered": np.where(dosed, intended, 0.0), "reason": reason,
        "drug": np.full(many, drug),
        "unit": np.full(many, "course" if in_courses else "µg" if drug == ENGAGER else "mg"),
    }  # fmt: skip
