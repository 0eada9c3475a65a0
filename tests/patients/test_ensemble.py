"""An ensemble of populations: who gets which member, what wins over it, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from engager.documents import DocumentError
from engager.patients import Ensemble, read_ensemble, values, write_ensemble
from engager.patients.ensemble import PAIR
from engager.trials import trial
from engager.trials.history import TABLES
from engager.trials.shards import Segment, setup, simulate_shard

FIVE = Ensemble(("kmax", "hrem"), np.array([[10.0 + i, 1e-4 * (1 + i)] for i in range(5)]))


def test_all_members_are_taken_before_one_is_taken_again() -> None:
    lap = [FIVE.member(7, r) for r in range(5 * PAIR)]
    assert sorted(lap) == sorted(list(range(5)) * PAIR)
    assert all(lap[i] == lap[i + 1] for i in range(0, len(lap), PAIR))
    assert lap != [FIVE.member(8, r) for r in range(5 * PAIR)]


def test_written_and_read_again(tmp_path) -> None:
    write_ensemble(FIVE, tmp_path)
    again = read_ensemble(tmp_path)
    assert again.digest == FIVE.digest and again.values(3) == {"kmax": 13.0, "hrem": 4e-4}


@pytest.mark.parametrize("spoil", ["value", "name", "gone", "about"])
def test_what_is_not_what_was_written_is_refused(tmp_path, spoil) -> None:
    write_ensemble(FIVE, tmp_path)
    file = tmp_path / "ensemble.parquet"
    if spoil == "value":
        FIVE.frame().with_columns(pl.col("kmax") * (1 + 1e-15)).write_parquet(file)
    elif spoil == "name":
        other = Ensemble(("kmaxx", "hrem"), FIVE.members)
        write_ensemble(other, tmp_path)
    elif spoil == "gone":
        file.unlink()
    else:
        (tmp_path / "ensemble.json").write_text(json.dumps({"sha256": "0"}))
    with pytest.raises(DocumentError) as caught:
        read_ensemble(tmp_path)
    assert {
        "value": "not what",
        "name": "unknown parameter 'kmaxx'",
        "gone": "no ensemble",
        "about": "not what",
    }[spoil] in str(caught.value)


def test_structures_and_overrides_win_over_members() -> None:
    s = setup(trial("TOWER"), 1, overrides={"hrem": 0.5}, ensemble=FIVE)
    v = s.values_of(0)
    assert v["hrem"] == 0.5 and v["kmax"] == FIVE.values(s.member(0))["kmax"]
    assert {k: x for k, x in v.items() if k not in FIVE.names} == {
        k: x for k, x in values().items() if k not in FIVE.names
    }


def test_an_ensemble_of_what_regimens_are_made_of_is_refused() -> None:
    with pytest.raises(DocumentError, match="varies tki_imatinib"):
        setup(trial("TOWER"), 1, ensemble=Ensemble(("tki_imatinib",), np.array([[0.4]])))


def test_a_replicate_is_the_same_whoever_shares_its_shard() -> None:
    s = setup(trial("TOWER"), 1, ensemble=FIVE)
    both = simulate_shard(s, [Segment(r, 0, 40) for r in range(4)])
    alone = simulate_shard(s, [Segment(3, 0, 40)])
    for name in TABLES:
        table = getattr(both, name)
        assert table.filter(pl.col("replicate") == 3).equals(getattr(alone, name)), name
    point = simulate_shard(setup(trial("TOWER"), 1, overrides=FIVE.values(s.member(3))), [Segment(3, 0, 40)])
    assert point.patients.equals(alone.patients)
