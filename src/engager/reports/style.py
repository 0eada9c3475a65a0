"""How every figure looks: sizes, colours, and the SVG that comes out the same on every run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as Sheet

WIDTH = 5.2
"""Width of a figure [inch]: at this width its text is as large as the page's on a desktop, half on a phone."""

INK, MUTED, FAINT, PAPER = "#1f2328", "#57606a", "#d0d7de", "#ffffff"

ARMS = ("#0072b2", "#d55e00", "#009e73", "#9c4f88", "#8c6d00", "#3b3b98")
"""Colours of the arms in order (Okabe and Ito's, the yellow ones darkened to be read on white)."""

ROLES = {"predicted": "#4b2e83", "calibrated": "#8a6d3b", "informed": "#2f7d6d"}

GRADES = {1: "#fbe3c0", 2: "#f5b971", 3: "#e0762b", 4: "#b03a12", 5: "#4a1006"}

FONTS = "Arial, Helvetica, 'Liberation Sans', sans-serif"

RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # shipped with matplotlib: the layout does not depend on the machine
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "grid.color": "#e6eaee",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "butt",
    "patch.linewidth": 0.0,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "engager",
    "path.simplify": False,
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.05,
}


LEADING = 1.05
"""Distance of lines that belong together, by the size of the letters."""


@dataclass(frozen=True)
class Figure:
    """One figure of a report.

    name: file name without ending, unique within a report; section: id of the report's section that shows
    it; title and caption: text beside it; alt: one sentence for those who cannot see it; svg: the drawing,
    complete; data: what is drawn, one row per mark; kept: whether both lie as files beside the page.
    """

    name: str
    section: str
    title: str
    alt: str
    caption: str
    svg: str
    data: pl.DataFrame
    kept: bool = True

    @property
    def inline(self) -> str:
        """The drawing as it stands within a page: no name spaces, no size of its own."""
        svg = re.sub(r' xmlns(?::xlink)?="[^"]*"', "", self.svg)
        return re.sub(r'(<svg [^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)


@contextmanager
def styled() -> Iterator[None]:
    """The house's settings, for drawing and for saving."""
    settings: Any = {**mpl.rcParamsDefault, **RC}
    with mpl.rc_context(settings):
        yield


def sheet(height: float, width: float = WIDTH, *, tight: bool = True) -> Sheet:
    """An empty sheet of ``width`` by ``height`` [inch]; ``tight``: axes are fitted to it by themselves."""
    made = Sheet(figsize=(width, height), layout="constrained" if tight else None, facecolor="none")
    FigureCanvasSVG(made)
    return made


def saved(drawn: Sheet, name: str, title: str, alt: str) -> str:
    """The sheet as SVG: text as text, ids that start with ``name``, title and description for readers aloud."""
    engine = drawn.get_layout_engine()
    if engine is not None:  # saving would draw everything a first time to lay it out
        engine.execute(drawn)
        drawn.set_layout_engine("none")
    out = io.StringIO()
    drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'"#([^"]+)"', rf'"#{name}-\1"', svg).replace("url(#", f"url(#{name}-")
    svg = re.sub(r"'DejaVu Sans'(?:, [^;\"]*)?(?=[;\"])", FONTS, svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    words = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(alt)}</desc>'
    opening = f'<svg role="img" aria-labelledby="{name}-title {name}-desc" '
    return re.sub(r"<svg ([^>]*)>", lambda m: f"{opening}{m[1]}>{words}", svg, count=1)


def arm_colours(arms: Iterable[str]) -> dict[str, str]:
    """A colour for each arm, the same in every figure."""
    return {arm: ARMS[i % len(ARMS)] for i, arm in enumerate(arms)}


def month_ticks(last: float) -> list[int]:
    """Ticks of a time axis that ends at ``last`` [month]: whole months in steps that leave at most ten."""
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if last / s <= 9), 120)
    return list(range(0, int(last) + 1, step))


def boxes(axes: Any, corners: list[tuple[float, float, float, float]], colours: Any, **look: Any) -> None:
    """Filled boxes from (left, right, bottom, top), as one mark: far cheaper than as many bars."""
    outlines = [[(a, c), (a, d), (b, d), (b, c)] for a, b, c, d in corners]
    axes.add_collection(PolyCollection(outlines, facecolors=colours, **{"linewidths": 0, **look}))
    axes.autoscale_view()


def beside(axes: Any, lines: list[str], y: float, gap: float, size: float, colour: str = INK) -> None:
    """Write ``lines`` left of the axes, ``gap`` [point] away, about the height ``y``.

    Each line is a text of its own: within one text they would be set by the widths of another font than the page's.
    """
    for i, line in enumerate(lines):
        up = size * LEADING * ((len(lines) - 1) / 2 - i)
        axes.annotate(line, (0, y), xytext=(-gap, up), xycoords=axes.get_yaxis_transform(), color=colour,
                      textcoords="offset points", fontsize=size, ha="right", va="center")  # fmt: skip


def legend(drawn: Sheet, handles: list[Any]) -> None:
    """A legend above all axes, where it covers no data, in as many columns as fit beside each other."""
    drawn.legend(
        handles=handles, loc="outside upper left", ncols=_columns(handles, drawn.get_figwidth()),
        handlelength=1.6, columnspacing=1.4, borderaxespad=0.1, handletextpad=0.5,
    )  # fmt: skip


def legend_height(handles: list[Any], width: float = WIDTH) -> float:
    """Height [inch] that :func:`legend` takes on a sheet of ``width``."""
    return 0.13 + 0.17 * -(-len(handles) // _columns(handles, width))


def _columns(handles: list[Any], width: float) -> int:
    """Most columns of a legend that fit; handles are split into columns as evenly as matplotlib does it."""
    letters = [len(str(h.get_label())) for h in handles]
    for columns in range(len(letters), 1, -1):
        widest = [int(column.max()) for column in np.array_split(letters, columns)]
        if sum(0.074 * n + 0.44 for n in widest) - 0.17 < width:
            return columns
    return 1
