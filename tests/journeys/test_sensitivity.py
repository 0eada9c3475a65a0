"""A small study of sensitivity from end to end: made, gone on with, read again."""

import json

import pytest

from engager.app import sensitivity
from engager.documents import DocumentError
from engager.inference.prior import Prior, prior
from engager.inference.sensitivity import TABLES, read_sensitivity

pytestmark = pytest.mark.slow

KNOWN = Prior(tuple(d for d in prior().dimensions if d.name in ("kmax", "chi", "kTKI")))
ONE = {"seed": 3, "members": 12, "studies": ["MT103-202"]}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Three parameters in place of all of them."""
    monkeypatch.setattr(sensitivity, "prior", lambda: KNOWN)


def test_a_study_is_gone_on_with_and_read_again(tmp_path):
    whole = tmp_path / "whole"
    found = sensitivity.sensitivity(trajectories=2, **ONE, out=whole, workers=2)
    by_name = {r["parameter"]: r for r in found.parameters.to_dicts()}
    assert by_name["kTKI"]["targets"] == 0 and by_name["kTKI"]["spread"] == 1  # hardly anyone is Ph-positive
    assert found.uninformed and "kmax" not in found.uninformed and not found.changed
    assert set(found.rivals["out"]) >= {"nothing", "crowding", "adaptation and target_depletion"}
    assert (whole / "sensitivity.svg").read_text().startswith("<svg")

    part = tmp_path / "part"
    part.mkdir()
    for name in (
        "manifest.json",
        "targets.json",
        "centre.jsonl",
        "members.jsonl",
        "rivals-0.jsonl",
        "rivals-1.jsonl",
    ):
        (part / name).write_bytes((whole / name).read_bytes())
    (part / "morris.jsonl").write_text("".join((whole / "morris.jsonl").read_text().splitlines(True)[:5]))
    seen = []
    again = sensitivity.sensitivity(
        trajectories=2, **ONE, out=part, workers=1, progress=lambda *told: seen.append(told)
    )
    assert seen[0][0] == sensitivity.REPEATS + 6 and seen[-1][0] == seen[-1][1] == found.about["evaluations"]
    kept = read_sensitivity(part)
    for name in TABLES:
        assert (whole / f"{name}.csv").read_bytes() == (part / f"{name}.csv").read_bytes(), name
        assert getattr(again, name).equals(getattr(found, name)), name
    assert kept.about == json.loads(json.dumps(found.about)) and kept.uninformed == found.uninformed
    with pytest.raises(DocumentError, match="another request"):
        sensitivity.sensitivity(trajectories=3, **ONE, out=part)
    slopes_from_a_calibration(whole, found, tmp_path)


def slopes_from_a_calibration(whole, found, tmp_path):
    """A calibration that simulated the same members serves as well as members of one's own; without paths."""
    fit, asked = tmp_path / "fit", {"trajectories": 0, "seed": 3, "out": tmp_path / "slopes"}
    fit.mkdir()
    (fit / "manifest.json").write_text(json.dumps({"request": ONE, "inputs": found.about["inputs"]}))
    lines = (whole / "members.jsonl").read_text().splitlines(True)
    (fit / "step-0.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(DocumentError, match="has 11 of its first 12 members"):
        sensitivity.sensitivity(fit=fit, studies=ONE["studies"], **asked)
    (fit / "step-0.jsonl").write_text("".join(lines))
    with pytest.raises(DocumentError, match="fitted to other studies"):
        sensitivity.sensitivity(fit=fit, studies=["RR36"], **asked)
    by_fit = sensitivity.sensitivity(fit=fit, studies=ONE["studies"], **asked)
    assert by_fit.effects["sigma"].null_count() == len(by_fit.effects)
    assert by_fit.about["request"]["fit"]["request"] == ONE
    assert by_fit.rivals.filter(stage="shipped").equals(found.rivals.filter(stage="shipped"))


def test_numbers_that_make_no_sense_are_refused_all_at_once(tmp_path):
    with pytest.raises(DocumentError) as caught:
        sensitivity.sensitivity(trajectories=-1, members=-1, out=tmp_path / "none")
    assert "--trajectories -1: must be from 0" in str(caught.value) and "--members -1" in str(caught.value)
    assert not (tmp_path / "none").exists()
