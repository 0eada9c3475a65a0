"""The record as tables; polars is imported only here and only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from engager.evidence.abbreviations import Abbreviation, abbreviations
from engager.evidence.approvals import Approval, approvals
from engager.evidence.facts import context, pharmacology
from engager.evidence.load import studies as _studies
from engager.evidence.ongoing import Listing, ongoing
from engager.evidence.record import Fact, Result, Study
from engager.evidence.split import role_of
from engager.evidence.statements import Statement, statements

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


def facts_frame(facts: Iterable[Fact] | None = None) -> polars.DataFrame:
    """Facts as a table with one row each; None: of the drug, the disease and every study, in that order.

    ``id`` begins with ``pharmacology``, ``context`` or the study.
    """
    chosen = [*pharmacology(), *context(), *_facts_of_studies()] if facts is None else list(facts)
    return _table(Fact, chosen)


def ongoing_frame() -> polars.DataFrame:
    """Every mention of an ongoing trial; ``setting`` and ``drugs`` are lists."""
    return _table(Listing, ongoing())


def approvals_frame() -> polars.DataFrame:
    """Every statement of an approval, oldest first; ``date`` is text, '' where none is printed."""
    return _table(Approval, approvals())


def abbreviations_frame() -> polars.DataFrame:
    """Every abbreviation that a source spells out."""
    return _table(Abbreviation, abbreviations())


def statements_frame() -> polars.DataFrame:
    """Every statement about the drug that holds no number."""
    return _table(Statement, statements())


def _facts_of_studies() -> Iterator[Fact]:
    return (fact for study in _studies().values() for fact in study.facts)


def _table(kind: type, items: Iterable[Any]) -> polars.DataFrame:
    import polars as pl

    types = {float: pl.Float64, int: pl.Int64, tuple: pl.List(pl.String)}
    hints = get_type_hints(kind)
    schema = {name: _column(hint, types, pl.String) for name, hint in hints.items() if name != "model_config"}
    return pl.DataFrame([{name: getattr(item, name) for name in schema} for item in items], schema=schema)


def _column(hint: Any, types: Mapping[type, Any], otherwise: Any) -> Any:
    words = {hint, get_origin(hint), *get_args(hint)}
    return next((column for kind, column in types.items() if kind in words), otherwise)


def _cells(result: Result) -> dict[str, Any]:
    time = result.time
    return {name: getattr(result, name) for name in Result.model_fields if name != "time"} | {
        "time": str(time) if time else "",
        "time_of": time.of if time else "",
        "time_months": time.months if time else None,
        "role": role_of(result),
    }
