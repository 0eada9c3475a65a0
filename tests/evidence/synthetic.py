"""Made-up trials whose printed record is true: every number is counted from patients that exist.

A record has one study of one or two arms, reported by two sources that each print a part of it with their own
digits. Everything is drawn from one seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from scipy import stats

from engager.evidence import Arm, Fact, Result, Study, Time
from engager.evidence.findings import Record
from engager.evidence.record import VERSUS, Treatment

STRATA = ("first salvage", "second salvage", "third or later salvage")
REGIMENS = ("flag-ida", "high-dose-cytarabine", "high-dose-methotrexate", "clofarabine")
SOURCES = ("zhao2019", "franquiz2020")
MONTH = 30.4375


@dataclass(frozen=True)
class Patient:
    """One patient. Times are months from the start, ``seen`` is when the data were cut."""

    arm: str
    stratum: str
    regimen: str
    age: int
    response: str
    mrd: bool
    relapse: float
    death: float
    seen: float
    crs: int
    ne: int


def record(seed: int, sources: tuple[str, ...] = SOURCES) -> Record:
    """The true record of one made-up trial and of one made-up drug, as these sources print it."""
    rng = Random(seed)
    sizes = {"a": rng.randint(40, 320)}
    if rng.random() < 0.6:
        sizes["b"] = rng.randint(40, 200)
    patients = [p for arm, size in sizes.items() for p in _patients(rng, arm, size)]
    compared = list(_comparisons(rng, patients)) if len(sizes) == 2 else []
    cells = [c for source in sources for c in _source(rng, source, patients, sizes, compared)]
    rows = [Result(study="S", id=f"S/{i}", **cell) for i, cell in enumerate(cells)]
    treatment = Treatment(dose="", schedule="", cycles="")
    study = Study(
        id="S", title="", design="", phase="III", setting="relapsed", ph="negative", reports=(),
        arms=tuple(Arm(name=n, label=n, size=size, treatment=treatment) for n, size in sizes.items()),
        strata=(STRATA,), shares={"second_or_later_salvage": STRATA[1:]}, results=tuple(rows),
    )  # fmt: skip
    return Record([study], _facts(rng, sources))


def _patients(rng: Random, arm: str, size: int) -> Iterator[Patient]:
    base, cut = rng.uniform(0.25, 0.75) - (0.12 if arm == "b" else 0.0), rng.uniform(24, 40)
    pace, weights = rng.uniform(0.6, 2.0), (rng.uniform(0.3, 0.7), 0.3, 0.15)
    remission, toxic = rng.uniform(5, 25), (rng.uniform(0.2, 1.0), rng.uniform(0.2, 1.0))
    for _ in range(size):
        line = rng.choices((0, 1, 2), weights)[0]
        responds = rng.random() < base - 0.12 * line
        response = rng.choices(("CR", "CRh", "CRi"), (6, 2, 1))[0] if responds else ""
        relapse = rng.expovariate(1 / (remission * pace)) + 1 if responds else 0.03
        after = rng.expovariate(1 / (5 * pace))
        death = min(relapse + after, 1 + rng.expovariate(1 / 80)) if responds else after + 0.05
        grades = [min(4, int(rng.expovariate(1 / t))) for t in toxic]
        yield Patient(
            arm, STRATA[line], rng.choice(REGIMENS), rng.randint(18, 79), response,
            bool(response) and rng.random() < 0.7, relapse, death, cut - rng.uniform(0, 18), *grades,
        )  # fmt: skip


def _source(
    rng: Random, source: str, patients: list[Patient], sizes: dict[str, int], compared: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    digits, whom = rng.choice((0, 0, 1)), rng.choice(("randomised", "treated"))
    same = {"source": source, "place": "text", "population": whom}
    cells: list[dict[str, Any]] = []
    for arm, size in sizes.items():
        group = [p for p in patients if p.arm == arm]
        cells += [count(arm, size), *_responses(rng, arm, group, digits), *_curves(rng, arm, group)]
        ages = sorted(p.age for p in group)
        cells.append(number(arm, "age", "median", stats.scoreatpercentile(ages, 50), 1))
        cells.append(between(arm, "age", ages[0], ages[-1], 0))
        entry = {"arm": arm, "endpoint": "age", "statistic": "range", "lower": 18.0, "printed": "≥18 years"}
        cells.append(entry)
    if len(sizes) == 2:
        cells += [count("all", sum(sizes.values())), *compared]
        group = [p for p in patients if p.arm == "b"]
        form = rng.choice(("n/N", "N"))
        for name in REGIMENS if rng.random() < 0.85 else ():
            n = sum(p.regimen == name for p in group)
            cells.append(share("b", "regimen_share", n, len(group), digits, form, subgroup=name))
    whole = ("patients", "regimen_share")
    return [same | cell for cell in cells if cell["endpoint"] in whole or rng.random() < 0.85]


def _responses(rng: Random, arm: str, group: list[Patient], digits: int) -> Iterator[dict[str, Any]]:
    N, form = len(group), lambda: rng.choice(("n/N", "n/N", "n", "N", ""))
    kinds = {
        "complete_remission": ("CR",),
        "crh": ("CRh",),
        "remission_crh": ("CR", "CRh"),
        "remission_crh_cri": ("CR", "CRh", "CRi"),
    }
    for name, words in kinds.items():
        yield share(arm, name, sum(p.response in words for p in group), N, digits, form())
    for name in STRATA:
        part = [p for p in group if p.stratum == name]
        if part:
            n = sum(bool(p.response) for p in part)
            yield share(arm, "remission_crh_cri", n, len(part), digits, "", subgroup=name)
    yield share(arm, "second_or_later_salvage", sum(p.stratum != STRATA[0] for p in group), N, digits, "N")
    for name, least in (("crs", 1), ("crs_grade_3", 3), ("crs_grade_4", 4)):
        yield share(arm, name, sum(p.crs >= least for p in group), N, digits, form())
    for name, least in (("neurologic_event", 1), ("neurologic_event_grade_3", 3)):
        yield share(arm, name, sum(p.ne >= least for p in group), N, digits, form())
    yield share(arm, "mrd_response", sum(p.mrd for p in group), N, digits, form())
    responders = [p for p in group if p.response in ("CR", "CRh")]
    if responders:
        whom = {"population": "CR/CRh responders"}
        yield count(arm, len(responders), **whom)
        free = sum(p.mrd for p in responders)
        yield share(arm, "mrd_response", free, len(responders), digits, form(), **whom)


def _curves(rng: Random, arm: str, group: list[Patient]) -> Iterator[dict[str, Any]]:
    seen = sorted(p.seen for p in group)
    middle = number(arm, "follow_up", "median", stats.scoreatpercentile(seen, 50), 1)
    yield middle
    yield between(arm, "follow_up", seen[0], math.ceil(seen[-1] * 10) / 10, 1)
    responders = [p for p in group if p.response]
    curves = {
        "overall_survival": (group, [p.death for p in group], {}),
        "event_free_survival": (group, [min(p.relapse, p.death) for p in group], {}),
        "relapse_free_survival": (
            responders, [min(p.relapse, p.death) for p in responders], {"population": "responders"},
        ),
    }  # fmt: skip
    for name, (people, times, whom) in curves.items():
        left = kaplan_meier([(t, p.seen) for t, p in zip(times, people, strict=True)])
        median = next((t for t, s in left if s <= 0.5), None)
        if median is not None and median >= 0.5:
            time = Time(value=middle["value"], unit="months", of="follow-up") if rng.random() < 0.5 else None
            yield number(arm, name, "median", median, 1, time=time, **whom)
        for month in rng.sample((6, 12, 18, 24), 2):
            if people and month < min(p.seen for p in people) + 6:
                rate = next((s for t, s in reversed(left) if t <= month), 1.0)
                time = Time(value=month, unit="months", of="at")
                yield share(arm, name, 0, 0, 0, "", rate=rate, statistic="rate_at", time=time, **whom)


def _comparisons(rng: Random, patients: list[Patient]) -> Iterator[dict[str, Any]]:
    arm = f"a{VERSUS}b"
    groups = [[p for p in patients if p.arm == name] for name in "ab"]
    table = [[n := sum(p.response == "CR" for p in g), len(g) - n] for g in groups]
    if rng.random() < 0.5 or not all(map(sum, zip(*table, strict=True))):
        p = stats.fisher_exact(table).pvalue
    else:
        p = stats.chi2_contingency(table, correction=rng.random() < 0.5).pvalue
    yield p_value(arm, "complete_remission", p)
    ratio, p = cox([(p.death, p.seen, p.arm == "a") for p in patients])
    yield number(arm, "overall_survival", "hazard_ratio", ratio, 2)
    yield p_value(arm, "overall_survival", p)


def kaplan_meier(times: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Share without event after each event time, from (time of event, time of last sight) of each patient."""
    order = sorted((min(t, c), t > c) for t, c in times)
    left, found = 1.0, []
    for i, (time, censored) in enumerate(order):
        if not censored:
            left *= 1 - 1 / (len(order) - i)
            found.append((time, left))
    return found


def cox(patients: Iterable[tuple[float, float, bool]]) -> tuple[float, float]:
    """Hazard ratio of the marked patients, and the p value of its score test (log-rank)."""
    order = sorted((min(t, c), t > c, bool(x)) for t, c, x in patients)
    beta, p = 0.0, 1.0
    for turn in range(6):
        score = information = 0.0
        mine, others = sum(x for _, _, x in order) * math.exp(beta), float(sum(not x for _, _, x in order))
        for _, censored, x in order:
            if not censored:
                expected = mine / (mine + others)
                score, information = score + x - expected, information + expected * (1 - expected)
            mine, others = mine - x * math.exp(beta), others - (not x)
        if turn == 0:
            p = math.erfc(abs(score) / math.sqrt(2 * information))
        beta += score / information
    return math.exp(beta), p


def share(arm: str, endpoint: str, n: int, N: int, digits: int, form: str, **cells: Any) -> dict[str, Any]:
    """A percentage; ``form`` says what is printed with it: "n/N", "n", "N" or nothing."""
    rate = cells.pop("rate", None)
    exact = 100 * (n / N if rate is None else rate)
    text = f"{math.floor(exact * 10**digits + 0.5 + 1e-9) / 10**digits:.{digits}f}"
    known = {name: value for name, value in (("n", n), ("N", N)) if name in form}
    basis = {"basis": "stated"} if known else {}
    printed = {"n/N": f"{n}/{N} [{text}%]", "n": f"{n} ({text}%)"}.get(form, f"{text}%")
    row = {"arm": arm, "endpoint": endpoint, "statistic": "proportion", "value": round(float(text) / 100, 6)}
    return row | known | basis | {"printed": printed} | cells


def number(
    arm: str, endpoint: str, statistic: str, value: float, digits: int, **cells: Any
) -> dict[str, Any]:
    """A median or a ratio with so many decimals."""
    text = f"{value:.{digits}f}"
    row = {"arm": arm, "endpoint": endpoint, "statistic": statistic, "value": float(text), "printed": text}
    return row | cells


def count(arm: str, n: int, **cells: Any) -> dict[str, Any]:
    """A number of patients."""
    row = {"arm": arm, "endpoint": "patients", "statistic": "count", "value": n, "printed": f"{n}"}
    return row | cells


def between(arm: str, endpoint: str, low: float, high: float, digits: int) -> dict[str, Any]:
    """A range."""
    texts = f"{low:.{digits}f}", f"{high:.{digits}f}"
    row = {"arm": arm, "endpoint": endpoint, "statistic": "range", "printed": "–".join(texts)}
    return row | {"lower": float(texts[0]), "upper": float(texts[1])}


def p_value(arm: str, endpoint: str, p: float) -> dict[str, Any]:
    """A p value as it is usually printed: below 0.001 as a bound, else with two or three decimals."""
    row: dict[str, Any] = {"arm": arm, "endpoint": endpoint, "statistic": "p_value"}
    if p < 0.001:
        return row | {"upper": 0.001, "printed": "P<0.001"}
    text = f"{p:.3f}" if p < 0.01 else f"{p:.2f}"
    return row | {"value": float(text), "printed": f"P={text}"}


def _facts(rng: Random, sources: tuple[str, ...]) -> list[Fact]:
    rate, clearance, volume = (
        rng.choice((9, 15, 28, 60)),
        round(rng.uniform(1.2, 5), 1),
        rng.randint(30, 90) / 10,
    )
    level, half = 1e6 * rate / 24 / clearance / 1e3, math.log(2) * volume / clearance
    at = {"at": rng.choice(("", "the dose"))}
    low, high = round(level * rng.uniform(0.7, 0.95)), round(level * rng.uniform(1.05, 1.4))
    half_low, half_high = round(0.9 * half, 1), round(1.1 * half + 0.05, 1)
    numbers = (
        ("infusion_rate", "µg/day", f"{rate} µg/day", {"value": float(rate), "at": "the dose"}),
        ("clearance", "L/h", f"{clearance:.1f} L/h", {"value": clearance}),
        ("volume", "L", f"{volume:.1f} L", {"value": volume}),
        ("steady_state_concentration", "pg/mL", f"{low}–{high}", {"lower": low, "upper": high} | at),
        ("infusion_length", "weeks", "4 weeks", {"value": 4.0}),
        ("drug_free_interval", "weeks", "2 weeks", {"value": 2.0}),
        ("cycle_length", "weeks", "6 weeks", {"value": 6.0}),
        ("half_life", "h", f"{half_low:.1f}–{half_high:.1f}", {"lower": half_low, "upper": half_high}),
    )
    return [
        Fact(id=f"pharmacology/{source}/{name}", source=source, name=name, unit=unit, printed=text, **cells)
        for source in sources
        for name, unit, text, cells in numbers
    ]
