"""How far every fitted parameter moves every calibrated target, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from matplotlib.colors import LinearSegmentedColormap, PowerNorm

from engager.inference import external
from engager.inference.sensitivity import Sensitivity
from engager.reports.style import FAINT, INK, MUTED, Figure, boxes, saved, sheet, styled
from engager.vocabulary import endpoints

COLOURS = LinearSegmentedColormap.from_list("effect", ("#e4ecf4", "#7fb0d6", "#2b6ca8", "#0b2a55"))

MOST = 6.0
"""Effect [standard errors per prior standard deviation] from which on cells are equally dark."""

CELL, ROW, NAMES, EDGE, FOOT = 0.152, 0.146, 1.0, 0.1, 0.62
"""Width and height of a cell, room for the names of parameters, edge, room for the scale [inch]."""

LABELS = {
    external.T_CELLS: "CD8 T cells in blood",
    external.STEADY_STATE: "Steady concentration",
    external.CLEARANCE: "Clearance",
    external.FAST: f"Clearance above {external.ULTRA_RAPID:g} L/h",
    "cd19_negative_relapse": "CD19-negative relapses",
}
"""Targets that are no endpoint of the vocabulary."""

LETTER = 0.0535
"""Room that a letter of a target's name takes [inch]."""


def short(target: str) -> str:
    """A target's name without study and arm: ``OS, median`` of ``TOWER · chemotherapy · overall_survival · median``."""
    parts = target.split(" · ")
    at = next(i for i, part in enumerate(parts) if i >= 2 and (part in endpoints() or part in LABELS))
    endpoint, statistic, time = parts[at], parts[at + 1], parts[at + 2 :]
    words = ", ".join(
        [endpoints()[endpoint].label if endpoint in endpoints() else LABELS[endpoint], *parts[2:at]]
    )
    if statistic == "median" and endpoint not in LABELS:
        return f"{words}, median"
    return words + "".join(
        f" at {_readable(t)}" if statistic == "rate_at" or endpoint in LABELS else f", {t}" for t in time
    )


def _readable(time: str) -> str:
    """Hours where a time is less than a day."""
    number, unit = time.split()
    return f"{float(number) * external.HOURS:.0f} h" if unit == "days" and float(number) < 1 else time


def heat_map(found: Sensitivity) -> Figure:
    """Mean size of elementary effects beyond noise; parameters that no target moves with stand below, blank."""
    effects = found.effects.with_columns(
        pl.when(pl.col("mu_star") > pl.col("floor")).then(pl.col("mu_star")).alias("shown")
    )
    names = _ordered(effects)
    targets = effects["target"].unique(maintain_order=True).to_list()
    shown = np.full((len(names), len(targets)), np.nan)
    for row in effects.drop_nulls("shown").to_dicts():
        shown[names.index(row["parameter"]), targets.index(row["target"])] = row["shown"]
    title = "How far each parameter moves each calibrated target"
    alt = " ".join(_words(names, targets, shown))
    what = "Mean size of elementary effects (Morris)" if effects["sigma"].count() else "Slopes over the prior"
    caption = (
        f"{what}, in standard errors of the printed number per prior standard deviation of the parameter. Blank: no "
        "more than chance. Parameters by their largest effect."
    )
    with styled():
        svg = saved(_draw(names, targets, shown), "sensitivity", title, alt)
    return Figure("sensitivity", "sensitivity", title, alt, caption, svg, effects)


def _ordered(effects: pl.DataFrame) -> list[str]:
    largest = effects.group_by("parameter", maintain_order=True).agg(pl.col("shown").max().fill_null(0.0))
    return largest.sort("shown", descending=True, maintain_order=True)["parameter"].to_list()


def _words(names: Sequence[str], targets: Sequence[str], shown: Any) -> list[str]:
    out = []
    for name, row in zip(names, shown, strict=True):
        if np.isfinite(row).any():
            at = int(np.nanargmax(row))
            out.append(f"{name}: {np.isfinite(row).sum()} targets, most {targets[at]} ({row[at]:.1f}).")
        else:
            out.append(f"{name}: none.")
    return out


def _draw(names: Sequence[str], targets: Sequence[str], shown: Any) -> Any:
    texts = [short(t) for t in targets]
    head = LETTER * max(map(len, texts)) + 0.52
    width = NAMES + CELL * len(targets) + EDGE + 0.12
    height = head + ROW * len(names) + FOOT
    drawn = sheet(height, width, tight=False)
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    norm = PowerNorm(0.6, 0, MOST, clip=True)
    bottom = head + ROW * len(names)
    for i, name in enumerate(names):
        seen = np.isfinite(shown[i]).any()
        axes.text(
            NAMES - 0.06, head + ROW * (i + 0.5), name, ha="right", va="center", fontsize=7.5,
            color=INK if seen else MUTED,
        )  # fmt: skip
    _studies(axes, targets, head, bottom)
    for j, text in enumerate(texts):
        x = NAMES + CELL * (j + 0.5)
        axes.text(x, head - 0.05, text, rotation=90, ha="center", va="bottom", fontsize=7)
    at = np.argwhere(np.isfinite(shown))
    corners = [_box(i, j, head) for i, j in at]
    boxes(axes, corners, COLOURS(norm(shown[at[:, 0], at[:, 1]])))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    _scale(axes, norm, bottom)
    return drawn


def _box(i: int, j: int, head: float) -> tuple[float, float, float, float]:
    left, top = NAMES + CELL * j, head + ROW * i
    return left + 0.008, left + CELL - 0.008, top + ROW - 0.008, top + 0.008


def _studies(axes: Any, targets: Sequence[str], head: float, bottom: float) -> None:
    """Names of studies above their targets, lines between them, and faint rows to follow a name by."""
    start, end = 0, len(targets)
    for study, group in groupby(t.split(" · ")[0] for t in targets):
        many = len(list(group))
        left, right = NAMES + CELL * start, NAMES + CELL * (start + many)
        name = study if many * CELL > 0.075 * len(study) or many == 1 else study.replace("-", "-\n", 1)
        axes.text(
            right if many == 1 else (left + right) / 2, 0.36, name, ha="right" if many == 1 else "center", va="bottom",
            fontsize=7.5, weight="bold", linespacing=1.0,
        )  # fmt: skip
        axes.plot([left + 0.02, right - 0.02], [0.4, 0.4], color=MUTED, lw=0.8)
        if start:
            axes.plot([left, left], [head, bottom], color=MUTED, lw=0.6)
        start += many
    rows = np.arange(head, bottom + 1e-6, ROW)
    axes.hlines(rows, NAMES, NAMES + CELL * end, color=FAINT, lw=0.3)


def _scale(axes: Any, norm: Any, bottom: float) -> None:
    """The colours with what they stand for."""
    ticks, left, wide = (0.5, 1, 2, 3, 4, 5, 6), NAMES, 0.3
    top = bottom + 0.14
    boxes(
        axes,
        [(left + wide * k, left + wide * (k + 1), top + 0.13, top) for k in range(len(ticks))],
        COLOURS(norm(ticks)),
    )
    for k, tick in enumerate(ticks):
        label = f"{tick:g}" + ("+" if tick == MOST else "")
        axes.text(left + wide * (k + 0.5), top + 0.22, label, ha="center", va="center", fontsize=7)
    axes.text(
        left + wide * len(ticks) + 0.1, top + 0.065,
        "standard errors of the printed number per prior standard deviation; blank: within noise",
        ha="left", va="center", fontsize=7.5,
    )  # fmt: skip
