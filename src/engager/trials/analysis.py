"""From patients to results: what a trial would publish, in the rows that papers were entered in.

A result is asked for by the names of a row (arm, subgroup, endpoint, statistic, time, population); the
answer is one number per replicate, or a sentence that says why the simulation has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.evidence import Result, Time
from engager.outcomes import Curve, hazard_ratio, kaplan_meier, median, value_at
from engager.trials.design import Trial
from engager.vocabulary import endpoints, quantity

Floats = NDArray[np.float64]

DAYS_PER_MONTH = quantity("1 month").canonical

ALL, VERSUS = "all", " vs "

CRH, ANY = ("CRh", "CR"), ("CRi", "CRh", "CR")

RESPONSES: dict[str, pl.Expr] = {
    "complete_remission": pl.col("response") == "CR",
    "remission_crh": pl.col("response").is_in(CRH),
    "remission_crh_cri": pl.col("response").is_in(ANY),
    "crh": pl.col("response") == "CRh",
    "cri": pl.col("response") == "CRi",
}

EVENTS: dict[str, pl.Expr] = {
    **RESPONSES,
    "mrd_response": pl.col("mrd_response").fill_null(False),
    "complete_mrd_response": pl.col("complete_mrd_response").fill_null(False),
    "transplant": pl.col("transplant_day").is_not_null(),
    "death_in_remission": pl.col("death_day").is_not_null() & pl.col("relapse_day").is_null(),
    "relapse": pl.col("relapse_day").is_not_null(),
    "cd19_negative_relapse": pl.col("relapse_type") == "CD19-negative",
    "extramedullary_relapse": pl.col("relapse_type") == "extramedullary",
    "crs": pl.col("crs_grade") >= 1,
    "crs_grade_3": pl.col("crs_grade") >= 3,
    "crs_grade_4": pl.col("crs_grade") >= 4,
    "neurologic_event_grade_3": pl.col("ne_grade") >= 3,
    "blasts_at_least_half": pl.col("blasts") >= 0.5,
    "prior_transplant": pl.col("prior_transplant"),
    "second_or_later_salvage": pl.col("line") >= 2,
}
"""Who has had the event, by endpoint."""

AMONG: dict[str, pl.Expr] = {
    "death_in_remission": pl.col("in_remission"),
    "relapse": pl.col("in_remission"),
    "cd19_negative_relapse": pl.col("relapse_day").is_not_null(),
    "extramedullary_relapse": pl.col("relapse_day").is_not_null(),
}
"""Whom a share refers to by the endpoint's own definition, where that is not everybody."""

SUBGROUPS: dict[str, pl.Expr] = {
    "blasts < 50 %": pl.col("blasts") < 0.5,
    "blasts >= 50 %": pl.col("blasts") >= 0.5,
    "MRD above 1e-2": pl.col("blasts") > 1e-2,
    "first salvage": pl.col("line") == 1,
    "second or later salvage": pl.col("line") >= 2,
}

EVERYBODY = ("", "enrolled", "randomised", "treated", "evaluable")
RESPONDERS = ("responders", "evaluable responders")

CURVES = {"overall_survival": "os", "event_free_survival": "efs", "relapse_free_survival": "rfs"}
SHARES_OF_CURVES = {"continuous_remission": ("rfs", None), "long_term_response": ("os", 30.0)}
"""Shares that censoring makes points of a curve: the curve, and its time [month] where the endpoint fixes it."""


class NotSimulated(Exception):
    """The simulation has no such result; the message says why."""


def measured(trial: Trial, patients: pl.DataFrame, row: Result) -> Floats:
    """The result that ``row`` names, one value per replicate.

    A median that was not reached is infinite; a replicate without a patient of the group has nan.

    Args:
        patients: the patient table with ``crs_grade`` and ``ne_grade`` joined.

    Raises:
        NotSimulated: with the reason.
    """
    if row.statistic == "p_value":
        raise NotSimulated("a p value belongs to one trial; the effect itself is compared")
    if row.statistic == "hazard_ratio":
        return _hazard_ratios(trial, patients, row)
    group = _group(trial, patients, row)
    if row.endpoint == "regimen_share":
        return _share(group, pl.col("regimen") == row.subgroup)
    if row.endpoint == "patients":
        counted = group.filter(_population(trial, row, "patients"))
        return _per_replicate(counted, lambda g: float(len(g)))
    if row.endpoint == "follow_up":
        raise NotSimulated("follow-up is part of the trial's design here, not a result")
    if row.endpoint == "age" and row.statistic == "median":
        return _per_replicate(group, lambda g: float(np.median(g["age"])))
    if row.endpoint in CURVES or row.endpoint in SHARES_OF_CURVES:
        return _curve(trial, group, row)
    if row.statistic not in ("proportion", "count") or row.endpoint not in EVENTS | {"overall_response": 0}:
        raise NotSimulated(f"the model has no {endpoints()[row.endpoint].label} as a {row.statistic}")
    return _events(trial, group, row)


def _group(trial: Trial, patients: pl.DataFrame, row: Result) -> pl.DataFrame:
    """The patients whom the row is about."""
    if row.arm != ALL and row.arm not in trial.arms:
        raise NotSimulated(f"the trial has no arm {row.arm!r}")
    group = patients if row.arm == ALL else patients.filter(pl.col("arm") == row.arm)
    if row.subgroup and row.endpoint != "regimen_share":
        if row.subgroup not in SUBGROUPS:
            raise NotSimulated(f"patients have no {row.subgroup!r} in the model yet")
        group = group.filter(SUBGROUPS[row.subgroup])
    return group


def _events(trial: Trial, group: pl.DataFrame, row: Result) -> Floats:
    name = trial.response.overall if row.endpoint == "overall_response" else row.endpoint
    happened = EVENTS[name]
    if name in RESPONSES or name in ("mrd_response", "complete_mrd_response"):
        _same_window(trial, row.time)
    if name in ("neurologic_event_grade_3", "crs", "crs_grade_3", "crs_grade_4") and not _engager(
        trial, row.arm
    ):
        raise NotSimulated("adverse events are modelled for the T-cell engager only")
    group = group.filter(_population(trial, row, name))
    if row.statistic == "count":
        return _per_replicate(group, lambda g: float(g.select(happened.sum()).item()))
    return _share(group, happened)


def _population(trial: Trial, row: Result, name: str) -> pl.Expr:
    """Whom the row's N counts; residual disease of relapsed patients is looked at among responders."""
    relapsed = trial.cohort.setting == "relapsed"
    if row.population in RESPONDERS or (
        relapsed and row.population in EVERYBODY and name in ("mrd_response", "complete_mrd_response")
    ):
        return EVENTS[trial.response.overall]
    if row.population == "CR/CRh responders":
        return EVENTS["remission_crh"]
    if row.population not in EVERYBODY:
        raise NotSimulated(f"counted in {row.population}, which the simulation does not have")
    return AMONG.get(name, pl.lit(True))


def _same_window(trial: Trial, time: Time | None) -> None:
    """A response rate at another time than the trial's own is another endpoint."""
    if time is None:
        return
    cycles, window = trial.response.cycles, trial.response.window
    same = (time.value == cycles) if time.unit == "cycles" else (time.months or 0) * DAYS_PER_MONTH == window
    if not same:
        own = f"{cycles} cycles" if window is None else f"{window} days"
        raise NotSimulated(f"printed for {time}; the trial takes its response within {own}")


def _engager(trial: Trial, arm: str) -> bool:
    arms = trial.arms.values() if arm == ALL else [trial.arms[arm]]
    return any("blinatumomab" in choice.regimen.drugs for a in arms for choice in a.regimens)


def _curve(trial: Trial, group: pl.DataFrame, row: Result) -> Floats:
    """Median [month] or rate at a time of a survival curve; RFS among those in remission."""
    name, months = SHARES_OF_CURVES.get(row.endpoint, (CURVES.get(row.endpoint, ""), None))
    if name == "rfs":
        group = group.filter(pl.col("in_remission"))
    elif row.population not in EVERYBODY:
        group = group.filter(_population(trial, row, row.endpoint))
    if row.statistic == "median":
        return _per_replicate(group, lambda g: median(_kaplan_meier(g, name)) / DAYS_PER_MONTH)
    if row.statistic not in ("rate_at", "proportion"):
        raise NotSimulated(f"a survival curve gives no {row.statistic}")
    months = months or (row.time.months if row.time else None)
    if months is None:
        raise NotSimulated("no time is printed for this rate")
    if months * DAYS_PER_MONTH > trial.follow_up.total:
        raise NotSimulated(f"the trial follows nobody for {months:g} months")
    return _per_replicate(group, lambda g: value_at(_kaplan_meier(g, name), months * DAYS_PER_MONTH))


def _kaplan_meier(group: pl.DataFrame, name: str) -> Curve:
    return kaplan_meier(group[f"{name}_time"].to_numpy(), group[f"{name}_event"].to_numpy())


def _hazard_ratios(trial: Trial, patients: pl.DataFrame, row: Result) -> Floats:
    treated, _, control = row.arm.partition(VERSUS)
    if treated not in trial.arms or control not in trial.arms or row.endpoint not in CURVES:
        raise NotSimulated(f"the trial does not compare {row.arm!r} on {row.endpoint}")
    if row.subgroup or row.population not in EVERYBODY:
        raise NotSimulated("hazard ratios are computed for all randomised patients only")
    name = CURVES[row.endpoint]
    pair = patients.filter(pl.col("arm").is_in([treated, control]))
    return _per_replicate(
        pair, lambda g: hazard_ratio(g[f"{name}_time"], g[f"{name}_event"], (g["arm"] == treated).to_numpy())
    )


def _share(group: pl.DataFrame, happened: pl.Expr) -> Floats:
    shares = group.group_by("replicate").agg(happened.mean().alias("share"))
    return _by_replicate(shares["replicate"].to_numpy(), shares["share"].to_numpy())


def _per_replicate(group: pl.DataFrame, measure: Callable[[pl.DataFrame], float]) -> Floats:
    parts = group.partition_by("replicate", as_dict=True)
    found = {int(key[0]): measure(part) for key, part in parts.items()}
    return _by_replicate(np.array(list(found), np.int64), np.array(list(found.values()), np.float64))


def _by_replicate(replicate: NDArray[np.int64], value: Floats) -> Floats:
    """Values at the positions of their replicates, nan where a replicate has no patient of the group."""
    out = np.full(int(replicate.max()) + 1 if len(replicate) else 0, np.nan)
    out[replicate] = value
    return out


def with_grades(patients: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The patient table with the highest grade of CRS and of neurologic events (0 where there was none)."""
    keys = ["replicate", "patient"]
    for name, column in (("CRS", "crs_grade"), ("neurologic event", "ne_grade")):
        worst = events.filter(pl.col("event") == name).group_by(keys).agg(pl.col("grade").max().alias(column))
        patients = patients.join(worst, on=keys, how="left", maintain_order="left")
    return patients.with_columns(pl.col("crs_grade", "ne_grade").fill_null(0))


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
        rows += [_row(trial, arm, trial.response.overall, "proportion", s) for s in list(SUBGROUPS)[:2]]
    shares += ["mrd_response", "complete_mrd_response", "transplant", *AMONG]
    if _engager(trial, arm):
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
