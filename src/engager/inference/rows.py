"""Results of a run as rows of the record: what was published and what was simulated, side by side."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engager.inference.comparison import Compared, Interval
from engager.inference.summary import Summary


def results(summary: Summary) -> list[dict[str, Any]]:
    """Results as rows of the record, each with what was published and what was simulated."""
    return [_row(c) for c in [*summary.published, *summary.standard, *summary.controls]]


def _row(c: Compared) -> dict[str, Any]:
    r = c.result
    row = r.model_dump(mode="json")
    published = None
    if r.source:
        published = {
            "value": r.value, "lower": r.lower, "upper": r.upper, "n": r.n, "N": r.N,
            "printed": r.printed, "source": r.source, "place": r.place,
        }  # fmt: skip
    return {
        **row,
        "published": published,
        "simulated": _interval(c.simulated),
        "spread": None if c.spread is None else asdict(c.spread),
        "covered": c.covered,
        "role": c.role,
        "reason": c.reason or row["reason"],
    }


def _interval(i: Interval | None) -> dict[str, float | None] | None:
    return None if i is None else asdict(i)
