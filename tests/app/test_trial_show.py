"""A trial written out reads back as the same trial."""

import pytest

from engager.app import jobs
from engager.documents import read_yaml
from engager.trials import read_trial, trial, trial_file, trials
from engager.trials.writing import trial_yaml, written_out


@pytest.mark.parametrize("name", trials())
def test_round_trip(name):
    text = jobs.show_trial(name)
    again, original = read_trial(read_yaml(text, name="copy.yaml")), trial(name)
    assert again.same_design(original)
    assert again.regimens == original.regimens
    assert (again.name, again.study, again.patients) == (original.name, original.study, original.patients)
    assert again.assumptions == original.assumptions and again.cohort == original.cohort
    assert read_yaml(text).value == written_out(trial_file(name)) == jobs.trial_data(name)


@pytest.mark.parametrize("name", trials())
def test_readable_and_compared_with_the_original(name):
    text = jobs.show_trial(name)
    lines = text.splitlines()
    # an ongoing trial has no results in the record to be compared with
    assert f"study: {trial(name).study or 'null'}" in lines and trial(name).study in (name, None)
    assert lines[0].startswith("#") and "engager simulate" in text
    assert all(line == line.rstrip() for line in lines)
    for line in lines:
        if "drug:" in line:
            assert line.strip().startswith("- {") and line.endswith("}")
    assert "regimen: blinatumomab-" not in text


def test_what_was_written_out_is_written_out_again_alike(tmp_path):
    file = tmp_path / "copy.yaml"
    file.write_text(jobs.show_trial("TOWER"), encoding="utf-8")
    assert written_out(file) == written_out(trial_file("TOWER"))


def test_texts_that_look_like_something_else_stay_texts(tmp_path):
    words = [
        "1e3",
        "null",
        "true",
        "1",
        "a: b",
        "# no",
        "x #y",
        "'q'",
        "[z",
        "{a}",
        "a, b",
        "- c",
        "~",
        "ends ",
        "é, µ",
    ]
    source = trial_file("TOWER").read_text(encoding="utf-8")
    listed = "".join(f"  - {word!r}\n" if "'" not in word else f'  - "{word}"\n' for word in words)
    file = tmp_path / "odd.yaml"
    file.write_text(source + listed, encoding="utf-8")
    assert read_yaml(trial_yaml(file)).value["assumptions"][-len(words) :] == words
