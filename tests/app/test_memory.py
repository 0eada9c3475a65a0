"""The guess at a run's memory: near what a run takes, within what control groups allow, refused with what to do."""

import json
import re
import subprocess
import sys

import pytest

from engager.app import memory
from engager.app.request import requested
from engager.app.simulate import simulate
from engager.documents import DocumentError

PEAK = """
import json, sys
from pathlib import Path
from engager.app import memory
from engager.app.request import requested
from engager.app.simulate import begun
asked = requested(sys.argv[1], patients=int(sys.argv[2]), replicates=int(sys.argv[3]), workers=int(sys.argv[4]))
with begun(asked, Path(sys.argv[5])) as run:
    run.conduct()
# not getrusage, whose peak of a new process begins at that of the one that started it
[peak] = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(json.dumps([memory.needed(asked), int(peak) * 1024]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize(("study", "patients", "workers"), [("MRD-META", 2048, 1), ("TOWER", 512, 2)])
def test_a_run_takes_about_what_is_guessed(study, patients, workers, tmp_path):
    words = [study, str(patients), "4", str(workers), str(tmp_path / "r")]
    done = subprocess.run([sys.executable, "-c", PEAK, *words], capture_output=True, text=True, check=True)
    guess, peak = json.loads(done.stdout)
    assert 0.5 * guess < peak < 1.1 * guess


def group(folder, **files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.mark.parametrize(
    ("lines", "place", "files"),
    [
        ("0::/jobs/mine\n", "jobs/mine", {"memory__max": "1000\n", "memory__current": "400\n"}),
        ("0::/jobs/mine\n", "jobs", {"memory__max": "1000\n", "memory__current": "400\n"}),
        ("0::/not/seen/here\n", "", {"memory__max": "1000\n", "memory__current": "400\n"}),
        (
            "5:cpu:/x\n4:memory:/jobs/mine\n",
            "memory/jobs/mine",
            {"memory__limit_in_bytes": "1000\n", "memory__usage_in_bytes": "400\n"},
        ),
    ],
)
def test_limits_of_control_groups_hold_whichever_their_version(lines, place, files, tmp_path):
    (tmp_path / "self").write_text(lines)
    root = tmp_path / "root"
    group(root / place, **files)
    assert memory._allowed(tmp_path / "self", root) == [600]
    (root / place / "memory.stat").write_text("anon 5\ninactive_file 150\n")
    assert memory._allowed(tmp_path / "self", root) == [750]


def test_no_limit_and_no_control_groups(tmp_path):
    (tmp_path / "self").write_text("0::/\n")
    group(tmp_path / "root", memory__max="max\n", memory__current="400\n")
    assert memory._allowed(tmp_path / "self", tmp_path / "root") == []
    assert memory._allowed(tmp_path / "absent", tmp_path / "root") == []
    assert 0 < memory.free() < 2**50


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not keep to RLIMIT_AS")
def test_a_limit_of_the_process_holds(tmp_path):
    command = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2_300_000_000,) * 2); "
    command += "from engager.app.cli import main; main()"
    words = ["simulate", "TOWER", "--replicates", "2", "--workers", "2", "--out", str(tmp_path / "r")]
    done = subprocess.run([sys.executable, "-c", command, *words], capture_output=True, text=True)
    assert done.returncode == 2 and re.search(r"needs about \d\.\d GB .* 0\.[1-4] GB are free", done.stderr)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("gigabytes", "workers", "batch", "said"),
    [
        (
            8,
            64,
            None,
            r"needs about 28\.2 GB of memory with 64 workers, 8\.0 GB are free; take --workers 17",
        ),
        (2, 1, 65_536, r"take a smaller --batch \(512 is usual\)"),
        (0.5, 1, None, "take fewer patients or replicates, or a machine with more"),
    ],
)
def test_a_run_that_does_not_fit_is_refused_with_what_to_do(
    gigabytes, workers, batch, said, monkeypatch, tmp_path
):
    monkeypatch.setattr(memory, "free", lambda processes: int(gigabytes * 1e9))
    asked = {"patients": 4096, "replicates": 64, "workers": workers, "batch": batch}
    with pytest.raises(DocumentError, match=said):
        simulate("MRD-META", **asked, out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_fewer_workers_need_less_and_more_than_there_are_shards_need_no_more():
    asked = requested("MRD-META", patients=2048, replicates=4, workers=64)
    assert memory.needed(asked, 1) < memory.needed(asked, 2) < memory.needed(asked)
    assert memory.needed(asked) == memory.needed(asked, 16) == memory.needed(asked, 1000)


def test_processes_hold_the_program_each_and_fewer_are_proposed(monkeypatch, tmp_path):
    pytest.importorskip("distributed")
    asked = requested("TOWER", patients=24, replicates=2, workers=2)
    assert memory.needed(asked, processes=2) == memory.needed(asked) + memory.PROGRAM
    monkeypatch.setattr(memory, "free", lambda processes: memory.needed(asked))
    said = r"needs about 1\.\d GB of memory with 2 processes, .*; leave out --processes"
    with pytest.raises(DocumentError, match=said):
        simulate("TOWER", patients=24, replicates=2, workers=2, processes=2, out=tmp_path / "r")
    assert not (tmp_path / "r").exists()
