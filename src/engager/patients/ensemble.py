"""Populations that the calibrated part of the record leaves possible: sets of parameters in place of one point."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engager.documents import DocumentError, near
from engager.engine.streams import uniform
from engager.patients.population import DATA, population

Floats = NDArray[np.float64]

PAIR = 2
"""Consecutive replicates that share a member: their difference is the chance of a trial of that size alone, whatever
the parameters are, which is how the two are told apart."""

FILE, ABOUT = "ensemble.parquet", "ensemble.json"


@dataclass(frozen=True)
class Ensemble:
    """Equally likely sets of population medians.

    Attributes:
        names: parameters that differ between members.
        members: their values [member, parameter], in the units of the parameter table.
        about: how the ensemble came about, as ``ensemble.json`` has it; empty for one made in memory.
    """

    names: tuple[str, ...]
    members: Floats
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of names and values."""
        found = hashlib.sha256("\x1f".join(self.names).encode())
        found.update(np.ascontiguousarray(self.members, "<f8").tobytes())
        return found.hexdigest()

    def member(self, seed: int, replicate: int) -> int:
        """The member that a replicate is simulated with: drawn without repetition until all have been."""
        many = len(self.members)
        lap, nth = divmod(replicate // PAIR, many)
        order = np.argsort(uniform(seed, "ensemble", lap, range(many)), kind="stable")
        return int(order[nth])

    def values(self, member: int) -> dict[str, float]:
        """Parameters of one member by name."""
        return dict(zip(self.names, map(float, self.members[member]), strict=True))

    def quantiles(self, name: str, levels: Sequence[float]) -> list[float]:
        """Quantiles of one parameter over members."""
        return [float(q) for q in np.quantile(self.members[:, self.names.index(name)], levels)]

    def frame(self) -> pl.DataFrame:
        """One row a member, one column a parameter."""
        return pl.DataFrame(dict(zip(self.names, self.members.T, strict=True)))


@cache
def ensemble() -> Ensemble:
    """The ensemble that is shipped."""
    return read_ensemble(DATA)


def read_ensemble(folder: Path) -> Ensemble:
    """Read the ensemble that a calibration left in ``folder``.

    Raises:
        DocumentError: it is not there, its values are not those that the calibration wrote, or it speaks of
            parameters that do not exist.
    """
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        table = pl.read_parquet(folder / FILE)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise DocumentError(
            f"{folder} holds no ensemble that can be read ({error}): engager calibrate makes one"
        ) from None
    found = Ensemble(tuple(table.columns), np.ascontiguousarray(table.to_numpy(), np.float64), about)
    if found.digest != about.get("sha256"):
        raise DocumentError(
            f"{folder / FILE} is not what {ABOUT} describes (its hash is {found.digest[:12]}…, written was "
            f"{str(about.get('sha256'))[:12]}…): restore it, or run engager calibrate"
        )
    unknown = [name for name in found.names if name not in population()]
    if unknown:
        raise DocumentError(
            f"{folder / FILE}: unknown parameter {unknown[0]!r}; {near(unknown[0], population())}"
        )
    return found


def write_ensemble(found: Ensemble, folder: Path) -> None:
    """Write an ensemble and what it is about, with its hash."""
    found.frame().write_parquet(folder / FILE)
    about = {"sha256": found.digest, "members": len(found.members), **found.about}
    (folder / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
