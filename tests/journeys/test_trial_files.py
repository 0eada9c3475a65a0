"""Trial files that cannot be used: every problem in a sentence with its place, nothing simulated."""

import pytest

from engager.documents import DocumentError
from engager.evidence import studies
from engager.trials import read_trial, trial, trial_file, trials
from engager.trials.further_lines import further_regimens
from engager.trials.groups import BY_MRD
from engager.trials.shards import setup


def problems(tmp_path, change):
    path = tmp_path / "my.yaml"
    path.write_text(change(trial_file("TOWER").read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        read_trial(path)
    return [str(problem) for problem in error.value.problems]


def line_of(text, part):
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("patients: 405", "patients: 0", "greater than or equal to 1"),
        ("patients: 405", "patients: many", "valid integer"),
        ("allocation: 2", "allocation: 0", "greater than or equal to 1"),
        ("allocation: 2", "allocation: -1", "greater than or equal to 1"),
        ("allocation: 2", "alocation: 2", "did you mean 'allocation'?"),
        ("regimen: flag-ida", "regimen: flag-idda", "did you mean 'flag-ida'?"),
        ("setting: relapsed", "setting: relapse", "did you mean 'relapsed'?"),
        ("delay: 50 days", "delay: 50", "has no unit"),
        ("delay: 50 days", "delay: 50 dayz", "unknown unit 'dayz'"),
        ("window: 12 weeks", "window: 12 mg", "a unit like days is needed"),
        ("at_least_half: 0.75", "at_least_half: 75", "less than 1"),
        ("study: TOWER", "study: TOWR", "did you mean 'TOWER'?"),
        ("700, 728]", "700, 7280]", "after the end of follow-up"),
        ("{accrual: 18 months, after_last: 6 months}", "{accrual: 18 months}", "'after_last' is missing"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, words):
    original = trial_file("TOWER").read_text(encoding="utf-8")
    found = problems(tmp_path, lambda text: text.replace(old, new, 1))
    line = line_of(original, old)
    assert any(words in problem for problem in found), found
    place = next(problem for problem in found if words in problem).split(" ")[0]
    assert place.startswith(str(tmp_path / "my.yaml")) and f":{line}:" in place


def test_all_problems_come_at_once(tmp_path):
    def change(text):
        return (
            text.replace("patients: 405", "patients: 0")
            .replace("50 days", "-1 days")
            .replace("clofarabine", "clofarabin")
        )

    found = problems(tmp_path, change)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trial: A\n\tpatients: 1", "a tab"),
        ("trial: A\ntrial: B", "stands twice"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("[1, 2", "is not YAML"),
        ("", "must be a mapping"),
        ("trial: A\npatients: .inf", "not a finite number"),
    ],
)
def test_what_is_not_a_trial_at_all(tmp_path, text, words):
    assert any(words in problem for problem in problems(tmp_path, lambda _: text))


def test_ten_megabytes_of_aliases_are_refused_at_once(tmp_path):
    bomb = "a: &a [x]\n" + "b: [*a]\n" * 1_200_000
    [problem] = problems(tmp_path, lambda _: bomb)
    assert "bytes" in problem or "characters" in problem


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        read_trial(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "TOWER",
            "window: 12 weeks",
            "window: 2 weeks",
            "no marrow assessment of blinatumomab-tower lies within 14 days of entry",
        ),
        (
            "TOWER",
            "limit: 1e-4, cells: 100000",
            "limit: 1e-4, cells: 1000",
            "a sample of 1,000 cells cannot show 0.0001: one cell in it is already 0.001",
        ),
        (
            "BLAST",
            "overall: mrd_response",
            "overall: remission_crh",
            "an MRD cohort is in remission at entry, so remission_crh cannot be measured in it",
        ),
        (
            "BLAST",
            "{accrual: 24 months, after_last: 42 months}",
            "{accrual: 10 days, after_last: 10 days}",
            "the first marrow assessment of blinatumomab-blast is on day 29, after the end of follow-up",
        ),
    ],
)
def test_what_no_visit_can_measure_is_refused_at_its_place(tmp_path, name, old, new, said):
    original = trial_file(name).read_text(encoding="utf-8")
    path = tmp_path / "my.yaml"
    path.write_text(original.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        read_trial(path)
    found = [str(problem) for problem in error.value.problems]
    assert any(said in problem and f":{line_of(original, old)}:" in problem for problem in found), found


def test_a_kinase_inhibitor_without_ph_positive_patients_is_a_warning(tmp_path):
    text = trial_file("ALCANTARA").read_text(encoding="utf-8")
    path = tmp_path / "my.yaml"
    path.write_text(text.replace("blinatumomab-alcantara", "blinatumomab-ponatinib"), encoding="utf-8")
    assert read_trial(path).cautions == []
    path.write_text(path.read_text(encoding="utf-8").replace("ph: 1", "ph: 0"), encoding="utf-8")
    first, second = read_trial(path).cautions
    assert first.startswith("blinatumomab-ponatinib gives ponatinib to a cohort without Ph-positive patients")
    assert "t315i" in second


def test_an_inhibitor_of_another_kinase_is_not_warned_of(tmp_path):
    path = tmp_path / "my.yaml"
    text = trial_file("NCT02997761").read_text(encoding="utf-8")
    path.write_text(text.replace("ph: 0.25", "ph: 0"), encoding="utf-8")
    assert read_trial(path).regimens[0].drugs == ("blinatumomab", "ibrutinib")
    assert read_trial(path).cautions == []


def test_donor_lymphocytes_without_a_graft_are_a_warning(tmp_path):
    path = tmp_path / "my.yaml"
    text = trial_file("NCT03982992").read_text(encoding="utf-8")
    path.write_text(text.replace("prior_transplant: 1", "prior_transplant: 0.3"), encoding="utf-8")
    assert read_trial(path).cautions == []
    path.write_text(text.replace("prior_transplant: 1", "prior_transplant: 0"), encoding="utf-8")
    (caution,) = read_trial(path).cautions
    assert caution.startswith(
        "blinatumomab-donor-lymphocytes gives donor lymphocytes to a cohort without patients transplanted before entry"
    )


@pytest.mark.parametrize("name", trials())
def test_no_shipped_trial_gives_anything_in_vain(name):
    assert trial(name).cautions == []


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("tower", "TOWER"),
        ("Topp 2014", "RR36"),
        ("webster 2018", "BLINA-NIVOLUMAB"),
        (
            "nct02879695",
            "NCT02879695",
        ),  # its own trial, not that of the study which reported on its first patients
        ("NCT03160079", "NCT03160079"),
    ],
)
def test_a_trial_is_found_by_every_name_that_the_record_has_for_it(name, file):
    assert trial_file(name).stem == file


def test_a_trial_that_is_only_in_the_record_is_not_called_unknown():
    with pytest.raises(DocumentError, match="NCT02961881 is in the record, but its trial is not written"):
        trial_file("nct02961881")
    with pytest.raises(DocumentError, match="unknown study 'TOWR'; did you mean 'TOWER'"):
        trial_file("TOWR")


@pytest.mark.parametrize("name", trials())
def test_every_shipped_trial_can_be_conducted(name):
    # every drug has its effect and every rule its place in the day loop; what the loop does is tested elsewhere
    s = setup(trial(name), seed=1)
    given = s.low.plan.length
    plans = [r.length for r in [*trial(name).regimens, *further_regimens(s.values)]]
    assert list(given) == [*plans, *[0] * (len(given) - len(plans))]


@pytest.mark.parametrize("study", [s for s in studies().values() if s.id in trials()], ids=lambda s: s.id)
def test_the_record_names_the_regimens_that_the_trial_gives(study):
    arms = trial(study.id).arms
    for arm in study.arms:
        if arm.name in arms and arm.regimens:
            assert list(arm.regimens) == [choice.name for choice in arms[arm.name].regimens]
    named = {arm.name for arm in study.arms}
    assert set(arms) & named or named <= set(BY_MRD), "no arm of the trial is one of the study"
