"""The results that every trial reports, published or not."""

from __future__ import annotations

from typing import Any

from engager.evidence import Result, Time
from engager.trials.analysis import VERSUS, has_engager
from engager.trials.design import Trial
from engager.trials.responses import DAYS_PER_MONTH, RESPONSES

HALVES = ("blasts < 50 %", "blasts >= 50 %")


def standard_results(trial: Trial) -> list[Result]:
    """The rows that every trial reports, published or not: response, survival, toxicity by arm; hazard ratios."""
    rows = [row for arm in trial.arms for row in _arm_results(trial, arm)]
    first, *others = trial.arms
    for other in others:
        for endpoint in ("overall_survival", "event_free_survival"):
            rows.append(_row(trial, f"{first}{VERSUS}{other}", endpoint, "hazard_ratio"))
    return rows


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
    # rates at times to which at least half of the patients are followed
    followed = (trial.follow_up.accrual / 2 + trial.follow_up.after_last) / DAYS_PER_MONTH
    return [
        *(_row(trial, arm, name, "proportion") for name in shares),
        *rows,
        *(_row(trial, arm, name, "median") for name in medians),
        *(_row(trial, arm, name, "rate_at", months=months) for name, months in rates if months <= followed),
    ]


def _row(
    trial: Trial, arm: str, endpoint: str, statistic: str, subgroup: str = "", months: float | None = None
) -> Result:
    time = Time(value=months, unit="months", of="at") if months else None
    cells: dict[str, Any] = {"endpoint": endpoint, "statistic": statistic, "subgroup": subgroup, "time": time}
    return Result(study=trial.study or trial.name, arm=arm, **cells)
