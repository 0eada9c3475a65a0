"""A run whose shards go to workers in processes of their own, as on other machines: the same tables, or a sentence."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl
import pytest

import engager
from engager.app.crew import simulated_on
from engager.app.program import code
from engager.app.request import requested
from engager.app.simulate import resume, simulate, verify
from engager.documents import DocumentError
from engager.engine import cluster
from engager.io import Store
from engager.trials.history import TABLES
from engager.trials.shards import shards

pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

DASK, ENGAGER = (str(Path(sys.executable).with_name(name)) for name in ("dask", "engager"))
ASKED = {"patients": 100, "replicates": 12, "seed": 3}
TRIAL = "MT103-211"  # has a virtual control, so a run within the run

KILLER = """
import os, signal
from engager.app import worker
from engager.trials.shards import simulate_shard as simulated  # Dask may load this file more than once
def simulate_shard(prepared, segments, batch):
    if segments[0].replicate == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return simulated(prepared, segments, batch)
worker.simulate_shard = simulate_shard
"""


def heeding_interruptions():
    """What a shell starts in the background ignores them, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(there):
    end = time.monotonic() + 120
    while not there() and time.monotonic() < end:
        time.sleep(0.05)


@contextmanager
def process(*words, **env):
    with subprocess.Popen(
        [DASK, *map(str, words)],
        env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1", **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as started:
        try:
            yield started
        finally:
            started.terminate()


@contextmanager
def workers(folder, *each):
    """A scheduler with a worker per entry of ``each`` (more words for it, and its environment); the scheduler's file
    and the processes of the workers."""
    file = folder / "scheduler.json"
    quiet = ("--no-dashboard", "--protocol", "tcp", "--host", "127.0.0.1")
    with ExitStack() as stack:
        stack.enter_context(process("scheduler", "--port", 0, "--scheduler-file", file, *quiet))
        until(file.exists)
        common = ("worker", "--scheduler-file", file, "--nthreads", 1, "--no-dashboard", "--memory-limit", 0)
        started = [
            stack.enter_context(process(*common, "--name", f"w{number}", *words, **env))
            for number, (words, env) in enumerate(each)
        ]
        yield str(file), started


def tables(folder):
    return {name: pl.read_parquet(folder / name / "*.parquet") for name in TABLES}


def same(one, other):
    for inner in ("", "control-1"):
        for name, table in tables(one / inner).items():
            assert table.equals(tables(other / inner)[name]), (inner, name)
    assert (one / "results.json").read_bytes() == (other / "results.json").read_bytes()


@pytest.fixture(scope="module")
def on_threads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "threads"
    simulate(TRIAL, **ASKED, out=folder)
    return folder


@pytest.mark.slow
def test_workers_give_the_same_tables_and_one_killed_in_mid_run_loses_nothing(on_threads, tmp_path):
    folder, killed = tmp_path / "r", []
    with workers(tmp_path, (("--no-nanny",), {}), (("--no-nanny",), {})) as (file, started):

        def progress(done, total):
            if done and not killed:
                killed.append(started[0])
                started[0].send_signal(signal.SIGKILL)

        simulate(TRIAL, **ASKED, out=folder, scheduler=file, progress=progress)
        assert killed and started[0].wait(10) == -signal.SIGKILL
    same(folder, on_threads)
    assert verify(folder) == [] and not list(folder.rglob("*.part"))


@pytest.mark.slow
def test_a_shard_that_kills_its_workers_is_named_and_resume_tries_again(on_threads, tmp_path):
    (tmp_path / "killer.py").write_text(KILLER)
    words = ("--nanny", "--preload", tmp_path / "killer.py")
    folder = tmp_path / "r"
    with workers(tmp_path, (words, {}), (words, {})) as (file, _):
        both = r"shard 1 \(replicates 2 to 3, patients 0 to 99\), shard 1 of control-1 .*"
        said = both + "ended the worker .* run is incomplete.*engager resume"
        with pytest.raises(DocumentError, match=said):
            simulate(TRIAL, **ASKED, out=folder, scheduler=file)
    kept = json.loads((folder / "manifest.json").read_text())
    assert kept["status"] == "incomplete" and len(kept["lost"]) == 2
    assert len(list(folder.glob("shards/*.json"))) == len(shards(ASKED["patients"], ASKED["replicates"])) - 1
    resume(folder)
    same(folder, on_threads)
    assert json.loads((folder / "manifest.json").read_text())["lost"] == []


@pytest.mark.slow
def test_a_shard_that_ends_every_process_is_named_where_the_run_has_its_own(on_threads, tmp_path):
    (tmp_path / "killer.py").write_text(KILLER)
    folder = tmp_path / "r"
    with dask.config.set({"distributed.worker.preload": [str(tmp_path / "killer.py")]}):
        said = r"shard 1 \(replicates 2 to 3, patients 0 to 99\), .* run is incomplete"
        with pytest.raises(DocumentError, match=said):
            simulate(TRIAL, **ASKED, out=folder, processes=1)
    resume(folder)
    same(folder, on_threads)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"PYTHONPATH": "{table}"}, "parameters.csv is not what it is here"),
        ({"PYTHONPATH": "{module}"}, r"code is \w{{12}} there, {code} here"),
        (
            {"XLA_FLAGS": "--xla_cpu_prefer_vector_width=256"},
            "compiler options is .*256.* there, .*512.* here",
        ),
    ],
)
def test_a_worker_with_another_record_or_program_refuses(env, why, tmp_path):
    changed = {"table": "patients/data/parameters.csv", "module": "model/pharmacokinetics.py"}
    env = {name: value.format(**{kind: tmp_path / kind for kind in changed}) for name, value in env.items()}
    for kind, file in changed.items():
        path = shutil.copytree(Path(engager.__file__).parent, tmp_path / kind / "engager") / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("clearance", "Clearance", 1), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != text
    with workers(tmp_path, (("--no-nanny",), env)) as (file, _):
        said = rf"worker w0 \(tcp://127.* refuses: {why.format(code=code())}"
        with pytest.raises(DocumentError, match=said):
            simulate(TRIAL, **ASKED, out=tmp_path / "r", scheduler=file)
    assert not list((tmp_path / "r" / "shards").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(("how", "status"), [("interrupt", 130), ("kill the scheduler", 2)])
def test_an_interruption_or_a_lost_scheduler_is_a_sentence_and_resume_goes_on(
    how, status, on_threads, tmp_path
):
    folder = tmp_path / "r"
    words = [str(word) for name, value in ASKED.items() for word in (f"--{name}", value)]
    with ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        quiet = ("--no-dashboard", "--host", "127.0.0.1")
        if how == "interrupt":
            where = ["--processes", "1", "--workers", "1"]
        else:
            scheduler = stack.enter_context(
                process("scheduler", "--port", 0, "--scheduler-file", file, *quiet)
            )
            until(file.exists)
            stack.enter_context(
                process("worker", "--scheduler-file", file, "--nthreads", 1, "--no-nanny", *quiet)
            )
            where = ["--scheduler", str(file)]
        run = stack.enter_context(
            subprocess.Popen(
                [ENGAGER, "simulate", TRIAL, *words, *where, "--out", str(folder)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                preexec_fn=heeding_interruptions,
            )
        )  # fmt: skip
        until(lambda: list(folder.glob("shards/*.json")))
        if how == "interrupt":
            os.killpg(run.pid, signal.SIGINT)  # as from a keyboard, to the workers, too
        else:
            scheduler.kill()
        _, said = run.communicate(timeout=60)
    assert run.returncode == status and "Traceback" not in said, said
    assert (
        "interrupted; what a run has finished is kept" if status == 130 else "was lost; finished shards"
    ) in said
    resume(folder)
    same(folder, on_threads)


@pytest.mark.slow
def test_a_folder_that_workers_do_not_see_or_that_is_another_one_there(tmp_path):
    request = requested(TRIAL, **ASKED)
    store = Store(tmp_path / "r")
    todo = list(enumerate(shards(ASKED["patients"], ASKED["replicates"])))
    with cluster.started(1, 1) as crew:
        simulate(TRIAL, patients=9, replicates=1, out=store.folder)
        # here the manifest as this machine sees it, there what lies in the folder
        seen = Store(tmp_path / "r")
        seen.manifest = lambda: {"id": "another"}
        with pytest.raises(DocumentError, match="sees another run in a folder of the same name"):
            list(simulated_on(crew, request, seen, "", todo))
        seen.folder = tmp_path / "gone"
        seen.folder.mkdir()
        for name in TABLES:
            (seen.folder / name).mkdir()
        with pytest.raises(DocumentError, match=r"worker 0 .* cannot read the run folder .* --out a folder"):
            list(simulated_on(crew, request, seen, "", todo))


def test_scheduler_and_processes_exclude_each_other(tmp_path):
    with pytest.raises(DocumentError, match="exclude each other"):
        simulate(TRIAL, **ASKED, out=tmp_path / "r", scheduler="tcp://x:1", processes=2)
    assert not (tmp_path / "r").exists()
