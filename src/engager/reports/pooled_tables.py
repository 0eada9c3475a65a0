"""The terminal page of an endpoint across studies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engager.reports import pooled_text
from engager.reports.layout import head, indent, pairs, table
from engager.reports.tables import arm_name, what

if TYPE_CHECKING:
    from engager.inference.poolable import Row
    from engager.inference.pooling import Estimate, Pooled, Synthesis


def endpoint_page(pooled: Pooled) -> RenderableType:
    """An endpoint across studies: each synthesis with its rows, then every row that is in none."""
    parts: list[RenderableType] = [head(f"{pooled.label} ({pooled.symbol}): {pooled.question}")]
    for synthesis in pooled.syntheses:
        parts += [Text(), *_synthesis(synthesis)]
    if not pooled.syntheses:
        parts += [Text(), Text("no row can be pooled")]
    if pooled.left:
        parts += [Text(), head("not pooled"), _left(pooled.left)]
    return Group(*parts)


def _synthesis(s: Synthesis) -> list[RenderableType]:
    q, p = s.quantity, s.pooled
    counted = "n/N" if q == "share" else "N"
    heads = (
        "study",
        "arm",
        "population",
        counted,
        f"{pooled_text.unit(q)}, 95 % CI",
        "weight",
        "counts or SE, note",
    )
    shown = table(*heads, wrap="arm|population|counts or SE, note", right=(counted, "weight"))
    ends = _block_ends(s)
    for i, (row, weight) in enumerate(zip(s.rows, s.weights, strict=True), start=1):
        value = pooled_text.told(q, row.value, row.lower, row.upper)
        note = "; ".join(
            part
            for part in (row.origin, row.result.cut and f"cut: {row.result.cut}", row.result.note)
            if part
        )
        share = f"{100 * weight:.0f} %" if p else ""
        people = row.result.population or "not said"
        shown.add_row(row.study, row.arm, people, pooled_text.counts(row), value, share, note)
        if group := ends.get(i):
            value = pooled_text.told(q, group.value, group.lower, group.upper)
            rows = "1 row" if group.k == 1 else f"{group.k} rows"
            shown.add_row(f"  {group.name}", "", rows, "", value, style="bold", end_section=True)
    parts: list[RenderableType] = [head(pooled_text.title(s))]
    if p is None:
        apart = indent(pairs([("groups differ", pooled_text.tested(s))]))
        return [*parts, shown, apart, *(indent(note, "yellow") for note in s.notes)]
    shown.add_row(
        "pooled", "", f"{p.k} rows", "", pooled_text.told(q, p.value, p.lower, p.upper), style="bold"
    )
    if p.prediction:
        shown.add_row("new study", "", "95 % prediction", "", f"({pooled_text.spread(q, p.prediction)})")
    told = [("between studies", pooled_text.heterogeneity(s)), ("leaving one out", pooled_text.left_out(s))]
    told += [("groups differ", pooled_text.tested(s))]
    return [*parts, shown, indent(pairs(told)), *(indent(note, "yellow") for note in s.notes)]


def _block_ends(s: Synthesis) -> dict[int, Estimate]:
    """The groups' estimates by the number of the last row of each group."""
    return dict(zip(accumulate(group.k for group in s.groups), s.groups, strict=True))


def _left(rows: Sequence[Row]) -> Table:
    shown = table("study", "arm", "what", "printed", "reason", wrap="arm|what|printed|reason")
    for row in rows:
        shown.add_row(row.study, arm_name(row.result), what(row.result), row.result.printed, row.reason)
    return shown
