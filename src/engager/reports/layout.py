"""Building blocks of terminal pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Names = Sequence[tuple[str, str]]


def table(*columns: str, wrap: str = "", right: Iterable[str] = ()) -> Table:
    """A table with thin rules; only the columns named in ``wrap`` give way on a narrow terminal."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(
            name,
            no_wrap=name not in wrap.split("|"),
            overflow="fold",
            justify="right" if name in right else "left",
        )
    return table


def head(text: str) -> Text:
    """A heading."""
    return Text(text, style="bold")


def indent(what: str | RenderableType, style: str = "", by: int = 2) -> RenderableType:
    """Text or a table, moved to the right."""
    shown = Text(what, style=style) if isinstance(what, str) else what
    return Padding(shown, (0, 0, 0, by), expand=False)


def pairs(pairs: Names) -> Table:
    """Names and texts in two columns, the text folded."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in pairs:
        if text:
            table.add_row(name, text)
    return table
