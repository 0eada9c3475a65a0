"""Log lines of ``engager.*`` on standard error, for who asks for them with ``--log`` or ``ENGAGER_LOG``."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

LEVELS = ("debug", "info", "warning", "error")
LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"


def show_log(level: str | None) -> str | None:
    """Show what is logged from ``level`` on; nothing changes for None. Raises typer.BadParameter for another word."""
    if level is None:
        return None
    if level.lower() not in LEVELS:
        raise typer.BadParameter(f"{level!r}: give {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    shown = logging.getLogger("engager")
    shown.setLevel(level.upper())
    if not any(isinstance(handler, logging.StreamHandler) for handler in shown.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(LINE))
        shown.addHandler(handler)
    return level


Log = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL",
        help=f"Show log lines from this level on: {', '.join(LEVELS)}.",
        envvar="ENGAGER_LOG",
        callback=show_log,
        show_envvar=False,
    ),
]
"""The option, the same for every command that has something to log."""
