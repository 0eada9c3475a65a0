"""The results that every trial reports, published or not; and what two arms of it are compared by."""

from __future__ import annotations

import math
from typing import Any

from engager.evidence import Result, Time
from engager.trials.analysis import TRANSPLANTED, VERSUS, has_engager
from engager.trials.design import Trial
from engager.trials.responses import DAYS_PER_MONTH, RESPONSES
from engager.trials.times import CAUSES

HALVES = ("blasts < 50 %", "blasts >= 50 %")

BY_MRD = f"MRD responders{VERSUS}MRD non-responders"
"""Landmark comparison, from the end of the first cycle."""


def standard_results(trial: Trial) -> list[Result]:
    """The rows that every trial reports, published or not: response, survival, toxicity by arm; arms compared."""
    rows = [row for arm in trial.arms for row in _arm_results(trial, arm)]
    first, *others = trial.arms
    for other in others:
        rows += effects(trial, first, other)
        rows.append(_row(trial, f"{first}{VERSUS}{other}", "overall_survival", "p_value"))
    return rows


def effects(trial: Trial, first: str, other: str) -> list[Result]:
    """The rows that compare two arms: hazard ratios, and differences of the response rate and of restricted means."""
    pair, months = f"{first}{VERSUS}{other}", _restricted_to(trial)
    rows = [_row(trial, pair, name, "hazard_ratio") for name in ("overall_survival", "event_free_survival")]
    rows.append(_row(trial, pair, trial.response.overall, "difference"))
    if months:
        rows.append(_row(trial, pair, "overall_survival", "restricted_mean_difference", months=months))
    return rows


def sides(trial: Trial, arm: str) -> list[Result]:
    """The rows of one arm that :func:`effects` compares, and the median survival."""
    rows = [
        _row(trial, arm, trial.response.overall, "proportion"),
        _row(trial, arm, "overall_survival", "median"),
    ]
    months = _restricted_to(trial)
    return [*rows, _row(trial, arm, "overall_survival", "restricted_mean", months=months)] if months else rows


def _followed(trial: Trial) -> float:
    """Months to which at least half of the patients are followed."""
    return (trial.follow_up.accrual / 2 + trial.follow_up.after_last) / DAYS_PER_MONTH


def _restricted_to(trial: Trial) -> int:
    """Whole months up to which mean survival is taken; 0 where follow-up is shorter than a month."""
    return math.floor(_followed(trial) + 0.05)  # days are whole, so that 30 months may be 29.98


def _arm_results(trial: Trial, arm: str) -> list[Result]:
    shares: list[str] = []
    rows: list[Result] = []
    if trial.cohort.setting == "relapsed":
        shares += RESPONSES
        rows += [_row(trial, arm, trial.response.overall, "proportion", s) for s in HALVES]
    shares += ["mrd_response", "complete_mrd_response", "transplant", "death_in_remission"]
    shares += ["relapse", "cd19_negative_relapse", "extramedullary_relapse"]
    shares += ["neutropenia_grade_4", "thrombocytopenia_grade_4", "fatal_infection"]
    if any("inotuzumab ozogamicin" in choice.regimen.drugs for choice in trial.arms[arm].regimens):
        shares += ["veno_occlusive_disease", "fatal_veno_occlusive_disease"]
    if has_engager(trial, arm):
        shares += ["crs", "crs_grade_3", "neurologic_event_grade_3"]
    medians = ["relapse_free_survival", "overall_survival"]
    rates = [("event_free_survival", 6.0), *(("overall_survival", months) for months in (6.0, 12.0, 24.0))]
    rates += [(name, months) for name in CAUSES for months in (12.0, 24.0)]
    months = _restricted_to(trial)
    ratios = [BY_MRD, *([TRANSPLANTED] if trial.arms[arm].transplant.share else [])]
    return [
        *(_row(trial, arm, name, "proportion") for name in shares),
        *rows,
        *(_row(trial, arm, name, "median") for name in medians),
        *(
            _row(trial, arm, name, "rate_at", months=months)
            for name, months in rates
            if months <= _followed(trial)
        ),
        *([_row(trial, arm, "overall_survival", "restricted_mean", months=months)] if months else []),
        *(_row(trial, arm, "relapse_free_survival", "hazard_ratio", subgroup) for subgroup in ratios),
    ]


def _row(
    trial: Trial, arm: str, endpoint: str, statistic: str, subgroup: str = "", months: float | None = None
) -> Result:
    time = Time(value=months, unit="months", of="at") if months else None
    cells: dict[str, Any] = {"endpoint": endpoint, "statistic": statistic, "subgroup": subgroup, "time": time}
    return Result(study=trial.study or trial.name, arm=arm, **cells)
