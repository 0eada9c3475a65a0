"""What a run tells while it goes: rate and time left, log lines for who asks, where the time went."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engager.app import run_commands
from engager.engine.executor import as_finished
from engager.engine.phases import add, apart, measured, phase

ENGAGER = str(Path(sys.executable).with_name("engager"))
PHASES = {
    "enrol", "packing", "compiled calls", "spreading", "history tables", "writing", "summary", "report and figures",
}  # fmt: skip


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(run_commands.time, "monotonic", lambda: now[0])
    return now


def test_rate_and_time_left_without_what_a_resumed_run_held(clock, capsys):
    line = run_commands._lines("patients")
    for later, done in ((0, 0), (0.1, 4000), (2.1, 4400), (6.1, 5000), (8.1, 5400), (200, 9000)):
        clock[0] = 100 + later
        line(done, 9000)
    assert capsys.readouterr().err.splitlines() == [
        "5,000 of 9,000 patients, 6 s, 167 patients/s, 24 s left",
        "9,000 of 9,000 patients, 200 s, 19 patients/s",
    ]


def test_a_run_that_was_finished_before_has_no_rate(clock, capsys):
    line = run_commands._lines("patients")
    line(0, 50)
    line(50, 50)
    assert capsys.readouterr().err == "50 of 50 patients, 0 s\n"


def test_phases_add_up_over_threads_and_over_what_was_spent_before():
    def work(_):
        with phase("sleeping"):
            time.sleep(0.05)

    found = {}
    with measured(found, {"sleeping": 10.0, "earlier": 1.0}):
        list(as_finished(work, range(4), 4))
    assert found["earlier"] == 1.0 and 10.2 <= found["sleeping"] < 12
    again = {}
    with measured(again):
        pass
    assert again == {}


def test_a_worker_tells_its_own_seconds_of_a_piece_and_they_are_counted_once():
    def work(seconds):
        with phase("before"):  # of other work in this process
            time.sleep(0.01)
        with apart() as told:
            for _ in range(2):
                with phase("sleeping"):
                    time.sleep(seconds)
        return told

    found = {}
    with measured(found):
        pieces = [told for _, told in as_finished(work, [0.02, 0.05], 2)]
        for told in pieces:
            add(told)
    assert all(set(told) == {"sleeping"} for told in pieces)
    both = sum(told["sleeping"] for told in pieces)
    assert 0.14 <= both < 1 and found["sleeping"] == pytest.approx(both, abs=6e-4)


def simulated(folder, *words):
    command = [ENGAGER, "simulate", "TOWER", "--patients", "24", "--replicates", "2", "--out", str(folder)]
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=300)


def test_log_and_profile_are_shown_when_asked_for_and_change_nothing(tmp_path):
    quiet = simulated(tmp_path / "quiet", "--json")
    told = simulated(tmp_path / "told", "--json", "--log", "info", "--profile")
    assert quiet.returncode == told.returncode == 0, told.stderr
    first, second = (json.loads(done.stdout) for done in (quiet, told))
    assert first["results"] == second["results"]
    assert re.fullmatch(r"48 of 48 patients, \d+ s(, [\d.]+ patients/s)?", quiet.stderr.strip())
    kept = [
        line
        for line in told.stderr.splitlines()
        if f"run={tmp_path / 'told'} shard=0 kept: 48 patients" in line
    ]
    assert len(kept) == 1 and " INFO engager.app.worker " in kept[0]
    for folder in ("quiet", "told"):
        manifest = json.loads((tmp_path / folder / "manifest.json").read_text(encoding="utf-8"))
        assert set(manifest["phases"]) == PHASES and all(s >= 0 for s in manifest["phases"].values())
    shown = told.stderr[told.stderr.index("seconds by phase") :].splitlines()[1:]
    assert {line.split(maxsplit=1)[1] for line in shown} == PHASES
    seconds = [float(line.split()[0]) for line in shown]
    assert seconds == sorted(seconds, reverse=True)


@pytest.mark.slow
def test_workers_tell_what_threads_do(tmp_path):
    done = simulated(tmp_path / "r", "--processes", "1", "--log", "info", "--profile")
    assert done.returncode == 0, done.stderr
    line = (
        rf"engager\.app\.worker run={tmp_path / 'r'} shard=0 kept: 48 patients, [\d.]+ s on worker 0 \(tcp://"
    )
    assert re.search(line, done.stderr)
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["phases"]) == PHASES
    simulating = sum(manifest["phases"].values()) - sum(
        manifest["phases"][name] for name in ("summary", "report and figures")
    )
    assert 0 < simulating <= manifest["seconds"]["simulation"]  # one thread was at work


@pytest.mark.parametrize("level", ["loud", ""])
def test_a_level_that_does_not_exist_is_refused(level, tmp_path):
    done = simulated(tmp_path / "r", "--log", level)
    assert done.returncode == 2 and "give debug, info, warning or error" in done.stderr
    assert not (tmp_path / "r").exists()
