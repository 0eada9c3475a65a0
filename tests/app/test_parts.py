"""A run read in parts: every shard once, whole replicates, and what comes out does not depend on the parts."""

from itertools import chain

import pytest

from engager.app import parts as reading
from engager.app.parts import PART, parts
from engager.app.request import LARGEST
from engager.app.simulate import resume, simulate
from engager.io.store import DIGITS
from engager.trials.shards import SHARD, shards


@pytest.mark.parametrize(
    ("patients", "replicates"),
    [(1, 1), (1, 100_000), (405, 1), (405, 247), (3000, 20), (PART, 3), (100_000, 2)],
)
def test_every_shard_is_read_once_and_replicates_stay_whole(patients, replicates):
    cut = shards(patients, replicates)
    found = list(parts(patients, replicates))
    assert list(chain(*(part.shards for part in found))) == list(range(len(cut)))
    sizes = [sum(s.stop - s.start for number in part.shards for s in cut[number]) for part in found]
    assert all(PART <= size < PART + SHARD for size in sizes[:-1]) and sizes[-1] < PART + SHARD
    assert found[-1].last
    assert all(part.last == (cut[part.shards[-1]][-1].stop == patients) for part in found)


@pytest.mark.parametrize(("trial", "patients"), [("MT103-211", 300), ("TOWER", 80)])
def test_the_parts_change_nothing_that_is_published(trial, patients, tmp_path, monkeypatch):
    """Replicates in several shards, with a virtual control; and several replicates in a shard."""
    _, folder = simulate(trial, patients=patients, replicates=1200 // patients, out=tmp_path / "r")
    written = [
        p for p in folder.rglob("*") if p.parent.name in (folder.name, "figures") and p.suffix != ".json"
    ]
    files = {
        path: path.read_bytes() for path in [*filter(lambda p: p.is_file(), written), folder / "results.json"]
    }
    assert len(files) > 2 and len(list(parts(patients, 1200 // patients))) == 1
    monkeypatch.setattr(reading, "PART", 1)
    assert len(list(parts(patients, 1200 // patients))) > 3
    resume(folder)
    for path, before in files.items():
        assert path.read_bytes() == before, path


def test_the_numbers_of_the_largest_run_keep_the_order_of_their_names():
    """Replicates of just more than a shard make the most shards, two each."""
    replicates = LARGEST // (SHARD + 1)
    assert len(shards(SHARD + 1, 100)) == 200 and 2 * replicates < 10**DIGITS
