"""Comparisons of two arms: p values against counts, hazard ratios against p values and medians."""

from __future__ import annotations

from collections.abc import Iterator
from math import erfc, exp, lgamma, log, sqrt

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.printed import read, span
from engager.evidence.record import VERSUS, Result, Study
from engager.evidence.rules.attainability import counts
from engager.evidence.rules.common import WHOLE, same_time, shown

FAR = 10.0
"""Factor between a printed and a computed p value that no choice of the usual tests explains."""

CEILING = 1e-3
"""Printed p values up to this are not called too large: a bound is often printed as a value."""

SLACK, NOISE = 1.15, 0.1
"""How much larger the z of another test (log-rank, Wald, stratified) may be than the bound: factor and sum."""

FEWEST = 0.2
"""Share of the patients that has had the event, at the least, where the medians of both arms were reached."""

NEAR = 1.5
"""The same factor below which a ratio and medians on different sides of 1 are noise."""

GROSS = 2.0
"""Factor between hazard ratio and ratio of medians beyond which constant hazards are no excuse."""


def two_sided(n1: int, N1: int, n2: int, N2: int) -> tuple[float, float]:
    """Smallest and largest p of n1/N1 against n2/N2: Fisher's exact test, χ² with and without correction."""
    n, N = n1 + n2, N1 + N2

    def chance(k: int) -> float:
        return exp(_choose(N1, k) + _choose(N2, n - k) - _choose(N, n))

    mine = chance(n1) * (1 + 1e-7)
    fisher = sum(p for k in range(max(0, n - N2), min(n, N1) + 1) if (p := chance(k)) <= mine)
    margins = N1 * N2 * n * (N - n)
    if not margins:
        return fisher, 1.0
    distance = abs(n1 * N2 - n2 * N1)
    squares = [N * d * d / margins for d in (distance, max(0.0, distance - N / 2))]
    found = [min(1.0, fisher), *(erfc(sqrt(x / 2)) for x in squares)]
    return min(found), max(found)


def p_of_counts(record: Record) -> Iterator[Finding]:
    """A p value more than ``FAR`` away from every usual test of the two printed counts.

    Where only a percentage is printed, every count that it allows is tried, of the arm's size if need be.
    """
    for study in record.studies:
        for row in (r for r in study.results if r.statistic == "p_value"):
            pair = _arms(study, row, "proportion")
            first, second = (_counted(study, r) for r in pair) if pair else (None, None)
            if pair is None or not first or not second:
                continue
            low, high = _between(*first, *second)
            least, most = _bounds(row)
            if most * FAR < low or (least > FAR * high and least > CEILING):
                exact = all(r.n is not None and r.basis == "stated" and r.place == row.place for r in pair)
                texts = (f"{_numbers(ns)}/{N}" for ns, N in (first, second))
                message = f"{row.printed} is printed; {' against '.join(texts)} gives p = {_p(low, high)}"
                hint = "a wrong p value, or counts of another comparison"
                ids = tuple(r.id for r in (row, *pair))
                yield Finding("p value", "hard" if exact else "soft", ids, message, hint)


def _counted(study: Study, row: Result) -> tuple[range, int] | None:
    """The counts that a proportion allows, and of how many."""
    arm, whole = study.arm(row.arm), not row.subgroup and row.population in WHOLE
    N = row.N if row.N is not None else arm.size if arm and whole else None
    reading = read(row.printed)
    if not N or row.value is None or reading is None:
        return None
    fits = range(row.n, row.n + 1) if row.n is not None else counts(row.value, reading.step, N)
    return (fits, N) if fits and fits[-1] <= N else None


def _between(first: range, N1: int, second: range, N2: int) -> tuple[float, float]:
    found = [two_sided(a, N1, b, N2) for a in {first[0], first[-1]} for b in {second[0], second[-1]}]
    overlap = first[0] * N2 <= second[-1] * N1 and second[0] * N1 <= first[-1] * N2
    return min(low for low, _ in found), 1.0 if overlap else max(high for _, high in found)


def p_of_hazards(record: Record) -> Iterator[Finding]:
    """A p value that a hazard ratio cannot have: z is at most |log HR| · √(events/4), events at most N."""
    for study, ratio in _ratios(record):
        N, sizes = ratio.N, [arm.size if (arm := study.arm(x)) else None for x in ratio.arm.split(VERSUS)]
        if N is None and None not in sizes:
            N = sum(size or 0 for size in sizes)
        bounds = span(ratio)
        if N is None or bounds is None or bounds[0] <= 0:
            continue
        reach = max(abs(log(x)) for x in bounds)
        for row in study.results:
            if row.statistic != "p_value" or not _together(row, ratio) or not same_time(row, ratio):
                continue
            least, most = _bounds(row)
            smallest = erfc((SLACK * reach * sqrt(N / 4) + NOISE) / sqrt(2))
            if most < smallest:
                message = (
                    f"HR {shown(ratio)} in {N} patients has p above {smallest:.2g} even if all had the event, "
                    f"{row.printed} is printed"
                )
                yield Finding("p value", "hard", (row.id, ratio.id), message)
            elif _arms(study, ratio, "median") and least > CEILING:
                usual = erfc(min(abs(log(x)) for x in bounds) * sqrt(FEWEST * N / 4) / sqrt(2))
                if least > FAR * usual:
                    message = (
                        f"HR {shown(ratio)} with both medians reached in {N} patients has p near {usual:.2g} "
                        f"or below, {row.printed} is printed"
                    )
                    yield Finding("p value", "soft", (row.id, ratio.id), message)


def hazards_and_medians(record: Record) -> Iterator[Finding]:
    """A hazard ratio that favours the arm with the shorter median, or is far from the ratio of medians."""
    for study, ratio in _ratios(record):
        pair = _arms(study, ratio, "median")
        if pair is None or ratio.value is None or ratio.value <= 0:
            continue
        (a, b), (x, y) = pair, (span(pair[0]), span(pair[1]))
        if x is None or y is None or x[0] <= 0 or y[0] <= 0:
            continue
        better = ratio.value < 1
        opposite = x[1] < y[0] if better else ratio.value > 1 and x[0] > y[1]
        off = ratio.value * (a.value or 0.0) / (b.value or 1.0)
        far = max(off, 1 / off)
        gross = far > GROSS
        if far < NEAR or not (opposite or gross):
            continue
        side = "below" if better else "above"
        message = f"HR {shown(ratio)} with medians of {shown(a)} against {shown(b)}"
        hint = f"constant hazards would give {(b.value or 0) / (a.value or 1):.2g}"
        if opposite:
            hint += f"; a ratio {side} 1 favours the other arm, unless the curves cross"
        severity: Severity = "hard" if opposite and gross else "soft"
        yield Finding("hazard ratio", severity, (ratio.id, a.id, b.id), message, hint)


def _ratios(record: Record) -> Iterator[tuple[Study, Result]]:
    for study in record.studies:
        for row in study.results:
            if row.statistic == "hazard_ratio" and row.value is not None and row.arm.count(VERSUS) == 1:
                yield study, row


def _together(a: Result, b: Result) -> bool:
    names = [(r.arm, r.subgroup, r.endpoint, r.source, r.cut) for r in (a, b)]
    return names[0] == names[1]


def _arms(study: Study, row: Result, statistic: str) -> tuple[Result, Result] | None:
    """The rows of the two arms that a comparison speaks of: the same place where it has them."""
    found = []
    for arm in row.arm.split(VERSUS):
        fits = [
            r
            for r in study.results
            if (r.arm, r.subgroup, r.endpoint, r.statistic, r.source, r.cut)
            == (arm, row.subgroup, row.endpoint, statistic, row.source, row.cut)
            and r.value is not None
            and (statistic == "median" or same_time(r, row))
        ]
        found += sorted(fits, key=lambda r: r.place != row.place)[:1]
    return (found[0], found[1]) if len(found) == 2 else None


def _bounds(row: Result) -> tuple[float, float]:
    if row.value is None:
        return row.lower or 0.0, 1.0 if row.upper is None else row.upper
    reading = read(row.printed)
    half = reading.step / 2 if reading else 0.0
    return max(0.0, row.value - half), row.value + half


def _numbers(fits: range) -> str:
    return f"{fits[0]}" if len(fits) == 1 else f"{fits[0]} to {fits[-1]}"


def _p(low: float, high: float) -> str:
    return f"{low:.2g}" if high < 1.1 * low else f"{low:.2g} to {high:.2g}"


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
