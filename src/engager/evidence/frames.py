"""The record as one table; polars is imported only here and only when asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engager.evidence.load import studies as _studies
from engager.evidence.record import Result, Study
from engager.evidence.split import role_of

if TYPE_CHECKING:
    import polars

_TEXTS = "id study arm subgroup endpoint statistic time time_of"
_NUMBERS = "value lower upper level"
_AFTER = "basis population printed source place reference cut standing reason note role"


def frame(results: Iterable[Result]) -> polars.DataFrame:
    """Results, published or simulated, as a table with one row each.

    ``time`` is text ('' where there is none), ``time_months`` its length in months (null for cycles).
    """
    import polars as pl

    text, number, whole = pl.String, pl.Float64, pl.Int64
    schema: dict[str, Any] = dict.fromkeys(_TEXTS.split(), text) | {"time_months": number}
    schema |= dict.fromkeys(_NUMBERS.split(), number) | {"n": whole, "N": whole}
    schema |= dict.fromkeys(_AFTER.split(), text) | {"reference": whole}
    return pl.DataFrame([_cells(result) for result in results], schema=schema)


def results_frame(studies: Iterable[Study] | None = None) -> polars.DataFrame:
    """All rows of these studies (None: of the whole record) as :func:`frame` makes them."""
    chosen = _studies().values() if studies is None else studies
    return frame(row for study in chosen for row in study.results)


def _cells(result: Result) -> dict[str, Any]:
    time = result.time
    return {name: getattr(result, name) for name in Result.model_fields if name != "time"} | {
        "time": str(time) if time else "",
        "time_of": time.of if time else "",
        "time_months": time.months if time else None,
        "role": role_of(result),
    }
