"""Who responds, and how deep: response by disease at entry, residual disease over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from engager.inference import Summary
from engager.reports.replicates import HIGH, LOW, Floats, spread, spread_text
from engager.reports.style import INK, MUTED, Figure, arm_colours, boxes, legend, month_ticks, saved, sheet
from engager.trials.design import Assay
from engager.vocabulary import quantity

MONTH = quantity("1 month").canonical

FEWEST = 10
"""Patients of all replicates that a bar, or a point over time, stands for at least."""

DEPTHS = {"CR": "#0b4f6c", "CRh": "#3f9bbf", "CRi": "#b5d9e8"}
BELOW: dict[str, Any] = {"marker": "o", "ms": 3, "mfc": "none", "lw": 1, "ls": (0, (3, 2))}
"""How the share below the limit is drawn."""

MRD_DEPTHS = {"not detected": "#0b4f6c", "below the limit": "#6fb1cc"}


def response(s: Summary) -> Figure | None:
    """Response by blasts at entry; MRD response by residual disease at entry where everybody is in remission."""
    mrd = s.trial.cohort.setting == "MRD"
    rows = _mrd_layers(s) if mrd else _response_layers(s)
    arms = [arm for arm in s.trial.arms if any(r["arm"] == arm for r in rows)]
    if not rows:
        return None
    colours = MRD_DEPTHS if mrd else DEPTHS
    drawn = sheet(0.75 + 1.9 * len(arms))
    panels = drawn.subplots(len(arms), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, arm in zip(panels, arms, strict=True):
        mine = [r for r in rows if r["arm"] == arm]
        _stack(axes, mine, colours)
        axes.set_title(arm)
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
        axes.set_ylabel("patients (%)")
        axes.grid(axis="y")
    if mrd:
        panels[-1].set_xlabel("residual disease at entry (log10 of the share of marrow cells)")
    else:
        panels[-1].set_xlabel("marrow blasts at entry (% of nucleated cells)")
        panels[-1].set_xticks(np.arange(0, 1.01, 0.1), [f"{v}" for v in range(0, 101, 10)])
    handles: list[Any] = [Patch(color=c, label=name) for name, c in colours.items()]
    handles.append(Line2D([], [], color=INK, lw=1.1, label="spread of the total"))
    legend(drawn, handles)
    title = "MRD response by residual disease at entry" if mrd else "Response by baseline blasts"
    total = {arm: [r for r in rows if r["arm"] == arm and r["depth"] == list(colours)[-1]] for arm in arms}
    ends = {arm: (100 * r[0]["upper_edge"], 100 * r[-1]["upper_edge"]) for arm, r in total.items() if r}
    alt = "Stacked bars. " + " ".join(
        f"{arm}: {first:.0f} % respond in the lowest bin, {last:.0f} % in the highest."
        for arm, (first, last) in ends.items()
    )
    caption = (
        f"All replicates together, response within the trial's window; whiskers: {spread_text(s.replicates)} of all "
        f"responses in the bin. Bins with fewer than {FEWEST} patients in all are left out."
    )
    data = pl.DataFrame(rows).rename({"upper_edge": "cumulative"})
    return Figure("response", "response", title, alt, caption, saved(drawn, "response", title, alt), data)


def _response_layers(s: Summary) -> list[dict[str, Any]]:
    edges = np.linspace(0, 1, 11)
    layers = {
        "CR": pl.col("response") == "CR",
        "CRh": pl.col("response") == "CRh",
        "CRi": pl.col("response") == "CRi",
    }
    return _layers(s, s.patients["blasts"].to_numpy(), edges, layers)


def _mrd_layers(s: Summary) -> list[dict[str, Any]]:
    level = np.log10(np.maximum(s.patients["blasts"].to_numpy(), 1e-12))
    edges = np.arange(np.floor(2 * level.min()) / 2, level.max() + 0.5, 0.5)
    none = pl.col("complete_mrd_response").fill_null(False)
    below = pl.col("mrd_response").fill_null(False) & ~none
    return _layers(s, level, edges, {"not detected": none, "below the limit": below})


def _layers(s: Summary, at: Floats, edges: Floats, layers: dict[str, pl.Expr]) -> list[dict[str, Any]]:
    """One row per arm, bin and depth, with the running total over depths and its spread."""
    bins = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 2)
    counted = (
        s.patients.select("arm", "replicate", bin=pl.Series(bins, dtype=pl.Int32), **layers)
        .group_by("arm", "bin", "replicate")
        .agg(pl.len().alias("N"), pl.col(*layers).sum())
        .sort("arm", "bin", "replicate")
    )
    out: list[dict[str, Any]] = []
    for (arm, number), g in counted.group_by("arm", "bin", maintain_order=True):
        N, running, n_running = int(g["N"].sum()), 0.0, 0
        if N < FEWEST:
            continue
        for depth in layers:
            n = int(g[depth].sum())
            running, n_running = running + n / N, n_running + n
            row = {
                "arm": arm, "from": float(edges[number]), "to": float(edges[number + 1]), "depth": depth,
                "n": n, "N": N, "share": n / N, "upper_edge": running, "lower": None, "upper": None,
            }  # fmt: skip
            out.append(row)
        shares = (g.select(pl.sum_horizontal(*layers)).to_series() / g["N"]).to_numpy()
        out[-1]["lower"], out[-1]["upper"] = spread(shares, n_running, N, s.replicates)
    return out


def _stack(axes: Any, rows: list[dict[str, Any]], colours: dict[str, str]) -> None:
    bars = []
    for r in rows:
        middle, half = (r["from"] + r["to"]) / 2, 0.42 * (r["to"] - r["from"])
        bars.append((middle - half, middle + half, r["upper_edge"] - r["share"], r["upper_edge"]))
        if r["lower"] is not None:
            axes.plot([middle, middle], [r["lower"], r["upper"]], color=INK, lw=1.1)
    boxes(axes, bars, [colours[r["depth"]] for r in rows])


def residual(s: Summary) -> Figure | None:
    """Residual disease as measured at each marrow assessment: level where detected, and share where it was not."""
    points = _assessments(s)
    if not len(points):
        return None
    arms = [arm for arm in s.trial.arms if len(points.filter(pl.col("arm") == arm))]
    colours = arm_colours(s.trial.arms)
    drawn = sheet(5.0)
    level, none = drawn.subplots(2, 1, sharex=True, height_ratios=[2.0, 1.3])
    for arm in arms:
        _levels(level, none, points.filter(pl.col("arm") == arm), colours[arm])
    _level_axis(level, s.trial.visits.assay)
    none.set_title("samples without detected disease, and below the limit")
    none.set_ylim(0, 100)
    none.set_ylabel("% of samples")
    none.set_xlabel("months since randomisation" if len(s.trial.arms) > 1 else "months since start")
    last = float(points["day"].max()) / MONTH  # type: ignore[arg-type]
    none.set_xlim(0, last * 1.03)
    none.set_xticks(month_ticks(last))
    for axes in (level, none):
        axes.grid(axis="y")
    handles: list[Any] = [Line2D([], [], color=colours[a], marker="o", ms=3.5, label=a) for a in arms]
    handles += [Patch(color=MUTED, alpha=0.25, label="5 to 95 %")]
    handles += [Line2D([], [], color=MUTED, label="below the limit", **BELOW)]
    legend(drawn, handles)
    title = "Measurable residual disease over time"
    alt = " ".join(
        f"{r['arm']}, visit {r['visit']} (day {r['day']:.0f}): {100 * r['not_detected']:.0f} % not detected."
        for r in points.filter(pl.col("visit") <= 2).to_dicts()
    )
    cells, limit = s.trial.visits.assay.cells, s.trial.visits.assay.limit
    caption = (
        "All marrow assessments of all replicates by number of the visit, at its median day. Above: median and 5 to "
        f"95 % of the samples in which disease was detected (a sample holds {cells:,} cells, so nothing below 1 in "
        f"{cells:,} can be seen); samples without detected disease are not on that axis. Below: their share (line), "
        f"and the share below the limit of {limit:g}, not detected included (dashed). Only patients who are alive "
        "and on their treatment plan are assessed, so those who do badly leave the picture."
    )
    data = points.with_columns(pl.col("arm").cast(pl.String))
    return Figure("residual", "residual", title, alt, caption, saved(drawn, "residual", title, alt), data)


def _assessments(s: Summary) -> pl.DataFrame:
    """One row per arm and number of the visit."""
    mrd = pl.col("mrd")
    quantiles = [
        mrd.filter(mrd > 0).quantile(q).alias(n)
        for n, q in (("median", 0.5), ("lower", LOW), ("upper", HIGH))
    ]
    samples = s.marrow.lazy()
    numbers = [pl.col("day").median(), pl.len().alias("assessed"), (mrd == 0).mean().alias("not_detected"),
               (mrd < s.trial.visits.assay.limit).mean().alias("below_limit"), *quantiles]  # fmt: skip
    visits = (
        samples.group_by("arm", "visit").len().filter(pl.col("len") >= FEWEST).sort("arm", "visit").collect()
    )
    each = (  # one at a time: all levels together are the largest thing in a report
        samples.filter(arm=arm, visit=visit).select(pl.col("arm", "visit").first(), *numbers).collect()
        for arm, visit, _ in visits.rows()
    )
    return pl.concat(each) if len(visits) else visits


def _levels(level: Any, none: Any, points: pl.DataFrame, colour: str) -> None:
    x = points["day"].to_numpy() / MONTH
    level.fill_between(
        x, points["lower"].to_numpy(), points["upper"].to_numpy(), color=colour, alpha=0.16, lw=0
    )
    level.plot(x, points["median"].to_numpy(), color=colour, marker="o", ms=3.5)
    none.plot(x, 100 * points["not_detected"].to_numpy(), color=colour, marker="o", ms=3.5)
    none.plot(x, 100 * points["below_limit"].to_numpy(), color=colour, **BELOW)


def _level_axis(axes: Any, assay: Assay) -> None:
    """Log axis from what a sample can show at all, with the limit drawn."""
    axes.axhline(assay.limit, color=INK, lw=1, ls=(0, (4, 3)))
    axes.annotate(
        f"limit {assay.limit:g}", (1, assay.limit), xycoords=("axes fraction", "data"), xytext=(0, 3),
        textcoords="offset points", ha="right", fontsize=8.5,
    )  # fmt: skip
    axes.set_yscale("log")
    floor = 10 ** np.floor(np.log10(1 / assay.cells))
    axes.set_ylim(floor, 1.3)
    powers = np.arange(int(np.log10(floor)), 1)
    axes.set_yticks(10.0**powers, [_power(int(p)) for p in powers])
    axes.minorticks_off()
    axes.set_ylabel("share of marrow cells")
    axes.set_title("level among samples with detected disease")


def _power(p: int) -> str:
    return "1" if p == 0 else "10" + str(p).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
