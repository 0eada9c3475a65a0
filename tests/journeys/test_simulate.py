"""A user's run, from the command line and from Python: what is kept, what is refused, what is lost (nothing)."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from engager.app import memory
from engager.app.program import processor
from engager.app.simulate import resume, simulate, verify
from engager.documents import DocumentError
from engager.inference import results
from engager.io import Store
from engager.trials import shards as cutting
from engager.trials.history import TABLES

ENGAGER = str(Path(sys.executable).with_name("engager"))


def engager(*words, **options):
    return subprocess.run([ENGAGER, *map(str, words)], capture_output=True, text=True, timeout=300, **options)


def tables(folder):
    return {name: pl.read_parquet(folder / name / "*.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "first"
    summary, _ = simulate("TOWER", patients=60, replicates=12, seed=5, out=folder, workers=1, batch=128)
    return summary, folder


def test_json_is_one_object_with_what_programs_rely_on(tmp_path):
    done = engager(
        "simulate", "TOWER", "--patients", 24, "--replicates", 2, "--json", "--out", tmp_path / "r"
    )
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert (out["study"], out["seed"], out["requested"]) == ("TOWER", 1, 48)
    assert out["warnings"] == []
    assert out["simulated"] + out["failed"] == out["requested"]
    assert Path(out["run"]) == tmp_path / "r" and "NaN" not in done.stdout
    published = [row for row in out["results"] if row["published"]]
    assert len(published) == 47
    for row in out["results"]:
        assert row["role"] in ("calibrated", "predicted", "informed", "context")
        assert row["covered"] in (True, False, None)
        if row["simulated"]:
            assert set(row["simulated"]) == {"value", "lower", "upper"}
        else:
            assert row["reason"]
    for row in published:
        assert {"value", "n", "N", "source", "place"} <= set(row["published"])
    again = engager("resume", tmp_path / "r", "--json")
    assert json.loads(again.stdout) == out


def test_blinatumomab_arm_is_predicted_and_chemotherapy_calibrated(run):
    summary, _ = run
    for c in [*summary.published, *summary.standard]:
        if c.role in ("predicted", "calibrated"):
            assert (c.role == "calibrated") == (c.result.arm == "chemotherapy")
    assert {c.role for c in summary.standard} == {"predicted", "calibrated", "informed", "context"}
    assert {c.result.statistic for c in summary.standard if c.role == "context"} == {"p_value"}


def test_nothing_published_is_dropped(run):
    summary, _ = run
    assert len(summary.published) == 47
    assert all(c.simulated or c.reason for c in summary.published)


def test_the_run_folder_holds_everything(run):
    summary, folder = run
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert manifest["requested"] == manifest["simulated"] + manifest["failed"] == 720
    assert manifest["request"]["seed"] == 5 and len(manifest["inputs"]["parameters.csv"]) == 64
    assert (folder / "report.html").stat().st_size > 50_000
    assert json.loads((folder / "results.json").read_text()) == results(summary)
    kept = tables(folder)
    assert kept["patients"].height == 720
    assert kept["courses"]["replicate"].unique().to_list() == [0]
    assert not list(folder.rglob("*.part"))
    assert verify(folder) == []


def test_workers_and_batch_change_no_digit(run, tmp_path):
    summary, folder = run
    again, _ = simulate("TOWER", patients=60, replicates=12, seed=5, out=tmp_path / "r", workers=2, batch=640)
    assert results(again) == results(summary)
    for name, table in tables(folder).items():
        assert table.equals(tables(tmp_path / "r")[name]), name


def test_another_seed_is_another_trial(run, tmp_path):
    summary, _ = run
    other, _ = simulate("TOWER", patients=60, replicates=12, seed=6, out=tmp_path / "r")
    assert not other.patients["blasts"].equals(summary.patients["blasts"])


def test_more_patients_leave_the_first_ones_as_they_were(run, tmp_path):
    simulate("TOWER", patients=70, replicates=1, seed=5, out=tmp_path / "r")
    first = tables(run[1])["patients"].filter(pl.col("replicate") == 0)
    assert tables(tmp_path / "r")["patients"].head(60).equals(first)


def test_a_run_folder_is_never_overwritten(run):
    _, folder = run
    before = (folder / "results.json").read_bytes()
    done = engager("simulate", "TOWER", "--patients", 9, "--out", folder)
    assert done.returncode == 2 and "already holds a run" in done.stderr
    assert (folder / "results.json").read_bytes() == before


def test_all_bad_options_are_named_at_once(tmp_path):
    done = engager("simulate", "TOWR", "--patients", 0, "--replicates", -1, "--out", tmp_path / "r")
    assert done.returncode == 2 and done.stdout == ""
    for words in ("--patients 0", "--replicates -1", "did you mean 'TOWER'"):
        assert words in done.stderr
    assert not (tmp_path / "r").exists()


def test_a_folder_that_cannot_be_made_or_filled(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(DocumentError, match="is a file"):
        simulate("TOWER", patients=9, replicates=1, out=tmp_path / "file")
    usage = namedtuple("usage", "total used free")(1, 1, 10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DocumentError, match=r"needs about .* has 10 kB free"):
        simulate("TOWER", patients=9, replicates=1, out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


KILLED_AS_IT_BEGINS = """
import os, signal
from engager.io import Store
Store.begin = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from engager.app.cli import main
main()
"""


def test_a_folder_in_which_a_killed_process_began_nothing_is_taken(tmp_path):
    words = ["simulate", "TOWER", "--patients", "9", "--replicates", "1", "--out", str(tmp_path / "r")]
    killed = subprocess.run([sys.executable, "-c", KILLED_AS_IT_BEGINS, *words], capture_output=True)
    assert killed.returncode == -signal.SIGKILL and (tmp_path / "r" / "trial.yaml").exists()
    Store(tmp_path / "r").check(0)
    (tmp_path / "r" / "patients" / "mine.csv").write_text("")
    with pytest.raises(DocumentError, match="is not empty"):
        Store(tmp_path / "r").check(0)
    (tmp_path / "r" / "patients" / "mine.csv").unlink()
    (tmp_path / "r" / "begun.json").write_text("{}")
    with pytest.raises(DocumentError, match="already holds a run"):
        Store(tmp_path / "r").check(0)


def test_a_folder_with_the_users_own_trial_file_is_not_taken(tmp_path):
    (tmp_path / "trial.yaml").write_text("mine")
    with pytest.raises(DocumentError, match="is not empty"):
        simulate("TOWER", patients=9, replicates=1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["trial.yaml"]


def test_resume_computes_only_what_is_missing_or_damaged(run, tmp_path):
    summary, folder = run
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damaged = copy / "visits" / "0000000.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    assert any("has changed" in fault for fault in verify(copy))
    (copy / "results.json").unlink()
    assert results(resume(copy)) == results(summary)
    assert verify(copy) == []
    for name, table in tables(folder).items():
        assert table.equals(tables(copy)[name]), name


def test_a_lost_or_damaged_record_is_found_and_mended(run, tmp_path):
    summary, folder = run
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "shards" / "0000000.json").write_text("{")
    assert any("missing or damaged" in fault for fault in verify(copy))
    assert results(resume(copy)) == results(summary) and verify(copy) == []


@pytest.mark.parametrize("where", [{}, {"processes": 1}])
def test_nobody_is_at_work_on_the_folder_once_a_run_has_been_broken_off(where, tmp_path):
    if where:
        pytest.importorskip("distributed")

    class Enough(Exception):
        pass

    def progress(done, total):
        if done:
            raise Enough

    folder = tmp_path / "r"
    try:
        simulate(
            "TOWER", patients=60, replicates=12, seed=5, out=folder, workers=2, progress=progress, **where
        )
    except Enough:  # while its traceback lives, as it does in a caller that handles it
        before = sorted(path.name for path in folder.rglob("*.*"))
        time.sleep(1.5)
        assert sorted(path.name for path in folder.rglob("*.*")) == before
        assert where or not list(folder.rglob("*.part"))  # a process that is ended may leave one
        return
    raise AssertionError("progress was never told of a shard")


def other_program(folder, name):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["program"][name] = "0.0.1"
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["jaxlib", "polars", "compiler options", "code"])
def test_shards_of_another_program_are_not_mixed_with_this_one(name, run, tmp_path):
    """Not even where a run that was complete has lost one."""
    summary, folder = run
    shutil.copytree(folder, tmp_path / "r")
    other_program(tmp_path / "r", name)
    assert results(resume(tmp_path / "r")) == results(summary)  # only read
    next((tmp_path / "r" / "visits").glob("*.parquet")).unlink()
    with pytest.raises(DocumentError, match=rf"was begun with {name} 0\.0\.1, now"):
        resume(tmp_path / "r")


def test_a_complete_run_that_lost_a_shard_is_mended_only_where_the_memory_is(run, tmp_path, monkeypatch):
    shutil.copytree(run[1], tmp_path / "r")
    next((tmp_path / "r" / "visits").glob("*.parquet")).unlink()
    monkeypatch.setattr(memory, "free", lambda processes: 10**8)
    with pytest.raises(DocumentError, match=r"0\.1 GB are free"):
        resume(tmp_path / "r")


def test_sessions_of_a_run_on_different_processors_are_told(run, tmp_path):
    shutil.copytree(run[1], tmp_path / "r")
    kept = sorted((tmp_path / "r" / "shards").glob("*.json"))
    record = json.loads(kept[0].read_text())
    assert len(kept) > 1 and record["processor"] == processor()
    kept[0].write_text(json.dumps({**record, "processor": "another one"}))
    with pytest.warns(UserWarning, match="different types of processor .*another one"):
        resume(tmp_path / "r")


def test_a_run_begun_with_other_inputs_is_not_resumed(run, tmp_path):
    _, folder = run
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    text = (copy / "trial.yaml").read_text()
    (copy / "trial.yaml").write_text(text.replace("share: 0.40", "share: 0.45"))
    with pytest.raises(DocumentError, match=r"trial.yaml changed since"):
        resume(copy)


def test_a_run_that_was_cut_into_shards_by_another_rule_is_not_resumed(run, monkeypatch):
    """Records name shards by number alone: the same numbers would hold other patients."""
    before = cutting.shards(60, 12)
    monkeypatch.setattr(cutting, "PAIR", 3)
    assert cutting.shards(60, 12) != before
    with pytest.raises(DocumentError, match=r"other inputs \(shards changed since\)"):
        resume(run[1])
    assert verify(run[1]) == []


def test_two_processes_do_not_share_a_folder(run):
    _, folder = run
    with FileLock(folder / "lock"), pytest.raises(DocumentError, match="in use by another process"):
        resume(folder)


@pytest.mark.slow
def test_without_the_step_dose_severe_crs_rises(tmp_path):
    """Minute three of the first five: copy TOWER's trial, delete the 9 µg/day week, run, read the difference."""
    shown = engager("trial", "show", "TOWER").stdout
    kept = [
        line for line in shown.splitlines() if not ("9 µg/day" in line and "drug:" in line and "days" in line)
    ]
    assert len(kept) == len(shown.splitlines()) - 1
    (tmp_path / "my.yaml").write_text("\n".join(kept), encoding="utf-8")
    summary, folder = simulate(str(tmp_path / "my.yaml"), replicates=30, out=tmp_path / "r")
    [row] = [c for c in summary.contrasts if c.result.endpoint == "crs_grade_3"]
    assert row.difference.value > 0 and row.difference.lower is not None
    assert row.here.value > row.there.value
    assert (
        "9 µg/day" not in (folder / "trial.yaml").read_text()
        or "restart" in (folder / "trial.yaml").read_text()
    )
    assert "exceed" in (folder / "report.html").read_text()
    assert all(c.role == "context" for c in summary.published)
    assert all(c.role == "predicted" for c in summary.standard)
