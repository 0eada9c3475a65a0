"""The page over several populations: how each was made, what flips, and every result side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from engager.inference.flips import CONTRAST, EXCEEDS, PUBLISHED, Populations, Row
from engager.reports.page import Section, write_page
from engager.reports.populations_table import (
    CHANCE,
    LABELS,
    answer,
    how,
    label,
    printed,
    telling,
    worth,
)
from engager.reports.sections import Table, many, tied
from engager.reports.style import ARMS, INK, Figure, legend, saved, sheet, styled

MOST = 24
"""Results that a figure shows."""


def write_populations(found: Populations, folder: Path, write: Callable[[Path, str], object]) -> None:
    """Write ``report.html`` and its figures into ``folder``."""
    questions = list(dict.fromkeys(row.question for row in found.rows))
    sections = [
        _made(found),
        _flips(found),
        *(_question(found, name, i) for i, name in enumerate(questions, 1)),
    ]
    sections.append(_parameters(found))
    write_page(
        folder / "report.html", "One fit, several populations", _lead(found, questions), sections, write
    )


def _flipping(found: Populations) -> list[tuple[Row, str]]:
    return [(row, name) for row in found.rows for name in row.flips(*found.names)]


def _lead(found: Populations, questions: list[str]) -> list[str]:
    flipping = _flipping(found)
    chance = sum(name in found.by_chance(row) for row, name in flipping)
    drawn = sum(len({n for a in row.answers.values() for n in a.conclusions}) for row in found.rows)
    return [
        f"{', '.join(questions)} asked of {many(len(found.names), 'population')} of the same fit, "
        f"{many(found.replicates, 'replicate')} each with the same seed.",
        f"{len(flipping)} of {many(drawn, 'conclusion')} depend on how the population was made"
        + (f"; {chance} of them change with the seed alone." if flipping else "."),
    ]


def _made(found: Populations) -> Section:
    rows = [(LABELS[w.name], f"{w.members}", tied(worth(w)), tied(w.problem or how(w))) for w in found.ways]
    return Section(
        "populations",
        "How each population was made",
        [
            "All answer to the same prior and to the same printed results with the same errors. The smoother moved its "
            "members by simulations alone. The other three hold polynomials, fitted to those simulations, against the "
            "printed results; what the polynomials miss is added to the errors. Posterior sampling draws Markov chains "
            "(its effective size is the least of all parameters); weighting draws from a normal distribution at the "
            "posterior's mode and weights what it draws (effective size 1/Σw²); accept–reject keeps draws of the prior "
            "with the ratio of their likelihood to the best. Where too few of them would be kept, all errors are "
            "taken larger, and the population is that much wider.",
        ],
        tables=[Table("Populations", ("population", "members", "effective", "how"), rows, (1, 2))],
    )


def _flips(found: Populations) -> Section:
    rows = [
        (
            row.question, label(row), name,
            *(row.answers[way].conclusions.get(name, "") for way in found.names),
            "yes" if name in found.by_chance(row) else "no",
        )
        for row, name in _flipping(found)
    ]  # fmt: skip
    heads = ("question", "result", "conclusion", *(LABELS[way] for way in found.names), "with the seed too")
    text = [
        "Conclusions that are not the same under all populations: whether the printed value is covered, on which side "
        "of no difference two arms lie and whether the interval excludes it, and for a changed trial whether it "
        f"differs from the published one ({EXCEEDS}: beyond what two trials of this size differ by). "
        f"The last column says where {CHANCE}."
    ]
    if not rows:
        return Section("flips", "What flips", [*text, "None does."])
    return Section("flips", "What flips", text, tables=[Table("Conclusions that flip", heads, rows)])


def _question(found: Populations, name: str, number: int) -> Section:
    rows = [row for row in found.rows if row.question == name]
    first = [row for row in rows if telling(row, found.names)]
    heads = ("result", "where", "published", *(LABELS[way] for way in found.names), "flips")
    cells = [
        (
            label(row), row.kind if row.kind != PUBLISHED else row.role, tied(printed(row)),
            *(tied(answer(row, row.answers[way].simulated)) for way in found.names),
            ", ".join(row.flips(*found.names)),
        )
        for row in rows
    ]  # fmt: skip
    shown = [row for row in first if _drawable(row, found.names)]
    shown = sorted(shown, key=lambda row: not row.flips(*found.names))[:MOST]
    return Section(
        f"question-{number}",
        name,
        [
            f"{many(len(rows), 'result')}; the figure has those that are held against the record or compare, what "
            "flips first. For a changed trial the difference to the published one is that of the means."
        ],
        [_figure(found, name, shown, number)] if shown else (),
        folded=[Table(f"Every result of {name}", heads, cells)],
    )


def _drawable(row: Row, ways: list[str]) -> bool:
    return row.kind != CONTRAST and all(
        (i := row.answers[way].simulated) is not None and i.lower is not None and i.upper is not None
        for way in ways
    )


def _figure(found: Populations, name: str, rows: list[Row], number: int) -> Figure:
    """Intervals in half widths of the first population's, about its median: results of any unit on one axis."""
    title, alt = f"{name} under each population", "Intervals of each result, one line for each population"
    marks = []
    with styled():
        drawn = sheet(0.9 + 0.1 * (len(found.names) + 1.4) * len(rows), 7.2)
        axes = drawn.subplots()
        for at, row in enumerate(rows):
            base = row.answers[found.names[0]].simulated
            if base is None or base.lower is None or base.upper is None:
                continue
            half = max((base.upper - base.lower) / 2, 1e-12)
            y0 = len(rows) - at
            for k, way in enumerate(found.names):
                i, y = row.answers[way].simulated, y0 - 0.7 * k / len(found.names)
                if i is None or i.lower is None or i.upper is None:
                    continue
                low, middle, high = ((x - base.value) / half for x in (i.lower, i.value, i.upper))
                axes.hlines(y, low, high, color=ARMS[k], lw=1.6)
                axes.plot(middle, y, "o", ms=3, color=ARMS[k])
                marks.append(
                    {
                        "result": label(row),
                        "population": way,
                        "median": i.value,
                        "lower": i.lower,
                        "upper": i.upper,
                    }
                )
            if row.kind == PUBLISHED and row.result.value is not None:
                x = np.clip((row.result.value - base.value) / half, -4, 4)
                axes.plot(x, y0 - 0.28, "D", ms=4.4, mfc="none", mec=INK, zorder=3)
        axes.set_yticks(
            [len(rows) - at - 0.28 for at in range(len(rows))], [_short(r) for r in rows], fontsize=6.8
        )
        axes.set_ylim(0.2, len(rows) + 0.5)
        axes.set_xlim(-4, 4)
        axes.axvline(0, color="#d0d7de", lw=0.7, zorder=0)
        axes.set_xlabel("half widths of the first population's interval from its median")
        axes.tick_params(axis="y", length=0)
        handles = [
            axes.plot([], [], "o-", ms=3, color=ARMS[k], label=LABELS[way])[0]
            for k, way in enumerate(found.names)
        ]
        handles.append(axes.plot([], [], "D", ms=4.4, mfc="none", mec=INK, label="published")[0])
        legend(drawn, handles)
        svg = saved(drawn, f"populations-{number}", title, alt)
    caption = "90 % of replicates and their median under each population. A published value beyond 4 lies at the edge."
    return Figure(
        f"populations-{number}", f"question-{number}", title, alt, caption, svg, pl.DataFrame(marks)
    )


def _short(row: Row) -> str:
    text = label(row).replace("blinatumomab", "blin.").replace("chemotherapy", "chemo.")
    return text if len(text) <= 64 else f"{text[:62]}…"


def _parameters(found: Populations) -> Section:
    heads = ("parameter", *(LABELS[way] for way in found.names))
    rows = [
        (name, *(tied(f"{m:.3g} ({low:.3g} – {high:.3g})") for low, m, high in (by[w] for w in found.names)))
        for name, by in found.parameters.items()
    ]
    return Section(
        "parameters",
        "The parameters under each population",
        ["Medians and 90 % of the members."],
        folded=[Table("Every fitted parameter", heads, rows)],
    )
