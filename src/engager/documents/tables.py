"""CSV tables: every cell a text, every row with its line; columns must be the ones that are expected."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engager.documents.problems import DocumentError, Place, Problem, near


@dataclass(frozen=True)
class Row:
    """One line of a table: ``row["column"]`` is its text, stripped ('' where empty)."""

    cells: dict[str, str]
    place: Place

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def number(self, column: str) -> float | None:
        """The cell as a finite number, None where it is empty. Raises DocumentError with the place."""
        text = self.cells[column]
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < float("inf"):
            raise DocumentError([Problem(self.place, f"{column}: {text!r} is not a finite number")])
        return value


def read_table(path: Path, columns: Sequence[str], *, unique: str | None = None) -> list[Row]:
    """Read a CSV file that has exactly ``columns``, in any order; ``unique`` names a key column.

    Raises:
        DocumentError: all problems of the file at once.
    """
    name = str(path)
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        header = next(reader, [])
        problems = list(_header_problems(header, columns, name))
        if problems:
            raise DocumentError(problems)
        rows, seen = [], dict[str, int]()
        for cells in reader:
            place = Place(name, reader.line_num, 1)
            if len(cells) != len(header):
                problems.append(Problem(place, f"has {len(cells)} cells, the header {len(header)}"))
                continue
            row = Row({key: cell.strip() for key, cell in zip(header, cells, strict=True)}, place)
            if unique:
                key = row[unique]
                if key in seen:
                    problems.append(Problem(place, f"{unique} {key!r} stands twice (line {seen[key]})"))
                seen[key] = reader.line_num
            rows.append(row)
    if problems:
        raise DocumentError(problems)
    return rows


def _header_problems(header: Sequence[str], columns: Sequence[str], name: str) -> Iterator[Problem]:
    place = Place(name, 1, 1)
    for column in header:
        if column not in columns:
            yield Problem(place, f"unknown column {column!r}; {near(column, columns)}")
    for column in columns:
        if column not in header:
            yield Problem(place, f"column {column!r} is missing")
