"""Real faults of the machine: what the user is told, nothing finished is lost, resume ends with the same bits."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from tests.journeys.slips import unit_slip

from engager.app.simulate import resume, simulate, verify
from engager.inference import results
from engager.trials.history import TABLES

ENGAGER = str(Path(sys.executable).with_name("engager"))
REPLICATES = 16

DISK = """
set -eu
mkdir "$1" "$1.behind"
mount -t tmpfs -o size=160m none "$1.behind"
mount --bind "$1.behind" "$1"
"$2" simulate "$3" --replicates "$4" --workers 1 --batch 64 --out "$1/run" &
process=$!
while [ ! -e "$1/run/shards/0000001.json" ]; do kill -0 $process; sleep 0.02; done
{FAULT}
status=0
wait $process || status=$?
cp -a "$1.behind/run" "$5"
exit $status
"""
"""A run in a file system of its own, where the fault is put in once the second shard is kept; then copied out."""

FULL = 'dd if=/dev/zero of="$1/fill" bs=64k 2>/dev/null || true'
GONE = 'umount --lazy "$1"'

KILLED_WHILE_WRITING = """
import os, polars, signal, sys
written, write = [], polars.DataFrame.write_parquet

def half(frame, file, **options):
    write(frame, file, **options)
    written.append(file)
    if len(written) == 11:  # in mid-shard: half a table, no record
        os.truncate(file, os.path.getsize(file) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

polars.DataFrame.write_parquet = half
from engager.app.cli import main
main()
"""

CLOCK_GOES_BACK = """
import itertools, time
real, jumps = time.time, itertools.count()
time.time = lambda: real() - 3600.0 * next(jumps)  # each look an hour earlier; monotonic clocks cannot go back
from engager.app.cli import main
main()
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The trial, and its run that nothing befell; patients who cannot be computed are in it."""
    folder = tmp_path_factory.mktemp("whole")
    path = unit_slip(folder, 0.002)
    summary, kept = simulate(str(path), replicates=REPLICATES, out=folder / "run", workers=1, batch=64)
    assert len(list((kept / "shards").iterdir())) == REPLICATES and summary.failures
    return path, summary, kept


def begun(path, folder, *code):
    """The run in a process of its own, slowed down by one worker and small batches."""
    program = [sys.executable, *code] if code else [ENGAGER]
    command = [*program, "simulate", path, "--replicates", REPLICATES, "--workers", 1, "--batch", 64]
    return subprocess.Popen(
        [*map(str, command), "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_a_shard(folder, process):
    deadline = time.monotonic() + 120
    while not (folder / "shards" / "0000000.json").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def assert_resumed_to_the_same_bits(folder, whole):
    """Finished shards stand as they were; the rest is computed; every table is that of the run nothing befell."""
    _, summary, kept = whole
    finished = {record.stem: record.stat().st_mtime_ns for record in (folder / "shards").glob("*.json")}
    assert 0 < len(finished) < REPLICATES
    assert results(resume(folder)) == results(summary)
    for record, written in finished.items():
        assert (folder / "shards" / f"{record}.json").stat().st_mtime_ns == written
    for name in TABLES:
        assert pl.read_parquet(folder / name / "*.parquet").equals(
            pl.read_parquet(kept / name / "*.parquet")
        ), name
    assert verify(folder) == [] and not list(folder.rglob("*.part"))
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["status"] == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_ends_in_mid_run(how, whole, tmp_path):
    with begun(whole[0], tmp_path / "r") as process:
        wait_for_a_shard(tmp_path / "r", process)
        process.send_signal(how)
        _, said = process.communicate(timeout=120)
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert said.splitlines()[-1] == (
            f"interrupted; what a run has finished is kept: engager resume {tmp_path / 'r'}"
        )
    assert_resumed_to_the_same_bits(tmp_path / "r", whole)


@pytest.mark.slow
def test_a_process_killed_while_it_writes_a_shard(whole, tmp_path):
    with begun(whole[0], tmp_path / "r", "-c", KILLED_WHILE_WRITING) as process:
        process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "r").rglob("*.part"))) == 1
    assert_resumed_to_the_same_bits(tmp_path / "r", whole)


def unshared(script, *words):
    """Run a shell script that may mount, as root of a name space of its own; skip where that is not allowed."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare: a file system of one's own cannot be made here")
    alone = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    trial = subprocess.run([*alone, "mount -t tmpfs none /mnt"], capture_output=True, text=True)
    if trial.returncode:
        pytest.skip(f"a file system of one's own cannot be made here: {trial.stderr.strip()}")
    return subprocess.run(
        [*alone, script, "sh", *map(str, words)], capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"), [(FULL, "No space left on device"), (GONE, "No such file or directory")]
)
def test_a_disk_that_fills_up_or_goes_away(fault, said, whole, tmp_path):
    words = (tmp_path / "disk", ENGAGER, whole[0], REPLICATES, tmp_path / "r")
    done = unshared(DISK.replace("{FAULT}", fault), *words)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert said in last and "what was finished is kept" in last and "engager resume" in last
    assert_resumed_to_the_same_bits(tmp_path / "r", whole)


def test_a_folder_that_cannot_be_written_to(whole, tmp_path):
    _, _, kept = whole
    shutil.copytree(kept, tmp_path / "r")
    script = """
    mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
    "$2" simulate TOWER --replicates 1 --out "$1/new"; echo $?
    "$2" resume "$1/r"; echo $?
    "$2" verify "$1/r"; echo $?
    "$2" rerun "$1/r" --patient 3 >/dev/null; echo $?
    """
    done = unshared(script, tmp_path, ENGAGER)
    assert [line for line in done.stdout.split() if line.isdigit()] == ["2", "2", "0", "0"]
    new, again = done.stderr.strip().splitlines()
    assert "cannot be written to; name another folder with --out" in new
    assert "cannot be written to: Read-only file system" in again


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("visits/0000003.parquet", 0.5),
        ("shards/0000003.json", 0),
        ("manifest.json", 0.5),
        ("manifest.json", 0),
    ],
)
def test_a_file_cut_short(name, left, whole, tmp_path):
    _, summary, kept = whole
    shutil.copytree(kept, tmp_path / "r")
    damaged = tmp_path / "r" / name
    os.truncate(damaged, int(damaged.stat().st_size * left))
    [fault] = verify(tmp_path / "r")
    assert name in fault
    assert results(resume(tmp_path / "r")) == results(summary)
    assert verify(tmp_path / "r") == []
    for table in TABLES:
        here, there = (pl.read_parquet(folder / table / "*.parquet") for folder in (tmp_path / "r", kept))
        assert here.equals(there), table


@pytest.mark.slow
def test_two_processes_on_one_folder(whole, tmp_path):
    with begun(whole[0], tmp_path / "r") as first:
        wait_for_a_shard(tmp_path / "r", first)
        second = subprocess.run([ENGAGER, "resume", str(tmp_path / "r")], capture_output=True, text=True)
        third = begun(whole[0], tmp_path / "r").communicate(timeout=120)[1]
        assert second.returncode == 2 and second.stderr.strip().endswith("is in use by another process")
        assert "already holds a run" in third
        assert first.wait(timeout=120) == 0
    assert results(resume(tmp_path / "r")) == results(whole[1]) and verify(tmp_path / "r") == []


@pytest.mark.slow
def test_a_clock_that_goes_back(whole, tmp_path):
    _, summary, _ = whole
    with begun(whole[0], tmp_path / "r", "-c", CLOCK_GOES_BACK) as process:
        _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert json.loads((tmp_path / "r" / "results.json").read_text(encoding="utf-8")) == results(summary)
    assert verify(tmp_path / "r") == []
