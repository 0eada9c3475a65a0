"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Workers = Annotated[int | None, typer.Option(help="Threads; changes no result.", show_default="all cores")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Dask scheduler that the work goes to (tcp://host:8786, or its .json file).",
        show_default="as Dask is configured",
    ),
]
Processes = Annotated[
    int | None,
    typer.Option(help="Processes on this machine in place of threads alone.", show_default="none"),
]
