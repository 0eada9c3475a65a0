"""What the record has: studies along the page, endpoints down it, a mark where a study reports an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, get_args

from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from engager.evidence import Role, Study, distinct, role_of
from engager.evidence.record import Header
from engager.evidence.rules.common import groups
from engager.reports import style
from engager.reports.figures_comparison import MARKERS
from engager.vocabulary import Endpoint, endpoints

COLOURS: Mapping[Role, str] = {
    "calibrated": style.ROLES["calibrated"],
    "predicted": style.ROLES["predicted"],
    "informed": style.ROLES["informed"],
    "context": "#7d8590",
}
"""Colour of each role, in the order in which the roles of a cell are drawn."""

SHAPES = {**MARKERS, "context": "D"}

BLOCKS = {
    "Outcomes": ("proportion", "time"),
    "Patients, follow-up and baselines": ("count", "duration", "baseline"),
}
"""Blocks of rows: the kinds of endpoints in each."""

PH = {"negative": "−", "positive": "+", "mixed": "±", "not stated": "?"}
"""How the Philadelphia chromosome's status stands in its band."""

NAMES, COLUMN, ROW, BAND, EDGE = 3.1, 0.4, 0.21, 0.22, 0.15
"""Room for the names of rows, width of a column, heights of a row and of a band, edge of the sheet [inch]."""

SLIMMEST = 7.5
"""Width that the title and the legend need [inch]."""

PER_LETTER = 0.075
"""Room that a letter of a name takes [inch]."""

SMALL = 8.5


@dataclass(frozen=True)
class Cell:
    """What a study reports of an endpoint: each role with whether a row of it has N, and distinct facts.

    Calibrated and predicted rows of one cell (two arms) are both there; context only where nothing else is.
    """

    marks: tuple[tuple[Role, bool], ...]
    facts: int


def in_order(studies: Iterable[Study]) -> list[Study]:
    """Studies by setting (relapsed first), then by id."""
    settings = get_args(Header.model_fields["setting"].annotation)
    return sorted(studies, key=lambda s: (settings.index(s.setting), s.id))


def cells(studies: Iterable[Study]) -> dict[tuple[str, str], Cell]:
    """What each study reports, by (study, endpoint); a pair that is not reported is not there."""
    order = list(COLOURS)
    found = {}
    for study in studies:
        for endpoint, rows in groups(distinct(study.results), lambda r: r.endpoint).items():
            roles = sorted(set(map(role_of, rows)) - {"context"}, key=order.index) or ["context"]
            marks = tuple((o, any(r.N is not None for r in rows if role_of(r) == o)) for o in roles)
            found[study.id, endpoint] = Cell(marks, len(rows))
    return found


def rows(reported: Iterable[str]) -> dict[str, list[Endpoint]]:
    """The endpoints that are reported, block by block in the order of the vocabulary."""
    wanted = set(reported)
    known = [e for e in endpoints().values() if e.name in wanted]
    blocks = {title: [e for e in known if e.kind in kinds] for title, kinds in BLOCKS.items()}
    return {title: block for title, block in blocks.items() if block}


def coverage_svg(studies: Iterable[Study]) -> str:
    """The map as SVG text, the same on every call; text stays text, a title and description come with it."""
    ordered = in_order(studies)
    found = cells(ordered)
    with style.styled():
        return style.saved(draw(ordered, found), "coverage", "What the record has", _words(ordered, found))


def _words(studies: Sequence[Study], found: Mapping[tuple[str, str], Cell]) -> str:
    """The map in words, for those who cannot see it."""
    texts = []
    for study in studies:
        own = [cell for (of, _), cell in found.items() if of == study.id]
        roles = [role for cell in own for role, _ in cell.marks]
        said = ", ".join(f"{roles.count(role)} {role}" for role in COLOURS if role in roles)
        texts.append(f"{study.id}: {len(own)} endpoints{f' ({said})' if said else ''}.")
    return " ".join(texts)


def draw(studies: Sequence[Study], found: Mapping[tuple[str, str], Cell]) -> Sheet:
    """The map as a matplotlib figure; its axes are in inches from the upper left corner."""
    blocks = rows(endpoint for _, endpoint in found)
    names = PER_LETTER * max((len(study.id) for study in studies), default=0) + 0.1
    top = 0.5 + 2 * BAND + names
    height = top + sum(1.6 * ROW + ROW * len(block) for block in blocks.values()) + 0.35 + 7 * ROW
    width = max(SLIMMEST, 2 * EDGE + NAMES + COLUMN * len(studies))
    sheet = style.sheet(height, width, tight=False)
    sheet.set_facecolor(style.PAPER)
    axes = sheet.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    axes.text(EDGE, 0.3, "What the record has: endpoints that each study reports", fontsize=11, weight="bold")
    _bands(axes, studies, 0.5)
    lefts = {study.id: EDGE + NAMES + COLUMN * i for i, study in enumerate(studies)}
    for name, x in lefts.items():
        place: dict[str, Any] = {"ha": "center", "va": "bottom", "rotation": 90}
        axes.text(x + COLUMN / 2, top - 0.05, name, fontsize=SMALL, **place)
    y = top
    for title, block in blocks.items():
        axes.text(EDGE, y + 0.9 * ROW, title, fontsize=9.5, weight="bold", va="center")
        y += 1.6 * ROW
        for i, endpoint in enumerate(block):
            if i % 2 == 0:
                size = (NAMES + COLUMN * len(studies), ROW)
                axes.add_patch(Rectangle((EDGE, y), *size, facecolor="#f3f5f7"))
            axes.text(EDGE + 0.05, y + ROW / 2, endpoint.label, fontsize=SMALL, va="center")
            for study, x in lefts.items():
                if cell := found.get((study, endpoint.name)):
                    _mark(axes, cell, x, y + ROW / 2, f"{study}-{endpoint.name}")
            y += ROW
    _legend(axes, y + 0.25)
    return sheet


def _bands(axes: Any, studies: Sequence[Study], top: float) -> None:
    """Setting and Ph status over the columns, neighbours of the same word together."""
    settings = [study.setting for study in studies]
    bands: dict[str, Sequence[str]] = {"setting": settings, "Ph": [PH[study.ph] for study in studies]}
    for i, (label, words) in enumerate(bands.items()):
        y = top + i * BAND
        axes.text(
            EDGE + NAMES - 0.08,
            y + BAND / 2,
            label,
            fontsize=SMALL,
            ha="right",
            va="center",
            color=style.MUTED,
        )
        for start, many, word in _runs(words, settings):
            x, width = EDGE + NAMES + COLUMN * start, COLUMN * many
            shade = ("#dfe6ee", "#eef2f6")[i]
            box = Rectangle((x, y), width, BAND, facecolor=shade, edgecolor=style.PAPER, linewidth=1.2)
            axes.add_patch(box)
            fits = PER_LETTER * len(word) < width
            said = word if fits else word[: max(int(width / PER_LETTER) - 1, 1)] + "…"
            axes.text(x + width / 2, y + BAND / 2, said, fontsize=SMALL, ha="center", va="center")


def _runs(words: Sequence[str], settings: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(first column, how many, word) of neighbours with the same word in the same setting."""
    start = 0
    for (word, _), same in groupby(zip(words, settings, strict=True)):
        many = len(list(same))
        yield start, many, word
        start += many


def _mark(axes: Any, cell: Cell, x: float, y: float, gid: str) -> None:
    """The mark of one cell at the left edge ``x`` of its column, with the number of facts if it is not one."""
    first = x + (0.14 if len(cell.marks) == 1 else 0.07)
    for i, (role, counted) in enumerate(cell.marks):
        at = (first + 0.12 * i, y)
        axes.add_line(_symbol(role, counted=counted, at=at, gid=f"{gid}-{role}" if i else gid))
    if cell.facts > 1:
        right = first + 0.12 * (len(cell.marks) - 1) + 0.09
        axes.text(right, y, str(cell.facts), fontsize=7.5, va="center", color=style.MUTED)


def _symbol(role: Role, *, counted: bool, at: tuple[float, float], gid: str | None = None) -> Line2D:
    fill = COLOURS[role] if counted else "none"
    size = 4.8 if SHAPES[role] == "D" else 6
    marker: dict[str, Any] = {
        "marker": SHAPES[role],
        "ms": size,
        "mfc": fill,
        "mec": COLOURS[role],
        "mew": 1.1,
    }
    return Line2D([at[0]], [at[1]], linestyle="none", gid=gid, **marker)


def _legend(axes: Any, y: float) -> None:
    """What shapes, colours and numbers mean."""
    said: dict[Role, str] = {
        "calibrated": "fitted",
        "predicted": "never fitted",
        "informed": "not fitted, but a parameter was chosen knowing it",
        "context": "not compared with a simulation",
    }
    for i, (role, meaning) in enumerate(said.items()):
        axes.add_line(_symbol(role, counted=True, at=(EDGE + 0.1, y + ROW * i)))
        axes.text(EDGE + 0.25, y + ROW * i, f"{role}: {meaning}", fontsize=SMALL, va="center")
    y += ROW * len(said)
    axes.add_line(_symbol("predicted", counted=False, at=(EDGE + 0.1, y)))
    axes.text(
        EDGE + 0.25,
        y,
        "hollow: no row of that role has the number of patients, N",
        fontsize=SMALL,
        va="center",
    )
    signs = ", ".join(f"{sign} {word}" for word, sign in PH.items())
    for i, line in enumerate(
        (
            "Two marks: rows of both roles (two arms of a trial). A number says how many distinct facts there are.",
            f"Ph, Philadelphia chromosome: {signs}.",
        )
    ):
        axes.text(EDGE, y + ROW * (i + 1), line, fontsize=SMALL, va="center")
