"""Parts of the dossier that need no run: scatter told apart, live checks that can fail, a fit of another ensemble."""

import json
import shutil
from dataclasses import replace

import pytest

from engager import __version__
from engager.app import verification
from engager.app.dossier import _refuse_outdated, _spread
from engager.documents import DocumentError
from engager.evidence import studies, study
from engager.inference.dossier import FIT, bind, read_fit_tables
from engager.inference.provenance import contents, files
from engager.inference.scoreboard import Board
from engager.inference.validation import Scored
from engager.patients import ensemble, write_ensemble


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
    made = tmp_path / "made"
    shutil.copytree(FIT, made)
    write_ensemble(ensemble(), made)
    shutil.copytree(FIT, tmp_path / "kept")
    (tmp_path / "kept" / "about.json").unlink()
    with pytest.raises(DocumentError, match="holds no finished calibration"):
        read_fit_tables(tmp_path / "kept")
    bind(made, tmp_path / "kept")
    assert (tmp_path / "kept" / "about.json").read_text() == (FIT / "about.json").read_text()

    text = (FIT / "targets.csv").read_text()
    (tmp_path / "kept" / "targets.csv").write_text(
        text.replace("0.2", "0.3", 1)
    )  # medians over members are the same
    with pytest.raises(
        DocumentError, match=r"another fit than the ensemble that runs use \(targets.csv not as"
    ):
        read_fit_tables(tmp_path / "kept")

    found = ensemble()
    write_ensemble(replace(found, members=found.members[::-1], about={}), made)
    bind(made, tmp_path / "kept")
    with pytest.raises(
        DocumentError, match=r"another fit than the ensemble that runs use \(ensemble, targets.csv"
    ):
        read_fit_tables(tmp_path / "kept")


def test_scores_of_another_record_or_ensemble_are_refused(tmp_path):
    board = Board(20, 1, "ensemble", (), (), 0, {}, (), (), {}, __version__, ensemble().digest, contents())
    _refuse_outdated(board, tmp_path)
    others = {
        "other contents of split.csv": {"basis": {**board.basis, "split.csv": "0"}},
        "another ensemble": {"ensemble": "0" * 64},
        "were made by engager 0.0.9": {"engager": "0.0.9"},
    }
    for said, cells in others.items():
        with pytest.raises(DocumentError, match=f"{said}.*: score the runs again with engager validate"):
            _refuse_outdated(replace(board, **cells), tmp_path)
    # the values of the parameter table, and an ensemble of one's own, have no shipped one to agree with
    _refuse_outdated(replace(board, parameters="point", ensemble=""), tmp_path)


def test_every_file_of_the_record_and_the_fit_is_named():
    found = files()
    names = {f"record/{name}.yaml" for name in studies()} | {
        "split.csv", "checks.csv", "fit.csv", "structure_values.csv", "ensemble.json", "ensemble.parquet",
    }  # fmt: skip
    assert names <= set(found) and all(path.is_file() for path in found.values())
