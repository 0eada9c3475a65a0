"""Forty patients, each with a course of their own."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from engager.inference import Summary
from engager.reports.style import INK, PAPER, Figure, arm_colours, legend, month_ticks, saved, sheet
from engager.vocabulary import quantity

MONTH = quantity("1 month").canonical

SHOWN = 40
"""Patients of the swimmer plot: the first ones of the first replicate, not a choice."""

MARK: dict[str, Any] = {"ms": 5, "ls": "", "clip_on": False, "zorder": 4}
"""How an event is drawn on a bar."""

STATES = {"on treatment": "#5b7fa6", "off treatment, in remission": "#a9d3b4", "off treatment": "#d5d9de"}

MARKS = {
    "response": ("response_day", "^", "#0f7a3f"),
    "relapse": ("relapse_day", "X", "#c2410c"),
    "transplant": ("transplant_day", "P", "#6d3fa0"),
    "death": ("death_day", "s", INK),
}
"""Column, marker and colour of each event."""


def swimmer(s: Summary) -> Figure | None:
    """The first patients of the first replicate, by arm and survival, with what happened to them."""
    first = s.patients.filter(pl.col("replicate") == s.patients["replicate"].min())
    shown = first.sort("patient").head(SHOWN)
    people = shown.sort("arm", "os_time", "patient", descending=[False, True, False]).to_dicts()
    if not people:
        return None
    colours = arm_colours(s.trial.arms)
    drawn = sheet(1.3 + 0.145 * (len(people) + len({p["arm"] for p in people})))
    axes = drawn.subplots()
    data: list[dict[str, Any]] = []
    y, arm, ticks = 0.0, None, []
    for p in people:
        if p["arm"] != arm:
            arm = p["arm"]
            axes.text(0, y + 0.08, arm, color=colours[arm], weight="bold", fontsize=9, va="center")
            y += 1.1
        for state, start, end in stretches(p):
            axes.barh(y, (end - start) / MONTH, 0.74, left=start / MONTH, color=STATES[state])
            data.append(_row(p, state, start, end))
        ticks.append((y, str(p["patient"])))
        for name, (column, marker, colour) in MARKS.items():
            day = p[column]
            if day is not None:
                axes.plot([day / MONTH], [y], marker=marker, color=colour, mec=PAPER, mew=0.5, **MARK)
                data.append(_row(p, name, day, day))
        if p["death_day"] is None:
            axes.plot([p["os_time"] / MONTH], [y], marker=">", color=INK, mfc=PAPER, **MARK)
            data.append(_row(p, "alive at the end of follow-up", p["os_time"], p["os_time"]))
        y += 1
    axes.set_ylim(y - 0.4, -0.5)
    axes.set_yticks([at for at, _ in ticks], [name for _, name in ticks], fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    last = max(p["os_time"] for p in people) / MONTH
    axes.set_xlim(0, last * 1.02)
    axes.set_xticks(month_ticks(last))
    axes.set_xlabel("months since randomisation" if len(s.trial.arms) > 1 else "months since start")
    axes.set_ylabel("patient number", fontsize=8.5)
    axes.grid(axis="x")
    handles: list[Any] = [Patch(color=c, label=name) for name, c in STATES.items()]
    handles += [Line2D([], [], ls="", marker=m, ms=5.5, color=c, label=name) for name, (column, m, c) in MARKS.items()
                if any(p[column] is not None for p in people)]  # fmt: skip
    handles.append(Line2D([], [], ls="", marker=">", ms=5.5, color=INK, mfc=PAPER, label="alive"))
    legend(drawn, handles)
    title = f"Courses of {len(people)} patients"
    dead = sum(p["death_day"] is not None for p in people)
    alive = len(people) - dead
    alt = f"One bar per patient: {len(people)} patients, {dead} died, {alive} alive at the end of follow-up."
    caption = (
        f"The first {len(people)} patients of the first replicate by number, sorted by arm and survival; not chosen "
        "otherwise." + (" All are in remission at entry." if s.trial.cohort.setting == "MRD" else "")
    )
    return Figure(
        "swimmer", "patients", title, alt, caption, saved(drawn, "swimmer", title, alt), pl.DataFrame(data)
    )


def stretches(p: dict[str, Any]) -> list[tuple[str, int, int]]:
    """(state, from day, to day) of one patient: on treatment, then off it in remission or not."""
    end = p["os_time"]
    off = min(p["off_day"] if p["off_day"] is not None else end, end)
    out = [("on treatment", 0, off)]
    ill = p["relapse_day"] if p["relapse_day"] is not None else end
    if p["in_remission"] and ill > off:
        out.append(("off treatment, in remission", off, min(ill, end)))
        off = min(ill, end)
    if end > off:
        out.append(("off treatment", off, end))
    return [(state, a, b) for state, a, b in out if b > a]


def _row(p: dict[str, Any], what: str, start: int, end: int) -> dict[str, Any]:
    return {"arm": p["arm"], "patient": p["patient"], "what": what, "from_day": start, "to_day": end}
