"""``scores.json``: the scoreboard as data, written and read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engager.documents import DocumentError
from engager.evidence import Result, studies
from engager.inference.checks import Checked, checks
from engager.inference.comparison import Interval
from engager.inference.scoreboard import Board, tallies
from engager.inference.validation import INNER, OUTER, Against, Scored, Unscored, place_of, scale_of
from engager.trials import trial

SCORES = "scores.json"


def as_data(board: Board) -> dict[str, Any]:
    """The scoreboard as JSON has it once its numbers are made plain: summary scores, checks, and every number under
    ``rows``."""
    scored = sum(isinstance(row, Scored) for row in board.rows)
    summary = {
        "scored": scored,
        "not_simulated": len(board.rows) - scored,
        "context": board.context,
        "studies": len({row.result.study for row in board.rows if isinstance(row, Scored)}),
        "roles": {tally.role: tally for tally in board.tallies},
        "problems": board.problems,
        "perfect": {f"{100 * level:.0f}": board.perfect(level) for level in (INNER, OUTER)},
    }
    return {
        "replicates": board.replicates,
        "seed": board.seed,
        "parameters": board.parameters,
        "switched": board.switched,
        "engager": board.engager,
        "ensemble": board.ensemble,
        "basis": board.basis,
        "runs": board.runs,
        "summary": summary,
        "checks": [check_data(one) for one in board.checks],
        "rows": [row_data(row) for row in board.rows],
    }


def row_data(row: Scored | Unscored) -> dict[str, Any]:
    """A published number: named as in the record, and what the model said of it."""
    r = row.result
    names = {
        "id": r.id, "study": r.study, "arm": r.arm, "subgroup": r.subgroup, "endpoint": r.endpoint,
        "statistic": r.statistic, "time": str(r.time or ""), "population": r.population, "cut": r.cut, "role": row.role,
        "printed": r.printed, "n": r.n, "N": r.N, "source": r.source, "place": r.place,
    }  # fmt: skip
    if isinstance(row, Unscored):
        return {**names, "scored": False, "reason": row.reason}
    return {
        **names, "scored": True, "kind": row.kind, "published": row.observed, "patients": row.N,
        "median": row.median, "interval_50": row.inner, "interval_90": row.outer, "inside_50": row.inside_inner,
        "inside_90": row.inside_outer, "pit": row.pit, "crps": row.crps, "log_score": row.log_score,
        "null": row.nulls, "no_null": row.no_null,
    }  # fmt: skip


def check_data(one: Checked) -> dict[str, Any]:
    """A cross-endpoint check."""
    c = one.check
    return {
        "name": c.name, "verdict": one.verdict, "expected": c.expected, "study": c.study, "against": c.against,
        "arm": c.arm, "subgroup": c.subgroup, "endpoint": c.endpoint, "statistic": c.statistic, "margin": c.margin,
        "effect": one.effect,
        "mean": one.mean, "reason": one.reason, "rows": [row.id for row in c.rows],
        "said": c.said.statement if c.said else "",
    }  # fmt: skip


def read_board(text: str, path: Path) -> Board:
    """The scoreboard from the text of its file; tallies are counted anew.

    Args:
        path: of the file, for what is said where it cannot be used.

    Raises:
        DocumentError: it is damaged, was written by another version, or speaks of rows that the record has no more.
    """
    try:
        data = json.loads(text)
        rows = _rows(data["rows"])
        return Board(
            replicates=data["replicates"],
            seed=data["seed"],
            parameters=data["parameters"],
            switched=tuple(data["switched"]),
            rows=rows,
            context=data["summary"]["context"],
            problems=data["summary"]["problems"],
            tallies=tuple(tallies(rows, data["seed"])),
            checks=tuple(_checked(data["checks"])),
            runs=data["runs"],
            engager=data["engager"],
            ensemble=data["ensemble"],
            basis=data["basis"],
        )
    except DocumentError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DocumentError(
            f"{path} is not what this version of engager validate writes ({why}): run engager validate {path.parent}"
        ) from None


def _rows(data: list[dict[str, Any]]) -> tuple[Scored | Unscored, ...]:
    recorded = {row.id: row for study in studies().values() for row in study.results}
    gone = [one["id"] for one in data if one["id"] not in recorded]
    if gone:
        raise DocumentError(
            f"the scores speak of {gone[0]}, which the record does not have (any more): run engager validate again"
        )
    return tuple(_row(one, recorded[one["id"]]) for one in data)


def _row(data: Mapping[str, Any], result: Result) -> Scored | Unscored:
    if not data["scored"]:
        return Unscored(result, data["role"], data["reason"])
    inner, outer = (_ends(data[name]) for name in ("interval_50", "interval_90"))
    median = _number(data["median"])
    scale = scale_of(data["kind"], trial(result.study))
    return Scored(
        result=result, role=data["role"], kind=data["kind"], observed=data["published"], N=data["patients"],
        median=median, inner=inner, outer=outer, inside_inner=data["inside_50"], inside_outer=data["inside_90"],
        pit=(data["pit"][0], data["pit"][1]), crps=data["crps"], log_score=data["log_score"],
        place=place_of(*(float(scale.of(v)) for v in (data["published"], outer[0], median, outer[1]))),
        nulls={name: _against(one) for name, one in data["null"].items()}, no_null=data["no_null"],
    )  # fmt: skip


def _against(data: Mapping[str, Any]) -> Against:
    bounds = {name: _number(data[name]) for name in ("lower", "upper")}
    return Against(**{**data, **bounds, "studies": tuple(data["studies"])})


def _number(value: float | None) -> float:
    """JSON has no infinity: a median beyond follow-up is null."""
    return math.inf if value is None else value


def _ends(pair: list[float | None]) -> tuple[float, float]:
    low, high = map(_number, pair)
    return low, high


def _checked(data: list[dict[str, Any]]) -> list[Checked]:
    known = {check.name: check for check in checks()}
    made = []
    for one in data:
        effect, mean = (_interval(one[name]) for name in ("effect", "mean"))
        made.append(Checked(known[one["name"]], one["verdict"], effect, mean, one["reason"]))
    return made


def _interval(data: dict[str, float | None] | None) -> Interval | None:
    return None if data is None else Interval(**data)  # type: ignore[arg-type]
