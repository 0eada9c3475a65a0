"""A question's file: what is refused, all at once; the grid of risk; the files that are shipped."""

from pathlib import Path

import pytest

from engager.documents import DocumentError
from engager.inference.credibility import LEVELS, QUESTION, read_question, risk
from engager.inference.dossier import activities, limits

ROOT = Path(__file__).parents[2]

GOOD = """
question: Which regimen is better?
context_of_use: Hypotheses only.
influence: {level: medium, because: one of several grounds}
consequence: {level: low, because: planning time}
criteria:
- {name: inside, measure: coverage, role: predicted, level: 0.9, at_least: 0.8, because: enough}
"""


def question(tmp_path, text):
    path = tmp_path / "question.yaml"
    path.write_text(text)
    return read_question(path)


def test_the_grid_of_risk_rises_with_both():
    grid = [[risk(i, c) for c in LEVELS] for i in LEVELS]
    assert grid == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]


def test_the_shipped_question_is_one_of_low_risk():
    shipped = read_question()
    assert shipped.risk == 2 and len(shipped.criteria) == 8 and QUESTION.is_file()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("level: medium", "level: middling", "'middling' is not known; allowed: high, low, medium"),
        (", because: planning time", "", "key 'because' is missing"),
        ("context_of_use", "context", "unknown key 'context'; did you mean 'context_of_use'?"),
        ("measure: coverage", "measure: covrage", "did you mean 'coverage' or 'scored'?"),
        (", at_least: 0.8", "", "criterion 'inside' (coverage) needs 'at_least'"),
        ("at_least: 0.8", "at_least: 80", "at_least 80; a share is from 0 to 1"),
        ("level: 0.9, at", "level: 0.8, at", "has level 0.8; allowed: 0.5, 0.9"),
        ("level: 0.9,", "level: 0.9, 'null': pooled,", "cannot have 'null'"),
        ("level: 0.9,", "level: 0.9, endpoints: [remision_crh],", "no endpoint 'remision_crh'; did you mean"),
        ("at_least: 0.8", "at_least: much", "at_least: 'much'"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(DocumentError) as refused:
        question(tmp_path, GOOD.replace(old, new))
    assert said in str(refused.value) and "question.yaml:" in str(refused.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    text = GOOD.replace("medium", "middling").replace(", because: planning time", "").replace("0.8", "80")
    with pytest.raises(DocumentError) as refused:
        question(tmp_path, text)
    assert len(refused.value.problems) == 3


def test_what_is_said_to_be_tested_is_there():
    named = [name.strip() for row in activities() for name in row["where"].split(";")]
    assert named and not [name for name in named if not (ROOT / name).is_file()]


def test_limits_are_whole_and_once():
    told = [row["limit"] for row in limits()]
    assert len(told) == len(set(told)) and all(row["about"] and row["limit"] for row in limits())
