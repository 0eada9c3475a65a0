"""A fit as its user runs it: refused, run, interrupted, run again, and simulated with."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from engager.app.cli import app
from engager.documents import DocumentError
from engager.patients import read_ensemble

runner = CliRunner()

SMALL = ["calibrate", "--study", "D-ALBA", "--members", "50", "--steps", "1", "--json"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--study", "ALCANTARA"], "ALCANTARA must not be fitted: its rows are context, informed, predicted"),
        (["--study", "D-ALBAA"], "unknown study 'D-ALBAA'; did you mean 'D-ALBA'?"),
        (["--members", "10"], "--members 10: must be from 50"),
    ],
)
def test_what_cannot_be_fitted_is_refused(tmp_path, options, said) -> None:
    done = runner.invoke(app, ["calibrate", *options, "--out", str(tmp_path / "fit")])
    assert done.exit_code == 2 and said in done.output.replace("\n", " ")
    assert not (tmp_path / "fit").exists()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "whole"
    done = runner.invoke(app, [*SMALL, "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return folder, json.loads(done.stdout)


@pytest.mark.slow
def test_a_fit_goes_on_where_it_was_interrupted(fitted, tmp_path) -> None:
    whole, said = fitted
    part = tmp_path / "part"
    part.mkdir()
    (part / "manifest.json").write_bytes((whole / "manifest.json").read_bytes())
    lines = (whole / "step-0.jsonl").read_text().splitlines(keepends=True)
    (part / "step-0.jsonl").write_text(
        "".join(lines[:30]) + lines[30][:20]
    )  # cut off in the middle of a line
    done = runner.invoke(app, [*SMALL, "--workers", "1", "--out", str(part)])
    assert json.loads(done.stdout)["sha256"] == said["sha256"]
    other = runner.invoke(app, [*SMALL, "--seed", "2", "--out", str(part)])
    assert other.exit_code == 2 and "another request" in other.output


@pytest.mark.slow
def test_a_fit_moves_what_its_data_speak_of(fitted) -> None:
    """Molecular response at day 85 says something about the reservoir, nothing about survival after failure."""
    _, said = fitted
    [target] = said["targets"]
    assert abs(target["z"]) < abs(target["prior_z"]) or abs(target["z"]) < 0.5
    spread = {row["parameter"]: row["spread"] for row in said["parameters"]}
    assert min(spread["fRt"], spread["kRt"], spread["kTKI"]) < 0.95
    assert spread["pfm2"] == pytest.approx(1)


@pytest.mark.slow
def test_a_run_takes_the_ensemble_and_refuses_one_of_other_inputs(fitted, tmp_path) -> None:
    folder, said = fitted
    run = tmp_path / "run"
    done = runner.invoke(
        app,
        [
            "simulate",
            "MT103-202",
            "--replicates",
            "4",
            "--parameters",
            str(folder),
            "--out",
            str(run),
            "--json",
        ],
    )
    assert done.exit_code == 0, done.output
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["inputs"]["ensemble"] == said["sha256"] == read_ensemble(folder).digest
    about = json.loads((folder / "ensemble.json").read_text())
    about["basis"]["fit.csv"] = "0"
    other = tmp_path / "other"
    other.mkdir()
    (other / "ensemble.json").write_text(json.dumps(about))
    pl.read_parquet(folder / "ensemble.parquet").write_parquet(other / "ensemble.parquet")
    refused = runner.invoke(
        app, ["simulate", "MT103-202", "--parameters", str(other), "--out", str(tmp_path / "no")]
    )
    assert refused.exit_code == 2 and "other contents of fit.csv" in refused.output.replace("\n", " ")
    pl.read_parquet(folder / "ensemble.parquet").with_columns(pl.col("kmax") * 2).write_parquet(
        other / "ensemble.parquet"
    )
    with pytest.raises(DocumentError, match="is not what ensemble"):
        read_ensemble(other)
