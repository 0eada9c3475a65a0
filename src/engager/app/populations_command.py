"""``engager populations`` at a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from engager.app.output import console, print_json
from engager.app.populations import populations
from engager.app.run_commands import shown_progress


def populations_command(fit: Path, json: bool = False, out: Path | None = None, **options: Any) -> None:
    """Progress on the way, then the populations side by side, and where everything is."""

    def began(name: str, number: int, total: int) -> None:
        print(f"{number} of {total}: {name}", file=sys.stderr, flush=True)

    with shown_progress() as progress:
        found = populations(fit, out=out, progress=progress, began=began, **options)
    folder = out or fit / "populations"
    if json:
        print_json({"folder": str(folder), "populations": found})
        return
    from engager.reports.populations_table import populations_page

    console().print(populations_page(found))
    print(f"folder  {folder}")
    print(f"report  {folder / 'report.html'}")
