"""Slips that reviews make, each planted in a true record: one function per kind, by the kind's name.

A slip takes a source of chance and a record and gives the record with the slip and the ids of the rows that now
say something else, or None where the record offers no place for it. Numbers keep the form in which they stood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from engager.evidence import Fact, Result
from engager.evidence.findings import Record
from engager.evidence.record import ALL
from engager.vocabulary import unit

Planted = tuple[Record, frozenset[str]] | None
Slip = Callable[[Random, Record], Planted]

COUNTED = ("proportion", "rate_at")


def swapped_digits(rng: Random, record: Record) -> Planted:
    """34 % becomes 43 %, 271 becomes 217."""

    def turned(row: Result) -> float | None:
        text = _text(row)
        places = [i for i in range(len(text) - 1) if text[i : i + 2].isdigit() and text[i] != text[i + 1]]
        if not places:
            return None
        i = rng.choice(places)
        return float(text[:i] + text[i + 1] + text[i] + text[i + 2 :])

    return _changed(rng, record, _rows(record, *COUNTED, "median", "count"), turned)


def moved_point(rng: Random, record: Record) -> Planted:
    """9.4 % becomes 94 %, 7.7 months become 77."""
    factor = rng.choice((0.1, 10.0))
    return _changed(rng, record, _rows(record, *COUNTED, "median"), lambda r: float(_text(r)) * factor)


def wrong_arm_size(rng: Random, record: Record) -> Planted:
    """134 patients of an arm become 124, and the record takes that for the arm's size."""
    rows = [r for r in _rows(record, "count") if r.arm != ALL and r.population in ("randomised", "treated")]
    planted = _changed(rng, record, rows, lambda r: float(_text(r)) + rng.choice((-100, -10, -1, 1, 10, 100)))
    if planted is None:
        return None
    changed, ids = planted
    study = changed.studies[0]
    sizes = {r.arm: int(r.value or 0) for r in study.results if r.id in ids}
    arms = tuple(arm.model_copy(update={"size": sizes.get(arm.name, arm.size)}) for arm in study.arms)
    return Record([study.model_copy(update={"arms": arms})], changed.facts), ids


def wrong_total(rng: Random, record: Record) -> Planted:
    """405 patients of both arms become 415."""
    rows = [r for r in _rows(record, "count") if r.arm == ALL]
    return _changed(rng, record, rows, lambda r: float(_text(r)) + rng.choice((-100, -10, -1, 1, 10, 100)))


def wrong_denominator(rng: Random, record: Record) -> Planted:
    """91/271 becomes 91/261, its percentage stays."""
    rows = [r for r in _rows(record, "proportion") if r.n is not None and r.N is not None]
    if not rows:
        return None
    row = rng.choice(rows)
    N = (row.N or 0) + rng.choice((-10, -1, 1, 10))
    return _put(record, _with_counts(row, row.n or 0, N)) if N > max(row.n or 0, 0) else None


def numerator_off_by_one(rng: Random, record: Record) -> Planted:
    """91/271 becomes 92/271, its percentage stays."""
    return _numerator(rng, record, (-1, 1))


def numerator_off_by_ten(rng: Random, record: Record) -> Planted:
    """91/271 becomes 81/271, its percentage stays."""
    return _numerator(rng, record, (-10, 10))


def _numerator(rng: Random, record: Record, by: tuple[int, int]) -> Planted:
    rows = [r for r in _rows(record, "proportion") if r.n is not None]
    if not rows:
        return None
    row = rng.choice(rows)
    n = (row.n or 0) + rng.choice(by)
    return _put(record, _with_counts(row, n, row.N)) if 0 <= n <= (row.N or n) else None


def swapped_arms(rng: Random, record: Record) -> Planted:
    """The two arms' numbers of one result stand in each other's place."""
    return _exchanged(rng, record, lambda a, b: (a.arm, b.arm) == ("a", "b") and _result(a) == _result(b))


def swapped_remissions(rng: Random, record: Record) -> Planted:
    """CR stands for CR/CRh or CR/CRh/CRi and the other way round."""
    wide = ("remission_crh", "remission_crh_cri")
    return _exchanged(rng, record, lambda a, b: a.endpoint == "complete_remission" and b.endpoint in wide)


def swapped_residual_disease(rng: Random, record: Record) -> Planted:
    """CR/CRh/CRi stands for the patients free of residual disease and the other way round."""
    names = ("mrd_response", "remission_crh_cri")
    return _exchanged(
        rng, record, lambda a, b: (a.endpoint, b.endpoint) == names and a.population == b.population
    )


def swapped_grades(rng: Random, record: Record) -> Planted:
    """Events of grade 3 and higher stand for events of any grade and the other way round."""
    return _exchanged(rng, record, lambda a, b: a.endpoint == f"{b.endpoint}_grade_3")


def swapped_survival(rng: Random, record: Record) -> Planted:
    """Event-free survival stands for overall survival at the same time and the other way round."""
    names = ("event_free_survival", "overall_survival")
    return _exchanged(
        rng,
        record,
        lambda a, b: (a.endpoint, b.endpoint) == names and a.statistic == "rate_at" and a.time == b.time,
    )


def other_curve(rng: Random, record: Record) -> Planted:
    """The median of overall survival is that of relapse-free or event-free survival."""
    rows = _rows(record, "median")
    pairs = [
        (a, b)
        for a in rows
        for b in rows
        if a.endpoint == "overall_survival" and b.endpoint in ("relapse_free_survival", "event_free_survival")
        if (a.arm, a.source) == (b.arm, b.source) and a.value != b.value
    ]
    if not pairs:
        return None
    row, other = rng.choice(pairs)
    return _put(record, _saying(row, _text(other)))


def weeks_for_months(rng: Random, record: Record) -> Planted:
    """7.7 months become 33.5, which are weeks."""
    rows = [r for r in _rows(record, "median") if r.what.unit == "month"]
    weeks = unit("month").size / unit("week").size
    return _changed(rng, record, rows, lambda r: float(_text(r)) * weeks)


def wrong_p_value(rng: Random, record: Record) -> Planted:
    """A small p value where there is no difference, a large one where there is."""
    rows = [r for r in record.studies[0].results if r.statistic == "p_value"]
    rows = [r for r in rows if r.upper is not None or (r.value or 0) < 0.01 or (r.value or 0) > 0.1]
    if not rows:
        return None
    row = rng.choice(rows)
    if row.value is not None and row.value > 0.1:
        cells: dict[str, Any] = {"value": None, "upper": 0.001, "printed": "P<0.001"}
    else:
        p = f"{rng.uniform(0.1, 0.9):.2f}"
        cells = {"value": float(p), "upper": None, "printed": f"P={p}"}
    return _put(record, row.model_copy(update=cells))


def doubled_dose(rng: Random, record: Record) -> Planted:
    """The infusion rate is twice what was given."""
    return _fact(rng, record, ("infusion_rate",), 2)


def moved_point_of_drug(rng: Random, record: Record) -> Planted:
    """A clearance of 2.7 L/h becomes 27 L/h, a volume of 4.5 L becomes 45 L."""
    return _fact(rng, record, ("clearance", "volume"), 10)


def other_length(rng: Random, record: Record) -> Planted:
    """An infusion of 4 weeks becomes one of 8."""
    return _fact(rng, record, ("infusion_length", "drug_free_interval", "cycle_length"), 2)


def wrong_range(rng: Random, record: Record) -> Planted:
    """The youngest of 18 to 79 years is 8, or the oldest 97."""
    rows = [r for r in record.studies[0].results if r.endpoint == "age" and r.lower and r.upper]
    if not rows:
        return None
    row = rng.choice(rows)
    low, high = f"{row.lower:.0f}", f"{row.upper:.0f}"
    ends = [(a, b) for a, b in ((low[-1], high), (low, high[::-1])) if 0 < float(a) <= float(b)]
    a, b = rng.choice(ends or [(low, high)])
    if (a, b) == (low, high):
        return None
    cells = {"lower": float(a), "upper": float(b), "printed": f"{a}–{b}"}
    return _put(record, row.model_copy(update=cells))


def _fact(rng: Random, record: Record, names: tuple[str, ...], factor: float) -> Planted:
    fact = rng.choice([fact for fact in record.facts if fact.name in names])
    value = round(factor * (fact.value or 0.0), 6)
    changed = fact.model_copy(update={"value": value, "printed": f"{value:g} {fact.unit}"})
    facts: list[Fact] = [changed if f.id == fact.id else f for f in record.facts]
    return Record(record.studies, facts), frozenset({fact.id})


SLIPS: tuple[Slip, ...] = (
    *(swapped_digits, moved_point, wrong_arm_size, wrong_total, wrong_denominator),
    *(numerator_off_by_one, numerator_off_by_ten, swapped_arms, swapped_remissions),
    *(swapped_residual_disease, swapped_grades),
    *(swapped_survival, other_curve, weeks_for_months, wrong_p_value, doubled_dose),
    *(moved_point_of_drug, other_length, wrong_range),
)


def _rows(record: Record, *statistics: str) -> list[Result]:
    return [r for r in record.studies[0].results if r.statistic in statistics and r.value is not None]


def _result(row: Result) -> tuple[Any, ...]:
    return row.subgroup, row.endpoint, row.statistic, row.time, row.population


def _text(row: Result) -> str:
    """The digits of the value, of "91/271 [34%]" those of the percentage."""
    return re.findall(r"\d+(?:\.\d+)?", row.printed)[-1]


def _saying(row: Result, text: str) -> Result:
    value = round(float(text) / 100, 6) if row.statistic in COUNTED else float(text)
    place = row.printed.rindex(_text(row))
    printed = row.printed[:place] + text + row.printed[place + len(_text(row)) :]
    return row.model_copy(update={"value": value, "printed": printed})


def _with_counts(row: Result, n: int, N: int | None) -> Result:
    printed = re.sub(r"^\d+(?:/\d+)?", f"{n}/{N}" if N else f"{n}", row.printed)
    return row.model_copy(update={"n": n, "N": N, "printed": printed})


def _changed(
    rng: Random, record: Record, rows: list[Result], number: Callable[[Result], float | None]
) -> Planted:
    """The record in which one row says another number, printed as finely as before."""
    if not rows:
        return None
    row = rng.choice(rows)
    new, old = number(row), _text(row)
    text = "" if new is None else f"{new:.{len(old.partition('.')[2])}f}"
    if new is None or new <= 0 or float(text) == float(old) or (row.statistic in COUNTED and new > 100):
        return None
    return _put(record, _saying(row, text))


def _exchanged(rng: Random, record: Record, pairs: Callable[[Result, Result], bool]) -> Planted:
    """The record in which two rows of one source have each other's numbers, counts included."""
    rows = _rows(record, *COUNTED)
    found = [
        (a, b)
        for a in rows
        for b in rows
        if a.source == b.source and a.subgroup == b.subgroup and a.value != b.value
        if (a.arm == b.arm or a.endpoint == b.endpoint) and pairs(a, b)
    ]
    if not found:
        return None
    a, b = rng.choice(found)
    names = ("value", "n", "N", "basis", "printed")
    return _put(
        record, *(x.model_copy(update={k: getattr(y, k) for k in names}) for x, y in ((a, b), (b, a)))
    )


def _put(record: Record, *rows: Result) -> Planted:
    new = {row.id: row for row in rows}
    study = record.studies[0]
    results: Iterable[Result] = tuple(new.get(row.id, row) for row in study.results)
    return Record([study.model_copy(update={"results": results})], record.facts), frozenset(new)
