"""The treatment of a study as its sources state it: phases along the page, one lane per drug, slots of cycles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure as Sheet
from matplotlib.patches import Rectangle

from engager.evidence import Study
from engager.reports import style
from engager.reports.stated_treatment import Block, Given, Phase, treatment

SHEET_WIDTH = 11.0
"""Width of the drawing [inch]. Everything in this module is in inches, from the upper left corner."""

MARGIN, LANE_NAMES, GAP = 0.15, 1.75, 0.14
"""Edge of the sheet, room for the names of lanes, space between phases."""

WIDEST_SLOT, SLIMMEST_SLOT, SLIMMEST_PHASE = 1.3, 0.12, 1.75
LINE, BAR = 0.15, 0.3
"""Height of a line of small text and of a bar."""

PER_LETTER = 0.063
"""Room that a letter of small text takes."""

SMALL = 8.0
PALE = 0.3
"""Opacity of what is given only if the treatment goes on so long."""

NO_DRUG = "drug not stated"

_NUMBER: dict[str, Any] = {"fontsize": SMALL, "ha": "center", "va": "center", "color": style.MUTED}


@dataclass(frozen=True)
class _Laid:
    """A block with the room that each part of it takes."""

    block: Block
    lefts: tuple[float, ...]
    widths: tuple[float, ...]
    titles: tuple[tuple[str, ...], ...]
    heads: tuple[tuple[str, ...], ...]
    names: Mapping[str, tuple[str, ...]]
    units: Mapping[str, tuple[str, ...]]
    says: Mapping[tuple[int, str], tuple[str, ...]]
    with_unit: bool
    notes: tuple[str, ...]

    @property
    def above(self) -> float:
        """Height of the heads of phases, with the numbers of the slots."""
        lines = (len(title) + len(head) for title, head in zip(self.titles, self.heads, strict=True))
        return LINE * (max(lines) + 1.3) if self.heads else 0.0

    def lane(self, drug: str) -> float:
        """Height of a drug's lane."""
        words = max((len(lines) for (_, of), lines in self.says.items() if of == drug), default=0)
        return max(BAR + LINE * words, LINE * len(self.names[drug] + self.units[drug])) + 0.14

    @property
    def lanes(self) -> float:
        if not self.block.phases:
            return 0.0
        return sum(map(self.lane, self.names)) or BAR + 0.14

    @property
    def height(self) -> float:
        return 0.32 + self.above + self.lanes + LINE * len(self.notes) + 0.25


def timeline_svg(study: Study) -> str:
    """The drawing as SVG text, the same on every call; text stays text, title and description come with it.

    Raises:
        DocumentError: no fact of the study is about its treatment.
    """
    blocks = treatment(study)
    with style.styled():
        return style.saved(draw(study, blocks), "timeline", _title(study), "  ".join(map(_words, blocks)))


def _title(study: Study) -> str:
    return f"{study.id}: the treatment as its sources state it"


def _words(block: Block) -> str:
    """A block in words, for those who cannot see it."""
    parts = []
    for phase in block.phases:
        drugs = [f"{g.drug} in {_slots_said(g, phase)}{_amounts_said(g)}" for g in phase.drugs] or [NO_DRUG]
        parts.append(f"{phase.name or 'treatment'}: {', '.join(phase.heads)}: {', '.join(drugs)}")
    return f"{block.title}. {'; '.join([*parts, *block.notes])}."


def _slots_said(given: Given, phase: Phase) -> str:
    if not given.slots:
        return f"{phase.counted}s that are not stated"
    every = len(given.slots) == phase.slots and phase.slots > 1
    if not phase.numbered:
        return f"a {phase.counted}" if given.on else "the whole phase"
    return f"every {phase.counted}" if every else f"{phase.counted} {', '.join(map(str, given.slots))}"


def _amounts_said(given: Given) -> str:
    return f" ({_amounts(given)})" if given.amounts or given.steps else " (dose not stated)"


def _amounts(given: Given) -> str:
    """All amounts of a drug in a phase, one after the other."""
    found = dict.fromkeys([*given.amounts.values(), *(step.text for step in given.steps)])
    return f"{', then '.join(found)} {given.unit}".strip()


def draw(study: Study, blocks: Sequence[Block]) -> Sheet:
    """The drawing as a matplotlib figure."""
    laid = [_lay(block) for block in blocks]
    foot = list(_foot(blocks))
    height = 0.5 + sum(one.height for one in laid) + LINE * len(foot) + MARGIN
    sheet = style.sheet(height, SHEET_WIDTH, tight=False)
    sheet.set_facecolor(style.PAPER)
    axes = sheet.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, SHEET_WIDTH)
    axes.set_ylim(height, 0)
    axes.axis("off")
    axes.text(MARGIN, 0.3, _title(study), fontsize=11, weight="bold")
    found = (g.drug for b in blocks for p in b.phases for g in p.drugs)
    drugs = style.arm_colours(dict.fromkeys(("blinatumomab", *found)))  # in every study the same colour
    y = 0.5
    for i, one in enumerate(laid):
        _block(axes, one, y, drugs, i)
        y += one.height
    _lines(axes, MARGIN, y, foot, style.MUTED)
    return sheet


def _lay(block: Block) -> _Laid:
    widths = _widths([phase.slots for phase in block.phases])
    lefts = [MARGIN + LANE_NAMES + sum(widths[:i]) + GAP * i for i in range(len(widths))]
    heads = [
        tuple(line for head in phase.heads for line in _wrapped(head, width))
        for phase, width in zip(block.phases, widths, strict=True)
    ]
    found = [(p, width, g) for p, width in zip(block.phases, widths, strict=True) for g in p.drugs]
    with_unit = all(
        PER_LETTER * len(f"{text} {g.unit}") < width / p.slots * _share(g)
        for p, width, g in found
        for text in g.amounts.values()
    ) and not any(g.steps for _, _, g in found)
    names, units = {}, {}
    for drug in dict.fromkeys(g.drug for _, _, g in found):
        names[drug] = tuple(_wrapped(drug, LANE_NAMES - 0.1))
        units[drug] = tuple({g.unit: 0 for _, _, g in found if g.drug == drug and g.unit and not with_unit})
    says = {
        (i, g.drug): tuple(_wrapped("; ".join(_says(g, widths[i] / p.slots)), widths[i]))
        for i, p in enumerate(block.phases)
        for g in p.drugs
    }
    notes = tuple(
        line for note in block.notes for line in _wrapped(note, SHEET_WIDTH - LANE_NAMES - 2 * MARGIN)
    )
    # bold letters are wider
    titles = tuple(
        tuple(_wrapped(p.name, 0.8 * width)) for p, width in zip(block.phases, widths, strict=True)
    )
    return _Laid(
        block, tuple(lefts), tuple(widths), titles, tuple(heads), names, units, says, with_unit, notes
    )


def _says(given: Given, slot: float) -> tuple[str, ...]:
    """What stands in words over the slots, amounts included that do not fit in them."""
    return (*([_amounts(given)] if _crowded(given, slot) else []), *given.says)


def _crowded(given: Given, slot: float) -> bool:
    """Whether an amount is longer than its place in a slot of this width."""
    whole = _share(given) * slot
    places = [(text, whole) for text in given.amounts.values()]
    last = given.length or (given.steps[-1].end if given.steps else 1.0)
    places += [(step.text, slot * (step.end - step.start) / last) for step in given.steps]
    return any(PER_LETTER * len(text) > room for text, room in places)


def _widths(slots: Sequence[int]) -> list[float]:
    """Widths of phases: slots as wide as fits, but a phase never too slim for what its head says."""
    room = SHEET_WIDTH - LANE_NAMES - 2 * MARGIN - GAP * (len(slots) - 1)
    slot, found = WIDEST_SLOT, [room]
    while slot >= SLIMMEST_SLOT:
        found = [max(SLIMMEST_PHASE, many * slot) for many in slots]
        if sum(found) <= room:
            return found
        slot -= 0.02
    return [width * room / sum(found) for width in found]


def _wrapped(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(int(width / PER_LETTER), 1), break_on_hyphens=False)


def _share(given: Given) -> float:
    """The part of a slot in which the drug runs; the whole slot where it is not stated."""
    return min(given.on / given.length, 1.0) if given.on and given.length else 1.0


def _foot(blocks: Sequence[Block]) -> Iterator[str]:
    """What the marks mean, for those that are there."""
    drugs = [g for b in blocks for p in b.phases for g in p.drugs]
    counted = dict.fromkeys(p.counted for b in blocks for p in b.phases)
    text = f"A slot is one {' or, where it says so, one '.join(counted)}; filled: the drug is given."
    if any(slot > g.sure for g in drugs for slot in g.slots):
        text += " Pale: given at most, if treatment goes on so long."
    yield text
    scaled = [_share(g) < 1 for g in drugs]
    if any(scaled):
        yield "Infusion and drug-free interval are to scale within a slot where both are stated."
    if not all(scaled):
        yield "A slot that is filled whole is not to scale: no source states both the time on the drug and the cycle."
    if any(len(b.phases) > 1 for b in blocks):
        yield "Slots of different phases are not to one scale."
    sources = dict.fromkeys(source for b in blocks for source in b.sources)
    yield f"Drawn from {', '.join(sources)} alone: no dose, number or length is assumed."


def _lines(axes: Any, x: float, y: float, lines: Sequence[str], colour: str = style.INK) -> None:
    """Small text from ``y`` down."""
    for i, line in enumerate(lines):
        axes.text(x, y + LINE * (i + 0.5), line, fontsize=SMALL, va="center", color=colour)


def _block(axes: Any, laid: _Laid, top: float, colours: Mapping[str, str], number: int) -> None:
    axes.plot([MARGIN, SHEET_WIDTH - MARGIN], [top, top], color=style.FAINT, linewidth=0.8)
    axes.text(MARGIN, top + 0.2, laid.block.title, fontsize=9.5, weight="bold", va="center")
    y = top + 0.32 + laid.above
    lanes = {}
    for drug, words in laid.names.items():
        lanes[drug] = y
        end, many = y + laid.lane(drug) - 0.14, len(words + laid.units[drug])
        start = min(
            end - BAR / 2 - LINE * many / 2, end - LINE * many
        )  # beside the bar, or upwards from its foot
        _lines(axes, MARGIN, start, words)
        _lines(axes, MARGIN, start + LINE * len(words), laid.units[drug], style.MUTED)
        y += laid.lane(drug)
    for i, phase in enumerate(laid.block.phases):
        _head(axes, laid, i, top + 0.32)
        for k, given in enumerate(phase.drugs):
            _lines(axes, laid.lefts[i], lanes[given.drug], laid.says[i, given.drug], style.MUTED)
            bottom = lanes[given.drug] + laid.lane(given.drug) - 0.14
            gid = f"given-{number}-{i}-{k}"
            _lane(axes, laid, i, given, bottom - BAR, colours[given.drug], gid)
        if not phase.drugs:
            box = (laid.lefts[i], top + 0.32 + laid.above)
            axes.add_patch(
                Rectangle(box, laid.widths[i], BAR, facecolor="none", edgecolor=style.FAINT, lw=0.8)
            )
            _lines(axes, box[0] + 0.08, box[1] + (BAR - LINE) / 2, [NO_DRUG], style.MUTED)
    _lines(
        axes,
        MARGIN + (LANE_NAMES if laid.block.phases else 0),
        top + 0.32 + laid.above + laid.lanes,
        laid.notes,
    )


def _head(axes: Any, laid: _Laid, i: int, top: float) -> None:
    """Name of a phase, what is said of it, and the numbers of its slots over a bracket."""
    phase, left, width = laid.block.phases[i], laid.lefts[i], laid.widths[i]
    lines = laid.heads[i]
    rule = top + laid.above - LINE * 1.1
    start = rule - LINE * (len(lines) + 0.1)
    for k, line in enumerate(reversed(laid.titles[i])):
        axes.text(left, start - LINE * (k + 0.5), line, fontsize=9, weight="bold", va="center")
    _lines(axes, left, start, lines)
    axes.plot([left, left + width], [rule, rule], color=style.INK, linewidth=1.4)
    slot = width / phase.slots
    if any(g.on for g in phase.drugs) and not phase.numbered:
        axes.text(left + width / 2, rule + LINE * 0.55, f"a {phase.counted}", **_NUMBER)
    step = next(
        n for n in (1, 2, 4, 12, phase.slots) if n * slot >= PER_LETTER * (len(str(phase.slots)) + 0.5)
    )
    for n in range(1, phase.slots + 1) if phase.numbered else ():
        if n % step == 0:
            word = f"{phase.counted} {n}" if slot >= PER_LETTER * 9 else str(n)
            x, y = left + (n - 0.5) * slot, rule + LINE * 0.55
            axes.text(x, y, word, **_NUMBER)


def _lane(axes: Any, laid: _Laid, i: int, given: Given, y: float, colour: str, gid: str) -> None:
    """The slots of one drug in one phase, filled where it is given."""
    phase, left = laid.block.phases[i], laid.lefts[i]
    slot = laid.widths[i] / phase.slots
    crowded = _crowded(given, slot)
    for n in range(1, phase.slots + 1):
        x = left + (n - 1) * slot
        axes.add_patch(Rectangle((x, y), slot, BAR, facecolor="none", edgecolor=style.FAINT, linewidth=0.6))
        if n not in given.slots:
            continue
        sure = n <= given.sure
        width = slot * _share(given)
        bar = Rectangle((x, y), width, BAR, facecolor=colour, alpha=1 if sure else PALE, edgecolor="none")
        bar.set_gid(f"{gid}-{n}")
        axes.add_patch(bar)
        axes.plot([x, x], [y, y + BAR], color=style.PAPER, linewidth=1.0)
        ink = style.PAPER if sure else style.INK
        if crowded:
            continue
        if text := given.amounts.get(n):
            first = laid.with_unit and given.amounts.get(n - 1) is None
            word = f"{text} {given.unit}" if first else text
            axes.text(x + width / 2, y + BAR / 2, word, fontsize=SMALL, ha="center", va="center", color=ink)
        if n == given.slots[0]:
            _steps(axes, given, (x, y, slot), ink)


def _steps(axes: Any, given: Given, box: tuple[float, float, float], ink: str) -> None:
    """Amounts by week within one slot at ``box`` (left, top, width), to scale if the cycle is stated."""
    x, y, slot = box
    whole = given.length or (given.steps[-1].end if given.steps else 1.0)
    for step in given.steps:
        start, end = x + slot * step.start / whole, x + slot * step.end / whole
        axes.text(
            (start + end) / 2, y + BAR / 2, step.text, fontsize=SMALL, ha="center", va="center", color=ink
        )
        if step.start > 0:
            axes.plot([start, start], [y, y + BAR], color=style.PAPER, linewidth=1.0)
