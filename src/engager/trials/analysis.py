"""From patients to results: what a trial would publish, in the rows that papers were entered in.

A result is asked for by the names of a row (arm, subgroup, endpoint, statistic, time, population); the
answer is one number per replicate, or a sentence that says why the simulation has none. It comes in two steps: what the
row looks at in each patient, which any part of a replicate can be asked, and the measure of a whole replicate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.evidence import Result, Time
from engager.outcomes import (
    Curve,
    cumulative_incidence,
    hazard_ratio,
    kaplan_meier,
    log_rank,
    median,
    odds_ratio,
    restricted_mean,
    restricted_mean_difference,
    value_at,
)
from engager.trials.design import Trial
from engager.trials.groups import (
    EVERYBODY,
    LATE,
    RESPONDERS,
    Group,
    Nobody,
    NotSimulated,
    Tables,
    group_of,
    population,
)
from engager.trials.plan import ENGAGER
from engager.trials.responses import (
    DAYS_PER_MONTH,
    EVENTS,
    KEYS,
    MARROW,
    OF_BCR_ABL,
    OF_THE_ENGAGER,
    best,
    window,
)
from engager.trials.times import CAUSE, CAUSES, LONG_TERM, TIMES, clock
from engager.vocabulary import endpoints

Floats = NDArray[np.float64]

VERSUS = " vs "

COMPARING = ("hazard_ratio", "odds_ratio", "difference", "restricted_mean_difference", "p_value")
"""Statistics of two groups; a p value is that of the log-rank test."""

OF_SHARES = ("odds_ratio", "difference")
"""Those of them that compare shares of patients."""

TRANSPLANTED = f"after transplant{VERSUS}before transplant"
"""The subgroup of a comparison in which transplant is a covariate that changes with time: until the transplant a
patient counts as not transplanted."""

EARLY, FIRST_CYCLE = "early_mrd_response", Time(value=1, unit="cycles", of="cycles")
"""The endpoint whose window and group are its definition: responses by the end of cycle 1 among all that came."""

CURVE = ("replicate", "time", "event")
"""What a survival curve is made of."""

MEASURES = {"age": "age", "mrd_level": "blasts", "treatment_cycles": "cycles"}
"""Columns of endpoints that are a number of each patient [years, share, cycles]."""


class Seen(NamedTuple):
    """What a row looks at.

    each: of every patient whom it counts, one row (or, where time is split, two) of ``replicate`` and what it
    measures; their order does not matter. measure: the result of one replicate, from its rows. without: of the groups
    that it tells apart, by name, those of whom nobody is among these patients; one of whom there is nobody at all has
    no result.
    """

    each: pl.DataFrame
    measure: Measure
    without: Mapping[str, Nobody] = MappingProxyType({})


Measure = pl.Expr | Callable[[pl.DataFrame], float]


def measured(trial: Trial, tables: Tables, row: Result) -> Floats:
    """The result that ``row`` names, one value per replicate.

    A median that was not reached is infinite; a replicate without a patient of the group has nan.

    Raises:
        NotSimulated: with the reason.
    """
    each, measure, without = seen(trial, tables, row)
    for nobody in without.values():
        raise nobody
    return _at_replicates(by_replicate(each, measure))


def by_replicate(each: pl.DataFrame, measure: Measure) -> dict[int, float]:
    """A measure of every replicate that has rows in ``each``."""
    if isinstance(measure, pl.Expr):
        found = each.group_by("replicate").agg(
            measure.cast(pl.Float64).fill_null(float("nan")).alias("value")
        )
        return dict(zip(found["replicate"].to_list(), found["value"].to_list(), strict=True))
    parts = each.partition_by("replicate", as_dict=True)
    return {int(key[0]): measure(part) for key, part in parts.items()}


def seen(trial: Trial, tables: Tables, row: Result) -> Seen:
    """What the result that ``row`` names looks at in the patients of ``tables``.

    Raises:
        NotSimulated: with the reason.
    """
    if row.subgroup == TRANSPLANTED:
        return _with_time(trial, tables, row)
    if row.statistic in COMPARING:
        return _compared(trial, tables, row)
    if row.endpoint == "regimen_share":
        return _regimen_share(trial, tables, row)
    group = group_of(trial, tables, row.arm, row.subgroup)
    if row.endpoint == "patients":
        people = population(trial, tables, group.patients, row, "patients")
        return Seen(people.select("replicate"), pl.len())
    if row.endpoint == "follow_up" or row.endpoint in MEASURES:
        return _medians(trial, tables, group, row)
    if row.endpoint in TIMES or (row.endpoint in CAUSES and row.statistic == "rate_at"):
        return _curve(trial, tables, group, row)
    if row.statistic not in ("proportion", "count") or row.endpoint not in {*EVENTS, "overall_response"}:
        raise NotSimulated(f"the model has no {endpoints()[row.endpoint].label} as a {row.statistic}")
    people, happened = _events(trial, tables, group, row)
    if row.statistic == "count":
        return Seen(people.select("replicate", happened=happened), pl.col("happened").sum())
    return _share(people, happened)


def _regimen_share(trial: Trial, tables: Tables, row: Result) -> Seen:
    """Share of an arm on the regimen, or on a regimen with the drug, that the row's subgroup names."""
    whole = group_of(trial, tables, row.arm, "").patients
    if any(row.subgroup == choice.name for arm in trial.arms.values() for choice in arm.regimens):
        return _share(whole, pl.col("regimen") == row.subgroup)
    try:
        part = group_of(trial, tables, row.arm, row.subgroup).patients.select(KEYS)
    except Nobody as why:  # the others are counted all the same
        return _share(whole, pl.lit(False))._replace(without={row.subgroup: why})
    with_it = whole.join(part.with_columns(on=True), on=KEYS, how="left")
    return _share(with_it, pl.col("on").is_not_null())


def _medians(trial: Trial, tables: Tables, group: Group, row: Result) -> Seen:
    """Median of a number of each patient; follow-up [month] is that from entry to the end of the trial."""
    if row.statistic != "median":
        raise NotSimulated(f"a {row.statistic} is no single value")
    people = population(trial, tables, group.patients, row, row.endpoint)
    if row.endpoint == "treatment_cycles" and not has_engager(trial, row.arm):
        raise NotSimulated("cycles are counted of the T-cell engager only")
    if row.endpoint == "follow_up":
        people = people.with_columns(months=pl.col("follow_up") / DAYS_PER_MONTH)
    column = MEASURES.get(row.endpoint, "months")
    return Seen(people.select("replicate", column), lambda g: float(np.median(g[column])))


def _events(trial: Trial, tables: Tables, group: Group, row: Result) -> tuple[pl.DataFrame, pl.Expr]:
    """Whom the row counts, and who of them has had its event within its window."""
    name = trial.response.overall if row.endpoint == "overall_response" else row.endpoint
    if name == EARLY:
        row = row.model_copy(update={"time": FIRST_CYCLE, "population": "MRD responders"})
    if name in OF_THE_ENGAGER and not has_engager(trial, row.arm):
        raise NotSimulated("adverse events are modelled for the T-cell engager only")
    people = population(trial, tables, group.patients, row, name)
    if name in OF_BCR_ABL:
        people = people.filter(pl.col("ph"))
        if people.is_empty():
            raise Nobody("no simulated patient is Ph-positive")
    # without a time a response is that of the trial's own window, which the patient table holds
    if name in MARROW and (row.time is not None or row.subgroup == LATE):
        people = best(people, tables.marrow, window(row.time), trial.visits.assay)
    return people, EVENTS[name]


def counted(trial: Trial, tables: Tables, row: Result) -> Floats:
    """How many patients a share of ``row`` counts, one number per replicate.

    Raises:
        NotSimulated: with the reason.
    """
    group = group_of(trial, tables, row.arm, row.subgroup)
    if row.endpoint in {*EVENTS, "overall_response"}:
        people, _ = _events(trial, tables, group, row)
    else:
        people = population(trial, tables, group.patients, row, row.endpoint)
    return _at_replicates(by_replicate(people.select("replicate"), pl.len()))


def has_engager(trial: Trial, arm: str) -> bool:
    """Whether a regimen of the arm (or of any, for what is no arm, as ``all``) has the T-cell engager."""
    arms = [trial.arms[arm]] if arm in trial.arms else trial.arms.values()
    return any(ENGAGER in choice.regimen.drugs for a in arms for choice in a.regimens)


def _timed(trial: Trial, tables: Tables, group: Group, row: Result) -> pl.DataFrame:
    """Time [day] and event of each patient whom a time-to-event row counts."""
    people, counted = group.patients, row.population not in EVERYBODY
    # who is in remission is the clock's own question: "responders" says no more
    if counted and not (TIMES[row.endpoint].in_remission and row.population in RESPONDERS):
        people = population(trial, tables, people, row, row.endpoint)
    return clock(people, row.endpoint, landmarked=group.landmarked)


def _curve(trial: Trial, tables: Tables, group: Group, row: Result) -> Seen:
    """Median [month], restricted mean [month] or rate at a time of a survival curve; of relapse and death in
    remission the cumulative incidence at a time."""
    if row.statistic == "median":
        timed = _timed(trial, tables, group, row).select(CURVE)
        return Seen(timed, lambda g: median(_kaplan_meier(g)) / DAYS_PER_MONTH)
    if row.statistic not in ("rate_at", "proportion", "restricted_mean"):
        raise NotSimulated(f"a survival curve gives no {row.statistic}")
    until = _until(trial, row)
    if row.endpoint in CAUSES:
        return _incidence(group, row.endpoint, until)
    timed = _timed(trial, tables, group, row).select(CURVE)
    if row.statistic == "restricted_mean":
        return Seen(timed, lambda g: restricted_mean(_kaplan_meier(g), until) / DAYS_PER_MONTH)
    return Seen(timed, lambda g: value_at(_kaplan_meier(g), until))


def _until(trial: Trial, row: Result) -> float:
    """The time [day] at which, or up to which, a row looks at a curve."""
    months = LONG_TERM if row.endpoint == "long_term_response" else row.time.months if row.time else None
    if months is None:
        raise NotSimulated("no time is printed for this rate")
    if months * DAYS_PER_MONTH > trial.follow_up.total:
        raise NotSimulated(f"the trial follows nobody for {months:g} months")
    return months * DAYS_PER_MONTH


def _incidence(group: Group, cause: str, until: float) -> Seen:
    """Cumulative incidence of one end of remission, the other competing, since remission began."""
    if group.landmarked:
        raise NotSimulated("cumulative incidence is counted from remission, not from a later day")
    people = group.patients.filter(pl.col("in_remission")).select("replicate", "rfs_time", cause=CAUSE)
    code = CAUSES[cause]
    return Seen(people, lambda g: value_at(cumulative_incidence(g["rfs_time"], g["cause"], code), until))


def _kaplan_meier(timed: pl.DataFrame) -> Curve:
    return kaplan_meier(timed["time"].to_numpy(), timed["event"].to_numpy())


def _compared(trial: Trial, tables: Tables, row: Result) -> Seen:
    """What the row names first against what it names second, two arms or two subgroups: ratio or difference.

    Shares of a time-to-event endpoint are those of its event by the end of follow-up.
    """
    arms, subgroups = row.arm.partition(VERSUS), row.subgroup.partition(VERSUS)
    if bool(arms[1]) == bool(subgroups[1]):
        raise NotSimulated(f"{row.arm!r} {row.subgroup!r}: {_name(row)} compares two arms, or two subgroups")
    shares = {*EVENTS, "overall_response"} if row.statistic in OF_SHARES else set()
    if row.endpoint not in {*TIMES, *shares}:
        raise NotSimulated(f"{endpoints()[row.endpoint].label} has no {_name(row)}")
    until = _until(trial, row) if row.statistic == "restricted_mean_difference" else 0.0
    sides: list[pl.DataFrame] = []
    without: dict[str, Nobody] = {}
    for i, treated in ((0, True), (2, False)):
        arm, subgroup = (arms[i], row.subgroup) if arms[1] else (row.arm, subgroups[i])
        try:
            side = _side(trial, tables, row.model_copy(update={"arm": arm, "subgroup": subgroup}))
        except Nobody as why:
            without[f"{arm}, {subgroup}"] = why
        else:
            sides.append(side.with_columns(treated=pl.lit(treated)))
    if not sides:
        raise next(iter(without.values()))
    return Seen(pl.concat(sides), lambda g: _effect(row.statistic, g, until), without)


def _side(trial: Trial, tables: Tables, row: Result) -> pl.DataFrame:
    """Time and event of one of two groups; of a share the time is 0."""
    group = group_of(trial, tables, row.arm, row.subgroup)
    if row.endpoint in TIMES:
        return _timed(trial, tables, group, row).select(CURVE)
    people, happened = _events(trial, tables, group, row)
    return people.select("replicate", time=pl.lit(0), event=happened)


def _name(row: Result) -> str:
    return row.statistic.replace("_", " ")


def _effect(statistic: str, both: pl.DataFrame, until: float) -> float:
    """A statistic of two groups, told apart by the column ``treated``; restricted means [month] up to ``until``."""
    time, event, treated = both["time"], both["event"], both["treated"]
    if statistic == "hazard_ratio":
        return hazard_ratio(time, event, treated)
    if statistic == "p_value":
        return log_rank(time, event, treated)
    if statistic == "restricted_mean_difference":
        return restricted_mean_difference(time, event, treated, until) / DAYS_PER_MONTH
    if statistic == "odds_ratio":
        return odds_ratio(event, treated)
    first, second = (event.filter(side).to_numpy() for side in (treated, ~treated))
    return float(np.mean(first) - np.mean(second)) if len(first) and len(second) else float("nan")


def _with_time(trial: Trial, tables: Tables, row: Result) -> Seen:
    """Hazard ratio after against before transplant, which counts from its day on, in patients in remission."""
    if row.statistic != "hazard_ratio" or row.endpoint not in TIMES or not TIMES[row.endpoint].in_remission:
        raise NotSimulated("transplant as it happens is compared by the hazard ratio of a time in remission")
    group = group_of(trial, tables, row.arm, "")
    days = group.patients.select(*KEYS, "transplant_day")
    timed = _timed(trial, tables, group, row).join(days, on=KEYS, how="left", maintain_order="left")
    grafted = (pl.col("transplant_day") - pl.col("start")).clip(0)
    timed = timed.with_columns(grafted=grafted, began=pl.lit(-1))
    split = (pl.col("grafted") < pl.col("time")).fill_null(False)
    cells = ("replicate", "began", "time", "event", "treated")
    before = timed.with_columns(
        time=pl.when(split).then("grafted").otherwise("time"),
        event=pl.col("event") & ~split,
        treated=pl.lit(False),
    )
    after = timed.filter(split).with_columns(began=pl.col("grafted"), treated=pl.lit(True))
    both = pl.concat([part.select(cells) for part in (before, after)], how="vertical_relaxed")
    return Seen(both, lambda g: hazard_ratio(g["time"], g["event"], g["treated"], g["began"]))


def _share(group: pl.DataFrame, happened: pl.Expr) -> Seen:
    return Seen(group.select("replicate", happened=happened), pl.col("happened").mean())


def _at_replicates(found: dict[int, float]) -> Floats:
    """Values at the positions of their replicates, nan where a replicate has no patient of the group."""
    out = np.full(max(found, default=-1) + 1, np.nan)
    out[list(found)] = list(found.values())
    return out
