"""A mistake in a file, where it stands, and the error that carries all of them at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands in a file; line and column count from 1."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: its place (None where there is no file, as on the command line) and a sentence."""

    place: Place | None
    message: str

    def __str__(self) -> str:
        return f"{self.place} {self.message}" if self.place else self.message


class DocumentError(ValueError):
    """Input that cannot be used. ``problems`` holds every mistake that was found, in file order."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        found = [Problem(None, problems)] if isinstance(problems, str) else list(problems)
        self.problems: list[Problem] = sorted(
            dict.fromkeys(found), key=lambda p: (p.place or Place(""), p.message)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


def near(word: str, allowed: Iterable[str], *, listed: int = 12) -> str:
    """Half a sentence that helps with an unknown name: the closest ones, or all if they are few."""
    names: Sequence[str] = sorted(map(str, allowed))
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(str(word).casefold(), folded, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(folded[name]) for name in close) + "?"
    if len(names) <= listed:
        return "allowed: " + ", ".join(names)
    return f"allowed: {', '.join(names[:listed])}, … ({len(names)} in all)"
