"""Response: the criteria as a table, and residual disease as an assay would report it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr, pdtrik

from engager.documents import read_table

DATA = Path(__file__).parent / "data"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Criterion:
    """One response: marrow blasts at most ``blasts`` [share], counts above ``anc`` and ``platelets`` [10⁹/L]."""

    blasts: float
    anc: float
    platelets: float
    meaning: str
    source: str


@cache
def response_criteria() -> dict[str, Criterion]:
    """Criteria by response (CR, CRh, CRi)."""
    columns = ("response", *Criterion.__dataclass_fields__)
    out = {}
    for row in read_table(DATA / "response_criteria.csv", columns, unique="response"):
        blasts, anc, platelets = (row.number(name) or 0.0 for name in ("blasts", "anc", "platelets"))
        out[row["response"]] = Criterion(blasts, anc, platelets, row["meaning"], row["source"])
    return out


def measured_mrd(blasts: Floats, aspirate_error: Floats, luck: Floats, cells: int) -> Floats:
    """Residual disease as the assay reports it [share of cells]; 0 means not detected.

    Args:
        blasts: true share of blasts in the marrow.
        aspirate_error: error of the aspirate [log10].
        luck: uniform draws; the number of blasts found among ``cells`` is Poisson.
        cells: cells in the sample.
    """
    expected = np.minimum(blasts * 10.0**aspirate_error, 1.0) * cells
    # beyond a few thousand the count's own scatter is nothing beside the aspirate's
    few = expected < 5000
    found = np.where(few, _poisson_quantile(luck, np.where(few, expected, 1.0)), expected)
    return np.asarray(np.minimum(found / cells, 1.0), np.float64)


def _poisson_quantile(q: Floats, mean: Floats) -> Floats:
    """Smallest count whose cumulative probability reaches ``q``; 0 where nothing is expected."""
    with np.errstate(invalid="ignore"):
        count = np.ceil(np.nan_to_num(pdtrik(q, np.maximum(mean, 1e-300))))
    below = np.maximum(count - 1, 0)
    return np.asarray(np.where(pdtr(below, mean) >= q, below, count), np.float64)
