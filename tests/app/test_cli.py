"""The command line: every reading command, its JSON, its exit status, and how fast it is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engager import __version__
from engager.app import jobs
from engager.app.cli import app
from engager.app.request import SHIPPED
from engager.evidence import Finding
from engager.evidence import studies as recorded

ENGAGER = str(Path(sys.executable).with_name("engager"))
HEAVY = ("jax", "numpy", "polars", "pydantic", "matplotlib", "yaml", "rich", "scipy")

READING = {
    ("evidence", "list"): "TOWER",
    ("evidence", "show", "TOWER"): "91/271 [34%]",
    ("evidence", "check"): "judged",
    ("evidence", "check", "--all"): "use 134",
    ("evidence", "check", "--gaps"): "no source states the dose",
    ("evidence", "check", "RR36", "--all"): "use 6 of 36",
    ("evidence", "endpoint", "CR", "--together"): "different disease is mixed",
    ("evidence", "endpoint", "CR"): "91/271",
    ("evidence", "endpoint", "OS", "--by", "setting", "--treatment", "any"): "groups differ",
    ("evidence", "endpoint", "age"): "54.5 years",
    ("regimen", "list"): "blinatumomab-tower",
    ("regimen", "show", "blinatumomab-tower"): "28 µg/day, continuous infusion",
    ("trial", "list"): "MT103-202",
    ("trial", "show", "TOWER"): "dose: 9 µg/day, days: 1-7",
    ("explain", "CR"): "Nmarrow",
}


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_command_shows_its_subject(command):
    done = run(*command)
    assert done.exit_code == 0, done.output
    assert READING[command] in done.stdout and done.stderr == ""


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_json_is_one_object_and_nothing_else(command):
    done = run(*command, "--json")
    assert done.exit_code == 0 and done.stderr == ""
    assert isinstance(json.loads(done.stdout), dict)
    assert "NaN" not in done.stdout and "Infinity" not in done.stdout


def test_json_contracts():
    studies = json.loads(run("evidence", "list", "--json").stdout)["studies"]
    assert [study["id"] for study in studies] == list(recorded())
    assert {"MT103-202", "MT103-211", "TOWER"} <= set(recorded())
    tower = json.loads(run("evidence", "show", "TOWER", "--json").stdout)
    assert tower["id"] == "TOWER" and {row["role"] for row in tower["results"]} >= {"calibrated", "predicted"}
    findings = json.loads(run("evidence", "check", "--json").stdout)["findings"]
    assert len(findings) == len(jobs.check_record())
    for finding in findings:
        assert {"severity", "rule", "rows", "message", "judged"} <= set(finding)
        assert isinstance(finding["rows"], list)
    assert any(finding["judged"] for finding in findings) and any(f["judged"] is None for f in findings)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("evidence", "show", "TOWR"), "did you mean 'TOWER'"),
        (("trial", "show", "TOWR"), "did you mean 'TOWER'"),
        (("regimen", "show", "flag-idda"), "did you mean 'flag-ida'"),
        (("evidence", "endpoint", "complete_remision"), "did you mean 'complete_remission'"),
        (("evidence", "endpoint", "CR", "--setting", "relapse"), "did you mean 'relapsed'"),
        (("evidence", "endpoint", "CR", "--treatment", "blinatumumab"), "did you mean 'blinatumomab'"),
        (("explain", "kmaxx"), "'kmax'"),
        (("explain", "blinatumumab"), "'blinatumomab'"),
        (("regimen", "check", "nowhere.yaml"), "cannot be read"),
    ],
)
@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_what_is_unknown_is_told_on_stderr_with_status_2(words, near, json_too):
    done = run(*words, *json_too)
    assert done.exit_code == 2 and done.stdout == ""
    assert near in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [("evidnce",), ("evidence", "lst"), ("evidence", "list", "--jsn"), ("explain",)]
)
def test_unknown_commands_and_options_have_status_2(words):
    done = run(*words)
    assert done.exit_code == 2 and "Traceback" not in done.output


def test_every_mistake_of_a_regimen_is_told_at_its_line(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\ncycles:\n  - cycle: one\n    length: 42 days\n    doses:\n"
        "      - {drug: blinatumumab, dose: 9 µg/day, days: 1-7}\n"
        "      - {drug: blinatumomab, dose: -28 µg/day, days: 8-28}\n"
    )
    done = run("regimen", "check", file)
    assert done.exit_code == 2 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.partition(f"{file}:")[2].partition(":")[0] for line in lines] == ["6", "7"]


def test_regimen_check_accepts_what_show_prints(tmp_path):
    from engager.regimens import regimen, to_yaml

    file = tmp_path / "mine.yaml"
    file.write_text(to_yaml(regimen("flag-ida")), encoding="utf-8")
    assert run("regimen", "check", file).exit_code == 0
    assert json.loads(run("regimen", "check", file, "--json").stdout)["days"] == 140
    assert "fludarabine" in run("regimen", "show", file).stdout


def test_plot_writes_an_svg_or_says_why_not(tmp_path):
    out = tmp_path / "tower.svg"
    assert run("regimen", "plot", "blinatumomab-tower", "--out", out).exit_code == 0
    assert out.read_text(encoding="utf-8").startswith("<svg")
    for bad in (tmp_path / "tower.png", tmp_path / "no" / "folder.svg"):
        done = run("regimen", "plot", "blinatumomab-tower", "--out", bad)
        assert done.exit_code == 2 and str(bad) in done.stderr and not bad.exists()


def test_a_symbol_is_as_good_as_a_name():
    assert (
        run("evidence", "endpoint", "cr").stdout == run("evidence", "endpoint", "complete_remission").stdout
    )


def test_a_forest_plot_is_written_or_it_is_said_why_not(tmp_path):
    out = tmp_path / "cr.svg"
    done = run("evidence", "endpoint", "CR", "--setting", "relapsed", "--forest", out)
    assert done.exit_code == 0 and str(out) in done.stdout and "91/271" in done.stdout
    assert out.read_text(encoding="utf-8").startswith("<svg")
    found = json.loads(run("evidence", "endpoint", "CR", "--forest", out, "--json").stdout)
    assert found["forest"] == str(out) and found["pooled"]["symbol"] == "CR"
    for endpoint, bad in (
        ("CR", tmp_path / "cr.png"),
        ("CR", tmp_path / "no" / "f.svg"),
        ("age", tmp_path / "a.svg"),
    ):
        done = run("evidence", "endpoint", endpoint, "--forest", bad)
        assert done.exit_code == 2 and done.stdout == "" and not bad.exists()
        assert str(bad) in done.stderr or "nothing to draw" in done.stderr


def test_the_record_is_drawn_into_an_svg_or_it_says_why_not(tmp_path):
    drawings = {
        ("evidence", "list", "--map"): "map",
        ("evidence", "show", "tower", "--timeline"): "timeline",
    }
    for words, key in drawings.items():
        out = tmp_path / f"{key}.svg"
        done = run(*words, out)
        assert done.exit_code == 0 and done.stdout == f"{out}\n"
        drawn = out.read_text(encoding="utf-8")
        assert drawn.startswith("<svg") and "TOWER" in drawn
        assert json.loads(run(*words, out, "--json").stdout)[key] == str(out)
        assert out.read_text(encoding="utf-8") == drawn
        for bad in (tmp_path / "drawing.png", tmp_path / "no" / "folder.svg"):
            done = run(*words, bad)
            assert done.exit_code == 2 and f"{words[-1]} {bad}" in done.stderr and not bad.exists()


def test_a_study_whose_treatment_is_not_stated_has_no_timeline(tmp_path, monkeypatch):
    bare = recorded()["TOWER"].model_copy(update={"facts": ()})
    monkeypatch.setattr(jobs.evidence, "study", lambda name: bare)
    done = run("evidence", "show", "TOWER", "--timeline", tmp_path / "tower.svg")
    assert done.exit_code == 2 and "the sources state no dose" in done.stderr
    assert not list(tmp_path.iterdir())


def test_check_is_quiet_about_judged_findings_unless_asked():
    quiet, full = run("evidence", "check").stdout, run("evidence", "check", "--all").stdout
    judged = [f for f in jobs.check_record() if f.judged]
    assert f"{len(judged)} judged" in quiet
    assert "judged: " not in quiet and full.count("judged: ") == len(judged)


def test_an_unjudged_hard_finding_fails_the_check(monkeypatch):
    found = [Finding("sum", "hard", ("A", "B"), "1 + 1 is not 3")]
    monkeypatch.setattr(jobs, "check_record", lambda _files: found)
    assert run("evidence", "check").exit_code == 1
    done = run("evidence", "check", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["findings"][0]["message"] == "1 + 1 is not 3"
    monkeypatch.setattr(
        jobs, "check_record", lambda _files: [Finding("sum", "hard", ("A",), "…", judged="kept: because")]
    )
    assert run("evidence", "check").exit_code == 0


@pytest.mark.parametrize(("end", "status"), [(KeyboardInterrupt, 130), (MemoryError, 1)])
def test_an_end_from_without_is_one_line_that_says_how_to_go_on(end, status, monkeypatch):
    def ended():
        raise end

    monkeypatch.setattr(jobs, "list_studies", ended)
    done = run("evidence", "list")
    assert done.exit_code == status and len(done.stderr.splitlines()) == 1
    assert "what a run has finished is kept: engager resume RUN" in done.stderr


def test_a_mistake_of_ours_is_not_dressed_up_as_wrong_input(monkeypatch):
    def broken():
        raise ValueError("ours")

    monkeypatch.setattr(jobs, "list_studies", broken)
    assert isinstance(run("evidence", "list").exception, ValueError)


@pytest.mark.parametrize(
    "words", ["trial show TOWER", "evidence show TOWER", "evidence check --json", "--help"]
)
def test_a_reader_that_goes_away_is_no_error(words):
    done = subprocess.run(f"{ENGAGER} {words} | true", shell=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "" and done.stderr == ""


def test_a_terminal_without_greek_letters_is_no_error():
    done = subprocess.run(
        [ENGAGER, "regimen", "show", "blinatumomab-tower"],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and b"28 ?g/day" in done.stdout


def test_version():
    assert run("--version").stdout == f"engager {__version__}\n"


def test_help_loads_nothing_heavy():
    program = (
        "import sys; sys.argv = ['engager', '--help']\n"
        "from engager.app.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "simulate" in done.stdout and done.stdout.endswith("LOADED []\n")


def test_simulate_passes_its_options_on(monkeypatch):
    from engager.app import run_commands

    seen = {}
    monkeypatch.setattr(run_commands, "simulate_command", lambda **options: seen.update(options))
    assert run("simulate", "TOWER", "--patients", 7, "--seed", 3, "--out", "x", "--json").exit_code == 0
    assert seen == {
        "study": "TOWER", "patients": 7, "replicates": 100, "seed": 3, "out": "x",
        "workers": None, "batch": None, "switched": (), "parameters": SHIPPED, "scheduler": None, "processes": None,
        "profile": False, "json": True,
    }  # fmt: skip


def test_check_of_a_study_names_only_it_and_offers_near_names():
    found = json.loads(run("evidence", "check", "tower", "--json").stdout)["findings"]
    assert found and all("TOWER" in {row.partition("/")[0] for row in f["rows"]} for f in found)
    done = run("evidence", "check", "TOWR")
    assert done.exit_code == 2 and "did you mean 'TOWER'" in done.stderr


def test_gaps_are_counted_in_one_line():
    short = run("evidence", "check").stdout
    assert "not printed anywhere:" in short and "no source states" not in short
    assert "no source states" in run("evidence", "check", "--all").stdout
