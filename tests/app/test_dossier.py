"""Parts of the dossier that need no run: scatter told apart, live checks that can fail, a fit of another ensemble."""

import json

import numpy as np
import polars as pl
import pytest

from engager.app import verification
from engager.app.dossier import _spread
from engager.documents import DocumentError
from engager.evidence import study
from engager.inference import dossier
from engager.inference.dossier import FIT, read_fit_tables
from engager.inference.scoreboard import Board
from engager.inference.validation import Scored
from engager.patients import ensemble


def test_the_parts_of_the_scatter_come_from_the_runs(tmp_path):
    row = next(row for row in study("TOWER").results if row.statistic == "proportion")
    scored = Scored(
        row, "predicted", "share", 0.5, 9, 0.5, (0.4, 0.6), (0.3, 0.7), True, True, (0, 1), 0.1, 1.0, 0.0
    )
    board = Board(20, 1, "ensemble", (), (scored,), 0, {}, (), (), {"TOWER": "", "BLAST": ""})
    parted = {"parameters": 0.03, "sampling": 0.04}
    told = [
        {"id": row.id, "published": {"value": 0.5}, "spread": parted},
        {"id": "", "published": None, "spread": parted},  # a result of the trial that nobody published
        {"id": "TOWER/other", "published": {"value": 1}, "spread": None},
    ]
    (tmp_path / "TOWER").mkdir()
    (tmp_path / "TOWER" / "results.json").write_text(json.dumps(told))
    found = list(_spread(tmp_path, board))
    assert [(one.id, one.role) for one in found] == [(row.id, "predicted")]
    assert found[0].share == pytest.approx(0.36)


def test_a_scheme_of_first_order_is_found(monkeypatch):
    def euler(rates, y, start, end, h, xp):
        production, loss = rates(y, start)
        return type(y)(*(x + h * (p - k * x) for x, p, k in zip(y, production, loss, strict=True)))

    assert all(check.well for check in verification._steps(verification.refined()))
    monkeypatch.setattr(verification, "step", euler)
    assert not all(check.well for check in verification._steps(verification.refined()))


def test_files_that_changed_are_found(tmp_path):
    assert verification._files([]).well
    (tmp_path / "manifest.json").write_text(json.dumps({"request": {"patients": 3, "replicates": 1}}))
    assert not verification._files([tmp_path]).well  # its shard is missing


def test_tables_of_another_fit_are_refused(tmp_path):
    shipped = read_fit_tables()
    assert shipped.sha256 == ensemble().digest
    for name in ("targets", "trace"):
        (tmp_path / f"{name}.csv").write_bytes((FIT / f"{name}.csv").read_bytes())
    moved = shipped.posterior.with_columns(pl.col("posterior_median") * np.float64(1.3))
    moved.write_csv(tmp_path / "posterior.csv")
    with pytest.raises(DocumentError, match="another fit than the ensemble that runs use"):
        dossier.read_fit_tables(tmp_path)
