"""`engager validate`: three small studies simulated, scored, scored again; and everything that is refused."""

import json

import pytest
from typer.testing import CliRunner

from engager.app import everything
from engager.app.cli import app
from engager.evidence import distinct, role_of, study
from engager.inference.validation import SCORED

NAMES = ["BLINA-PONATINIB", "BLINA-NIVOLUMAB", "MT103-202"]


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(everything, "in_order", lambda: NAMES)


def run(*words):
    return CliRunner().invoke(app, ["validate", *map(str, words)])


@pytest.mark.slow
def test_studies_are_simulated_once_and_every_number_is_accounted_for(three, tmp_path):
    done = run(tmp_path / "runs", "--replicates", 12, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    wanted = {row.id for name in NAMES for row in distinct(study(name).results) if role_of(row) in SCORED}
    rows = {row["id"]: row for row in found["rows"] if row["study"] in NAMES}
    assert set(rows) == wanted
    beside = [row for row in found["rows"] if row["study"] not in NAMES]
    assert beside and not any(row["scored"] for row in beside)  # never dropped: they are listed with a reason
    assert all(row["reason"] for row in found["rows"] if not row["scored"])

    cytogenetic = rows["BLINA-PONATINIB/blinatumomab-ponatinib/cytogenetic_remission/proportion/zhao2019"]
    assert cytogenetic["published"] == pytest.approx(14 / 15) and cytogenetic["role"] == "predicted"
    low, high = cytogenetic["interval_90"]
    assert low <= cytogenetic["median"] <= high and cytogenetic["inside_90"] == (low <= 14 / 15 <= high)
    assert found["summary"]["scored"] == sum(row["scored"] for row in rows.values())
    assert {"predicted", "calibrated"} <= set(found["summary"]["roles"])
    molecular = rows["BLINA-PONATINIB/blinatumomab-ponatinib/complete_molecular_response/proportion/zhao2019"]
    assert "BLINA-PONATINIB" not in molecular["null"]["regression"]["studies"]

    files = ("scores.json", "validation.html", "figures/scoreboard.svg", "figures/scoreboard.csv")
    first = {name: (tmp_path / "runs" / name).read_bytes() for name in files}
    shards = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.parquet")}
    again = run(tmp_path / "runs", "--out", tmp_path / "elsewhere")
    assert again.exit_code == 0 and "patients/s" not in again.stderr and "page" in again.stdout
    assert {name: (tmp_path / "elsewhere" / name).read_bytes() for name in files} == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.parquet")} == shards

    other = run(tmp_path / "runs", "--seed", 2)
    assert other.exit_code == 2 and "has replicates 12, seed 1" in other.stderr and "seed 2" in other.stderr


@pytest.mark.slow
def test_a_run_of_another_size_is_refused(three, tmp_path):
    made = CliRunner().invoke(
        app,
        [
            "simulate",
            "BLINA-NIVOLUMAB",
            "--patients",
            "3",
            "--replicates",
            "10",
            "--out",
            str(tmp_path / NAMES[1]),
        ],
    )
    assert made.exit_code == 0
    done = run(tmp_path)
    assert done.exit_code == 2 and "BLINA-NIVOLUMAB's own trial at its own size" in done.stderr
    assert not (tmp_path / "scores.json").exists()


def folder_of(tmp_path, **requests):
    for name, (replicates, seed) in requests.items():
        (tmp_path / name).mkdir()
        asked = {"replicates": replicates, "seed": seed, "switched": []}
        (tmp_path / name / "manifest.json").write_text(json.dumps({"request": asked, "status": "running"}))
    return tmp_path


@pytest.mark.parametrize(
    ("requests", "words", "said"),
    [
        ({"TOWER": (30, 1), "BLAST": (20, 1)}, [], "has replicates 30, seed 1"),
        ({"TOWER": (30, 1)}, ["--replicates", "40"], "TOWER has replicates 30, seed 1"),
        ({"TOWER": (5, 1)}, [], "5 replicates are too few to score"),
        ({}, ["--replicates", "9"], "9 replicates are too few to score: at least 10"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(tmp_path, requests, words, said):
    done = run(folder_of(tmp_path, **requests), *words)
    assert done.exit_code == 2 and done.stdout == ""
    assert said in done.stderr
    assert not (tmp_path / "scores.json").exists()


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    done = run(tmp_path)
    assert done.exit_code == 2 and "holds no run of a study" in done.stderr
    done = run(tmp_path / "notes.txt")
    assert done.exit_code == 2 and "is a file; name a folder of runs" in done.stderr
