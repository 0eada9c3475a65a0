"""From patients to entrants: randomisation, and everything that chance will decide about each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engager.engine.streams import Draw, draws, to_exponential, to_normal, uniform
from engager.patients import Patients, draw, exposures, extinction, growth, person, population
from engager.trials.chart import NEUROLOGIC, NOT_YET, WINDOWS, Entrant, Fate
from engager.trials.design import Trial
from engager.trials.further_lines import FurtherLines, simulated_lines
from engager.trials.plan import NEVER, Lowered
from engager.vocabulary import quantity

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MONTH = quantity("1 month").canonical


@dataclass(frozen=True)
class Enrolled:
    """Entrants with what the analysis needs to know of them (arrays over patients).

    arm: index into the trial's arms; entry [day]: days after the first patient could enter; follow_up [day]:
    days from the patient's own entry to the end of the trial; luck: uniform draws of these patients by purpose.
    """

    replicate: Integers
    patients: Patients
    arm: Integers
    entrant: Entrant
    entry: Floats
    follow_up: Floats
    luck: Draw


def enrol(
    trial: Trial, low: Lowered, v: dict[str, float], seed: int, replicate: int, numbers: range
) -> Enrolled:
    """Enrol patients ``numbers`` of a replicate; ``v`` holds population medians by parameter name."""
    patients = draw(trial.cohort, v, seed, replicate, numbers)
    u = draws(seed, "trial", replicate, numbers)
    arm = randomise([a.allocation for a in trial.arms.values()], seed, replicate, numbers)
    regimen = _regimen(trial, arm, u("regimen"))
    entry = np.floor(u("entry") * trial.follow_up.accrual)
    follow_up = trial.follow_up.total - entry
    fate = _fate(trial, patients, arm, regimen, low, v, u)._replace(follow_up=follow_up.astype(np.int64))
    further = _further_lines(trial, patients, low, v, u)
    entrant = Entrant(*person(patients.values, patients.disease), fate, further)
    replicates = np.full(len(numbers), replicate)
    return Enrolled(replicates, patients, arm, entrant, entry, follow_up, u)


def together(groups: Sequence[Enrolled]) -> Enrolled:
    """Groups of patients as one, in their order."""
    if len(groups) == 1:
        return groups[0]
    joined = {
        name: _join([getattr(e, name) for e in groups])
        for name in Enrolled.__dataclass_fields__
        if name != "luck"
    }
    return Enrolled(**joined, luck=lambda purpose: np.concatenate([e.luck(purpose) for e in groups]))


def _join(trees: Sequence[Any]) -> Any:
    """Concatenate named tuples and mappings of arrays along the patients; numbers common to all stay as they are."""
    first = trees[0]
    if isinstance(first, tuple):
        return type(first)(*(_join(branches) for branches in zip(*trees, strict=True)))
    if isinstance(first, dict):
        return {name: _join([tree[name] for tree in trees]) for name in first}
    return first if np.ndim(first) == 0 else np.concatenate(trees, axis=-1)


def randomise(allocation: Sequence[int], seed: int, replicate: int, numbers: range) -> Integers:
    """Permuted blocks: each run of sum(allocation) patients holds exactly ``allocation`` of each arm."""
    size = sum(allocation)
    arms = np.repeat(np.arange(len(allocation)), allocation)
    first, last = numbers.start // size, -(-numbers.stop // size)
    luck = uniform(seed, "trial/randomisation", replicate, range(first * size, last * size))
    shuffled = arms[np.argsort(luck.reshape(-1, size), axis=1, kind="stable")].ravel()
    return np.asarray(shuffled[numbers.start - first * size :][: len(numbers)], np.int64)


def _regimen(trial: Trial, arm: Integers, luck: Floats) -> Integers:
    """Index of each patient's regimen among all regimens of the trial."""
    out = np.zeros(len(arm), np.int64)
    start = 0
    for i, a in enumerate(trial.arms.values()):
        shares = np.cumsum([choice.share for choice in a.regimens])
        chosen = np.searchsorted(shares / shares[-1], luck, side="right")
        out = np.where(arm == i, start + np.minimum(chosen, len(shares) - 1), out)
        start += len(a.regimens)
    return out


def _fate(
    trial: Trial, q: Patients, arm: Integers, regimen: Integers, low: Lowered, v: Mapping[str, float], u: Draw
) -> Fate:
    age60, age70 = q.age >= v["age_60_from"], q.age >= v["age_70_from"]
    age = np.where(age70, v["age_70"], np.where(age60, v["age_60"], 1.0))
    setting = trial.cohort.setting
    return Fate(
        regimen=regimen,
        follow_up=np.full(len(arm), trial.follow_up.total),
        BSA=np.asarray(q.values["BSA"]),
        b0=q.disease.b0,
        remission=q.disease.mrd,
        visit_day=_visit_days(low, regimen, u),
        aspirate=_aspirates(low, u),
        crs_threshold=_crs_thresholds(v, u),
        crs_fatal=np.stack([1.0 * (u(f"CRS {i} fatal") < v["cfcrs"]) for i in range(WINDOWS)]),
        crs_luck=np.stack([u(f"CRS {i}, go on") for i in range(WINDOWS)]),
        ne_threshold=np.cumsum(
            [to_exponential(u(f"neurologic event {i}")) for i in range(NEUROLOGIC)], axis=0
        ),
        ne_fatal=np.stack([1.0 * (u(f"neurologic event {i} fatal") < v["cfne"]) for i in range(NEUROLOGIC)]),
        ne_luck=np.stack([u(f"neurologic event {i}, go on") for i in range(NEUROLOGIC)]),
        log_kill=_log_kill(setting, q, v, u),
        lkh=np.maximum(q.values["lkh"], 0.0),
        transplant_delay=_transplant(trial, arm, q.age, u("transplant")),
        nrm_time=_nrm_time((setting != "relapsed") & (q.line == 1), q, v, u),
        dropout=to_exponential(u("dropout")),
        disease=to_exponential(u("death from disease")),
        infection=to_exponential(u("death from infection")),
        chemo=to_exponential(u("death from chemotherapy")),
        remission_death=to_exponential(u("death in remission")),
        failure_time=_failure_time(setting, q, v, u, grafted=False),
        failure_time_hsct=_failure_time(setting, q, v, u, grafted=True),
        age=age,
        chemo_age=age ** v["aexp"],
        remission_age=age * np.where(q.age < v["rem_young_below"], v["rem_young"], 1.0),
        vod_threshold=_logit(u("veno-occlusive disease")) - v["avod"],
        vod_fatal=1.0 * (u("veno-occlusive disease fatal") < v["cfvod"]),
        later_line=np.zeros(len(arm)),
    )


def _further_lines(
    trial: Trial, q: Patients, low: Lowered, v: Mapping[str, float], u: Draw
) -> FurtherLines | tuple[()]:
    """What belongs to each patient in each line after the study's; () where none is simulated.

    Whether a line's chemotherapy meets sensitive blasts, and how many it kills, is drawn anew for each line.
    """
    lines = []
    for i in range(simulated_lines(v)):
        salvage = _line_after(trial.cohort.setting, q, i)
        own: Draw = lambda purpose, i=i: u(f"{purpose}, further line {i + 1}")  # type: ignore[misc]  # noqa: E731
        z, x = to_normal(own("log kill")), np.array([v[name] for name in exposures("relapsed")])[salvage - 1]
        kills = (v[name] + population()[name].sd * z for name in ("lks", "lkres"))
        regimen = np.full(len(q.age), len(trial.regimens))
        lines.append(
            FurtherLines(
                delay=np.full(len(q.age), round(v["further_delay"])),
                regimen=regimen,
                visit_day=_visit_days(low, regimen, own),
                aspirate=_aspirates(low, own),
                log_kill=_kill_of(own("chemosensitive") < _chemosensitive(salvage, v), *kills),
                nrm_time=_nrm_time(np.full(len(q.age), False), q, v, u),
                r=growth(q.values, x),
                Lc=extinction(q.values, x),
            )
        )
    return FurtherLines(*map(np.stack, zip(*lines, strict=True))) if lines else ()


def _line_after(setting: str, q: Patients, nth: int = 0) -> Integers:
    """Line of salvage that follows the study treatment, or the ``nth`` after that; later than third counts as third."""
    return np.minimum(q.line + (setting == "relapsed") + nth, 3)


def _aspirates(low: Lowered, u: Draw) -> Floats:
    """Error of the aspirate at each marrow assessment [log10]."""
    visits = low.visits.day.shape[1]
    return population()["mrd_noise"].sd * np.stack([to_normal(u(f"aspirate {i}")) for i in range(visits)])


def _visit_days(low: Lowered, regimen: Integers, u: Draw) -> Integers:
    """Plan day on which each marrow assessment takes place, uniform over its window."""
    days = []
    for i in range(low.visits.day.shape[1]):
        early, late = low.visits.earliest[regimen, i], low.visits.latest[regimen, i]
        day = early + np.floor(u(f"visit {i}") * (late - early + 1.0))
        days.append(np.where(low.visits.day[regimen, i] == NEVER, NEVER, day))
    return np.asarray(np.stack(days), np.int64)


def _crs_thresholds(v: Mapping[str, float], u: Draw) -> Floats:
    """IL-6 [pg/mL] at which CRS reaches grade 3 in each window: 10^((logit U + acrs)/bcrs)."""
    luck = np.stack([u(f"CRS {i}") for i in range(WINDOWS)])
    return np.asarray(10.0 ** np.minimum((_logit(luck) + v["acrs"]) / v["bcrs"], 30.0))


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))


def _log_kill(setting: str, q: Patients, v: Mapping[str, float], u: Draw) -> Floats:
    """Log10 kill of a first cycle: sensitive with a share that falls by line and with refractory disease, else
    resistant.

    Untreated patients are nearly all sensitive, with the kill of a frontline cycle.
    """
    if setting == "untreated":
        return _kill_of(u("chemosensitive") < v["psens0"], q.values["lk1"], q.values["lkres"])
    if setting == "MRD":
        share = np.full(len(q.age), v["q_mrd"])
    else:
        share = _chemosensitive(q.line, v) * np.where(q.refractory > 0, 1.0, v["qs_late"])
    # lks and lkres of a patient are drawn with the parameters, spread and all
    return _kill_of(u("chemosensitive") < share, q.values["lks"], q.values["lkres"])


def _chemosensitive(salvage: Integers, v: Mapping[str, float]) -> Floats:
    """Share of patients whose blasts salvage chemotherapy kills, by line of salvage."""
    return np.asarray(v["qs"] * np.array([1.0, v["qs_2"], v["qs_3"]])[salvage - 1])


def _kill_of(sensitive: NDArray[np.bool_], kill: Floats | float, resistant: Floats | float) -> Floats:
    return np.maximum(np.where(sensitive, kill, resistant), 0.0)


def _transplant(trial: Trial, arm: Integers, age: Floats, luck: Floats) -> Integers:
    """Days from first response to transplant; NOT_YET for those who do not go."""
    out = np.full(len(arm), NOT_YET)
    for i, a in enumerate(trial.arms.values()):
        goes = (arm == i) & (luck < a.transplant.share) & (age < a.transplant.below)
        out = np.where(goes, a.transplant.delay, out)
    return out


def _nrm_time(first: NDArray[np.bool_], q: Patients, v: Mapping[str, float], u: Draw) -> Floats:
    """Days from transplant to non-relapse death, in ``first`` or later remission: an early and a late part; NOT_YET
    for who is spared."""
    risk = np.where(first, v["nrm1"], v["nrm2"]) * np.where(q.age >= v["age_60_from"], v["nrm_60"], 1.0)
    mean = np.where(u("non-relapse death early") < v["nrm_early_share"], v["nrm_early"], v["nrm_late"])
    time = mean * to_exponential(u("non-relapse death time"))
    return np.where(u("non-relapse death") < risk, time, NOT_YET)


def _failure_time(setting: str, q: Patients, v: Mapping[str, float], u: Draw, *, grafted: bool) -> Floats:
    """Days from failure to death: exponential with frailty by the line that failed, and long-term survivors.

    NOT_YET where the lines after failure are simulated.
    """
    if simulated_lines(v):
        return np.full(len(q.age), float(NOT_YET))
    line = _line_after(setting, q) - 1
    old = q.age >= v["age_60_from"]
    median = np.array([v["pfm1"], v["pfm2"], v["pfm3"]])[line] * MONTH
    survivors = np.array([v["pi1"], v["pi2"], v["pi3"]])[line] * np.where(old, v["fail_60_share"], 1.0)
    hazard = np.log(2.0) / median * np.where(old, v["fail_60"], 1.0)
    if grafted:
        survivors, hazard = survivors * v["fail_hsct_share"], hazard * v["fail_hsct"]
    hazard = hazard * np.exp(v["spf"] * to_normal(u("frailty after failure")))
    time = to_exponential(u("death after failure")) / hazard
    return np.where(u("long-term survivor after failure") < survivors, NOT_YET, time)
