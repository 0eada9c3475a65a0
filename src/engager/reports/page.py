"""A page of sections in the report's style: one HTML file with its figures inside, and beside it as SVG and CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engager.reports.html import TEMPLATES, csv
from engager.reports.sections import Table
from engager.reports.style import Figure


@dataclass(frozen=True)
class Section:
    """A section: its place in links, title, paragraphs, figures, tables, and tables that open on demand."""

    id: str
    title: str
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    folded: Sequence[Table] = ()


def write_page(
    path: Path,
    title: str,
    lead: Sequence[str],
    sections: Sequence[Section],
    write: Callable[[Path, str], object],
) -> None:
    """Write a page to ``path`` and its figures into ``figures/`` beside it; the same content gives the same bytes.

    Raises:
        OSError: the folder cannot be written to.
    """
    for figure in (f for one in sections for f in one.figures):
        write(path.parent / "figures" / f"{figure.name}.svg", figure.svg)
        write(path.parent / "figures" / f"{figure.name}.csv", csv(figure.data))
    write(path, page(title, lead, sections))


def page(title: str, lead: Sequence[str], sections: Sequence[Section]) -> str:
    """The page as one HTML text."""
    loader = FileSystemLoader(TEMPLATES)
    rooms = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return rooms.get_template("page.html").render(title=title, lead=lead, sections=sections, style=style)
