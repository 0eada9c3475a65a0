"""Patients who cannot be computed: counted with day, reason and state, left out of every sum, simulated again alone."""

import hashlib
import json
import math
import re
from pathlib import Path

import polars as pl
import pytest
from tests.journeys.slips import unit_slip
from typer.testing import CliRunner

from engager.app.cli import app
from engager.app.rerun import rerun
from engager.app.simulate import resume, simulate
from engager.documents import DocumentError
from engager.model import State
from engager.trials import worst_by_cycle
from engager.trials.chart import FAULTS


def called(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Of 600 patients, some impossible ones: fewer than one in a hundred."""
    folder = tmp_path_factory.mktemp("slip")
    summary, kept = simulate(str(unit_slip(folder, 0.005)), replicates=2, out=folder / "run", workers=2)
    return summary, kept


@pytest.fixture(scope="module")
def lost(run):
    """Replicate, patient and day of the first who failed."""
    row = run[0].failures[0]
    return row["replicate"], row["patient"], row["day"]


def test_everybody_who_was_requested_is_simulated_or_failed_with_a_reason(run):
    summary, folder = run
    kept = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert 600 == kept["requested"] == kept["simulated"] + kept["failed"]
    assert (
        kept["failed"] == len(summary.failures) == len(pl.read_parquet(folder / "failures" / "*.parquet")) > 0
    )
    assert {(row["day"], row["reason"]) for row in summary.failures} == {(8, FAULTS[1])}
    assert "2 patients: the state left the range" in (folder / "report.html").read_text(encoding="utf-8")


def test_who_failed_is_in_no_sum(run):
    summary, folder = run
    assert summary.ledger.select(pl.col("intended", "delivered").is_finite().all()).row(0) == (True, True)
    whole = pl.read_parquet(folder / "ledger" / "*.parquet")
    assert whole["intended"].max() > 1e20  # the slip itself is on record
    failed = {(row["replicate"], row["patient"]) for row in summary.failures}
    for table in (summary.patients, summary.courses):
        assert not failed & set(table.select("replicate", "patient").rows())
    lost = pl.DataFrame(list(failed), schema={"replicate": pl.Int32, "patient": pl.Int32}, orient="row")
    for name, found, rows in (
        ("adverse_events", summary.worst, worst_by_cycle),
        (
            "visits",
            summary.marrow,
            lambda table: table.filter(pl.col("kind") == "marrow").select("arm", "mrd"),
        ),
    ):
        whole = pl.read_parquet(folder / name / "*.parquet")
        others = rows(whole.join(lost, on=["replicate", "patient"], how="anti"))
        assert found.select(others.columns).sort(pl.all()).equals(others.sort(pl.all())), name


@pytest.mark.parametrize(("replicate", "patient"), [(0, 0), (0, 255), (0, 256), (1, 17), (1, 299)])
def test_a_patient_alone_is_bit_for_bit_who_is_in_the_run(run, replicate, patient):
    found = rerun(run[1], patient, replicate)
    assert found.differs == [] and found.entries and found.days
    assert [day["day"] for day in found.days] == list(range(1, len(found.days) + 1))


def test_who_failed_is_shown_with_the_state_of_the_last_good_midnight(run, lost):
    replicate, patient, day = lost
    found = rerun(run[1], patient, replicate)
    assert found.differs == [] and found.reason == FAULTS[1] and found.days[-1]["day"] == day
    assert set(found.state) == set(State._fields) and all(map(math.isfinite, found.state.values()))
    before = found.days[-2]
    assert found.state["N"] == before["neutrophils"] and found.state["Tb"] == before["t_cells"]
    kept = pl.read_parquet(run[1] / "failures" / "*.parquet").filter(replicate=replicate, patient=patient)
    assert kept.select(State._fields).to_dicts() == [found.state]
    page = called("rerun", run[1], "--patient", patient, "--replicate", replicate)
    assert page.exit_code == 0 and "state at the end of day 7" in page.stdout
    assert "cannot be computed: the state left the range of finite numbers" in page.stdout
    out = json.loads(called("rerun", run[1], "--patient", patient, "--replicate", replicate, "--json").stdout)
    assert out["state"] == found.state and out["differs"] == []


def test_a_patient_under_a_virtual_control_is_looked_at_beside(tmp_path):
    simulate("MT103-211", patients=8, replicates=2, out=tmp_path / "r")
    for beside in (None, "control-1"):
        assert rerun(tmp_path / "r", 5, 1, beside).differs == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--patient", 300), "--patient 300: .* has patients 0 to 299"),
        (("--patient", -1), "--patient -1: .* has patients 0 to 299"),
        (("--patient", 3, "--replicate", 2), "--replicate 2: .* has replicates 0 to 1"),
        (("--patient", 3, "--beside", "control-1"), "no such trial beside"),
    ],
)
def test_who_is_not_in_the_run_is_refused_in_a_sentence(run, words, said):
    done = called("rerun", run[1], *words)
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert re.search(said, done.stderr)


def test_a_run_that_holds_something_else_is_told(tmp_path):
    path = unit_slip(tmp_path, 0.005)
    _, folder = simulate(str(path), patients=20, replicates=1, out=tmp_path / "r")
    table, record = folder / "patients" / "0000000.parquet", folder / "shards" / "0000000.json"
    pl.read_parquet(table).with_columns(age=pl.col("age") + 1).write_parquet(table)
    told = called("rerun", folder, "--patient", 3)
    # a damaged shard counts as none
    assert told.exit_code == 0 and "does not hold this patient yet" in told.stdout
    kept = json.loads(record.read_text())
    kept["tables"]["patients"]["sha256"] = hashlib.sha256(Path(table).read_bytes()).hexdigest()
    record.write_text(json.dumps(kept))
    told = called("rerun", folder, "--patient", 3)
    assert told.exit_code == 1 and "patients.age" in told.stdout


def test_above_one_in_a_hundred_nothing_is_summarised_and_nothing_is_lost(tmp_path):
    path = unit_slip(tmp_path, 0.1)
    with pytest.raises(DocumentError, match=r"of 300 patients could not be computed, more than 1%"):
        simulate(str(path), replicates=1, out=tmp_path / "r")
    kept = pl.read_parquet(tmp_path / "r" / "patients" / "*.parquet")
    failed = kept.filter(pl.col("status") == "failed")
    assert len(kept) == 300 and len(failed) > 3
    assert rerun(tmp_path / "r", failed["patient"][0]).differs == []
    with pytest.raises(DocumentError, match="more than 1%"):
        resume(tmp_path / "r")
