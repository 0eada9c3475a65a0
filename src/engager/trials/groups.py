"""Whom a row is about: arms, subgroups at entry, regimens, and groups that are known only at a landmark.

A group that forms after entry (who responded, who was transplanted) is compared from a day on which everybody's
group is known, among those who are still at risk on that day: else the time until the event that makes the group
would count as its effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from engager.evidence import Result
from engager.regimens import Regimen
from engager.trials.design import Trial
from engager.trials.marrow import engager_cycles
from engager.trials.responses import AMONG, DAYS_PER_MONTH, EVENTS, KEYS, OVERT, best, window
from engager.trials.times import LONG_TERM
from engager.vocabulary import drugs


class NotSimulated(Exception):
    """The simulation has no such result; the message says why."""


class Nobody(NotSimulated):
    """No simulated patient is in the group that a result is about; among other patients there may be one."""


@dataclass(frozen=True)
class Tables:
    """What an analysis reads: ``patients`` (with the grades of ``with_grades``) and ``marrow`` (the rows of the
    visits table of that kind)."""

    patients: pl.DataFrame
    marrow: pl.DataFrame


@dataclass(frozen=True)
class Group:
    """Patients of a group; ``landmarked``: they are followed from the day in their column ``landmark`` on."""

    patients: pl.DataFrame
    landmarked: bool = False


ALL = "all"

ADULT = 18
"""Age from which a patient is an adult [year]."""

SUBGROUPS: dict[str, pl.Expr] = {
    "blasts < 50 %": pl.col("blasts") < 0.5,
    "blasts >= 50 %": pl.col("blasts") >= 0.5,
    "MRD above 1e-2": pl.col("blasts") > 1e-2,
    "MRD up to 1e-2": pl.col("blasts") <= 1e-2,
    "overt relapse": pl.col("blasts") >= OVERT,
    "MRD only": pl.col("blasts") < OVERT,
    "first salvage": pl.col("line") == 1,
    "second salvage": pl.col("line") == 2,
    "third or later salvage": pl.col("line") >= 3,
    "second or later salvage": pl.col("line") >= 2,
    "first remission": pl.col("line") == 1,
    "later remission": pl.col("line") >= 2,
    "Ph-positive": pl.col("ph"),
    "Ph-negative": ~pl.col("ph"),
    "T315I": pl.col("ph") & pl.col("t315i"),
    "no T315I": pl.col("ph") & ~pl.col("t315i"),
    "prior transplant": pl.col("prior_transplant"),
    "no prior transplant": ~pl.col("prior_transplant"),
    "adults": pl.col("age") >= ADULT,
    "children": pl.col("age") < ADULT,
    "transplanted": pl.col("transplant_day").is_not_null(),
    "long-term responders": pl.col("os_time") > LONG_TERM * DAYS_PER_MONTH,
}
"""Subgroups by what is known at entry, and those who lived long or were transplanted, by definition."""

AT_FIRST_CYCLE = ("MRD responders", "MRD non-responders", "complete MRD responders")
AT_TRANSPLANT = ("no transplant or chemotherapy", "transplant")

BY_MRD = ("mrd-negative", "mrd-positive")
"""Groups that stand in the place of arms where a source compares patients of any treatment by residual disease: by
the last marrow up to the end of the second cycle, in patients in remission."""

CYCLES_TO_MRD = 2
"""Cycles of the regimen after which patients are told apart by residual disease: induction and consolidation begun."""

LATE = "after cycle 1"
"""Who had no response of residual disease in the first cycle; what comes later is counted in them."""

EVERYBODY = (
    "", "enrolled", "randomised", "treated", "evaluable", "evaluable for response", "evaluable for MRD",
    "propensity analysis",
)  # fmt: skip
"""Populations that are all patients here: nobody is lost to assessment, and arms are alike by randomisation."""

RESPONDERS = ("responders", "evaluable responders")

_COMPLETED = re.compile(r"completed (\d+) cycles?")


def group_of(trial: Trial, tables: Tables, arm: str, subgroup: str) -> Group:
    """The patients of an arm (or of ``all``, or of a group in ``BY_MRD``) who are in a subgroup ('' is none).

    Raises:
        NotSimulated: no such arm, or nothing in the simulation tells that subgroup.
    """
    if arm in BY_MRD and arm not in trial.arms:
        people = group_of(trial, tables, ALL, subgroup).patients
        return Group(_by_mrd(trial, Tables(people, tables.marrow), arm), landmarked=True)
    if arm != ALL and arm not in trial.arms:
        raise NotSimulated(f"the trial has no arm {arm!r}")
    people = tables.patients if arm == ALL else tables.patients.filter(pl.col("arm") == arm)
    if not subgroup:
        return Group(people)
    if subgroup in (*AT_FIRST_CYCLE, *AT_TRANSPLANT):
        group = Group(_at_landmark(trial, Tables(people, tables.marrow), subgroup), landmarked=True)
    elif subgroup == LATE:
        first = pl.col("engager_cycle") <= 1
        early = best(people, tables.marrow, first, trial.visits.assay)
        group = Group(people.filter(~early.select(EVENTS["mrd_response"]).to_series()))
    else:
        known = SUBGROUPS[subgroup] if subgroup in SUBGROUPS else _treatment(trial, subgroup)
        group = Group(people.filter(known))
    if group.patients.is_empty():
        raise Nobody(f"no simulated patient is in the subgroup {subgroup!r}")
    return group


def population(trial: Trial, tables: Tables, people: pl.DataFrame, row: Result, name: str) -> pl.DataFrame:
    """Of ``people`` those whom the row's N counts; residual disease of relapsed patients is looked at among
    responders.

    Args:
        name: the endpoint; without a stated population, or among evaluable patients, it counts those of whom it
            can be said.

    Raises:
        NotSimulated: counted in patients whom the simulation does not know.
    """
    relapsed = trial.cohort.setting == "relapsed"
    if row.population in RESPONDERS or (
        relapsed and row.population in EVERYBODY and name in ("mrd_response", "complete_mrd_response")
    ):
        return people.filter(EVENTS[trial.response.overall])
    if row.population == "CR/CRh responders":
        return people.filter(EVENTS["remission_crh"])
    if row.population == "MRD responders":
        ever = best(people, tables.marrow, window(None), trial.visits.assay)
        return people.filter(ever.select(EVENTS["mrd_response"]).to_series())
    completed = _COMPLETED.fullmatch(row.population)
    if completed:
        # marrow is looked at when cycles end
        examined = tables.marrow.filter(pl.col("engager_cycle") >= int(completed[1]))
        return people.join(examined, on=KEYS, how="semi")
    if row.population in SUBGROUPS:
        return people.filter(SUBGROUPS[row.population])
    if row.population == "not said":
        raise NotSimulated("the source does not say in whom it was counted")
    if row.population not in EVERYBODY:
        raise NotSimulated(f"counted in {row.population}, which the simulation does not have")
    own = row.population in ("", "evaluable")
    return people.filter(AMONG.get(name, pl.lit(True))) if own else people


def by_regimen(trial: Trial, holds: Callable[[Regimen], bool]) -> pl.Expr:
    """Patients whose regimen has a property."""
    chosen = [
        (pl.col("arm") == name) & (pl.col("regimen") == choice.name)
        for name, arm in trial.arms.items()
        for choice in arm.regimens
        if holds(choice.regimen)
    ]
    return reduce(or_, chosen, pl.lit(False))


def _treatment(trial: Trial, subgroup: str) -> pl.Expr:
    """Subgroups by regimen: a drug's name, ``with`` its name; a first cycle that raises the engager's dose; inotuzumab
    that no cycle divides over several days."""
    drug = subgroup.removeprefix("with ")
    if drug in drugs():
        return by_regimen(trial, lambda r: drug in r.drugs)
    if subgroup == "ramp-up":
        return by_regimen(trial, lambda r: sum(day <= r.cycles[0].length for day in r.rises()) > 1)
    if subgroup == "undivided inotuzumab":
        return by_regimen(trial, _undivided)
    raise NotSimulated(f"patients have no {subgroup!r} in the model")


def _undivided(regimen: Regimen) -> bool:
    days = [
        sum(len(dose.days) for dose in cycle.doses if dose.drug == "inotuzumab ozogamicin")
        for cycle in regimen.cycles
    ]
    return max(days) == 1


def _at_landmark(trial: Trial, tables: Tables, subgroup: str) -> pl.DataFrame:
    """Patients in remission and observed on the landmark who are in the group by what was known on it."""
    people = _with_landmark(trial, tables.patients)
    mark = pl.col("landmark")
    if subgroup in AT_TRANSPLANT:
        people = people.with_columns(landmark=mark + pl.col("delay"))
    people = people.filter(pl.col("in_remission"), pl.col("rfs_start") <= mark, pl.col("os_time") > mark)
    unrelapsed = pl.col("rfs_start") + pl.col("rfs_time") > mark
    if subgroup in AT_TRANSPLANT:
        grafted = (pl.col("transplant_day") <= mark).fill_null(False)
        return people.filter(unrelapsed, grafted if subgroup == "transplant" else ~grafted)
    seen = tables.marrow.join(people.select(*KEYS, "landmark"), on=KEYS, how="inner")
    known = best(people, seen, pl.col("day") <= mark, trial.visits.assay)
    name = "complete_mrd_response" if subgroup.startswith("complete") else "mrd_response"
    responds = known.select(EVENTS[name]).to_series()
    return people.filter(~responds if subgroup == "MRD non-responders" else responds)


def _by_mrd(trial: Trial, tables: Tables, group: str) -> pl.DataFrame:
    """Patients in remission and at risk at the end of the second cycle, by their last marrow until then."""
    people = _with_landmark(trial, tables.patients).with_columns(landmark="second_cycle")
    mark = pl.col("landmark")
    people = people.filter(
        pl.col("in_remission"),
        pl.col("rfs_start") <= mark,
        pl.col("rfs_start") + pl.col("rfs_time") > mark,
        pl.col("os_time") > mark,
    )
    seen = tables.marrow.join(people.select(*KEYS, "landmark"), on=KEYS, how="inner")
    seen = seen.filter(pl.col("day") <= mark, pl.col("remission"))
    last = seen.sort("day").group_by(KEYS).agg(pl.col("mrd").last().alias("last_mrd"))
    negative = pl.col("last_mrd") < trial.visits.assay.limit
    return people.join(last, on=KEYS, how="inner", maintain_order="left").filter(
        negative if group == BY_MRD[0] else ~negative
    )


def _with_landmark(trial: Trial, people: pl.DataFrame) -> pl.DataFrame:
    """The patient table with the columns of ``_landmarks``."""
    marks = _landmarks(trial).with_columns(pl.col("arm").cast(people.schema["arm"]))
    return people.join(marks, on=["arm", "regimen"], how="left", maintain_order="left")


def _landmarks(trial: Trial) -> pl.DataFrame:
    """Last days of the engager's first cycle and of the regimen's second, and days from response to transplant, by
    arm and regimen."""
    rows = [
        {
            "arm": name,
            "regimen": choice.name,
            "landmark": _first_cycle(choice.regimen),
            "second_cycle": sum(cycle.length for cycle in choice.regimen.cycles[:CYCLES_TO_MRD]),
            "delay": arm.transplant.delay,
        }
        for name, arm in trial.arms.items()
        for choice in arm.regimens
    ]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("landmark", "second_cycle", "delay"), pl.Int32))


def _first_cycle(regimen: Regimen) -> int:
    numbers = engager_cycles(regimen)
    return sum(cycle.length for cycle, n in zip(regimen.cycles, numbers, strict=True) if n == 1)
