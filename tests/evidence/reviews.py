"""The two reviews cut into passages, and every number that stands in them.

A passage is a paragraph, a legend, or one cell of a table, under the name that rows use as ``place``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BODY = {"zhao2019": ("Abstract\n", "Acknowledgements\n"), "franquiz2020": ("==== Body\n", "==== Refs\n")}
"""First and last line of what is walked; before it stand authors and addresses, after it references."""

NOT_PROSE = re.compile(r"[¹²*]|Full list|Keywords:")
"""Lines of the first page and its foot that are no paragraphs: affiliations, correspondence, keywords."""

_ONES = "one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONE_OF = f"(?:{'|'.join(_ONES.split())})"
_WORDS = f"(?:{'|'.join(_TENS.split())})(?:-{_ONE_OF})?|{'|'.join(_TEENS.split())}|{_ONE_OF}"
NUMBER = re.compile(
    rf"10[−–]\d(?!\d)|10\^\{{-\d\}}|\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?"
    rf"|(?i:\b(?:(?:{_ONE_OF}|a)[- ](?:half|thirds?|quarters?)|{_WORDS}|half|thirds?|quarters?)\b)"
    r"|\b[Nn]o (?:patients?|relapses)\b|\b[Aa]ll patients\b"
)
"""Digits, powers of ten, numbers in words, and "no patient" and "all patients", which are counts."""

NAMES = {
    r"\bNCT ?\d{8}": "registry id",
    r"\b(?:CD|IL-|PD-|CTLA-)\d+|receptor-1\b": "name of a molecule",
    r"\bMT103-\d+": "name of a study",
    r"\bT315I\b|\bt\(\d+;\d+\)": "name of a mutation or translocation",
    r"\bEC90\b|\b[Tt]1/2\b": "symbol",
    r"\b6-mercaptopurine": "name of a drug",
    r"\bm2\b|\bhalf-life\b": "part of a unit or term",
    r"\b(?:Table|Figure|Fig\.) \d": "number of a table or figure",
    r"\b[Gg]rade \d\b": "grade, part of the name of an endpoint",
    r"\b[Pp]hase \d\b(?!/)": "phase of a trial",
    r"\[\d[\d,– -]*\]": "number of a reference",
}
"""Names that hold digits and say no number; each with what it is."""

SUPERSCRIPT = r"(?:(?<=[A-Za-zx)%”’][.,])|(?<=\b20\d\d)\.)\d{1,2}(?:[,–-]\d{1,2})*(?=[\sA-Z]|$)"
"""References of franquiz2020, whose superscripts have become digits behind a full stop or comma."""

SENTENCE = re.compile(r"(?<=[A-Za-z)%\]0-9])[.](?:\d[\d,–-]*)?\s+(?=[A-Z0-9])")


@dataclass(frozen=True)
class Number:
    """A number as it stands in a passage of a review."""

    source: str
    place: str
    start: int
    end: int
    text: str
    around: str


@cache
def passages(folder: str, source: str) -> dict[str, str]:
    """All passages of one review by place, in order. Cells of tables are "Table 2, row 3, column N"."""
    first, last = BODY[source]
    text = (Path(folder) / f"{source}.txt").read_text(encoding="utf-8")
    text = text[text.index(first) + (len(first) if first.startswith("=") else 0) : text.index(last)]
    text = re.sub(r"(?<=\S)(?=(?:Table|Figure) \d )", "\n\n", text)  # captions stand glued to paragraphs
    walk = _Walk()
    for block in re.split(r"\n\s*\n", text):
        lines = (line.strip(" \r") for line in block.split("\n"))
        walk.block([line for line in lines if line.strip() and not NOT_PROSE.match(line)])
    return walk.found


class _Walk:
    """Where the reading of a review stands: its section and paragraph, or its table and row."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.section, self.paragraph, self.open = "", 0, ""
        self.table, self.columns, self.row = "", list[str](), 0

    def block(self, lines: list[str]) -> None:
        fresh = True
        for line in lines:
            caption = re.match(r"(Table|Figure) (\d) (?=[A-Z])", line) if fresh else None
            if caption:
                self._caption(caption, line)
            elif "\t" in line:
                self._cells(line.rstrip("\t").split("\t"))
            elif self.table and re.match(r"Abbreviations:|R/R relapsed", line):
                self.found[f"{self.table}, abbreviations"] = line
                self.table = ""
            elif self._heads(line):
                self.section, self.paragraph, self.open = line, 0, ""
            else:
                self._prose(line, fresh)
            fresh = False

    def _caption(self, caption: re.Match[str], line: str) -> None:
        name = f"{caption[1]} {caption[2]}"
        self.table = name if caption[1] == "Table" else ""
        self.columns, self.row = [], 0
        self.found[f"{name} {'title' if self.table else 'legend'}"] = line

    def _cells(self, cells: list[str]) -> None:
        if not self.columns:
            self.columns = [cell.strip() for cell in cells]
            return
        self.row += 1
        for column, cell in zip(self.columns, cells, strict=False):
            self.found[f"{self.table}, row {self.row}, column {column}"] = cell.strip()

    def _heads(self, line: str) -> bool:
        going_on = self.open and self.found[self.open][-1:].islower()  # a paragraph across two pages
        return len(line) < 80 and line[0].isalpha() and not re.search(r"[.:;,)]\d*$", line) and not going_on

    def _prose(self, line: str, fresh: bool) -> None:
        ended = not self.open or re.search(r"[.?!)\]”](?:\d+[\d,–-]*)?$", self.found[self.open])
        if (fresh and ended) or not self.open:
            self.paragraph += 1
            self.open = f"{self.section}, paragraph {self.paragraph}"
            self.found[self.open] = line
        else:
            self.found[self.open] += " " + line


def cells(folder: str, source: str, place: str, reference: int | None) -> list[str]:
    """The passages that a row's place means: a column of Table 2 is the cell in the line of the reference."""
    known = passages(folder, source)
    if place in known:
        return [place]
    column = re.fullmatch(r"(Table \d), column (.*)", place)
    if column:
        lines = [k for k, text in known.items() if k.endswith("column Ref.") and text == f"[{reference}]"]
        return [k.replace("column Ref.", f"column {column[2]}") for k in lines if k.startswith(column[1])]
    return [k for k in known if k.startswith(f"{place}, column")]


def masked(source: str, text: str) -> str:
    """The passage with every name that holds digits blotted out, letter for letter."""
    patterns = [*NAMES, SUPERSCRIPT] if source == "franquiz2020" else [*NAMES]
    for pattern in patterns:
        text = re.sub(pattern, lambda m: "x" * len(m[0]), text)
    return text


def numbers(folder: str, source: str) -> Iterator[Number]:
    """Every number of one review, in order."""
    for place, text in passages(folder, source).items():
        for m in NUMBER.finditer(masked(source, text)):
            around = text[max(0, m.start() - 40) : m.end() + 40]
            yield Number(source, place, m.start(), m.end(), text[m.start() : m.end()], around)


def occurrences(printed: str, source: str, text: str) -> list[tuple[int, int]]:
    """Where ``printed`` stands in a passage, not as a part of a longer number."""
    if source == "franquiz2020":
        text = re.sub(SUPERSCRIPT, lambda m: "x" * len(m[0]), text)
    pattern = rf"(?<![\d.]){re.escape(printed)}(?!\d|\.\d)"
    return [m.span() for m in re.finditer(pattern, text)]


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around ``text[start:end]``."""
    before = [m.end() for m in SENTENCE.finditer(text, 0, start)]
    after = SENTENCE.search(text, end)
    return max(before, default=0), after.start() + 1 if after else len(text)
