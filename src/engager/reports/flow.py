"""Where the patients went: randomised, allocated, in remission, transplanted, relapsed, dead, in follow-up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from matplotlib.patches import FancyBboxPatch

from engager.inference import Summary
from engager.reports.replicates import counted
from engager.reports.style import INK, MUTED, WIDTH, Figure, arm_colours, saved, sheet
from engager.trials.responses import EVENTS
from engager.vocabulary import endpoints

LINE, PAD, GAP = 0.17, 0.1, 0.3
"""Height of a line of text, space within a box, space between boxes [inch]."""


@dataclass(frozen=True)
class Box:
    """Lines of a box in groups, the first line of a group its heading: what, and how many patients (None: no
    number)."""

    groups: list[list[tuple[str, int | None]]] = field(default_factory=list)

    @property
    def lines(self) -> list[tuple[str, int | None]]:
        return [line for group in self.groups for line in group]

    @property
    def height(self) -> float:
        return LINE * (len(self.lines) + 0.5 * (len(self.groups) - 1)) + 2 * PAD


def arm_boxes(s: Summary, arm: str) -> list[Box]:
    """The boxes of an arm from top to bottom: treated, in remission or not, at the end."""
    relapsed, died = pl.col("relapse_day").is_not_null(), pl.col("death_day").is_not_null()
    inside = pl.col("in_remission")

    def n(which: pl.Expr) -> int:
        return counted(s.patients, (pl.col("arm") == arm) & which, s.replicates)

    everybody = pl.lit(True)
    mrd = s.trial.cohort.setting == "MRD"
    in_time = endpoints()["mrd_response"].symbol if mrd else "in the trial's window"
    head = "In remission at entry" if mrd else "Reached remission"
    groups: list[list[tuple[str, int | None]]] = [[
        (head, n(inside)),
        (in_time, n(EVENTS[s.trial.response.overall])),
        ("transplanted", n(inside & pl.col("transplant_day").is_not_null())),
        ("relapsed", n(inside & relapsed)),
        ("died without relapse", n(inside & ~relapsed & died)),
        ("in remission at the end", n(inside & ~relapsed & ~died)),
    ]]  # fmt: skip
    if not mrd:
        without = [
            ("No remission", n(~inside)),
            ("died", n(~inside & died)),
            ("alive at the end", n(~inside & ~died)),
        ]
        groups.append([*without])
    ended = [("End of follow-up", None), ("died", n(died)), ("alive", n(~died))]
    return [Box([[("Allocated and treated", n(everybody))]]), Box(groups), Box([ended])]


def flow(s: Summary) -> Figure | None:
    """A flow chart in the manner of CONSORT, with numbers per replicate."""
    arms = {arm: arm_boxes(s, arm) for arm in s.trial.arms}
    per = s.requested // max(s.replicates, 1)
    top = Box([[("Randomised" if len(arms) > 1 else "Enrolled", per)]])
    rows = [max(column[i].height for column in arms.values()) for i in range(len(next(iter(arms.values()))))]
    titled = 0.24
    height = top.height + titled + sum(rows) + GAP * (len(rows) - 1) + 1.1 * GAP + 0.04
    width = WIDTH if len(arms) <= 2 else WIDTH * len(arms) / 2
    drawn = sheet(height, width, tight=False)
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    colours = arm_colours(arms)
    each = width / max(len(arms), 1 if len(arms) == 1 else 2)
    box = min(each - 0.2, 2.8)
    middles = [each * (i + 0.5) for i in range(len(arms))]
    middle = width / 2
    _draw(axes, top, middle - box / 2, 0.02, box, top.height, INK)
    fork = top.height + GAP * 0.5
    axes.plot([middle, middle], [top.height + 0.02, fork], color=MUTED, lw=1)
    axes.plot([min(middles), max(middles)], [fork, fork], color=MUTED, lw=1)
    for (arm, boxes), x in zip(arms.items(), middles, strict=True):
        y = fork + GAP * 0.6 + titled
        axes.plot([x, x], [fork, fork + GAP * 0.45], color=MUTED, lw=1)
        axes.text(x, y - titled / 2, arm, ha="center", va="center", color=colours[arm], weight="bold")
        for i, b in enumerate(boxes):
            if i:
                axes.annotate(
                    "", (x, y), (x, y - GAP), arrowprops={"arrowstyle": "->", "color": MUTED, "lw": 1}
                )
            _draw(axes, b, x - box / 2, y, box, rows[i], colours[arm])
            y += rows[i] + GAP
    data = [
        {"arm": arm, "box": i + 1, "what": what, "patients": n}
        for arm, boxes in {"all": [top], **arms}.items()
        for i, b in enumerate(boxes)
        for what, n in b.lines
        if n is not None
    ]
    title = "Flow of patients"
    alt = f"Flow chart: {per} patients; " + "; ".join(
        f"{arm}: {b[0].lines[0][1]} treated, {b[1].lines[0][1]} in remission, {b[-1].lines[1][1]} died"
        for arm, b in arms.items()
    )
    caption = (
        (
            "Median over replicates of each replicate's number; medians need not add up. "
            if s.replicates > 1
            else ""
        )
        + "Every virtual patient starts the allocated treatment. Patients who were transplanted are counted "
        "again in the lines below; follow-up ends with the trial."
    )
    return Figure("flow", "design", title, alt, caption, saved(drawn, "flow", title, alt), pl.DataFrame(data))


def _draw(axes: Any, b: Box, x: float, y: float, width: float, height: float, colour: str) -> None:
    style = "round,pad=0,rounding_size=0.05"
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, fc="none", ec=colour, lw=1.1))
    at = y + PAD + 0.5 * LINE
    for group in b.groups:
        for i, (what, n) in enumerate(group):
            weight = "bold" if i == 0 else "normal"
            indent = 0.1 if i == 0 else 0.22
            axes.text(x + indent, at, what, va="center", fontsize=9, weight=weight)
            if n is not None:
                axes.text(x + width - 0.1, at, f"{n:,}", va="center", ha="right", fontsize=9, weight=weight)
            at += LINE
        at += 0.5 * LINE
