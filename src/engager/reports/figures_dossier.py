"""Figures of the credibility dossier: model risk, error against the length of steps, assumptions by influence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from engager.inference.credibility import LEVELS, Question, risk
from engager.inference.dossier import ALLOWED, Assumption, Refined
from engager.reports.style import ARMS, FAINT, INK, MUTED, PAPER, ROLES, Figure, boxes, saved, sheet, styled

RISKS = {1: "#eef3f0", 2: "#f3efe0", 3: "#f5dfbd", 4: "#eebf93", 5: "#e39a78"}
"""Shades of model risk."""

MOST = 20
"""Assumptions that are drawn."""

STANDINGS = {"assumed": ARMS[1], "estimated": ARMS[0]}


def risk_grid(question: Question) -> Figure:
    """The grid of influence and consequence with the question's place on it."""
    i, j = (LEVELS.index(one.level) for one in (question.influence, question.consequence))
    title = "Model risk"
    alt = f"Influence {LEVELS[i]}, consequence {LEVELS[j]}: risk {question.risk} of 5"
    with styled():
        drawn = sheet(2.15, 4.4)
        axes = drawn.subplots()
        cells = [(x, y) for x in range(3) for y in range(3)]
        boxes(
            axes,
            [(x + 0.02, x + 0.98, y + 0.03, y + 0.97) for x, y in cells],
            [RISKS[1 + x + y] for x, y in cells],
        )
        for x, y in cells:
            here = (x, y) == (i, j)
            axes.text(
                x + 0.5, y + 0.5, str(1 + x + y), ha="center", va="center", fontsize=12 if here else 9.5,
                fontweight="bold" if here else "normal", color=INK if here else MUTED,
            )  # fmt: skip
        edge = [(i + 0.03, j + 0.05), (i + 0.97, j + 0.05), (i + 0.97, j + 0.95), (i + 0.03, j + 0.95)]
        axes.plot(*zip(*edge, edge[0], strict=True), color=INK, lw=2, solid_joinstyle="miter")
        axes.set_xlim(0, 3)
        axes.set_ylim(0, 3)
        for ticks, labels in ((axes.set_xticks, LEVELS), (axes.set_yticks, LEVELS)):
            ticks([0.5, 1.5, 2.5], labels)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("influence of the model on the decision")
        axes.set_ylabel("consequence of\na wrong decision")
        svg = saved(drawn, "risk", title, alt)
    data = pl.DataFrame(
        [
            {"influence": a, "consequence": b, "risk": risk(a, b), "here": (a, b) == (LEVELS[i], LEVELS[j])}  # type: ignore[arg-type]
            for a in LEVELS
            for b in LEVELS
        ]
    )
    caption = "1 where both are low, one more for each step of either (ASME V&V 40, ICH M15). Framed: this question."
    return Figure("risk", "question", title, alt, caption, svg, data, kept=False)


def steps(found: Sequence[Refined]) -> Figure:
    """Error against the number of steps a day, beside what a scheme of second order does."""
    title, alt = "Error of the default steps", "Errors fall with the square of the length of steps"
    x = np.array([one.steps_a_day for one in found])
    with styled():
        drawn = sheet(2.5, 5.6)
        axes = drawn.subplots()
        for values, colour, label in (
            ([one.blasts for one in found], ROLES["predicted"], "blasts"),
            ([one.largest for one in found], ARMS[1], "any state"),
        ):
            axes.plot(x, values, "o-", color=colour, label=label, ms=4.5)
        axes.plot(x, found[0].blasts * (x[0] / x) ** 2.0, ":", color=MUTED, lw=1.2, label="second order")
        axes.axhline(ALLOWED, color=INK, lw=0.8, ls="--")
        axes.text(
            x[-1], ALLOWED * 1.15, "allowed for blasts", ha="right", va="bottom", fontsize=8.5, color=MUTED
        )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(x, [str(n) for n in x])
        axes.set_yticks(
            10.0 ** np.arange(-6, 0), [f"10{power}" for power in ("⁻⁶", "⁻⁵", "⁻⁴", "⁻³", "⁻²", "⁻¹")]
        )
        axes.set_ylim(min(one.blasts for one in found) / 3, ALLOWED * 4)
        axes.minorticks_off()
        axes.set_xlabel("steps a day with drug (left: those of trials)")
        axes.set_ylabel("largest error [log10]")
        axes.grid(axis="y")
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
        svg = saved(drawn, "steps", title, alt)
    data = pl.DataFrame([{**vars(one)} for one in found])
    caption = "Three reference patients over two days of infusion, against the finest steps; computed for this page."
    return Figure("steps", "verification", title, alt, caption, svg, data, kept=False)


def influence(assumptions: Sequence[Assumption]) -> Figure:
    """The unmeasured parameters that move the calibrated targets most."""
    shown = [a for a in assumptions if a.mu_star is not None][:MOST]
    title, alt = "Assumptions by influence", "Parameters that move some target most, by their largest effect"
    with styled():
        drawn = sheet(0.75 + 0.165 * len(shown), 5.6)
        axes = drawn.subplots()
        y = np.arange(len(shown))[::-1]
        values = [a.mu_star or 0.0 for a in shown]
        axes.hlines(y, 0, values, color=FAINT, lw=1.4)
        for standing, colour in STANDINGS.items():
            at = [i for i, a in enumerate(shown) if a.standing == standing]
            axes.plot(
                [values[i] for i in at], y[at], "o", color=colour, ms=4.8, label=standing, mec=PAPER, mew=0.4
            )
        axes.set_yticks(y, [a.parameter for a in shown], fontsize=7.4)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.set_xlim(left=0)
        axes.set_xlabel(
            "largest effect on a target, standard errors per prior standard deviation (Morris µ*)"
        )
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower right")
        svg = saved(drawn, "influence", title, alt)
    data = pl.DataFrame(
        [{"parameter": a.parameter, "standing": a.standing, "mu_star": a.mu_star} for a in shown]
    )
    caption = f"The {len(shown)} parameters that were not measured and move some calibrated target most."
    return Figure("influence", "assumptions", title, alt, caption, svg, data, kept=False)
