"""What patients got and what it did in the first weeks: infusion, concentration, IL-6, dose ledger."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from engager.inference import Summary
from engager.regimens import Day, Regimen
from engager.reports.replicates import HIGH, LOW
from engager.reports.style import MUTED, Figure, arm_colours, legend, saved, sheet
from engager.vocabulary import Quantity, drugs

PICOGRAM = 1000.0
"""pg/mL per µg/L: tables hold concentrations in µg/L."""

FEWEST = 5
"""Patients that a point of a course stands for at least."""


def exposure(s: Summary) -> Figure | None:
    """Concentration and IL-6 over the first cycle by arm with an engager, over the planned dose."""
    regimens = _engaged(s)
    courses = _courses(s).filter(pl.col("arm").is_in(list(regimens)))
    if not len(courses):
        return None
    colours = arm_colours(s.trial.arms)
    last = float(courses["time"].max())  # type: ignore[arg-type]
    drawn = sheet(4.6 + 0.3 * (len(regimens) - 1))
    drug, il6, pump = drawn.subplots(3, 1, sharex=True, height_ratios=[1.6, 1.6, 0.6 + 0.25 * len(regimens)])
    plans = []
    for arm, regimen in regimens.items():
        mine = courses.filter(pl.col("arm") == arm)
        for axes, what in ((drug, "concentration"), (il6, "IL-6")):
            g = mine.filter(pl.col("what") == what)
            axes.fill_between(g["time"], g["lower"], g["upper"], color=colours[arm], alpha=0.18, lw=0)
            axes.plot(g["time"], g["median"], color=colours[arm])
        plan = _plan(regimen, int(np.ceil(last)))
        plans.append(plan.with_columns(arm=pl.lit(arm), what=pl.lit("planned dose")))
        pump.fill_between(plan["time"], plan["median"], step="post", color=colours[arm], alpha=0.35, lw=0)
        pump.step(plan["time"], plan["median"], where="post", color=colours[arm], lw=1.2)
    drug.set_title("concentration of the engager in blood")
    drug.set_ylabel("pg/mL")
    drug.set_ylim(0, None)
    il6.set_title("interleukin-6 in blood")
    il6.set_yscale("log")
    il6.set_ylabel("pg/mL")
    low, high = il6.get_ylim()
    ticks = [m * 10.0**p for p in range(-1, 6) for m in (1, 3) if low <= m * 10.0**p <= high]
    il6.set_yticks(ticks, [f"{v:g}" for v in ticks])
    il6.minorticks_off()
    pump.set_title("planned dose")
    pump.set_ylabel(" or ".join(dict.fromkeys(_unit(r) for r in regimens.values())))
    pump.set_ylim(0, None)
    pump.set_xlim(0, last)
    pump.set_xticks(range(0, int(last) + 1, 7))
    pump.set_xlabel("days since start of treatment")
    for axes in (drug, il6):
        axes.grid(axis="both")
    handles: list[Any] = [Line2D([], [], color=colours[a], label=f"{a}, median") for a in regimens]
    legend(drawn, [*handles, Patch(color=MUTED, alpha=0.25, label="5 to 95 % of patients")])
    title = "Drug and interleukin-6 over the first cycle"
    peaks = courses.filter(pl.col("what") == "IL-6").group_by("arm").agg(pl.col("median").max())
    steady = courses.filter(pl.col("what") == "concentration").group_by("arm").agg(pl.col("median").max())
    alt = " ".join(
        f"{arm}: the median concentration reaches {level:,.0f} pg/mL, the median of interleukin-6 {peak:,.0f} pg/mL."
        for (arm, level), (_, peak) in zip(steady.sort("arm").rows(), peaks.sort("arm").rows(), strict=True)
    )
    people = s.courses.filter(pl.col("arm").is_in(list(regimens)))["patient"].n_unique()
    caption = (
        f"{people} patients of the first replicate, every six hours, while they are under study; patients whose "
        "treatment is held or stopped are part of the median. Below: the dose as planned, before any hold."
    )
    data = pl.concat([courses, *plans], how="diagonal_relaxed")
    return Figure("exposure", "exposure", title, alt, caption, saved(drawn, "exposure", title, alt), data)


def _engaged(s: Summary) -> dict[str, Regimen]:
    """Arms whose regimen gives the engager, with the first such regimen."""
    out = {}
    for name, arm in s.trial.arms.items():
        found = [c.regimen for c in arm.regimens if any(map(_dose, c.regimen.days()))]
        if found:
            out[name] = found[0]
    return out


def _courses(s: Summary) -> pl.DataFrame:
    """Median and 5 to 95 % of patients at each time, by arm [pg/mL]."""
    parts = []
    for what, value in (("concentration", pl.col("concentration") * PICOGRAM), ("IL-6", pl.col("il6"))):
        quantiles = [
            value.quantile(q).alias(n) for n, q in (("median", 0.5), ("lower", LOW), ("upper", HIGH))
        ]
        g = s.courses.group_by("arm", "time").agg(pl.len().alias("patients"), *quantiles)
        parts.append(g.with_columns(what=pl.lit(what), unit=pl.lit("pg/mL")))
    found = pl.concat(parts).filter(pl.col("patients") >= FEWEST)
    return found.with_columns(pl.col("arm").cast(pl.String)).sort("what", "arm", "time")


def _plan(regimen: Regimen, last: int) -> pl.DataFrame:
    """Planned rate, or dose under the skin, by day, as steps."""
    doses = [_dose(day) for day in regimen.days()][:last]
    rates = [dose.value if dose else 0.0 for dose in doses]
    rates += [0.0] * (last - len(rates)) + [0.0]
    steps = pl.DataFrame({"time": np.arange(len(rates), dtype=float), "median": rates})
    return steps.with_columns(unit=pl.lit(_unit(regimen)))


def _unit(regimen: Regimen) -> str:
    symbols = dict.fromkeys(dose.unit.symbol for dose in map(_dose, regimen.days()) if dose)
    return " or ".join(symbols)


def _dose(day: Day) -> Quantity | None:
    """The engager's rate of a day, or what is given of it under the skin."""
    under_skin = (amount for drug, amount in day.doses if drugs()[drug].subcutaneous_units)
    return day.infusion or next(under_skin, None)


WHY = {
    "delivered": ("#3b6ea5", ()),
    "hold, restart step": ("#8fb7dd", ("restart dose", "interrupted by an adverse event")),
    "adverse event": ("#e0762b", ("CRS", "neurologic event")),
    "no response, progression": ("#6b6b6b", ("no response", "progression")),
    "relapse": ("#a8a8a8", ("relapse",)),
    "transplant": ("#3f8f5f", ("transplant",)),
    "death": ("#1f2328", ("death",)),
    "other": ("#d9d3c3", ()),
}
"""Parts of the intended dose: colour, and the ledger's reasons that belong to each ('other' takes the rest)."""


def doses(s: Summary) -> Figure | None:
    """Share of the intended dose that was delivered, and why the rest was not."""
    known = {reason: part for part, (_, reasons) in WHY.items() for reason in reasons}
    ledger = s.ledger.with_columns(
        pl.col("reason").cast(pl.String).replace_strict(known, default="other").alias("part"),
        missed=pl.col("intended") - pl.col("delivered"),
        arm=pl.col("arm").cast(pl.String), drug=pl.col("drug").cast(pl.String),
    )  # fmt: skip
    totals = ledger.group_by("arm", "drug", maintain_order=True).agg(pl.col("intended", "delivered").sum())
    totals = totals.filter(pl.col("intended") > 0)
    if not len(totals):
        return None
    missed = ledger.group_by("arm", "drug", "part", maintain_order=True).agg(pl.col("missed").sum())
    rows: list[dict[str, Any]] = []
    for arm, drug, intended, delivered in totals.rows():
        mine = dict(
            missed.filter((pl.col("arm") == arm) & (pl.col("drug") == drug)).select("part", "missed").rows()
        )
        parts = {"delivered": delivered, **{p: mine.get(p, 0.0) for p in list(WHY)[1:]}}
        rows += [
            {"arm": arm, "drug": drug, "part": p, "percent": 100 * v / intended} for p, v in parts.items()
        ]
    names = [(arm, drug) for arm, drug, *_ in totals.rows()]
    drawn = sheet(1.15 + 0.29 * len(names))
    axes = drawn.subplots()
    for y, (arm, drug) in enumerate(names):
        left = 0.0
        for r in rows:
            if (r["arm"], r["drug"]) == (arm, drug):
                axes.barh(y, r["percent"], 0.68, left=left, color=WHY[r["part"]][0])
                left += r["percent"]
    several = len(s.trial.arms) > 1
    axes.set_yticks(
        range(len(names)), [f"{drug}, {arm}" if several and drug != arm else drug for arm, drug in names]
    )
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the intended dose")
    used = [p for p in WHY if any(r["part"] == p and r["percent"] > 0 for r in rows)]
    legend(drawn, [Patch(color=WHY[p][0], label=p) for p in used])
    title = "Intended and delivered dose"
    shares = [r for r in rows if r["part"] == "delivered"]
    alt = " ".join(f"{r['drug']}, {r['arm']}: {r['percent']:.0f} % delivered." for r in shares)
    caption = (
        "Share of the dose that the whole plan intends for every patient: what was delivered, and what ended or "
        "reduced the rest. 'Other' is the patient's decision and "
        "the end of follow-up."
    )
    return Figure(
        "doses", "doses", title, alt, caption, saved(drawn, "doses", title, alt), pl.DataFrame(rows)
    )
