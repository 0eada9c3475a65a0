"""What may be fitted, and to what: refusals that name every mistake at once."""

import pytest

from engager.documents import DocumentError
from engager.evidence import study
from engager.inference.prior import read_prior
from engager.inference.targets import chosen


def test_a_prior_that_excludes_its_own_value_or_that_is_none_is_refused(tmp_path):
    table = tmp_path / "fit.csv"
    table.write_text(
        "name,support,reason\n"
        "avod,positive,its value is negative\n"
        "kmax,share,its value is above 1\n"
        "ln10,positive,exact\n"
        "kmaxx,positive,misspelt\n"
        "chi,log,no such support\n"
        "r,positive,as it should be\n",
        encoding="utf-8",
    )
    with pytest.raises(DocumentError) as said:
        read_prior(table)
    lines = str(said.value).splitlines()
    wanted = (
        "so a prior on positive numbers excludes it",
        "so a prior on shares excludes it",
        "it is exact and cannot be fitted",
        "unknown parameter 'kmaxx'",
        "support 'log' is not known",
    )
    assert len(lines) == len(wanted)
    for number, (line, words) in enumerate(zip(lines, wanted, strict=True), start=2):
        assert words in line and f"fit.csv:{number}" in line


def test_rows_that_are_not_calibrated_or_say_nothing_are_refused_by_name():
    predicted = next(r for r in study("BLAST").results if r.endpoint == "mrd_response" and r.n)
    good = next(r for r in study("MT103-211").results if r.endpoint == "remission_crh" and r.n)
    with pytest.raises(DocumentError) as said:
        chosen(
            [
                predicted,
                good,
                good.model_copy(update={"value": None, "n": None}),
                good.model_copy(update={"value": 0.0, "n": None, "N": None}),
            ]
        )
    lines = str(said.value).splitlines()
    assert len(lines) == 3
    assert f"{predicted.id} is predicted: it must not be fitted" in lines[0]
    assert "has no value to fit" in lines[1] and "N is needed" in lines[2]
    assert [t.result for t in chosen([good])] == [good]
