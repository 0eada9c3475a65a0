"""Pooling one endpoint across the studies of the record: random effects, one row for each study and arm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from engager.documents import DocumentError, Problem, near
from engager.evidence import Study
from engager.evidence import studies as recorded
from engager.evidence.record import Header
from engager.evidence.rules.common import groups
from engager.inference.poolable import Row, Scale, Z, kinds, rows_of, scale_of
from engager.inference.random_effects import (
    FEWEST_TO_PREDICT,
    LARGEST_TAU,
    Binomial,
    Fit,
    Model,
    Normal,
    difference,
    exact,
)
from engager.vocabulary import Endpoint, endpoint

ANY = "any"
"""The treatment that asks for all arms."""

QUARTILE = 0.6744897501960817
"""The upper quartile of the standard normal distribution."""

BY: dict[str, Callable[[Row], str]] = {
    "setting": lambda row: row.setting,
    "ph": lambda row: f"Ph {row.ph}",
    "population": lambda row: row.whom,
    "drugs": lambda row: " and ".join(row.drugs) or "not entered",
}
"""What studies can be told apart by."""


BESIDE = "relapsed disease, residual disease and untreated disease are not one population: no value is pooled over them"
"""What is told where settings stand beside each other."""


@dataclass(frozen=True)
class Estimate:
    """A pooled value with its interval, in the endpoint's unit (a share 0–1, months).

    value: back-transformed μ, which is the value in the middle study, not the mean over patients. k: rows.
    prediction: interval for a new study, None for fewer than three or where μ is not finite. mu, se, tau2
    (with interval): on the scale of the synthesis; None where nothing was fitted: k = 1, or nobody or
    everybody in every study, when the interval is the exact one of all patients together.
    """

    name: str
    k: int
    value: float
    lower: float
    upper: float
    prediction: tuple[float, float] | None = None
    mu: float | None = None
    se: float | None = None
    tau2: float | None = None
    tau2_lower: float | None = None
    tau2_upper: float | None = None


@dataclass(frozen=True)
class Difference:
    """Likelihood ratio test for different means in the groups, with one variance between studies."""

    statistic: float
    df: int
    p: float


@dataclass(frozen=True)
class Synthesis:
    """One quantity of the endpoint over its rows.

    setting: the disease of all rows, '' where several are mixed. pooled: None for one row, and where rows of several
    settings only stand beside each other. weights: the rows' shares of μ, in their order. inconsistency: I²
    (effects with standard errors only). median_odds_ratio: exp(√2 · 0.674 · τ), by how much the odds differ between two
    studies in the middle (Larsen and Merlo 2005, Am J Epidemiol 161:81; shares only). without: pooled again
    without each row. groups, difference: where studies were told apart; the rows then stand group by group,
    in the order of ``groups``. notes: what a reader must know.
    """

    quantity: str
    setting: str
    scale: str
    rows: tuple[Row, ...]
    pooled: Estimate | None
    weights: tuple[float, ...]
    inconsistency: float | None
    median_odds_ratio: float | None
    without: tuple[Estimate, ...]
    groups: tuple[Estimate, ...]
    difference: Difference | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Pooled:
    """What the record says about an endpoint: syntheses, and each row that is in none, with its reason."""

    endpoint: str
    symbol: str
    label: str
    unit: str
    question: str
    syntheses: tuple[Synthesis, ...]
    left: tuple[Row, ...]


def pool(
    word: str,
    *,
    setting: str | None = None,
    ph: str | None = None,
    treatment: str = "blinatumomab",
    arm: str | None = None,
    by: str | None = None,
    together: bool = False,
    studies: Iterable[Study] | None = None,
) -> Pooled:
    """Pool an endpoint (name or symbol) over the studies of the record.

    Taken are usable published rows about a whole arm whose every patient received ``treatment``
    (:data:`ANY` for all), or about arms of the name ``arm`` whatever they received; ``setting`` and ``ph``
    choose studies, ``by`` (a key of :data:`BY`) tells them apart. Each setting is pooled alone; ``together``
    pools them all, which mixes relapsed disease with disease in remission.

    Raises:
        DocumentError: every word that is not known, with near names.
    """
    chosen = list(recorded().values() if studies is None else studies)
    what = _checked(word, chosen, setting=setting, ph=ph, treatment=treatment, arm=arm, by=by)
    asked = [s for s in chosen if setting in (None, s.setting) and ph in (None, s.ph)]
    drug = None if treatment == ANY or arm is not None else treatment
    rows = rows_of(what, asked, treatment=drug, arm=arm)
    one = together or by == "setting"
    able = groups([r for r in rows if not r.reason], lambda r: (r.quantity, "" if one else r.setting))
    words = [f"arm {arm}" if arm else f"{treatment} arms" if drug else "all arms"]
    words += [f"{setting} disease" if setting else "", f"Ph {ph}" if ph else ""]
    return Pooled(
        *(what.name, what.symbol, what.label, what.unit),
        question=", ".join(word for word in words if word),
        syntheses=tuple(_synthesis(what, same, by, together) for same in able.values()),
        left=tuple(row for row in rows if row.reason),
    )


def _checked(word: str, studies: Sequence[Study], **asked: str | None) -> Endpoint:
    arms = [arm for study in studies for arm in study.arms if arm.treatment]
    known: dict[str, Iterable[str]] = {
        "setting": get_args(Header.model_fields["setting"].annotation),
        "ph": get_args(Header.model_fields["ph"].annotation),
        "treatment": [*dict.fromkeys(drug for arm in arms for drug in arm.drugs), ANY],
        "arm": list(dict.fromkeys(arm.name for arm in arms)),
        "by": list(BY),
    }
    problems = []
    for name, given in asked.items():
        if given is not None and given not in known[name]:
            problems.append(Problem(None, f"{name}: {given!r} is not known; {near(given, known[name])}"))
    try:
        what = endpoint(word)
    except DocumentError as error:
        problems = [*error.problems, *problems]
    if problems:
        raise DocumentError(problems)
    return what


def _synthesis(what: Endpoint, rows: Sequence[Row], by: str | None, together: bool) -> Synthesis:
    quantity = rows[0].quantity
    if by:
        rows = [row for same in groups(rows, BY[by]).values() for row in same]
    scale, model, k = scale_of(quantity), _model(rows), len(rows)
    total, weights = _estimate("all", model, scale)
    apart = groups(range(k), lambda i: BY[by](rows[i])) if by else {}
    several = len(apart) > 1 and k > len(apart)
    settings = {row.setting for row in rows}
    beside = len(settings) > 1 and not together
    without = [
        _estimate(f"{row.study}, {row.arm}", model.pick([j for j in range(k) if j != i]), scale)[0]
        for i, row in enumerate(rows)
        if k > 2 and not beside
    ]
    tau = None if total.tau2 is None or beside else math.sqrt(total.tau2)
    return Synthesis(
        quantity=quantity,
        setting=settings.pop() if len(settings) == 1 else "",
        scale=scale.name,
        rows=tuple(rows),
        pooled=total if k > 1 and not beside else None,
        weights=weights,
        inconsistency=model.inconsistency if isinstance(model, Normal) and k > 1 and not beside else None,
        median_odds_ratio=math.exp(math.sqrt(2) * QUARTILE * tau)
        if tau is not None and quantity == "share"
        else None,
        without=tuple(without),
        groups=tuple(_estimate(name, model.pick(which), scale)[0] for name, which in apart.items()),
        difference=Difference(*difference([model.pick(which) for which in apart.values()]))
        if several
        else None,
        notes=(BESIDE, *_notes(what, rows, total, by)) if beside else tuple(_notes(what, rows, total, by)),
    )


def _model(rows: Sequence[Row]) -> Model:
    if rows[0].quantity == "share":
        return Binomial(np.array([r.n for r in rows], float), np.array([r.N for r in rows], float))
    there = scale_of(rows[0].quantity).there
    return Normal(np.array([there(r.value or 0.0) for r in rows]), np.array([r.se for r in rows], float))


def _estimate(name: str, model: Model, scale: Scale) -> tuple[Estimate, tuple[float, ...]]:
    """The pooled value, and each row's weight."""
    k = len(model)
    if isinstance(model, Binomial) and (k == 1 or model.one_sided):
        n, N = int(model.n.sum()), int(model.N.sum())
        return Estimate(name, k, n / N, *exact(n, N)), tuple(float(x) for x in model.N / N)
    fit = model.fit()
    if k == 1:
        own = scale.interval(fit.mu - Z * fit.se, fit.mu + Z * fit.se)
        return Estimate(name, k, scale.back(fit.mu), *own), fit.weights
    return _from_fit(name, fit, scale), fit.weights


def _from_fit(name: str, fit: Fit, scale: Scale) -> Estimate:
    made = Estimate(name, fit.k, scale.back(fit.mu), *scale.interval(*fit.interval))
    return replace(
        made,
        prediction=scale.interval(*fit.prediction) if fit.prediction else None,
        mu=fit.mu,
        se=fit.se,
        tau2=fit.tau2,
        tau2_lower=fit.tau2_lower,
        tau2_upper=fit.tau2_upper,
    )


def _notes(what: Endpoint, rows: Sequence[Row], total: Estimate, by: str | None) -> Iterator[str]:
    k = len(rows)
    if k == 1:
        yield "one row: nothing is pooled"
        return
    if k < FEWEST_TO_PREDICT:
        yield "two rows: no prediction interval, and one degree of freedom for the interval of the pooled value"
    if total.tau2 is None:
        yield (
            "nobody or everybody in every study: no variance between studies can be estimated; the interval is "
            "the exact one of all patients together, as if the studies did not differ"
        )
    elif total.tau2 > (LARGEST_TAU - 0.01) ** 2 and rows[0].quantity == "share":
        yield f"τ reached {LARGEST_TAU:g}, the end of the search: the studies share no common level"
    for name, words in _MIXED.items():
        found = kinds(rows, BY[name])
        if len(found) > 1 and by != name:
            yield f"{words}: " + "; ".join(f"{kind} ({', '.join(which)})" for kind, which in found.items())
    times = kinds([row for row in rows if row.result.time and row.result.time.of == "at"], _time)
    if len(times) > 1:
        yield "different times are mixed: " + ", ".join(times)
    twice = [name for name, of in kinds(rows, lambda row: row.study).items() if len(of) > 1]
    if twice:
        yield f"arms of one study count as if they were of different studies: {', '.join(twice)}"
    if "as the study itself defined" in what.definition:
        yield "the definition of this endpoint differs between studies"
    rough = [row.study for row in rows if "no censoring" in row.origin]
    if rough:
        yield f"standard errors that only rest on numbers of patients, so probably too small: {', '.join(rough)}"


_MIXED = {
    "setting": "different disease is mixed",
    "population": "different people are counted",
    "ph": "Ph status is mixed",
    "drugs": "different treatments are mixed",
}
"""What is told when rows differ in it and nobody asked to tell them apart by it."""


def _time(row: Row) -> str:
    return str(row.result.time)
