"""Regimens lowered to arrays that the day loop can index: one row per regimen, one column per plan day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engager.documents import DocumentError
from engager.regimens import Give, Hold, Pause, Premedicate, Regimen, Stop
from engager.trials.chart import NEUROLOGIC, WINDOWS
from engager.trials.therapies import FACTORS, LEVELS, levels

EVENTS = ("CRS", "neurologic event")
CRS, NEUROLOGIC_EVENT = range(len(EVENTS))
MOST = {"CRS": WINDOWS, "neurologic event": NEUROLOGIC}
"""Events of a kind that a patient can have in the model; rules for later ones would never fire."""

OCCURRENCES = max(MOST.values())

RESCUE = "tocilizumab"
"""The drug that rules give for CRS."""

NOTHING, HOLD, STOP = 0, 1, 2
NEVER = 1_000_000
"""A day that no trial reaches."""

ENGAGER = "blinatumomab"
"""The T-cell engager, the only drug that is infused continuously, or given from a depot, in the model."""

ENGAGER_LEVELS = ("depot", "depot_m2")
"""Levels that are the engager itself, not something beside it."""

Array = NDArray[Any]


class Plan(NamedTuple):
    """Arrays [regimen, plan day], padded; ``length`` [regimen] says where each plan ends.

    rate [µg/day] and rate_m2 [µg/m²/day] of the engager; chemo: units of chemotherapy given that day [1];
    chemo_cycle: how many chemotherapy cycles came before; intensity: units of the day's whole cycle;
    inotuzumab [mg] and inotuzumab_m2 [mg/m²] given that day; depot [µg] and depot_m2 [µg/m²] of the engager given
    under the skin that day; steroid: 1 on days with planned dexamethasone;
    tki to release: levels and factors of the day (see ``therapies``); cycle: number of the cycle from 1.
    """

    length: Array
    rate: Array
    rate_m2: Array
    chemo: Array
    chemo_cycle: Array
    intensity: Array
    inotuzumab: Array
    inotuzumab_m2: Array
    depot: Array
    depot_m2: Array
    steroid: Array
    tki: Array
    t315i: Array
    pomp: Array
    intrathecal: Array
    rituximab: Array
    donor: Array
    function: Array
    exhaustion: Array
    recovery: Array
    release: Array
    cycle: Array


class Visits(NamedTuple):
    """Planned marrow assessments [regimen, number]: plan day (from 0; NEVER where there is none), cycle,
    first and last plan day on which it may happen, and whether it closes its cycle."""

    day: Array
    cycle: Array
    earliest: Array
    latest: Array
    closes: Array


class Answers(NamedTuple):
    """What a regimen does about an adverse event: arrays [regimen, event, occurrence].

    action: NOTHING, HOLD or STOP; grade that calls for it; hold [days]; restart rate [µg/day and
    µg/m²/day; 0 and 0 mean the planned one]; step: days at the restart rate; share that goes on after a hold.
    """

    action: Array
    grade: Array
    hold: Array
    restart: Array
    restart_m2: Array
    step: Array
    share: Array


class Policy(NamedTuple):
    """Other reactions, one value per regimen: cycles without response that end treatment (NEVER: none),
    whether progression and relapse end it, dexamethasone before a dose rise [mg and mg/m²; 0: none], the grade of
    CRS that is answered with tocilizumab (0: none) and its amount [mg and mg/m²], days of infusion between changes
    of bags (NEVER: none) and for how long the pump then stands still [day], whether the plan gives anything beside
    the engager that goes on without it."""

    no_response: Array
    progression: Array
    relapse: Array
    premedicated: Array
    premedicated_m2: Array
    give_grade: Array
    given: Array
    given_m2: Array
    bag: Array
    gap: Array
    others: Array


class Lowered(NamedTuple):
    """All regimens of a trial as arrays."""

    plan: Plan
    visits: Visits
    answers: Answers
    policy: Policy


def lower(
    regimens: Sequence[Regimen], v: Mapping[str, float], units: Mapping[str, str], window: int
) -> Lowered:
    """Lower ``regimens``.

    Args:
        v: population medians by parameter name.
        units: the unit of each parameter.
        window: days by which a marrow assessment may come early or late.

    Raises:
        DocumentError: a drug that the model cannot give.
    """
    plan = _plan(regimens, v, units)
    return Lowered(plan, _visits(regimens, window), _answers(regimens), _policy(regimens, plan))


def _plan(regimens: Sequence[Regimen], v: Mapping[str, float], units: Mapping[str, str]) -> Plan:
    width = _bucket(max(regimen.length for regimen in regimens) + 1, WIDTH)
    shape = (_rows(regimens), width)
    columns = {name: np.zeros(shape, np.float32) for name in Plan._fields if name != "length"}
    for name in FACTORS:
        columns[name][:] = 1.0
    for i, regimen in enumerate(regimens):
        days = list(regimen.days())
        acting = levels(days, v, units)
        for name in (*LEVELS, *FACTORS):
            columns[name][i, : len(days)] = [day[name] for day in acting]
        for day in days:
            columns["cycle"][i, day.day - 1] = day.cycle
            if day.infusion is not None:
                _refuse_other_infusions(day.infused)
                per_area = ("area", -1) in day.infusion.unit.dimension
                columns["rate_m2" if per_area else "rate"][i, day.day - 1] = day.infusion.canonical
        courses = 0
        for cycle in np.unique(columns["cycle"][i, : len(days)]):
            whole = np.flatnonzero(columns["cycle"][i] == cycle)
            given = columns["chemo"][i, whole].sum()
            columns["chemo_cycle"][i, whole] = courses
            columns["intensity"][i, whole] = given
            courses += given > 0
    length = np.zeros(shape[0], np.int32)
    length[: len(regimens)] = [r.length for r in regimens]
    return Plan(length=length, **columns)


def _refuse_other_infusions(drug: str) -> None:
    if drug != ENGAGER:
        raise DocumentError(f"{drug}: only {ENGAGER} can be infused continuously in the model")


def _visits(regimens: Sequence[Regimen], window: int) -> Visits:
    planned = [[day for day in regimen.days() if day.assess] for regimen in regimens]
    width = _bucket(max(map(len, planned)) + 1, VISITS)
    shape = (_rows(regimens), width)
    out = {name: np.full(shape, NEVER, np.int32) for name in Visits._fields}
    out["closes"][:] = 0
    for i, (regimen, days) in enumerate(zip(regimens, planned, strict=True)):
        ends = np.cumsum([cycle.length for cycle in regimen.cycles])
        starts = ends - [cycle.length for cycle in regimen.cycles]
        for j, day in enumerate(days):
            out["day"][i, j] = day.day - 1
            out["cycle"][i, j] = day.cycle
            out["closes"][i, j] = day.last_of_cycle
            # an assessment belongs to its cycle: it is never moved into another one
            out["earliest"][i, j] = max(day.day - 1 - window, starts[day.cycle - 1])
            out["latest"][i, j] = min(day.day - 1 + window, ends[day.cycle - 1] - 1)
            if j:  # nor before the one that precedes it
                out["earliest"][i, j] = max(out["earliest"][i, j], out["latest"][i, j - 1] + 1)
                out["latest"][i, j] = max(out["earliest"][i, j], out["latest"][i, j])
    return Visits(**out)


def _answers(regimens: Sequence[Regimen]) -> Answers:
    _refuse_rules_that_never_fire(regimens)
    shape = (_rows(regimens), len(EVENTS), OCCURRENCES)
    out = {name: np.zeros(shape, np.float32) for name in Answers._fields}
    out["grade"][:] = 3
    for i, regimen in enumerate(regimens):
        for j, event in enumerate(EVENTS):
            for k in range(OCCURRENCES):
                found = _first_answer(regimen, event, k + 1)
                if found is None:
                    continue
                grade, rule = found
                out["action"][i, j, k] = HOLD if isinstance(rule, Hold) else STOP
                out["grade"][i, j, k] = grade
                if isinstance(rule, Hold):
                    out["hold"][i, j, k] = rule.days
                    out["share"][i, j, k] = rule.restart_share
                    if rule.restart is not None:
                        per_area = ("area", -1) in rule.restart.unit.dimension
                        name = "restart_m2" if per_area else "restart"
                        out[name][i, j, k] = rule.restart.canonical
                        out["step"][i, j, k] = rule.restart_days or 0
    return Answers(**out)


def _refuse_rules_that_never_fire(regimens: Sequence[Regimen]) -> None:
    for regimen in regimens:
        for rule in regimen.rules:
            most = MOST.get(rule.on)
            if most is not None and isinstance(rule, Hold | Stop) and rule.occurrence > most:
                raise DocumentError(
                    f"{regimen.name}: a rule answers {rule.on} number {rule.occurrence}; "
                    f"the model follows at most {most} of them in a patient"
                )


def _first_answer(regimen: Regimen, event: str, occurrence: int) -> tuple[int, Any] | None:
    """The mildest grade that calls for an answer, and the answer, which must hold for higher grades too."""
    mildest = 1 if event == "CRS" else 3  # the model has neurologic events of grade 3 and up
    found = [(grade, regimen.answer(event, grade, occurrence)) for grade in range(mildest, 5)]
    found = [(grade, rule) for grade, rule in found if rule is not None]
    if not found:
        return None
    if any(rule != found[0][1] for _, rule in found):
        raise DocumentError(
            f"{regimen.name}: {event} number {occurrence} is answered differently by grade; "
            "the model applies one answer from the mildest grade on, so write one rule for it"
        )
    return found[0]


def _policy(regimens: Sequence[Regimen], plan: Plan) -> Policy:
    out = {name: np.zeros(_rows(regimens), np.float32) for name in Policy._fields}
    out["no_response"][:] = NEVER
    out["bag"][:] = NEVER
    added = [getattr(plan, name) != 0 for name in LEVELS if name not in ("steroid", *ENGAGER_LEVELS)]
    out["others"][:] = np.any([*added, *(getattr(plan, name) != 1 for name in FACTORS)], axis=(0, 2))
    for i, regimen in enumerate(regimens):
        for rule in regimen.rules:
            if isinstance(rule, Stop) and rule.on == "no response":
                out["no_response"][i] = rule.after_cycles or 1
            elif isinstance(rule, Stop) and rule.on in ("progression", "relapse"):
                out[rule.on][i] = 1
            elif isinstance(rule, Premedicate):
                if rule.drug != "dexamethasone":
                    raise DocumentError(
                        f"{regimen.name}: premedication with {rule.drug} has no effect in the model"
                    )
                per_area = ("area", -1) in rule.amount.unit.dimension
                out["premedicated_m2" if per_area else "premedicated"][i] = rule.amount.canonical / 1e3
            elif isinstance(rule, Give):
                if rule.drug != RESCUE:
                    raise DocumentError(
                        f"{regimen.name}: {rule.drug} does nothing about CRS in the model; {RESCUE} does"
                    )
                per_area = ("area", -1) in rule.amount.unit.dimension
                out["given_m2" if per_area else "given"][i] = rule.amount.canonical / 1e3
                out["give_grade"][i] = rule.grade
            elif isinstance(rule, Pause):
                out["bag"][i], out["gap"][i] = rule.every, rule.length.canonical
    return Policy(**out)


WIDTH, VISITS, REGIMENS = 2048, 48, 8
"""Plans are filled up to multiples of these (days, assessments, regimens), so that trials share one program."""


def _rows(regimens: Sequence[Regimen]) -> int:
    return _bucket(len(regimens), REGIMENS)


def _bucket(size: int, step: int) -> int:
    """Sizes rounded up, so that trials of about one size share one compiled program."""
    return -(-size // step) * step
