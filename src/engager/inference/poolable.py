"""Which rows of the record can be pooled for an endpoint, on which scale, and why the others cannot.

A proportion is pooled from its counts. A median (log), a survival rate at a time (log of minus log, on which
an interval cannot leave 0–1 and differences are log hazard ratios) and a hazard ratio (log) need a standard
error: from the printed interval, a hazard ratio's also from its printed p value, else from the number of
patients N. Without censoring, of N patients half have died by the median, and SE(log median) = 1/√(N/2) as if
times were exponential with those N/2 events (the rank-based variance of a median, without that assumption,
gives 1.44/√N instead of 1.41/√N). SE(log(-log S)) = √((1-S)/(N S))/|log S| is Greenwood's formula without
censoring. Censoring makes both too small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from engager.evidence import Arm, Result, Study, distinct
from engager.evidence.printed import read
from engager.evidence.record import ALL, VERSUS
from engager.evidence.rules.attainability import counts
from engager.evidence.rules.common import WHOLE, groups, percent
from engager.inference.random_effects import LEVEL, exact
from engager.vocabulary import Endpoint

Floats = NDArray[np.float64]

FROM_ENTRY = ("overall_survival", "event_free_survival")
"""Endpoints that count everybody from entry: a row that does not say whom it counts means the whole arm."""

Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True)
class Scale:
    """Where a quantity is pooled: ``there`` turns a value into an effect, ``back`` an effect into a value."""

    name: str
    there: Callable[[float], float]
    back: Callable[[float], float]

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """Two effects as values, the smaller first (a rate falls as log(-log) grows)."""
        ends = self.back(low), self.back(high)
        return min(ends), max(ends)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


LOGIT = Scale("log odds", lambda p: math.log(p / (1 - p)), _expit)
LOG = Scale("log", math.log, lambda x: math.exp(min(x, 700.0)))
CLOGLOG = Scale("log(-log)", lambda s: math.log(-math.log(s)), lambda x: math.exp(-math.exp(min(x, 700.0))))


@dataclass(frozen=True)
class Row:
    """One row of the record beside the question.

    quantity: what it is pooled as ("share", "median", "rate at 12 months", "hazard ratio"), '' where it is
    not of such a kind. whom: "all patients" (evaluable ones included), "responders", or the population's own
    word. n, N: counts as pooled. lower, upper: the row's own 95 % interval: a share's exact one, else the
    printed one, else from ``se``, which is on the quantity's scale. origin: how n or ``se`` was had. reason:
    why the row is not pooled, '' where it is.
    """

    study: str
    setting: str
    ph: str
    arm: str
    drugs: tuple[str, ...]
    whom: str
    result: Result
    quantity: str = ""
    n: int | None = None
    N: int | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    se: float | None = None
    origin: str = ""
    reason: str = ""


def scale_of(quantity: str) -> Scale:
    """The scale on which a quantity is pooled."""
    return LOGIT if quantity == "share" else CLOGLOG if quantity.startswith("rate") else LOG


def rows_of(
    endpoint: Endpoint, studies: Iterable[Study], *, treatment: str | None = None, arm: str | None = None
) -> list[Row]:
    """Every distinct row about the endpoint, at most one of each arm and quantity without a ``reason``.

    ``treatment`` is a drug that every patient of the arm received, ``arm`` the name of an arm; None is any.
    Of several rows of an arm one of the primary analysis is taken before another cut, then the one that counts most
    patients. Another cut never stands in for a primary analysis that prints the number without its N.
    """
    found = [
        _row(study, result, treatment, arm)
        for study in studies
        for result in distinct(study.results)
        if result.endpoint == endpoint.name
    ]
    out = {id(row): row for row in found}
    for row in found:
        if row.result.cut and not row.reason and (newer := next(_primary(row, found), None)):
            reason = f"the primary analysis prints {newer.result.printed}, which cannot be pooled"
            out[id(row)] = replace(row, reason=reason)
    able = [row for row in found if not out[id(row)].reason]
    for same in groups(able, lambda row: (row.study, row.arm, row.quantity)).values():
        most = max(same, key=lambda row: (row.result.cut == "", row.N or 0))
        for row in same:
            if row is not most:
                out[id(row)] = replace(row, reason=f"another row of the arm is taken ({most.result.printed})")
    return list(out.values())


def _primary(row: Row, found: Iterable[Row]) -> Iterator[Row]:
    """Usable rows of the primary analysis about the same arm and quantity, none of which can be pooled."""
    same = [
        r
        for r in found
        if (r.study, r.arm, r.quantity, r.result.cut) == (row.study, row.arm, row.quantity, "")
        and r.result.standing == "usable"
        and not r.result.subgroup
    ]
    return iter(same if all(r.reason for r in same) else ())


def _row(study: Study, r: Result, treatment: str | None, wanted: str | None) -> Row:
    first, _, second = r.arm.partition(VERSUS)
    treated = [arm for arm in study.arms if arm.treatment]
    arm = treated[0] if r.arm == ALL and len(treated) == 1 else study.arm(first)
    drugs = arm.drugs if arm else ()
    quantity, unfit = _quantity(r)
    reason = _standing(r) or _arm(arm, study.arm(second), bool(second), treatment, wanted) or unfit
    row = Row(study.id, study.setting, study.ph, r.arm, drugs, whom(r), r, quantity, reason=reason)
    row = replace(row, n=r.n, N=r.N, value=r.value, lower=r.lower, upper=r.upper)
    if reason:
        return row
    if quantity == "share":
        return _share(row, arm)
    return _effect(row, arm, study)


def whom(r: Result) -> str:
    """Whom the row counts, in kinds that may be mixed: all patients, responders, or its own word."""
    if "responders" in r.population:
        return "responders"
    return "all patients" if r.population in WHOLE or r.population.startswith("evaluable") else r.population


def _standing(r: Result) -> str:
    if r.standing != "usable":
        return f"{r.standing}: {r.reason}"
    return "only a subgroup" if r.subgroup else ""


def _arm(arm: Arm | None, other: Arm | None, versus: bool, treatment: str | None, wanted: str | None) -> str:
    """Why the arm (or the comparison of two) is not asked for."""
    if arm is None:
        return "about several arms together"
    if arm.treatment is None:
        return "a group that is only compared with"
    if wanted is not None and arm.name != wanted:
        return f"not the arm {wanted}"
    if treatment is not None:
        if not arm.drugs:
            return "the drugs of the arm are not entered"
        if treatment not in arm.drugs:
            few = "not every" if treatment in arm.drugs_of_some else "no"
            return f"{few} patient received {treatment}"
        if versus and other and treatment in other.drugs:
            return f"both groups received {treatment}"
    return ""


def _quantity(r: Result) -> tuple[str, str]:
    """What the row is pooled as, or why it is not."""
    if r.what.kind == "baseline":
        return "", "describes patients at entry"
    if r.what.kind == "proportion" and r.statistic in ("proportion", "count"):
        return ("share", "") if VERSUS not in r.arm else ("", "compares two arms")
    if r.what.kind == "time" and r.statistic == "median":
        return "median", ""
    if r.what.kind == "time" and r.statistic == "hazard_ratio":
        return "hazard ratio", ""
    if r.what.kind == "time" and r.statistic == "rate_at" and r.time:
        if r.time.of != "at" or r.time.months is None:
            return "", f"a rate at a {r.time.of} of {r.time}, which is not one time for all patients"
        return f"rate at {r.time.months:.3g} months", ""
    return "", f"a {r.statistic.replace('_', ' ')} of this endpoint is not pooled"


def whole(r: Result, arm: Arm | None) -> int | None:
    """The arm's size, where the row counts the whole arm in the primary analysis; None elsewhere."""
    said = r.population in WHOLE and (r.population or r.endpoint in FROM_ENTRY)
    return arm.size if arm and said and not r.cut else None


def _share(row: Row, arm: Arm | None) -> Row:
    r = row.result
    if r.value is None:
        return replace(row, reason="a range or a bound, not a value")
    N, n, origin = r.N, r.n, ""
    if N is None:
        size = whole(r, arm)
        if size is None:
            return replace(row, reason="N is not stated")
        if not _fitting(r, size):
            return replace(row, reason=f"N is not stated, and no n of the arm's {size} prints as {r.printed}")
        N, origin = size, "N is the arm's size"
    if n is None:
        fits = _fitting(r, N)
        if not fits:
            return replace(row, reason=f"no n of {N} prints as {r.printed}")
        n = min(fits, key=lambda m: abs(m - (r.value or 0.0) * N))
        told = f"n = {n} from {percent(r.value)}" + (
            f", {fits[0]} to {fits[-1]} fit" if len(fits) > 1 else ""
        )
        origin = "; ".join(part for part in (origin, told) if part)
    low, high = exact(n, N)
    return replace(row, n=n, N=N, value=n / N, lower=low, upper=high, origin=origin)


def _fitting(r: Result, N: int) -> Sequence[int]:
    """Every n of ``N`` that prints as the row's share, rounded or else cut off."""
    reading = read(r.printed)
    if r.statistic == "count" or reading is None or r.value is None:
        return ()
    return counts(r.value, reading.step, N) or counts(r.value, reading.step, N, cut_off=True)


def _effect(row: Row, arm: Arm | None, study: Study) -> Row:
    """A median, rate or ratio with its standard error, or the reason why there is none."""
    r, scale = row.result, scale_of(row.quantity)
    if r.value is None:
        return replace(row, reason="a bound, not a value")
    if r.value <= 0 or (scale is CLOGLOG and r.value >= 1):
        return replace(row, reason=f"{r.value:g} has no {scale.name}")
    if r.lower and r.upper and not (scale is CLOGLOG and r.upper >= 1):
        z = NormalDist().inv_cdf((1 + (r.level or LEVEL)) / 2)
        se = abs(scale.there(r.upper) - scale.there(r.lower)) / (2 * z)
        return _with_se(row, se, "SE from the printed interval")
    if row.quantity == "hazard ratio":
        return _ratio(row, study)
    N = r.N or whole(r, arm)
    if N is None:
        return replace(row, reason="neither an interval nor N is stated")
    about = f"SE from N = {N}" + ("" if r.N else ", the arm's size") + ", no censoring"
    se = error_of_median(N) if row.quantity == "median" else float(error_of_rate(np.asarray(r.value), N))
    return _with_se(replace(row, N=N), se, about)


def error_of_median(N: int) -> float:
    """Standard error of a log median of ``N`` patients without censoring, whatever the median is."""
    return 1 / math.sqrt(N / 2)


def error_of_rate(S: Floats, N: int) -> Floats:
    """Standard error of log(-log S) of ``N`` patients without censoring."""
    return np.asarray(np.sqrt((1 - S) / (N * S)) / np.abs(np.log(S)))


def _ratio(row: Row, study: Study) -> Row:
    """A hazard ratio without an interval: SE = |log HR| / z of the printed two-sided p value."""
    r = row.result
    for p in study.results:
        same = (p.arm, p.endpoint, p.subgroup, p.cut) == (r.arm, r.endpoint, r.subgroup, r.cut)
        if (
            same
            and p.statistic == "p_value"
            and p.value
            and p.standing == "usable"
            and r.value not in (None, 1)
        ):
            z = NormalDist().inv_cdf(1 - p.value / 2)
            return _with_se(row, abs(math.log(r.value or 1)) / z, f"SE from the printed {p.printed}")
    return replace(row, reason="neither an interval nor a p value is stated")


def _with_se(row: Row, se: float, origin: str) -> Row:
    scale, r = scale_of(row.quantity), row.result
    if r.lower is not None and r.upper is not None and origin == "SE from the printed interval":
        return replace(row, se=se, lower=r.lower, upper=r.upper, origin=origin)
    effect = scale.there(r.value or 0.0)
    low, high = scale.interval(effect - Z * se, effect + Z * se)
    return replace(row, se=se, lower=low, upper=high, origin=origin)


def kinds(rows: Sequence[Row], key: Callable[[Row], str]) -> Mapping[str, list[str]]:
    """Studies by what ``key`` says of their rows, in order."""
    return {name: [row.study for row in same] for name, same in groups(rows, key).items()}
