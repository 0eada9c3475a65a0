"""Forty patients, each with a course of their own."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from engager.inference import Summary
from engager.reports.style import INK, PAPER, Figure, arm_colours, boxes, legend, month_ticks, saved, sheet
from engager.vocabulary import quantity

MONTH = quantity("1 month").canonical

SHOWN = 40
"""Patients of the swimmer plot: the first ones of the first replicate, not a choice."""

MARK: dict[str, Any] = {"ms": 5, "ls": "", "clip_on": False, "zorder": 4}
"""How an event is drawn on a bar."""

ALIVE = "alive at the end of follow-up"
"""What is marked at the end of who has not died."""

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
    one = pl.col("replicate") == pl.col("replicate").min()
    numbers = s.patients.select("replicate", "patient").filter(one)["patient"].bottom_k(SHOWN)
    shown = s.patients.filter(one, pl.col("patient").is_in(numbers.implode())).sort("patient")
    people = shown.sort("arm", "os_time", "patient", descending=[False, True, False]).to_dicts()
    if not people:
        return None
    colours = arm_colours(s.trial.arms)
    drawn = sheet(1.3 + 0.145 * (len(people) + len({p["arm"] for p in people})))
    axes = drawn.subplots()
    placed: list[tuple[float, dict[str, Any]]] = []
    y, arm, ticks = 0.0, None, []
    for p in people:
        if p["arm"] != arm:
            arm = p["arm"]
            axes.text(0, y + 0.08, arm, color=colours[arm], weight="bold", fontsize=9, va="center")
            y += 1.1
        placed += [(y, row) for row in _rows(p)]
        ticks.append((y, str(p["patient"])))
        y += 1
    _draw(axes, placed)
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
        "swimmer",
        "patients",
        title,
        alt,
        caption,
        saved(drawn, "swimmer", title, alt),
        pl.DataFrame([row for _, row in placed]),
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


def _rows(p: dict[str, Any]) -> list[dict[str, Any]]:
    """All that is drawn of one patient: (what, from day, to day)."""
    found = [*stretches(p), *((name, p[column], p[column]) for name, (column, *_) in MARKS.items())]
    if p["death_day"] is None:
        found.append((ALIVE, p["os_time"], p["os_time"]))
    return [
        {"arm": p["arm"], "patient": p["patient"], "what": what, "from_day": start, "to_day": end}
        for what, start, end in found
        if start is not None
    ]


def _draw(axes: Any, placed: list[tuple[float, dict[str, Any]]]) -> None:
    """Bars of the states and marks of the events, each kind at once."""
    for state, colour in STATES.items():
        bars = [
            (row["from_day"] / MONTH, row["to_day"] / MONTH, y - 0.37, y + 0.37)
            for y, row in placed
            if row["what"] == state
        ]
        boxes(axes, bars, colour)
    looks: dict[str, dict[str, Any]] = {
        name: {"marker": marker, "color": colour, "mec": PAPER, "mew": 0.5}
        for name, (_, marker, colour) in MARKS.items()
    }
    for name, look in {**looks, ALIVE: {"marker": ">", "color": INK, "mfc": PAPER}}.items():
        at = [(row["from_day"] / MONTH, y) for y, row in placed if row["what"] == name]
        axes.plot([x for x, _ in at], [y for _, y in at], **look, **MARK)
