"""The drugs: international name, class, the unit in which a dose is written, and what it does in the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engager.documents import read_table
from engager.vocabulary.endpoints import DATA


@dataclass(frozen=True)
class Drug:
    """One drug. ``dose_units`` are the dimensions a dose may have; ``effect`` says how the model uses it."""

    name: str
    kind: str
    dose_units: tuple[str, ...]
    effect: str
    source: str

    @property
    def subcutaneous_units(self) -> tuple[str, ...]:
        """Dimensions of a dose under the skin: those of its rates without the time. () where it has no rate: only
        what can be infused continuously can be given from a depot."""
        return tuple(name.removesuffix("/day") for name in self.dose_units if name.endswith("/day"))


@cache
def drugs() -> dict[str, Drug]:
    """All drugs by name, in the order of the table."""
    columns = tuple(Drug.__dataclass_fields__)
    rows = read_table(DATA / "drugs.csv", columns, unique="name")
    return {
        row["name"]: Drug(**{**row.cells, "dose_units": tuple(row["dose_units"].split(" or "))})  # type: ignore[arg-type]
        for row in rows
    }
