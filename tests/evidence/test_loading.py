"""Mistakes in a study's file: all at once, each at its line, in a sentence that helps."""

from __future__ import annotations

from typing import Any

import pytest

from engager.documents import DocumentError
from engager.evidence.facts import read_facts
from engager.evidence.load import read_study
from engager.evidence.printed import Reading, read, row_disagreement, span
from engager.evidence.record import Cells
from engager.evidence.split import read_split

HEAD = """\
id: TRY
title: a trial
design: single arm
phase: II
setting: relapsed
ph: negative
reports: [{source: zhao2019, reference: 1, cite: Someone 2000}]
arms: [{name: drug, label: Drug, size: 20}]
results:
- source: zhao2019
  place: here
  rows:
"""
GOOD = (
    "{arm: drug, endpoint: complete_remission, statistic: proportion, "
    "value: 0.4, n: 8, N: 20, basis: stated, printed: 40%}"
)
FIRST = HEAD.count("\n") + 1


def _study(*rows: str) -> str:
    return HEAD + "".join(f"  - {row}\n" for row in rows)


def test_a_sound_row_loads() -> None:
    row = read_study(_study(GOOD)).results[0]
    assert (row.id, row.place) == ("TRY/drug/complete_remission/proportion/zhao2019", "here")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("complete_remission", "complete_remision", "did you mean 'complete_remission'"),
        ("arm: drug", "arm: drugs", "did you mean 'drug'"),
        ("arm: drug", "arm: drug vs placebo", "'placebo' is not an arm"),
        ("statistic: proportion", "statistic: proportions", "did you mean 'proportion'"),
        ("n: 8", "n: 28", "n: 28 is more than N 20"),
        ("value: 0.4", "value: 40", "between 0 and 1, not 40"),
        ("value: 0.4", "value: 0.5", "'40%' says value 0.4, entered is 0.5"),
        (
            "value: 0.4",
            "value: 0.4, lower: 0.5",
            "value: 0.4 is below lower 0.5",
        ),
        (", printed: 40%", "", "a published row needs the text that is printed"),
        ("printed: 40%", "printed: many", "'many' holds no number"),
        (", basis: stated", "", "basis: says where n and N come from"),
        ("printed: 40%", "printed: 40%, standing: doubtful", "standing: 'doubtful' is not known"),
        ("printed: 40%", "printed: 40%, standing: contradicted", "needs the reason"),
        ("value: 0.4", "value: 0.4, vlaue: 1", "unknown key 'vlaue'"),
        ("value: 0.4", "value: 0.4, time: {value: 2, unit: fortnights, of: at}", "'fortnights' is not known"),
        ("statistic: proportion", "statistic: rate_at", "a rate_at needs the time"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says) as caught:
        read_study(_study(GOOD, GOOD.replace(old, new)), name="try.yaml")
    assert all(str(problem).startswith(f"try.yaml:{FIRST + 1}:") for problem in caught.value.problems)


def test_all_problems_come_at_once() -> None:
    text = _study(GOOD.replace("arm: drug", "arm: drgu"), GOOD, GOOD, GOOD.replace("n: 8", "n: 21"))
    text = text.replace("phase: II", "phase: 2").replace("source: zhao2019\n  place", "source: zhao\n  place")
    with pytest.raises(DocumentError) as caught:
        read_study(text.replace("size: 20}]", "size: 20}]\nregistry: [NCT1]"), name="try.yaml")
    lines = [problem.place.line for problem in caught.value.problems if problem.place]
    assert len(lines) >= 6 and lines == sorted(lines)


def test_a_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(DocumentError, match=rf"try.yaml:{FIRST + 1}:.* stands twice \(line {FIRST}\)"):
        read_study(_study(GOOD, GOOD), name="try.yaml")


@pytest.mark.parametrize(
    "text", ["", "[]", "results: 3", "results: [3]", "results: [{rows: [3]}]", "arms: [2]"]
)
def test_any_shape_of_file_is_answered_with_sentences(text: str) -> None:
    with pytest.raises(DocumentError):
        read_study(text)


def test_facts_are_read_as_strictly() -> None:
    fact = "{name: volume, value: 4.5, unit: %s, printed: %s}"
    text = "about: x\nfacts:\n- source: zhao2019\n  place: here\n  rows: [%s]\n"
    assert read_facts(text % (fact % ("L", "4.5L")))[0].low == 4.5
    with pytest.raises(DocumentError, match=r"f\.yaml:5:.*unknown unit 'litre'"):
        read_facts(text % (fact % ("litre", "4.5L")), name="f.yaml")
    with pytest.raises(DocumentError, match=r"says value 5\.4"):
        read_facts(text % (fact % ("L", "5.4L")))


def test_an_unknown_role_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "split.csv"
    path.write_text("study,arm,endpoint,statistic,time,role,reason\n*,*,*,*,*,calibratd,typo\n")
    with pytest.raises(DocumentError, match=r"split.csv:2:1 role: .*did you mean 'calibrated'"):
        read_split(path)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("91/271 [34%]", Reading(0.34, None, None, 0.01, True)),
        ("9.4%", Reading(0.094, None, None, 0.001, True)),
        ("7.7 m", Reading(7.7, None, None, 0.1, False)),
        ("P<0.001", Reading(None, None, 0.001, 0.001, False)),
        ("565–771", Reading(None, 565, 771, 1, False)),
        ("22% to 51%", Reading(None, 0.22, 0.51, 0.01, True)),
        (">10−4", Reading(None, 1e-4, None, 1e-4, False)),
        (r"\geq 10^{-3}", Reading(None, 1e-3, None, 1e-3, False)),
        ("10–7 M", Reading(1e-7, None, None, 1e-7, False)),
        ("10–100 pg/mL", Reading(None, 10, 100, 1, False)),
        ("Thirty-eight percent", Reading(0.38, None, None, 0.01, True)),
        ("54 kDa", Reading(54000, None, None, 1000, False)),
        ("no patient", Reading(0, None, None, 1, False)),
        ("All patients", Reading(1, None, None, 1, False)),
        ("13,637", Reading(13637, None, None, 1, False)),
        ("younger than 65 years", Reading(None, None, 65, 1, False)),
    ],
)
def test_printed_numbers_are_read(text: str, reading: Reading) -> None:
    got = read(text)
    assert got is not None and got.percent == reading.percent
    for name in ("value", "lower", "upper", "step"):
        assert getattr(got, name) == pytest.approx(getattr(reading, name)), name


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        ({"printed": "14 of the 15", "value": 0.9333, "n": 14, "N": 15}, False),
        ({"printed": "Seven", "value": 0.6364, "n": 7, "N": 11}, False),
        ({"printed": "no patient", "value": 0.0, "n": 0, "N": 11}, False),
        ({"printed": "14 of the 15", "value": 0.9, "n": 14, "N": 15}, True),
        ({"printed": "14 of the 15", "value": 0.8667, "n": 13, "N": 15}, True),
        ({"printed": "12 patients", "value": 0.8, "n": 12}, True),
        ({"printed": "12 patients", "value": 0.8, "n": 12, "N": 15, "statistic": "rate_at"}, True),
        ({"printed": "8/9 (88%)", "value": 0.8889, "n": 8, "N": 9}, True),
        ({"printed": "from 11 to 44%", "value": 0.11}, False),
        ({"printed": "from 11 to 44%", "value": 0.44}, False),
        ({"printed": "from 11 to 44%", "value": 0.30}, True),
        ({"printed": "11 to 44%", "value": 0.11}, True),
    ],
)
def test_what_a_row_may_print(cells: dict[str, Any], wrong: bool) -> None:
    row = Cells(**{"arm": "a", "endpoint": "crs", "statistic": "proportion"} | cells)
    assert (row_disagreement(row) is not None) == wrong


def test_a_counted_proportion_is_known_exactly() -> None:
    row = Cells(
        arm="a", endpoint="crs", statistic="proportion", printed="14 of the 15", value=0.9333, n=14, N=15
    )
    low, high = span(row) or (0.0, 1.0)
    assert low <= 14 / 15 <= high and high - low == pytest.approx(1e-4)
