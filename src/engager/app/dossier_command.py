"""``engager dossier`` at a terminal."""

from __future__ import annotations

from pathlib import Path

from engager.app.dossier import dossier
from engager.app.dossier_data import as_data
from engager.app.output import print_json
from engager.reports.dossier_page import asked, found
from engager.reports.dossier_text import conclusion


def dossier_command(runs: str | None, question: Path | None, out: str | None, json: bool = False) -> None:
    """The page, then each criterion with its verdict; or everything on the page as one JSON object."""
    made, page = dossier(runs, question=question, out=out)
    if json:
        print_json({"page": str(page), **as_data(made)})
        return
    for one in made.judged:
        print(f"{one.verdict}: {one.criterion.name} ({asked(one.criterion)}; found {found(one)})")
    print(conclusion(made))
    print(f"page  {page}")
