"""What scores rest on: files of the package by name, and hashes of their contents."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from engager.evidence import statements, studies
from engager.evidence.split import DATA as RECORD
from engager.inference.basis import basis
from engager.inference.prior import DATA
from engager.patients.population import DATA as POPULATION
from engager.trials import trial_file, trials


def contents() -> dict[str, str]:
    """Hashes of what a fit rests on (see :func:`engager.inference.basis.basis`), of the whole record, of
    its studies' trials and of the cross-endpoint checks: with any of it changed, scores answer another question."""
    record = [study.model_dump_json() for study in studies().values()]
    said = [repr(statement) for statement in statements()]
    return {
        **basis(),
        "the record": _sha256(json.dumps([record, said]).encode("utf-8")),
        "all trials": _sha256("".join(map(of_text, _trials().values())).encode("utf-8")),
        "checks.csv": of_text(DATA / "checks.csv"),
    }


def files() -> dict[str, Path]:
    """Files that runs, scores and null models take numbers from, by name, but for the runs' own."""
    found = {f"record/{path.name}": path for path in sorted((RECORD / "studies").glob("*.yaml"))}
    found |= _trials()
    found |= {name: RECORD / name for name in ("split.csv", "statements.csv", "sources.csv")}
    found |= {name: DATA / name for name in ("checks.csv", "fit.csv")}
    outside = [path for path in sorted((DATA / "external").rglob("*")) if path.is_file()]
    found |= {f"external/{path.relative_to(DATA / 'external').as_posix()}": path for path in outside}
    names = ("parameters.csv", "structures.csv", "structure_values.csv", "ensemble.json", "ensemble.parquet")
    return found | {name: POPULATION / name for name in names}


def _trials() -> dict[str, Path]:
    """Trial files of the record's studies: the null regression takes cohorts from them, runs a copy of their own."""
    return {f"trials/{name}.yaml": trial_file(name) for name in studies() if name in trials()}


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    return _sha256(path.read_bytes())


def of_text(path: Path) -> str:
    """SHA-256 of a file's text, the same whatever ends its lines."""
    return _sha256(path.read_text(encoding="utf-8").encode("utf-8"))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
