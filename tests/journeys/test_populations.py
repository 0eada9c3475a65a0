"""One small fit, its population in several ways, and a question asked of each."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from engager.app.cli import app
from engager.patients import read_ensemble

runner = CliRunner()

WAYS = ("sampling", "weighting", "accept-reject")


def populations(fit, *options):
    return runner.invoke(app, ["populations", str(fit), *options])


def test_what_is_no_finished_fit_is_refused(tmp_path) -> None:
    none = populations(tmp_path)
    assert none.exit_code == 2 and "is no folder of a fit: engager calibrate" in none.output
    (tmp_path / "manifest.json").write_text('{"status": "running"}')
    assert "holds an unfinished fit" in populations(tmp_path).output
    unknown = populations(tmp_path, "--question", "TOWERR")
    assert unknown.exit_code == 2 and "TOWER" in unknown.output
    assert not (tmp_path / "populations").exists()


@pytest.mark.slow
def test_the_same_question_of_every_population(tmp_path) -> None:
    fit = tmp_path / "fit"
    small = ["--study", "D-ALBA", "--members", "50", "--steps", "1", "--out", str(fit), "--json"]
    assert runner.invoke(app, ["calibrate", *small]).exit_code == 0
    options = ("--question", "D-ALBA", "--replicates", "12", "--json")
    done = populations(fit, *options)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)["populations"]
    assert [way["name"] for way in said["ways"]] == ["smoother", *WAYS]
    assert all(way["members"] >= 40 and not way["problem"] for way in said["ways"])
    assert said["ways"][2]["effective"] > 50 and 0 < said["ways"][3]["told"]["acceptance"] <= 1
    by_way = said["rows"][0]["answers"]
    assert set(by_way) == {"smoother", *WAYS, "smoother, other seed"}
    assert (fit / "populations" / "report.html").read_text().count("posterior sampling") > 3

    digests = {way: read_ensemble(fit / "populations" / way).digest for way in WAYS}
    assert len({*digests.values(), read_ensemble(fit).digest}) == 4
    again = populations(fit, *options)  # all is there: runs are read, nothing changes
    assert json.loads(again.stdout)["populations"] == said
    shutil.rmtree(fit / "populations")
    anew = populations(fit, "--question", "D-ALBA", "--replicates", "12", "--json", "--workers", "1")
    assert json.loads(anew.stdout)["populations"]["rows"] == said["rows"]
    assert digests == {way: read_ensemble(fit / "populations" / way).digest for way in WAYS}

    run = ["simulate", "D-ALBA", "--replicates", "2", "--out", str(tmp_path / "run"), "--json"]
    taken = runner.invoke(app, [*run, "--parameters", str(fit / "populations" / "weighting")])
    assert taken.exit_code == 0, taken.output
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["inputs"]["ensemble"] == digests["weighting"]

    other = populations(fit, *options, "--seed", "2")
    assert other.exit_code == 2 and "another fit, seed or version" in other.output.replace("\n", " ")
