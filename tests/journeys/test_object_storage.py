"""A run in object storage, on a server that speaks S3: simulate, resume, verify, read, and what can go wrong."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from engager.app.simulate import resume, simulate, verify
from engager.documents import DocumentError
from engager.inference import results
from engager.io import Store, place
from engager.trials.history import TABLES

pytest.importorskip("s3fs")
pytest.importorskip("moto")
pytest.importorskip("flask_cors")

ENGAGER = str(Path(sys.executable).with_name("engager"))
ASKED = {"patients": 100, "replicates": 6, "seed": 3}
TRIAL = "MT103-211"  # has a virtual control, so a run within the run
GIVEN = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket():
    """The address of a bucket on a server of this process, which the environment names."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**GIVEN, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(name, value)
        place("s3://runs/x").fs.mkdir("runs")
        yield "s3://runs"
    server.stop()


@pytest.fixture(scope="module")
def both(bucket, tmp_path_factory):
    """The same run on the disk and in the bucket."""
    folder, address = tmp_path_factory.mktemp("runs") / "disk", f"{bucket}/some/prefix"
    on_disk, _ = simulate(TRIAL, **ASKED, out=folder)
    there, _ = simulate(TRIAL, **ASKED, out=address)
    assert results(there) == results(on_disk)
    return folder, address


def test_every_file_is_there_and_the_same(both):
    folder, address = both
    ours = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {
        "lock",
        "control-1/lock",
    }
    root = place(address)
    theirs = {str(path.path).removeprefix("runs/some/prefix/") for path in root.rglob("*") if path.is_file()}
    assert theirs == ours
    for name in sorted(ours - {"manifest.json", "begun.json"}):
        assert (root / name).read_bytes() == (folder / name).read_bytes(), name
    assert json.loads((root / "manifest.json").read_text())["status"] == "complete"


def test_tables_are_read_from_there(both):
    folder, address = both
    for name in TABLES:
        assert Store(address).read(name).equals(pl.read_parquet(folder / name / "*.parquet")), name


def test_verify_finds_what_is_damaged_and_resume_mends_what_is_lost(both):
    folder, address = both
    assert verify(address) == []
    root = place(address)
    whole = root / "visits" / "0000001.parquet"
    data = whole.read_bytes()
    whole.write_bytes(data[:-4] + b"XXXX")
    assert [f"{whole} has changed since it was written (checksum)"] == verify(address)
    whole.write_bytes(data[:-20])
    (root / "control-1" / "patients" / "0000002.parquet").unlink()
    (root / "shards" / "0000000.json").write_text("{")
    assert len(verify(address)) == 3
    resume(address)
    assert (
        verify(address) == []
        and (root / "results.json").read_bytes() == (folder / "results.json").read_bytes()
    )


@pytest.mark.slow
def test_the_command_line_takes_an_address(bucket):
    words = ("TOWER", "--patients", "12", "--replicates", "2", "--json", "--out", f"{bucket}/cli")
    done = subprocess.run([ENGAGER, "simulate", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"] == f"{bucket}/cli"
    again = subprocess.run([ENGAGER, "simulate", *words], capture_output=True, text=True, timeout=300)
    assert again.returncode == 2 and "already holds a run" in again.stderr
    good = subprocess.run([ENGAGER, "verify", f"{bucket}/cli"], capture_output=True, text=True, timeout=300)
    assert good.returncode == 0 and "every file is as it was written" in good.stdout


def test_a_lock_holds_names_its_owner_and_outlives_a_dead_one_on_this_machine_only(bucket):
    store = Store(f"{bucket}/locked")
    lock = store.folder / "lock"
    with store.locked():
        said = rf"in use by process {os.getpid()} on {socket.gethostname()} since .* remove s3://runs/locked/lock"
        with pytest.raises(DocumentError, match=said), Store(f"{bucket}/locked").locked():
            pass
        assert lock.exists()  # the one that was refused took nothing with it
    assert not lock.exists()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = {"token": "x", "process": gone.pid, "since": "2026-01-01T00:00:00+00:00"}
    lock.write_text(json.dumps({**left, "host": "elsewhere"}))
    with pytest.raises(DocumentError, match=rf"process {gone.pid} on elsewhere"), store.locked():
        pass
    lock.write_text(json.dumps({**left, "host": socket.gethostname()}))
    with store.locked():
        assert json.loads(lock.read_text())["process"] == os.getpid()
    assert not lock.exists()


def test_of_many_who_find_a_lock_left_behind_one_takes_it_over(bucket):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock = Store(f"{bucket}/contended").folder / "lock"
    left = {"token": "x", "process": gone.pid, "since": "", "host": socket.gethostname()}
    lock.write_text(json.dumps(left))
    begin, end = Barrier(6, timeout=60), Barrier(6, timeout=60)

    def take(_):
        store = Store(f"{bucket}/contended")
        begin.wait()
        try:
            with store.locked():
                end.wait()
        except DocumentError as error:
            end.wait()
            return str(error)
        return "held"

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(take, range(6)))
    assert found[0] == "held" and all("is in use by process" in said for said in found[1:])
    assert not lock.exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://no-such-bucket/x", "s3://no-such-bucket/x cannot be written: .*bucket.* make the bucket"),
        ("nonsense://x/y", "nonsense://x/y: this kind of storage cannot be used"),
    ],
)
def test_an_address_that_cannot_be_used(bucket, address, said):
    with pytest.raises(DocumentError, match=said):
        simulate(TRIAL, **ASKED, out=address)


def test_resume_of_nothing(bucket):
    with pytest.raises(DocumentError, match=r"is not a run: it has no manifest\.json"):
        resume(f"{bucket}/nothing")


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, dict.fromkeys(list(GIVEN)[:2])])
def test_no_server_or_no_credentials(bucket, env, tmp_path):
    """In a process of its own: the storage's client keeps what it has once found."""
    given = {**os.environ, **env, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    words = ["simulate", TRIAL, "--patients", "9", "--replicates", "1", "--out", f"{bucket}/never"]
    done = subprocess.run(
        [ENGAGER, *words],
        capture_output=True,
        text=True,
        timeout=300,
        env={name: value for name, value in given.items() if value is not None},
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "s3://runs/never cannot be used" in done.stderr and "credentials" in done.stderr


@pytest.mark.slow
def test_workers_write_there_themselves(both):
    pytest.importorskip("distributed")
    folder, address = both
    simulate(TRIAL, **ASKED, out=f"{address}-by-workers", processes=2)
    for name in ("results.json", "report.html", "shards/0000001.json", "control-1/patients/0000002.parquet"):
        assert (place(f"{address}-by-workers") / name).read_bytes() == (folder / name).read_bytes(), name
