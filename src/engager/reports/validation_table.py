"""The scoreboard at a terminal: coverage, skill against the null models, checks, losses."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from engager.inference.scoreboard import Board
from engager.reports import sections, validation_page
from engager.reports import validation_text as text
from engager.reports.layout import head, indent, table

WRAPPED = (
    "null model",
    "number",
    "what the reviews say",
    "median (90 % interval)",
    "published",
    "reason",
)
"""Columns that give way on a narrow terminal."""


def validation_table(board: Board) -> RenderableType:
    """Summary scores, then what does not fit."""
    parts: list[RenderableType] = [head("Published numbers against simulated trials")]
    parts += [indent(sentence) for sentence in text.headline(board)]
    for one in (validation_page.coverage(board), validation_page.means(board), validation_page.skill(board)):
        if one.rows:
            parts += _table(_without(one, "scale of CRPS", "gain in log score", "inside, each"))
    parts += _table(_without(validation_page.checks(board), "asked", "mean", "published"))
    for tally in board.tallies:
        if losses := validation_page.losses(board, tally):
            parts += _table(losses)
    missing = validation_page.unscored(board)
    return Group(*parts, *(_table(missing) if missing.rows else []))


def _without(one: sections.Table, *columns: str) -> sections.Table:
    """The table without columns for which a terminal has no room."""
    kept = [i for i, name in enumerate(one.columns) if name not in columns]
    rows = [tuple(row[i] for i in kept) for row in one.rows]
    return sections.Table(one.caption, tuple(one.columns[i] for i in kept), rows)


def _table(one: sections.Table) -> list[RenderableType]:
    made = table(*one.columns, wrap="|".join(WRAPPED))
    for row in one.rows:
        made.add_row(*row)
    return [Text(), head(one.caption), made]
