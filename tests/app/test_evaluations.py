"""Points of the parameters, evaluated in pieces: the same numbers, and none twice."""

import json

import numpy as np
import pytest

from engager.app.evaluations import begin, evaluated
from engager.documents import DocumentError
from engager.engine import cluster
from engager.inference.targets import targets
from engager.io import MANIFEST, write_json

WANTED = [t for t in targets() if t.study == "MT103-202"][:3]
POINTS = [{}, {"r": 0.05}, {"kmax": 9.0}]


def test_an_interrupted_evaluation_goes_on_where_it_was(tmp_path):
    whole = evaluated(POINTS, WANTED, [1] * len(POINTS), tmp_path / "whole.jsonl", 2)
    assert whole.shape == (3, 3) and np.isfinite(whole).all() and not np.array_equal(whole[0], whole[2])
    lines = (tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    kept = {json.loads(line)["member"] for line in lines[:1]}
    (tmp_path / "part.jsonl").write_text(lines[0] + lines[1][:9])  # the second line was cut off
    told = []
    again = evaluated(POINTS, WANTED, [1] * len(POINTS), tmp_path / "part.jsonl", 1, told.append)
    assert np.array_equal(again, whole) and told == [2, 3]
    finished = [json.loads(line)["member"] for line in (tmp_path / "part.jsonl").read_text().splitlines()]
    assert sorted(finished) == [0, 1, 2] and finished[0] in kept
    evaluated(POINTS, WANTED, [1] * len(POINTS), tmp_path / "part.jsonl", 1, told.append)
    assert told == [2, 3]


@pytest.mark.slow
def test_processes_give_what_threads_give(tmp_path):
    pytest.importorskip("distributed")
    here = evaluated(POINTS, WANTED, [1] * len(POINTS), tmp_path / "threads.jsonl", 2)
    with cluster.started(2, 1) as crew:
        there = evaluated(POINTS, WANTED, [1] * len(POINTS), tmp_path / "crew.jsonl", 1, crew=crew)
    assert np.array_equal(there, here)


def test_a_folder_that_asks_for_something_else_is_refused(tmp_path):
    begin(tmp_path, "fit", {"seed": 1})
    begin(tmp_path, "fit", {"seed": 1})
    with pytest.raises(DocumentError, match="holds a fit with another request; name another folder"):
        begin(tmp_path, "fit", {"seed": 2})
    kept = json.loads((tmp_path / MANIFEST).read_text())
    write_json(tmp_path / MANIFEST, {**kept, "inputs": {}})
    with pytest.raises(DocumentError, match="another inputs"):
        begin(tmp_path, "fit", {"seed": 1})
