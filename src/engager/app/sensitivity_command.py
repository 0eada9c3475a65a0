"""``engager sensitivity`` at a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engager.app.output import console, print_json
from engager.app.run_commands import shown_progress
from engager.app.sensitivity import sensitivity
from engager.inference.sensitivity import TABLES, Sensitivity, shipped
from engager.reports.sensitivity_tables import sensitivity_page


def sensitivity_command(json: bool = False, out: Path | None = None, **options: Any) -> None:
    """The study that is shipped; with a folder one is made there, with progress on the way."""
    if out is None:
        _print(shipped(), json)
        return
    with shown_progress("evaluations") as progress:
        found = sensitivity(out=out, progress=progress, **options)
    _print(found, json)
    if not json:
        print(f"folder  {out}")


def _print(found: Sensitivity, json: bool) -> None:
    if json:
        tables = {name: getattr(found, name).to_dicts() for name in TABLES}
        print_json({"about": found.about, "changed": found.changed, "uninformed": found.uninformed, **tables})
        return
    console().print(sensitivity_page(found))
