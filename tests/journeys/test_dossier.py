"""`engager dossier`: that of two small studies, simulated and scored; and everything that is refused."""

import json
import re
from pathlib import Path

import pytest
from tests import moved
from typer.testing import CliRunner

from engager.app import dossier as job
from engager.app import everything
from engager.app.cli import app
from engager.patients import ensemble

NAMES = ["BLINA-NIVOLUMAB", "MT103-202"]


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Two studies at 12 replicates, and their scores."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(everything, "in_order", lambda: NAMES)
        done = run("validate", folder, "--replicates", 12, "--parameters", "point")
    assert done.exit_code == 0, done.stderr
    return folder


def numbers(value):
    """Every number in a value, with its path."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [n for item in items for n in numbers(item)]


@pytest.mark.slow
def test_a_dossier_says_what_the_scores_say_and_where_from(scored, tmp_path):
    page = tmp_path / "page.html"
    done = run("dossier", scored, "--out", page, "--json")
    assert done.exit_code == 0, done.stderr
    made, scores = json.loads(done.stdout), json.loads((scored / "scores.json").read_text())
    assert made["page"] == str(page) and page.read_text().startswith("<!DOCTYPE html>")

    told = made["validation"]
    assert {key: told[key] for key in scores if key != "rows"} == {
        k: v for k, v in scores.items() if k != "rows"
    }
    assert [{k: v for k, v in row.items() if k != "run"} for row in told["rows"]] == scores["rows"]
    assert set(numbers(told)) <= set(numbers(scores))
    for row in told["rows"]:
        assert row["run"] == (scores["runs"][row["study"]] if row["study"] in NAMES else None)
    missed = [row["id"] for row in scores["rows"] if row["scored"] and not row["inside_90"]]
    assert told["misses"] == missed

    covered = scores["summary"]["roles"]["predicted"]["coverage"][1]
    judged = {one["name"]: one for one in made["criteria"]}
    inside = judged["Predicted numbers lie in their 90 % intervals"]
    assert (inside["counted"], inside["of"], inside["value"]) == (
        covered["inside"], covered["rows"], covered["share"]["value"],
    )  # fmt: skip
    assert inside["verdict"] == ("met" if inside["value"] >= 0.75 else "not met")
    assert judged["The program computes what its equations say"]["verdict"] == "met"

    manifests = {name: json.loads((scored / name / "manifest.json").read_text()) for name in NAMES}
    assert {one["study"]: one["id"] for one in made["sources"]["runs"]} == {
        n: m["id"] for n, m in manifests.items()
    }
    assert set(made["missing"]) >= {"spread"}
    assert all(len(sha) == 64 for sha in made["sources"]["files"].values())

    text = page.read_text()
    assert "figures/" not in text and "<script" not in text and 'href="http' not in text  # one file
    assert "Source: " in text and not re.search(r">(None|nan|inf)\b", text)
    for row in scores["rows"]:
        if row["scored"] and not row["inside_90"]:
            assert scores["runs"][row["study"]][:12] in text


@pytest.mark.slow
def test_the_same_runs_give_the_same_page_with_sensitivity(scored, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SENSITIVITY", tmp_path / "sensitivity")
    effects = moved.effects(tmp_path / "sensitivity")
    pages = [tmp_path / name / "page.html" for name in ("one", "two")]
    for page in pages:
        done = run("dossier", scored, "--out", page)
        assert done.exit_code == 0, done.stderr
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert ensemble().digest[:12] in pages[0].read_text()

    made = json.loads(run("dossier", scored, "--out", pages[0], "--json").stdout)
    ranked = [one for one in made["assumptions"]["parameters"] if one["mu_star"] is not None]
    assert [one["mu_star"] for one in ranked] == sorted((one["mu_star"] for one in ranked), reverse=True)
    assert all(one["standing"] in ("assumed", "estimated") for one in ranked)
    beyond = effects.filter(effects["mu_star"] > effects["floor"])
    assert {one["parameter"]: one["mu_star"] for one in ranked if one["mu_star"]}.items() <= dict(
        beyond.select("parameter", "mu_star").rows()
    ).items()
    assert set(made["missing"]) == {"spread"}


@pytest.mark.slow
def test_runs_that_are_not_those_that_were_scored_are_refused(scored, tmp_path):
    kept = json.loads((scored / "scores.json").read_text())
    other = {**kept, "runs": {**kept["runs"], "MT103-202": "0" * 64}}
    (scored / "scores.json").write_text(json.dumps(other))
    try:
        done = run("dossier", scored, "--out", tmp_path / "page.html")
        assert done.exit_code == 2 and "MT103-202 holds other results" in done.stderr
        (scored / "scores.json").write_text(json.dumps({**kept, "rows": kept["rows"][:1], "checks": [{}]}))
        done = run("dossier", scored, "--out", tmp_path / "page.html")
        assert done.exit_code == 2 and "is not what this version of engager validate writes" in done.stderr
        basis = {**kept["basis"], "checks.csv": "0" * 64}
        (scored / "scores.json").write_text(json.dumps({**kept, "basis": basis}))
        done = run("dossier", scored, "--out", tmp_path / "page.html")
        assert done.exit_code == 2 and "other contents of checks.csv than are installed" in done.stderr
        (scored / "scores.json").write_text("{")
        assert run("dossier", scored, "--out", tmp_path / "page.html").exit_code == 2
    finally:
        (scored / "scores.json").write_text(json.dumps(kept))
    assert not (tmp_path / "page.html").exists()
    done = run("dossier", scored, "--out", tmp_path)
    assert done.exit_code == 2 and "is a folder; name the page" in done.stderr


def test_without_scores_the_command_to_run_is_named(tmp_path):
    done = run("dossier", tmp_path)
    assert done.exit_code == 2 and done.stdout == ""
    assert f"engager validate {tmp_path}" in done.stderr


def test_scores_without_their_runs_are_refused(tmp_path):
    empty = {"replicates": 12, "seed": 1, "parameters": "point", "switched": [], "runs": {"TOWER": "0" * 64}}
    empty |= {"engager": "0", "ensemble": "", "basis": {}}
    summary = {"context": 0, "problems": {}}
    (tmp_path / "scores.json").write_text(json.dumps({**empty, "summary": summary, "checks": [], "rows": []}))
    done = run("dossier", tmp_path)
    assert done.exit_code == 2 and "does not hold the runs that were scored (TOWER missing)" in done.stderr


def test_a_question_with_mistakes_is_refused_before_anything_is_read(tmp_path):
    asked = tmp_path / "q.yaml"
    asked.write_text("question: Which?\ninfluence: {level: huge, because: x}\n")
    done = run("dossier", tmp_path / "nowhere", "--question", asked)
    assert (
        done.exit_code == 2
        and "'huge' is not known" in done.stderr
        and "key 'criteria' is missing" in done.stderr
    )
    assert not Path(tmp_path / "nowhere").exists()
