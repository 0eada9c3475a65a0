"""What a rule finds, and what a person has judged about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from engager.documents import Strict, read_yaml, validate
from engager.evidence.abbreviations import Abbreviation
from engager.evidence.ongoing import Listing
from engager.evidence.record import Fact, Names, Study

DATA = Path(__file__).parent / "data"

Severity = Literal["hard", "soft", "structural", "gap"]
"""``hard``: cannot both be true. ``soft``: rounding, scope, another cut, or an assumption of ours lies
between. ``structural``: the form of the source or of this record. ``gap``: needed and not stated."""


class Record(NamedTuple):
    """What the rules look at."""

    studies: Sequence[Study]
    facts: Sequence[Fact] = ()
    ongoing: Sequence[Listing] = ()
    abbreviations: Sequence[Abbreviation] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found: the rows, the arithmetic, a hint where arithmetic gives one.

    ``rows`` are ids of results or facts (``STUDY/ARM`` where a finding is about an arm). ``judged`` is the
    verdict and reason of a person, None while nobody has judged it.
    """

    rule: str
    severity: Severity
    rows: tuple[str, ...]
    message: str
    hint: str = ""
    judged: str | None = None

    @property
    def key(self) -> tuple[str, frozenset[str]]:
        """What a judgement refers to: the rule and the rows, in any order."""
        return self.rule, frozenset(self.rows)

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.severity} {self.rule}: {self.message}{hint} [{'; '.join(self.rows)}]"


class Judgement(Strict):
    """A person's word on one finding: the verdict in a few words and the reason."""

    rule: str
    rows: Names
    verdict: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]


class JudgedFile(Strict):
    """Judgements on findings, as they are written."""

    judged: Annotated[tuple[Judgement, ...], Field(strict=False)]


def read_judgements(source: Path | str = DATA / "judged.yaml") -> tuple[Judgement, ...]:
    """The judgements of a YAML file (or text). Raises DocumentError with every problem."""
    return validate(read_yaml(source), JudgedFile).judged


def with_judgements(
    findings: Iterable[Finding], judgements: Iterable[Judgement], about: Iterable[str]
) -> Iterator[Finding]:
    """The findings with their judgements; then one structural finding per judgement that meets none.

    ``about`` names what was checked (study ids, ``pharmacology``); a judgement on anything else is not stale.
    """
    words = {(j.rule, frozenset(j.rows)): f"{j.verdict}: {j.reason}" for j in judgements}
    met = set()
    for finding in findings:
        met.add(finding.key)
        yield replace(finding, judged=words.get(finding.key))
    checked = set(about)
    for (rule, rows), word in words.items():
        if (rule, rows) not in met and all(row.partition("/")[0] in checked for row in rows):
            message = f"the judgement on {rule!r} meets no finding any more: {word}"
            yield Finding("stale judgement", "structural", tuple(sorted(rows)), message)
