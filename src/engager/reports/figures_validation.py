"""The scoreboard as one picture: every scored number against its simulated interval, and skill against null models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.lines import Line2D

from engager.inference.scoreboard import Board, Skill, Tally
from engager.inference.validation import Scored
from engager.reports.style import FAINT, INK, MUTED, PAPER, ROLES, Figure, saved, sheet, styled
from engager.reports.validation_text import HEADINGS, KINDS, NULLS, covered

WIDTH = 7.4
LEFT, RIGHT, EDGE = 1.55, 0.95, 0.12
"""Room for names left of the axes, for counts right of them, and at the edges [inch]."""

TOP, ROW, HEAD, GAP = 0.52, 0.235, 0.3, 0.6
"""Heights of the title, of a line, of a role's heading, and between the panels [inch]."""

FARTHEST = 3.0
"""How many half intervals from the median a number is drawn at most; beyond, an arrow."""

CLOSE = 0.1
"""Distance on the axis from which two marks stand beside each other."""

BESIDE = 3.2
"""Inches left of the panel of skill, for the null models' names."""

WORST = -2.0
"""Least skill that is drawn; beyond, an arrow."""

MARKS = {"share": "o", "rate": "s", "median": "D", "ratio": "^"}
OUTSIDE = "#b3261e"

Line = tuple[str, list[Scored]]


def scoreboard(board: Board) -> Figure:
    """Numbers by study and role, placed by their own forecast's interval; below them the skill with its interval."""
    with styled():
        return _drawn(board)


def _drawn(board: Board) -> Figure:
    blocks = [(tally, _lines(board, tally.role)) for tally in board.tallies if tally.rows]
    skills = [
        (tally.role, skill) for tally in board.tallies for skill in tally.skill if tally.role != "informed"
    ]
    rows = sum(HEAD + ROW * len(lines) for _, lines in blocks)
    below = 0.5 + 0.26 * len(skills) + 0.62 if skills else 0.0
    total = TOP + rows + GAP + below
    drawn = sheet(total, WIDTH, tight=False)
    drawn.set_facecolor(PAPER)
    _title(drawn, total, board)
    place = (LEFT / WIDTH, (total - TOP - rows) / total, (WIDTH - LEFT - RIGHT) / WIDTH, rows / total)
    data = _places(drawn.add_axes(place), blocks, rows)
    if skills:
        height = 0.26 * len(skills)
        axes = drawn.add_axes((BESIDE / WIDTH, 0.5 / total, (WIDTH - BESIDE - 1.35) / WIDTH, height / total))
        _skill(axes, skills, height)
    title, table = "Scoreboard", pl.DataFrame(data, infer_schema_length=None)
    alt = " ".join(f"{HEADINGS[tally.role]}: {covered(tally)}." for tally, _ in blocks)
    caption = (
        "Each mark is one published number of a study, placed by its own forecast: at the median of the simulated "
        "trials, at a bound of their 90 % interval, or twice or three times as far off (arrow: farther). Filled red: "
        "outside. Below: skill is 1 − CRPS of the model ÷ CRPS of the null model on the same numbers, with its 90 % "
        "interval over studies; which studies there are is drawn anew, and they are few."
    )
    return Figure("scoreboard", "board", title, alt, caption, saved(drawn, "scoreboard", title, alt), table)


def _title(drawn: Any, total: float, board: Board) -> None:
    drawn.text(
        EDGE / WIDTH, 1 - 0.09 / total, "Every published number against its own forecast", va="top", fontsize=11.5,
        fontweight="bold",
    )  # fmt: skip
    handles = [
        Line2D([], [], ls="", marker=MARKS[kind], ms=5, mfc=MUTED, mec=MUTED, label=KINDS[kind])
        for kind in MARKS
        if any(isinstance(row, Scored) and row.kind == kind for row in board.rows)
    ]
    handles.append(
        Line2D([], [], ls="", marker="o", ms=5, mfc=OUTSIDE, mec=OUTSIDE, label="outside the 90 % interval")
    )
    drawn.legend(
        handles=handles, loc="upper left", bbox_to_anchor=((EDGE - 0.06) / WIDTH, 1 - 0.27 / total), ncols=len(handles),
        handlelength=0.8, columnspacing=1.3, handletextpad=0.4, borderaxespad=0,
    )  # fmt: skip


def _lines(board: Board, role: str) -> list[Line]:
    """Rows of a role by study, the study with most rows first."""
    found: dict[str, list[Scored]] = {}
    for row in board.rows:
        if isinstance(row, Scored) and row.role == role:
            found.setdefault(row.result.study, []).append(row)
    return sorted(found.items(), key=lambda line: -len(line[1]))


def _places(axes: Any, blocks: Sequence[tuple[Tally, list[Line]]], height: float) -> list[dict[str, Any]]:
    """The upper panel; returns what was drawn. y is in inches from the top."""
    data, y = [], 0.0
    axes.set_xlim(-FARTHEST - 0.35, FARTHEST + 0.35)
    axes.set_ylim(height, 0)
    beside = {"transform": axes.get_yaxis_transform(), "va": "center"}
    inch = 1 / (WIDTH - LEFT - RIGHT)
    for tally, lines in blocks:
        words = f"{HEADINGS[tally.role]}: {covered(tally)}"
        axes.text(
            (EDGE - LEFT) * inch,
            y + 0.17,
            words,
            fontweight="bold",
            fontsize=9.3,
            color=ROLES[tally.role],
            **beside,
        )
        y += HEAD
        for name, rows in lines:
            middle = y + ROW / 2
            box = {"facecolor": "#eef1f4", "edgecolor": "none", "zorder": 0}
            axes.fill_between([-1, 1], y + 0.012, y + ROW - 0.012, **box)
            axes.plot([0, 0], [y + 0.012, y + ROW - 0.012], color=FAINT, lw=1.2, zorder=1)
            axes.text((EDGE - LEFT) * inch, middle, name, fontsize=8.6, **beside)
            inside = sum(row.inside_outer for row in rows)
            axes.text(
                1 + (RIGHT - EDGE) * inch,
                middle,
                f"{inside} of {len(rows)}",
                ha="right",
                fontsize=8.6,
                **beside,
            )
            for row, up in zip(rows, _apart([_at(row) for row in rows]), strict=True):
                _mark(axes, row, middle + up * 0.066)
                data.append(_datum(row))
            y += ROW
    axes.set_xticks(
        [-3, -2, -1, 0, 1, 2, 3], ["−3", "−2", "lower\nbound", "median", "upper\nbound", "2", "3"]
    )
    axes.tick_params(axis="x", length=3, pad=2, labelsize=8.2)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.text(1 + (RIGHT - EDGE) * inch, 0.17, "inside", ha="right", fontsize=8.6, color=MUTED, **beside)
    ends = {"transform": axes.transAxes, "fontsize": 8.2, "color": MUTED, "va": "top"}
    axes.text((EDGE - LEFT) * inch, -0.07 / height, "← published below\nwhat is simulated", **ends)
    axes.text(1 + (RIGHT - EDGE) * inch, -0.07 / height, "published\nabove →", ha="right", **ends)
    return data


def _at(row: Scored) -> float:
    return min(max(row.place, -FARTHEST), FARTHEST)


def _apart(places: Sequence[float]) -> list[int]:
    """Levels (0, 1, -1) at which marks that would cover each other stand, in the order of ``places``."""
    levels: list[int] = []
    for i, x in enumerate(places):
        taken = {levels[j] for j in range(i) if abs(places[j] - x) < CLOSE}
        levels.append(next((level for level in (0, 1, -1) if level not in taken), 0))
    return levels


def _mark(axes: Any, row: Scored, y: float) -> None:
    colour = ROLES[row.role] if row.inside_outer else OUTSIDE
    marker = MARKS[row.kind]
    if abs(row.place) > FARTHEST:
        tip = math.copysign(FARTHEST + 0.28, row.place)
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.1}
        axes.annotate("", (tip, y), (math.copysign(FARTHEST, row.place), y), arrowprops=arrow)
    face = colour if not row.inside_outer else PAPER
    axes.plot([_at(row)], [y], marker=marker, ms=4.6, mfc=face, mec=colour, mew=1.1, zorder=3, clip_on=False)


def _datum(row: Scored) -> dict[str, Any]:
    r = row.result
    return {
        "role": row.role, "study": r.study, "arm": r.arm, "subgroup": r.subgroup, "endpoint": r.endpoint,
        "statistic": r.statistic, "time": str(r.time or ""), "published": row.observed, "median": row.median,
        "lower_50": row.inner[0], "upper_50": row.inner[1], "lower_90": row.outer[0], "upper_90": row.outer[1],
        "inside_50": row.inside_inner, "inside_90": row.inside_outer, "place": row.place,
    }  # fmt: skip


def _skill(axes: Any, skills: Sequence[tuple[str, Skill]], height: float) -> None:
    """The lower panel: skill with its interval over studies; no interval where it rests on one study."""
    axes.set_xlim(WORST - 0.12, 1)
    axes.set_ylim(height, 0)
    width = WIDTH - BESIDE - 1.35
    beside = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 8.6}
    heads = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 8.6, "color": MUTED}
    axes.text(
        (EDGE - BESIDE) / width,
        -0.2,
        "Skill against null models",
        **{**beside, "fontsize": 9.3, "fontweight": "bold"},
    )
    axes.text(0, -0.2, "← null model better", **heads)
    axes.text(1, -0.2, "model better →", ha="right", **heads)
    axes.text(1 + (1.35 - EDGE) / width, -0.2, "numbers, studies", ha="right", **heads)
    axes.axvline(0, color=INK, lw=0.9, zorder=1)
    for i, (role, s) in enumerate(skills):
        y, colour = 0.26 * i + 0.13, ROLES[role]
        axes.text(
            (EDGE - BESIDE) / width, y, f"{NULLS[s.null]}: {KINDS[s.kind]}, {role}", color=colour, **beside
        )
        axes.text(1 + (1.35 - EDGE) / width, y, f"{s.rows}, {s.studies}", ha="right", **beside)
        low, high = (s.skill.value if x is None else x for x in (s.skill.lower, s.skill.upper))
        axes.plot([max(low, WORST), max(high, WORST)], [y, y], color=colour, lw=2, zorder=2)
        if low < WORST:
            arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (WORST - 0.12, y), (WORST + 0.02, y), arrowprops=arrow)
        if s.skill.value >= WORST:
            axes.plot([s.skill.value], [y], marker="o", ms=5, color=colour, zorder=3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([-2, -1.5, -1, -0.5, 0, 0.5, 1], ["−2", "−1.5", "−1", "−0.5", "0", "0.5", "1"])
    axes.tick_params(axis="x", length=3, pad=2, labelsize=8.2)
    axes.set_xlabel(
        "skill (1 = perfect, 0 = as good as the null model), 90 % interval over studies",
        fontsize=8.2,
        labelpad=2,
    )
