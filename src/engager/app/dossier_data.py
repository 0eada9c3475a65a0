"""The credibility dossier as data: the numbers of its page, each part with where they come from."""

from __future__ import annotations

from typing import Any

from engager.inference.criteria import Judged
from engager.inference.dossier import Assumption, Dossier
from engager.inference.scores_file import as_data as scores_data
from engager.inference.validation import Scored, Unscored
from engager.reports.dossier_text import conclusion


def as_data(d: Dossier) -> dict[str, Any]:
    """What ``dossier --json`` prints; sections as on the page. A part that is missing says why under ``missing``."""
    return {
        "engager": d.engager,
        "conclusion": conclusion(d),
        "question": {
            **d.question.model_dump(exclude={"criteria"}), "model_risk": d.question.risk, "source": d.asked_in,
        },
        "criteria": [_judged(one) for one in d.judged],
        "verification": {"checks": d.checks, "steps": d.refined, "activities": d.activities},
        "calibration": _calibration(d),
        "validation": _validation(d),
        "uncertainty": {
            "spread": d.spread,
            "rivals": d.sensitivity.rivals.to_dicts() if d.sensitivity else None,
        },
        "assumptions": {
            "parameters": [_assumption(one) for one in d.assumptions],
            "studies": {run.study: run.assumptions for run in d.runs},
            "structures": d.structures,
        },
        "limits": d.limits,
        "missing": d.missing,
        "sources": {
            "folder": d.folder, "runs": d.runs, "files": d.files, "citations": d.sources, "versions": d.versions,
        },
    }  # fmt: skip


def _judged(one: Judged) -> dict[str, Any]:
    value = one.value
    return {
        **one.criterion.model_dump(exclude_none=True),
        "verdict": one.verdict,
        "value": value.value if value else None,
        "interval_90": [value.lower, value.upper] if value else None,
        "counted": one.counted, "of": one.of, "studies": one.studies, "rows": one.rows,
    }  # fmt: skip


def _calibration(d: Dossier) -> dict[str, Any] | None:
    if d.fit is None:
        return None
    tables = {name: getattr(d.fit, name).to_dicts() for name in ("targets", "posterior", "trace")}
    return {"ensemble": d.fit.sha256, **tables}


def _validation(d: Dossier) -> dict[str, Any]:
    """As in ``scores.json``, the misses by id, with the run of each row."""
    data = scores_data(d.board)
    rows = [{**row, "run": d.board.runs.get(row["study"])} for row in data["rows"]]
    misses = [row.result.id for row in d.board.rows if isinstance(row, Scored) and not row.inside_outer]
    unscored = [row.result.id for row in d.board.rows if isinstance(row, Unscored)]
    return {**data, "rows": rows, "misses": misses, "not_simulated": unscored}


def _assumption(one: Assumption) -> dict[str, Any]:
    return dict(vars(one))
