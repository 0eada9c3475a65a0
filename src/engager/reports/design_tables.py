"""The trial's design in words and tables: arms, regimens, cohort, assessments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from engager.inference import Summary
from engager.patients.cohort import Residual
from engager.regimens import Infusion, Regimen
from engager.regimens.checks import days_text
from engager.regimens.describe import rule_text
from engager.regimens.events import runs
from engager.reports.replicates import HIGH, LOW
from engager.reports.sections import Table, many
from engager.trials import Trial
from engager.vocabulary import endpoints, quantity

MONTH = quantity("1 month").canonical


@dataclass(frozen=True)
class Plan:
    """A regimen as the report shows it: its cycles and its rules."""

    name: str
    arm: str
    cycles: Table
    rules: list[str]


def arms(trial: Trial) -> Table:
    """Allocation, regimens and transplant policy of each arm."""
    total = sum(arm.allocation for arm in trial.arms.values())
    rows = []
    for name, arm in [*trial.arms.items(), *trial.controls.items()]:
        shares = sum(choice.share for choice in arm.regimens)
        one = len(arm.regimens) == 1
        plans = "; ".join(c.name if one else f"{c.name} ({_percent(c.share / shares)})" for c in arm.regimens)
        t = arm.transplant
        policy = f"{_percent(t.share)} of responders below {t.below:g} years, {t.delay} days after response"
        allocation = f"{arm.allocation} of {total}" if name in trial.arms else "virtual control"
        rows.append((name, allocation, plans, policy if t.share else "none"))
    return Table("Arms", ("arm", "allocation", "regimens", "transplant policy (an input)"), rows)


def plans(trial: Trial) -> list[Plan]:
    """Every regimen with doses and rules."""
    out = []
    for name, arm in [*trial.arms.items(), *trial.controls.items()]:
        for regimen in (choice.regimen for choice in arm.regimens):
            out.append(Plan(regimen.name, name, _cycles(regimen), [rule_text(r) for r in regimen.rules]))
    return out


def _cycles(regimen: Regimen) -> Table:
    rows: list[tuple[str, ...]] = []
    number = 1
    for cycle, n in runs(regimen.cycles):
        which = f"{number}" if n == 1 else f"{number}–{number + n - 1}"
        first = (which, cycle.label, f"{cycle.length} days")
        for event in cycle.doses:
            times = "continuous infusion"
            if not isinstance(event, Infusion):
                times = f"{event.route} {many(event.times, 'time')} a day".strip()
            rows.append(
                (*first, days_text(event.days), f"{event.drug} {event.amount}, {times}", event.source)
            )
        if cycle.assess:
            rows.append((*first, days_text(cycle.assess), "marrow assessment", ""))
        number += n
    return Table(
        f"{regimen.name}: cycles and doses", ("cycle", "phase", "length", "days", "treatment", "source"), rows
    )


ENTRY = ("age", "blasts", "line", "prior_transplant", "refractory", "body_surface", "clearance")
"""Columns of the patient table that say how patients came to the trial."""


def cohort(s: Summary) -> Table:
    """Baseline characteristics: as designed, and as drawn."""
    groups = {"all": s.patients, **{arm: s.of_arm(arm, *ENTRY) for arm in s.trial.arms}}
    groups = {a: g for a, g in groups.items() if len(g)}
    if len(s.trial.arms) == 1:
        groups.pop("all")
    c = s.trial.cohort

    def row(what: str, designed: str, drawn: Callable[[pl.DataFrame], str]) -> tuple[str, ...]:
        return what, designed, *(drawn(g) for g in groups.values())

    entry = f"{c.age.median:g} ({c.age.lowest:g} to {c.age.highest:g}, whole range) years"
    rows = [row("age, median (5 to 95 %)", entry, lambda g: _range(g["age"], 0, "years"))]
    if isinstance(c.blasts, Residual):
        b = c.blasts
        designed = f"log10 mean {b.mean:g}, SD {b.sd:g}, from {b.lowest:g} to {b.highest:g}"
        label = "log10 of residual disease, median (5 to 95 %)"
        rows.append(row(label, designed, lambda g: _range(g["blasts"].log10(), 2, "")))
    else:
        half = _percent(c.blasts.at_least_half)
        rows.append(row("marrow blasts of 50 % or more", half, lambda g: _share(g["blasts"] >= 0.5)))
        rows.append(row("marrow blasts, median (5 to 95 %)", "", lambda g: _range(100 * g["blasts"], 0, "%")))
    total = sum(c.lines.values())
    for line, share in c.lines.items():
        what = (
            f"salvage {line}{' or later' if line == '3' else ''}"
            if c.setting == "relapsed"
            else f"remission {line}"
        )
        rows.append(row(what, _percent(share / total), lambda g, n=int(line): _share(g["line"] == n)))  # type: ignore[misc]
    prior = _percent(c.prior_transplant)
    rows.append(row("prior allogeneic transplant", prior, lambda g: _share(g["prior_transplant"])))
    if c.refractory is not None:
        what = "refractory or relapsed within a year"
        rows.append(row(what, _percent(c.refractory), lambda g: _share(g["refractory"])))
    rows.append(
        row("body surface area, median (5 to 95 %)", "", lambda g: _range(g["body_surface"], 2, "m²"))
    )
    rows.append(row("clearance, median (5 to 95 %)", "", lambda g: _range(g["clearance"], 0, "L/day")))
    heads = ("as drawn",) if len(s.trial.arms) == 1 else tuple(f"as drawn, {a}" for a in groups)
    return Table("Cohort at entry", ("characteristic", "as designed", *heads), rows)


def _share(which: pl.Series) -> str:
    return _percent(float(which.mean() or 0.0))  # type: ignore[arg-type]


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def _range(values: pl.Series, digits: int, unit: str) -> str:
    middle, low, high = (f"{values.quantile(q):.{digits}f}" for q in (0.5, LOW, HIGH))
    return f"{middle} ({low} to {high})\u00a0{unit}".strip()


def assessments(trial: Trial) -> list[tuple[str, str]]:
    """Visits, assay, response and follow-up in words."""
    v, r, f = trial.visits, trial.response, trial.follow_up
    window = [] if r.window is None else [f"within {r.window} days of entry"]
    window += [] if r.cycles is None else [f"up to the end of cycle {r.cycles}"]
    overall = endpoints()[r.overall]
    name = overall.label if overall.label == overall.symbol else f"{overall.label} ({overall.symbol})"
    days = days_text(tuple(v.days))
    return [
        ("response", f"{name}, {' and '.join(window)}"),
        ("blood", f"on days {days}"),
        ("marrow", f"on the days that the regimen names, at most {many(v.marrow_window, 'day')} off"),
        ("residual disease", f"negative below {v.assay.limit:g}; a sample holds {v.assay.cells:,} cells"),
        (
            "follow-up",
            f"patients enter over {f.accrual / MONTH:.0f} months; the trial ends "
            f"{f.after_last / MONTH:.0f} months after the last could enter",
        ),
    ]
