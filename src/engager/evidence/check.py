"""The linter: every rule over every row, with the judgements of people attached."""

from __future__ import annotations

from collections.abc import Iterable

from engager.evidence.abbreviations import abbreviations
from engager.evidence.facts import pharmacology
from engager.evidence.findings import Finding, Judgement, Record, read_judgements, with_judgements
from engager.evidence.load import studies as _studies
from engager.evidence.ongoing import ongoing
from engager.evidence.record import Study
from engager.evidence.rules import RULES

_ORDER = ("hard", "soft", "structural", "gap")


def check(
    studies: Iterable[Study] | None = None, *, judgements: Iterable[Judgement] | None = None
) -> list[Finding]:
    """Everything the rules find, hard findings first; ``.judged`` says what a person decided, or None.

    Without ``studies`` the whole record is checked, the drug's pharmacology included. ``judgements`` are the
    shipped ones unless given. A judgement that no finding meets any more is itself a finding.
    """
    chosen = list(_studies().values()) if studies is None else list(studies)
    record = Record(chosen)
    if studies is None:
        record = Record(chosen, pharmacology(), ongoing(), abbreviations())
    found = [finding for rule in RULES for finding in rule(record)]
    about = [study.id for study in chosen] + (
        ["pharmacology", "ongoing", "abbreviations"] if studies is None else []
    )
    words = read_judgements() if judgements is None else judgements
    judged = with_judgements(found, words, about)
    return sorted(judged, key=lambda finding: _ORDER.index(finding.severity))
