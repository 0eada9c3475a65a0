"""Virtual controls: the same patients once more under another treatment, beside a trial that they do not change."""

import json

import polars as pl
import pytest

from engager.app.simulate import resume, simulate, verify
from engager.documents import DocumentError
from engager.inference import results
from engager.trials import read_trial, trial, trial_file
from engager.trials.history import TABLES

PATIENTS, REPLICATES = 24, 10


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "with"
    told = []
    summary, _ = simulate(
        "MT103-211", patients=PATIENTS, replicates=REPLICATES, out=folder, workers=1,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    return summary, folder, told


def table(folder, name):
    return pl.read_parquet(folder / name / "*.parquet")


def test_the_control_holds_the_same_patients_and_nobody_else(run):
    _, folder, told = run
    own, control = table(folder, "patients"), table(folder / "control-1", "patients")
    entry = ["replicate", "patient", "age", "line", "blasts", "clearance", "entry_day"]
    assert own.select(entry).equals(control.select(entry))
    assert control["arm"].unique().to_list() == ["historical"]
    assert control["regimen"].unique().to_list() == ["salvage-chemotherapy"]
    assert told[-1] == (2 * PATIENTS * REPLICATES, 2 * PATIENTS * REPLICATES)


def test_the_trials_own_numbers_do_not_change_by_a_digit(run, tmp_path):
    summary, folder, _ = run
    text = trial_file("MT103-211").read_text(encoding="utf-8")
    head, _, rest = text.partition("controls:")
    (tmp_path / "my.yaml").write_text(head + rest[rest.index("assumptions:") :], encoding="utf-8")
    alone, _ = simulate(
        str(tmp_path / "my.yaml"), patients=PATIENTS, replicates=REPLICATES, out=tmp_path / "r"
    )
    assert not alone.contrasts and not alone.controls  # the design is that of the study
    for name in TABLES:
        assert table(tmp_path / "r", name).equals(table(folder, name)), name
    own = [c for c in summary.published if "historical" not in c.result.arm]
    assert [c for c in alone.published if "historical" not in c.result.arm] == own
    assert alone.standard == summary.standard


def test_the_arm_is_compared_with_the_control_apart_from_what_was_published(run):
    summary, folder, _ = run
    found = {(c.result.arm, c.result.endpoint, c.result.statistic): c for c in summary.controls}
    pair = "blinatumomab vs historical"
    ratio = found[pair, "overall_survival", "hazard_ratio"].simulated
    assert ratio.lower < ratio.value < ratio.upper
    for endpoint, statistic in (
        ("remission_crh", "difference"),
        ("overall_survival", "restricted_mean_difference"),
    ):
        assert found[pair, endpoint, statistic].simulated is not None
    assert {c.role for c in summary.controls} == {"virtual control"}
    assert all(c.covered is None for c in summary.controls)
    own, control = table(folder, "patients"), table(folder / "control-1", "patients")
    answers = [people["response"].is_in(["CR", "CRh"]).mean() for people in (own, control)]
    middle = found[pair, "remission_crh", "difference"].simulated.value
    assert middle == pytest.approx(answers[0] - answers[1], abs=0.1)
    rows = [c for c in summary.published if c.result.arm == "historical"]
    assert [c.role for c in rows] == ["context"] * 3
    assert any(c.simulated and c.result.statistic == "median" for c in rows)
    kept = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert sum(row["role"] == "virtual control" for row in kept) == len(summary.controls)


def test_the_report_shows_it_in_a_section_of_its_own(run):
    text = (run[1] / "report.html").read_text(encoding="utf-8")
    start = text.index('<section id="controls"')
    section = text[start : text.index("</section>", start)]
    assert 'id="figure-controls"' in section and (run[1] / "figures" / "controls.csv").is_file()
    for words in ("only as good as the model", "blinatumomab vs historical", "38.6", "points"):
        assert words in section
    assert "historical" not in text[text.index('<section id="comparison"') : start]


def test_resume_and_verify_cover_the_control(run):
    summary, folder, _ = run
    damaged = folder / "control-1" / "patients" / "0000000.parquet"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-20])
    assert any("control-1" in fault and "has changed" in fault for fault in verify(folder))
    assert results(resume(folder)) == results(summary)
    assert damaged.read_bytes() == whole and verify(folder) == []


def test_arms_of_a_trial_and_several_controls(tmp_path):
    """Each arm is compared with its own patients under each control."""
    text = trial_file("TOWER").read_text(encoding="utf-8")
    policy = "transplant: {share: 0, delay: 1 days, below: 70 years}"
    two = (
        f"controls:\n  none: {{{policy}, regimens: [{{regimen: flag-ida}}]}}\n"
        f"  both: {{{policy}, regimens: [{{regimen: clofarabine}}, {{regimen: flag-ida}}]}}\n"
    )
    (tmp_path / "my.yaml").write_text(text + two, encoding="utf-8")
    summary, folder = simulate(str(tmp_path / "my.yaml"), patients=18, replicates=2, out=tmp_path / "r")
    pairs = {c.result.arm for c in summary.controls if " vs " in c.result.arm}
    arms, names = ("blinatumomab", "chemotherapy"), ("none", "both")
    assert pairs == {f"{arm} vs {name}" for arm in arms for name in names}
    assert len(table(folder / "control-2", "patients")) == 36
    assert set(table(folder / "control-2", "patients")["regimen"]) == {"clofarabine", "flag-ida"}


@pytest.mark.parametrize(
    ("name", "regimen", "said"),
    [
        ("control", "flag-ida, dose: 1", "unknown key 'dose'; allowed: regimen, share"),
        (
            "blinatumomab",
            "flag-ida",
            "the trial has an arm 'blinatumomab' too; give the control a name of its own",
        ),
        ("control", "flag-idda", "did you mean 'flag-ida'?"),
    ],
)
def test_a_control_that_cannot_be_used_is_refused_at_its_place(tmp_path, name, regimen, said):
    text = trial_file("TOWER").read_text(encoding="utf-8")
    written = (
        f"controls:\n  {name}:\n    transplant: {{share: 0, delay: 1 days, below: 70 years}}\n"
        f"    regimens: [{{regimen: {regimen}}}]\n"
    )
    path = tmp_path / "my.yaml"
    path.write_text(text + written, encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        read_trial(path)
    [problem] = map(str, error.value.problems)
    assert said in problem and problem.startswith(f"{path}:")


def test_controls_are_no_part_of_the_design():
    own = trial("ALCANTARA")
    assert own.same_design(own.model_copy(update={"controls": {}})) and own.controls
    assert [r.name for r in own.all_regimens][-1] not in [r.name for r in own.regimens]
