"""Error beside speed for longer and shorter steps than the default: rows and one figure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import bare, peers
from benchmarks.race import Spread, race
from benchmarks.table import ROOT, Row

REFINE = (0.5, 1, 2, 4, 8)
JUDGED, TIMED = 256, 512
WHERE = "Accuracy beside speed"
FIGURE = ROOT / "docs" / "images" / "accuracy.svg"


def name(refine: float) -> str:
    """A length of step in words."""
    return {0.5: "steps about twice as long", 1: "default steps"}.get(refine, f"steps divided by {refine:g}")


def rows(figure: Path = FIGURE) -> Iterator[Row]:
    """Speed, and median, 99th percentile and largest error of log10 blasts over patients and output days."""
    if lacking := peers.missing("scipy LSODA, numba"):
        yield Row(WHERE, "error", None, note=f"not measured: {', '.join(lacking)} not installed")
        return
    who, many = bare.patients(JUDGED), bare.patients(TIMED)
    exact = peers.tight(who)
    errors = {r: bare.difference(bare.compiled(who, r)(), exact) for r in REFINE}
    taken = race({str(r): bare.compiled(many, r) for r in REFINE}, 5)
    speeds = {r: Spread.of(TIMED / taken[str(r)]) for r in REFINE}
    for r in REFINE:
        middle, high, most = np.quantile(errors[r], [0.5, 0.99, 1])
        share = np.mean(errors[r].max(axis=0) > 0.05)
        note = (
            f"error of log10 blasts: median {middle:.1e}, 99th percentile {high:.1e}, largest {most:.1e}; "
            f"{100 * share:.1f} % of patients off by more than 0.05 on some day"
        )
        yield Row.of(WHERE, name(r), speeds[r], "patients/s/core", note=note)
    for quantile, words in ((0.99, "99th percentile"), (1.0, "largest")):
        value = float(np.quantile(errors[1], quantile))
        yield Row(
            WHERE, f"default steps, {words}", value, "log10 blasts", note=f"{JUDGED} patients, every 24th day"
        )
    draw(speeds, errors, figure)


def draw(speeds: dict[float, Spread], errors: dict[float, np.ndarray], to: Path) -> None:
    """Error against patients per second, both on logarithmic axes; the default stands out."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "engager"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    x = [speeds[r].median for r in REFINE]
    for label, quantile, marker in (
        ("largest", 1.0, "^"),
        ("99th percentile", 0.99, "o"),
        ("95th percentile", 0.95, "s"),
    ):
        y = [np.quantile(errors[r], quantile) for r in REFINE]
        (line,) = axes.plot(x, y, marker=marker, label=label, linewidth=1.2, markerfacecolor="white")
        at = REFINE.index(1)
        axes.plot(x[at], y[at], marker=marker, color=line.get_color(), markersize=9)
    top = [np.quantile(errors[r], 1.0) for r in REFINE]
    for r, along, up in zip(REFINE, x, top, strict=True):
        text = {0.5: "× 2", 1: "default"}.get(r, f"÷ {r:g}")
        axes.annotate(text, (along, up), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=9)
    axes.set(
        xscale="log", yscale="log", xlabel="patients per second and core", ylabel="error of log10 blasts"
    )
    axes.set_ylim(top=max(top) * 3)
    ticks = [200, 500, 1000, 2000, 5000, 10000]
    axes.set_xticks([t for t in ticks if min(x) * 0.7 < t < max(x) * 1.4], minor=False)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
    axes.grid(alpha=0.3)
    axes.legend(title="of patients and days", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to, metadata={"Date": None})
    plt.close(figure)
