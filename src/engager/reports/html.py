"""The report: one HTML file that needs nothing else, and every figure as SVG with its data as CSV beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engager.inference import Summary
from engager.reports import design_tables, safety_tables, sections
from engager.reports.figures import figures
from engager.reports.style import Figure

TEMPLATES = Path(__file__).parent / "templates"

DIGITS = 6
"""Significant digits in the figures' data."""


def write_report(summary: Summary, folder: Path, write: Callable[[Path, str], object] | None = None) -> Path:
    """Write ``report.html`` and ``figures/`` into ``folder``; the same run gives the same bytes.

    Args:
        summary: a finished run.
        folder: where the run is; files of an earlier report are replaced.
        write: writes one file in one step, its folder included; into a folder of this machine if None.

    Returns:
        The path of the HTML file.

    Raises:
        OSError: the folder cannot be written to.
    """
    write, drawn = write or replaced, figures(summary)
    for figure in drawn:
        write(folder / "figures" / f"{figure.name}.svg", figure.svg)
        write(folder / "figures" / f"{figure.name}.csv", csv(figure.data))
    write(folder / "report.html", page(summary, drawn))
    return folder / "report.html"


def page(summary: Summary, drawn: list[Figure]) -> str:
    """The report as one HTML text."""
    loader = FileSystemLoader(TEMPLATES)
    rooms = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    by_section: dict[str, list[Figure]] = {}
    for figure in drawn:
        by_section.setdefault(figure.section, []).append(figure)
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return rooms.get_template("report.html").render(figures=by_section, style=style, **_content(summary))


def _content(s: Summary) -> dict[str, Any]:
    short, detail = sections.ledger(s)
    return {
        "s": s, "trial": s.trial, "warnings": s.warnings,
        "headline": sections.headline(s), "misfits": sections.not_covered(s), "machine": sections.machine(s),
        "arms": design_tables.arms(s.trial), "plans": design_tables.plans(s.trial),
        "cohort": design_tables.cohort(s), "assessments": design_tables.assessments(s.trial),
        "scored": sections.scored(s), "context": sections.context(s), "unsimulated": sections.unsimulated(s),
        "events": sections.events(s), "by_cycle": safety_tables.by_cycle(s),
        "stopping": safety_tables.against_stopping(s), "tests": sections.tests(s),
        "ledger": short, "ledger_detail": detail,
        "standard": sections.standard(s), "failures": sections.failures(s), "contrasts": sections.contrasts(s),
        "unchanged": sections.unchanged(s), "controls": sections.controls(s),
        "assumptions": sections.assumptions(s), "parameters": sections.parameters(s), "cited": sections.cited(s),
    }  # fmt: skip


def csv(data: pl.DataFrame) -> str:
    """A figure's data as text, rounded."""
    rounded = data.with_columns(cs.float().cast(pl.Float64).round_sig_figs(DIGITS))
    return rounded.write_csv()


def replaced(path: Path, text: str) -> Path:
    """Write a text so that readers see the old file or the whole new one, never a part."""
    beside = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
