"""Every trial in one go: two of them here, the page over both, and a second call that finishes the first."""

import json

import pytest
from typer.testing import CliRunner

from engager.app import everything
from engager.app.cli import app
from engager.documents import DocumentError
from engager.evidence import ongoing, studies
from engager.regimens import regimens
from engager.reports.index_page import _listed
from engager.trials import trial, trials

NAMES = ["MT103-202", "BLINA-NIVOLUMAB"]


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(everything, "in_order", lambda: NAMES)


@pytest.mark.slow
def test_a_page_over_all_trials_and_a_second_call_changes_nothing(two, tmp_path):
    first = everything.simulate_all(replicates=2, out=tmp_path)
    text = first.page.read_text(encoding="utf-8")
    for name in NAMES:
        assert f'href="{name}/report.html"' in text and (tmp_path / name / "report.html").is_file()
    assert [line.name for line in first.lines] == NAMES and all(line.facts for line in first.lines)
    assert "MRD response" in text and "2 trials were simulated" in text
    shards = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    again = everything.simulate_all(replicates=2, out=tmp_path)
    assert again.page.read_text(encoding="utf-8") == text
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == shards
    with pytest.raises(
        DocumentError, match=r"MT103-202 has replicates 2, seed 1[\s\S]*asked for are replicates 3"
    ):
        everything.simulate_all(replicates=3, out=tmp_path)


def test_a_trial_that_cannot_be_run_is_named_and_the_others_go_on(two, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise DocumentError("no drug")

    monkeypatch.setattr(everything, "begun", refuse)
    done = CliRunner().invoke(app, ["simulate", "--all", "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert [one["problem"] for one in found["trials"]] == ["no drug", "no drug"]
    assert "no drug" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_all_and_a_study_exclude_each_other():
    for words in (["simulate", "--all", "TOWER"], ["simulate", "--replicates", "2"]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2 and "name one study or trial file, or give --all" in done.stderr


def test_every_study_has_a_trial():
    assert set(studies()) <= set(trials())


@pytest.mark.parametrize("name", [name for name in trials() if trial(name).study is None])
def test_an_ongoing_trial_has_the_title_of_its_listing(name):
    said = _listed(trial(name))
    drugs = {word for row in ongoing() if name.startswith(row.registry) for word in row.drugs}
    assert any(drug.lower() in said.lower() for drug in drugs) and " disease" in said
    assert not set(said.split(", ")) & set(regimens())
