"""Facts from outside the record: what they say, where they do not count, and that the model gives a number for each."""

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from engager.documents import DocumentError
from engager.evidence import studies
from engager.evidence.blocks import sources
from engager.inference import external, forward, readouts, targets
from engager.patients import draw, values
from engager.trials import trials
from engager.trials.shards import Segment, setup, simulate_shard

OUTSIDE = {t.name: t for t in targets.outside()}
COLUMNS = "study,arm,endpoint,statistic,hour,rate,value,error,read,source,note"


@pytest.mark.parametrize(
    ("name", "observed", "error"),
    [
        (
            "HCVAD-YOUNGER · hyper-cvad · complete_remission · proportion",
            logit((0.92 * 409 + 0.5) / 410),
            None,
        ),
        ("INO-VATE · inotuzumab · remission_cri · proportion", logit(121.5 / 165), None),
        (
            "INO-VATE · inotuzumab · transplanted · veno_occlusive_disease · proportion",
            logit(18.5 / 80),
            None,
        ),
        ("INO-VATE · inotuzumab · overall_survival · median", np.log(7.7), None),
        (
            "HCVAD-OLDER · hyper-cvad · overall_survival · rate_at · 5 years",
            logit((0.2 * 122 + 0.5) / 123),
            None,
        ),
        (
            "MT103-211 · blinatumomab · 28 µg/day · steady_state_concentration · mean",
            np.log(616),
            0.097,
        ),
        ("MT103-202 · blinatumomab · cd8_ratio · median · 7 days", np.log(1.77), 0.14),
    ],
)
def test_a_fact_stands_on_its_scale(name, observed, error):
    assert OUTSIDE[name].observed == pytest.approx(observed)
    assert OUTSIDE[name].error == error


def test_facts_from_outside_are_no_part_of_the_record():
    assert len(OUTSIDE) == len(targets.outside())
    known = {row.id for study in studies().values() for row in study.results}
    for row in external.results():
        assert row.id not in known
        assert row.source not in sources()
    only_fitted = {t.study for t in OUTSIDE.values()} - set(studies())
    assert only_fitted == {"HCVAD-YOUNGER", "HCVAD-OLDER"}
    assert not only_fitted & set(trials())


def test_a_share_without_the_patients_that_it_counts_is_refused():
    text = (external.DATA / "HCVAD-OLDER.yaml").read_text(encoding="utf-8")
    bare = text.replace("value: 0.84, N: 122, basis: stated", "value: 0.84")
    with pytest.raises(DocumentError, match=r"complete_remission.* is a share without N"):
        external.read_results(bare, name="bare.yaml")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("MT103-211,blinatumomab,cd4_ratio,median,1,,0.4,0.1,no,s,", "endpoint 'cd4_ratio' is not known"),
        ("MT103-211,blinatumomab,clearance,mean,,,2.7,,no,s,", "needs a value and a standard error"),
        ("MT103-211,blinatumomab,clearance,mean,,,-1,0.1,no,s,", "needs a value and a standard error"),
        (
            "MT103-211,blinatumomab,cd19_negative_relapse,proportion,,,15,0.1,no,s,",
            "a share lies between 0 and 1",
        ),
        ("MT103-211,blinatumomab,steady_state_concentration,mean,,,228,0.1,no,s,", "needs a positive rate"),
        ("MT103-202,blinatumomab,cd8_ratio,median,,,0.4,0.1,no,s,", "needs a positive hour"),
    ],
)
def test_a_bad_row_of_the_table_is_said(tmp_path, row, message):
    path = tmp_path / "quantities.csv"
    path.write_text(f"{COLUMNS}\n{row}\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=message):
        external.read_quantities(path)


def test_clearance_and_concentration_are_those_of_the_patients_drawn():
    v = values()
    CL = np.asarray(draw(external.conducted("MT103-211").cohort, v, 1, 0, range(200_000)).values["CL"])
    assert readouts.clearance(v) == pytest.approx(CL.mean(), rel=0.01)
    assert readouts.steady_state(v, 28) == pytest.approx(1000 * (28 / CL).mean(), rel=0.01)
    assert readouts.faster(v, 120) == pytest.approx((CL > 120).mean(), abs=0.003)


@pytest.mark.slow
def test_t_cells_of_the_first_hours_lead_to_those_that_the_trial_records(monkeypatch):
    """The equations alone, carried on to midnight, against the first day of the trial."""
    monkeypatch.setattr(readouts, "HOURS", {**readouts.HOURS, 24: 24})
    pieces = [[Segment(0, 0, 120)]]
    s = setup(external.conducted("MT103-202"), 5)
    visits = simulate_shard(s, pieces[0]).visits
    alone = readouts.blood_t_cells(s, pieces, visits.clear()).filter(pl.col("time") == 1)
    monkeypatch.setattr(readouts, "HOURS", {})
    recorded = readouts.blood_t_cells(s, pieces, visits.filter(pl.col("day") == 1))
    assert alone["ratio"][0] == pytest.approx(recorded["ratio"][0], rel=0.01)


@pytest.mark.slow
def test_the_model_gives_a_number_and_an_error_for_every_fact():
    wanted = targets.outside()
    each = dict.fromkeys((t.study for t in wanted), 16)
    found = forward.at({}, wanted, 3, each)
    yes, no = forward.simulable(wanted, found)
    assert not no
    assert np.isfinite(forward.means(found)).all()
    shown = {study: forward.replicates([t for t in wanted if t.study == study]) for study in found}
    held = forward.errors(found, shown, yes)
    assert np.linalg.eigvalsh(held.whole).min() > 0
    for i, target in enumerate(yes):
        own = target.error or target.counted
        if own is not None:
            assert held.printed[i, i] == pytest.approx(own**2 + target.rounding**2)
