"""The dose ledger: what the plan intended, what was delivered, and why they differ — to the microgram.

For each patient and drug the intended amounts add up to the whole plan and the delivered ones to what the
pump or the ward gave; every row says why, so nothing is missing without a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.regimens import Regimen
from engager.trials import chart as ch
from engager.trials.chart import NOT_YET
from engager.trials.conduct import Courses
from engager.trials.design import Trial
from engager.trials.enrol import Enrolled
from engager.trials.plan import ENGAGER, RESCUE, Lowered
from engager.vocabulary import drugs

Array = NDArray[Any]

REASONS = (
    "as planned", "restart dose", "interrupted by an adverse event", "change of bags", "premedication",
    "treatment of CRS",
)  # fmt: skip
AS_PLANNED, RESTART_DOSE, INTERRUPTED, BAG_CHANGE, PREMEDICATION, RESCUE_GIVEN, WITHHELD = range(
    len(REASONS) + 1
)
"""Reasons for days with drug; for days without, and for what the plan never reached, why treatment ended: code
``WITHHELD`` + code of ``chart.OFF_REASONS``."""

WORDS = (*REASONS, *ch.OFF_REASONS)


def ledger(trial: Trial, low: Lowered, e: Enrolled, c: Courses, follow: Array) -> pl.DataFrame:
    """Columns: replicate, patient, arm, drug, unit, from_day, to_day (study days; null for what the plan never
    reached), intended, delivered, reason."""
    parts = [
        _infusion(low, e, c, follow),
        _premedication(low, e, c),
        _rescue(low, e, c),
        *_doses(trial, e, c, follow),
    ]
    arms = list(trial.arms)
    size = [len(part["who"]) for part in parts]
    rows = {key: np.concatenate([part[key] for part in parts]) for key in ROW}
    who = rows.pop("who")
    frame = pl.DataFrame(
        {
            "replicate": e.replicate[who].astype(np.int32),
            "patient": e.patients.number[who].astype(np.int32),
            "arm": _words(e.arm[who], arms),
            "drug": _named(parts, "drug", size, list(drugs())),
            "unit": _named(parts, "unit", size, list(UNITS)).cast(pl.String),
            "from_day": rows["first"].astype(np.int32),
            "to_day": rows["last"].astype(np.int32),
            "intended": rows["intended"],
            "delivered": rows["delivered"],
            "reason": _words(rows["reason"], WORDS),
        }
    )
    unreached = pl.col("from_day") == 0
    return frame.with_columns(
        from_day=pl.when(unreached).then(None).otherwise(pl.col("from_day")),
        to_day=pl.when(unreached).then(None).otherwise(pl.col("to_day")),
    ).sort("replicate", "patient", "from_day", nulls_last=True, maintain_order=True)


ROW = ("who", "first", "last", "intended", "delivered", "reason")
UNITS = ("µg", "mg", "course")


def _words(codes: Array, words: Sequence[str]) -> pl.Series:
    """Codes as the words that they stand for."""
    return pl.Series(words, dtype=pl.Enum(list(dict.fromkeys(words)))).gather(codes.astype(np.uint32))


def _named(parts: Sequence[dict[str, Any]], key: str, size: Sequence[int], words: Sequence[str]) -> pl.Series:
    """What all rows of a part have in common, row by row."""
    return _words(np.repeat([words.index(part[key]) for part in parts], size), words)


def _infusion(low: Lowered, e: Enrolled, c: Courses, follow: Array) -> dict[str, Any]:
    """Stretches of equal dosing of the engager, and what was left of the plan at the end."""
    days = np.flatnonzero(np.append(True, c.daily.running.any(axis=1)))[-1]  # no plan runs beyond
    running = c.daily.running[:days]
    planned, rate, given_in_all, paused = (
        getattr(c.daily, name)[:days].T.astype(np.float64)
        for name in ("planned", "rate", "delivered", "paused")
    )
    reached = (running & (np.arange(days)[:, None] < follow)).T
    delivered = np.where(reached, given_in_all, 0.0)
    reason = np.where(rate == 0, WITHHELD, np.where(rate < planned, RESTART_DOSE, AS_PLANNED))
    # the pump's own sum of steps differs from rate × day by rounding only
    whole = rate * (1 - paused)
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
        "reason": _reason(reason[who, day][starts], _why_no_engager(c)[who[starts]]),
    }
    regimen = e.entrant.fate.regimen
    total = low.plan.rate[regimen].sum(1) + low.plan.rate_m2[regimen].sum(1) * e.entrant.fate.BSA
    left = total - np.where(given, planned, 0.0).sum(1)
    rest = np.flatnonzero(left > 1e-3 * total)
    closing = _closing(c, follow, rest, left[rest])
    out = {key: np.concatenate([rows[key], closing[key]]) for key in rows}
    return {**out, "drug": ENGAGER, "unit": "µg"}


def _why_no_engager(c: Courses) -> Array:
    """Why the engager was ended: alone, or with the whole treatment."""
    h = c.chart
    return np.asarray(np.where(np.asarray(h.stopped) < NOT_YET, h.stop_reason, h.off_reason))


def _reason(reason: Array, off_reason: Array) -> Array:
    """Codes of reasons: what was done to a day's dose, or why treatment had ended by then."""
    return np.where(reason == WITHHELD, WITHHELD + off_reason, reason)


def _never(c: Courses, follow: Array, who: Array) -> Array:
    """Code of the reason why the plan ended before something was reached."""
    h = c.chart
    off, died = h.off[who] < follow[who], h.died[who] < follow[who]
    return np.asarray(WITHHELD + np.where(off, h.off_reason[who], np.where(died, ch.DEATH, ch.CENSORED)))


def _closing(c: Courses, follow: Array, who: Array, intended: Array) -> dict[str, Array]:
    """Rows for what the plan never reached, with the reason why it ended."""
    none = np.zeros(len(who))
    return {
        "who": who, "first": none, "last": none, "intended": intended, "delivered": none,
        "reason": _never(c, follow, who),
    }  # fmt: skip


def _premedication(low: Lowered, e: Enrolled, c: Courses) -> dict[str, Any]:
    """Dexamethasone that a rule gave before a rise of the infusion rate."""
    day, who = np.nonzero(c.daily.premedicated)
    regimen, policy = e.entrant.fate.regimen[who], low.policy
    amount = policy.premedicated[regimen] + policy.premedicated_m2[regimen] * e.entrant.fate.BSA[who]
    size = len(who)
    return {
        "who": who, "first": day + 1, "last": day + 1, "intended": amount, "delivered": amount,
        "reason": np.full(size, PREMEDICATION), "drug": "dexamethasone", "unit": "mg",
    }  # fmt: skip


def _rescue(low: Lowered, e: Enrolled, c: Courses) -> dict[str, Any]:
    """The drug that a rule gave for CRS."""
    day, who = np.nonzero(c.daily.rescued)
    regimen, policy = e.entrant.fate.regimen[who], low.policy
    amount = policy.given[regimen] + policy.given_m2[regimen] * e.entrant.fate.BSA[who]
    size = len(who)
    return {
        "who": who, "first": day + 1, "last": day + 1, "intended": amount, "delivered": amount,
        "reason": np.full(size, RESCUE_GIVEN), "drug": RESCUE, "unit": "mg",
    }  # fmt: skip


def _doses(trial: Trial, e: Enrolled, c: Courses, follow: Array) -> list[dict[str, Any]]:
    """Drugs that are given in doses: one row per patient, drug and stretch of days with the same dose and reason."""
    parts: list[dict[str, Any]] = []
    calendar = np.arange(len(c.daily.running))
    for i, regimen in enumerate(trial.regimens):
        patients = np.flatnonzero(e.entrant.fate.regimen == i)
        if not len(patients):
            continue
        day_of = np.full((len(patients), regimen.length), NOT_YET)
        running = c.daily.running[:, patients] & (calendar[:, None] < follow[patients])
        day, k = np.nonzero(running)
        day_of[k, c.daily.plan_day[day, patients[k]]] = day
        for (drug, per_area, unit), (days, sizes) in _planned(regimen).items():
            area = e.entrant.fate.BSA[patients] if per_area else np.ones(len(patients))
            rows = _stretches(drug, day_of[:, days], area[:, None] * sizes, patients, c, follow)
            parts.append({**rows, "drug": drug, "unit": unit})
    return parts


@lru_cache(maxsize=64)
def _planned(regimen: Regimen) -> dict[tuple[str, bool, str], tuple[Array, Array]]:
    """Plan days (from 0) and amounts of what is given in doses, by drug, whether per m², and unit."""
    planned: dict[tuple[str, bool, str], list[tuple[int, float]]] = {}
    for plan in regimen.days():
        for drug, amount in plan.doses:
            per_area = ("area", -1) in amount.unit.dimension
            in_courses = ("course", 1) in amount.unit.dimension
            unit = "course" if in_courses else "µg" if drug == ENGAGER else "mg"
            size = amount.canonical * (1e-3 if unit == "mg" else 1.0)
            planned.setdefault((drug, per_area, unit), []).append((plan.day - 1, size))
    return {
        key: (np.array([day for day, _ in doses]), np.array([size for _, size in doses]))
        for key, doses in planned.items()
    }


def _stretches(
    drug: str, day: Array, intended: Array, patients: Array, c: Courses, follow: Array
) -> dict[str, Array]:
    """Rows of one drug: ``day`` on which each planned dose fell (NOT_YET where it never did) and its amount
    ``intended`` [patient, dose]."""
    ended, why = c.chart.off[patients], c.chart.off_reason[patients]
    if drug == ENGAGER:
        ended, why = np.minimum(c.chart.stopped[patients], ended), _why_no_engager(c)[patients]
    reached = day < NOT_YET
    dosed = reached & (day <= ended[:, None])
    reason = np.where(dosed, AS_PLANNED, WITHHELD + why[:, None])
    reason = np.where(reached, reason, _never(c, follow, patients)[:, None])
    begins = np.ones(day.shape, bool)
    next_day = np.where(reached[:, 1:], day[:, 1:] == day[:, :-1] + 1, ~reached[:, :-1])
    alike = (reason[:, 1:] == reason[:, :-1]) & (intended[:, 1:] == intended[:, :-1])
    begins[:, 1:] = ~(next_day & alike)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], begins.size) - 1
    study_day = np.where(reached, day + 1, 0).ravel()
    return {
        "who": np.repeat(patients, day.shape[1])[starts],
        "first": study_day[starts], "last": study_day[ends],
        "intended": np.add.reduceat(intended.ravel(), starts),
        "delivered": np.add.reduceat(np.where(dosed, intended, 0.0).ravel(), starts),
        "reason": reason.ravel()[starts],
    }  # fmt: skip
