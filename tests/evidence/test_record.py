"""The shipped record: every row loads, says what is printed, and stands in the review it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from engager.documents import DocumentError
from engager.evidence import (
    Result,
    Study,
    Time,
    distinct,
    frame,
    pharmacology,
    results_frame,
    role_of,
    sources,
    studies,
    study,
)
from engager.evidence.printed import read, row_disagreement
from engager.evidence.record import VERSUS

ROWS = [pytest.param(row, id=row.id) for one in studies().values() for row in one.results]
FACTS = [pytest.param(fact, id=fact.id) for fact in pharmacology()]
REVIEWS = os.environ.get("ENGAGER_SOURCES", "")
needs_reviews = pytest.mark.skipif(
    not REVIEWS, reason="ENGAGER_SOURCES does not name the folder with zhao2019.txt and franquiz2020.txt"
)


def _review(name: str) -> str:
    text = (Path(REVIEWS) / f"{name}.txt").read_text(encoding="utf-8")
    number = count(1)  # the first references of one review are a list without numbers
    numbered = re.sub(r"^- ", lambda _: f"{next(number)}. ", text, flags=re.MULTILINE)
    return " ".join(numbered.split())


@pytest.mark.parametrize("row", ROWS)
def test_what_is_printed_says_the_numbers(row: Result) -> None:
    assert row_disagreement(row) is None


@needs_reviews
@pytest.mark.parametrize("one", [pytest.param(one, id=one.id) for one in studies().values()])
def test_reports_stand_under_their_numbers(one: Study) -> None:
    for report in one.reports:
        author, year, *_, pages = report.cite.split()
        volume, first = pages.split(":")
        where = rf"{year}.{{0,9}}?{volume} ?(?:\([^)]*\) ?)?: ?{first}"
        reference = rf"(?<![\d.]){report.reference}\. {author[0]}(?:(?!\d\. [A-Z]).){{0,900}}?{where}"
        assert re.search(reference, _review(report.source)), report


@pytest.mark.parametrize("row", ROWS)
def test_rows_are_whole(row: Result) -> None:
    one = study(row.study)
    assert row.source in sources() and row.place and row.printed
    assert role_of(row) in ("calibrated", "predicted", "informed", "context")
    assert all(name == "all" or one.arm(name) for name in row.arm.split(VERSUS))
    assert (row.source, row.reference) in {(r.source, r.reference) for r in one.reports}
    if row.n is not None and row.N is not None and row.statistic == "proportion" and row.basis != "stated":
        reading = read(row.printed)
        assert reading and row.value == pytest.approx(row.n / row.N, abs=reading.step / 2 + 1e-9)


def test_ids_are_unique() -> None:
    rows = [row.id for one in studies().values() for row in one.results]
    facts = [fact.id for fact in pharmacology()]
    assert len(set(rows + facts)) == len(rows + facts)


@pytest.mark.parametrize("name", ["TOWER", "tower", " Tower ", "NCT02013167"])
def test_a_study_is_found_by_any_of_its_names(name: str) -> None:
    assert study(name).id == "TOWER"


def test_an_unknown_study_names_near_ones() -> None:
    with pytest.raises(DocumentError, match="did you mean 'MT103-211'"):
        study("MT103-212")


def test_a_registry_id_of_two_studies_names_both() -> None:
    with pytest.raises(DocumentError, match="MINIHCVD-INO-OLDER and MINIHCVD-INO-RR"):
        study("NCT01371630")


def test_split_keeps_the_test_of_the_model_apart() -> None:
    def roles(name: str, arm: str, endpoint: str) -> set[str]:
        rows = studies()[name].results
        return {
            role_of(r) for r in rows if r.arm == arm and r.endpoint == endpoint and r.statistic != "p_value"
        }

    assert roles("TOWER", "blinatumomab", "complete_remission") == {"predicted"}
    assert roles("TOWER", "blinatumomab vs chemotherapy", "overall_survival") == {"predicted"}
    assert roles("TOWER", "chemotherapy", "complete_remission") == {"calibrated"}
    assert roles("TOWER", "chemotherapy", "patients") == {"context"}
    assert roles("MT103-211", "blinatumomab", "remission_crh") == {"calibrated"}
    assert roles("MT103-211", "historical", "overall_survival") == {"context"}
    assert roles("RR36", "blinatumomab", "remission_crh") == {"context"}  # its cohort is set to it
    assert roles("RR36", "blinatumomab", "mrd_response") == {"calibrated", "context"}
    assert {role_of(row) for row in studies()["BLAST"].results} == {"predicted", "context"}
    others = [r for r in studies()["ALCANTARA"].results if r.endpoint != "crs_grade_3"]
    assert {role_of(row) for row in others} == {"predicted", "context"}
    for name in ("TOWER", "ALCANTARA"):  # a miss on it changed a structure
        assert roles(name, "blinatumomab", "crs_grade_3") <= {"informed", "context"}
    assert roles("TOWER", "blinatumomab", "neurologic_event_grade_3") == {"informed"}
    responses = [r for r in studies()["D-ALBA"].results if r.endpoint == "molecular_response"]
    assert {(str(r.time), role_of(r)) for r in responses} == {
        ("85 days", "calibrated"), ("2 cycles", "informed"), ("4 cycles", "informed"),
    }  # fmt: skip
    assert roles("D-ALBA", "dasatinib-blinatumomab", "overall_survival") == {"informed"}
    assert roles("MINIHCVD-INO-RR", "mini-hcvd-ino", "overall_survival") == {"informed"}
    assert roles("MINIHCVD-INO-OLDER", "mini-hcvd-ino", "overall_survival") == {"informed"}
    assert roles("HCVAD-BLINA", "hyper-cvad-blinatumomab", "overall_survival") == {"predicted"}
    for name in ("BLINA-PONATINIB", "BLINA-TKI-MSKCC", "BLINA-TKI-13", "BLINA-NIVOLUMAB"):
        assert {role_of(row) for row in studies()[name].results} == {"predicted", "context"}
    for name in ("INO-VATE", "RR-REFERENCE", "MRD-TRANSPLANT", "MRD-META", "MINIHCVD-VS-HCVAD"):
        assert {role_of(row) for row in studies()[name].results} == {"context"}
    estimates = [r for r in studies()["MT103-211"].results if r.cut == "historical comparison"]
    assert len(estimates) == 5 and {role_of(row) for row in estimates} == {"context"}


def test_each_result_is_counted_once() -> None:
    rows = distinct(row for one in studies().values() for row in one.results)
    cr = [r for r in rows if (r.study, r.arm, r.endpoint) == ("TOWER", "blinatumomab", "complete_remission")]
    assert [(str(r.time), r.n, r.N, r.source) for r in cr] == [("12 weeks", 91, 271, "zhao2019")]
    (size,) = (r for r in rows if (r.study, r.arm, r.endpoint) == ("TOWER", "chemotherapy", "patients"))
    assert size.value == 134, "the contradicted 124 does not win"
    rates = [r for r in rows if r.study == "MT103-202" and r.endpoint == "relapse_free_survival"]
    assert [r.value for r in rates] == [0.78, 0.61]
    blast = [r for r in rows if (r.study, r.endpoint, r.population) == ("BLAST", "mrd_response", "evaluable")]
    assert [(str(r.time), r.n, r.N) for r in blast] == [("1 cycle", 88, 113)], "both reviews print it"
    assert distinct(rows) == rows


def test_a_study_that_only_compares_still_knows_its_patients() -> None:
    assert study("RR-REFERENCE").size == 1706
    assert study("TOWER").size == 405
    assert study("MT103-211").size == 189, "historical patients are not the study's"
    assert study("MRD-TRANSPLANT").size is None


def test_simulated_rows_share_the_table_with_published_ones() -> None:
    time = Time(value=12, unit="weeks", of="window")
    row = Result(
        study="TOWER", arm="blinatumomab", endpoint="complete_remission", statistic="proportion",
        time=time, value=0.35, n=35, N=100, basis="computed",
    )  # fmt: skip
    mine, theirs = frame([row]), results_frame()
    assert mine.schema == theirs.schema
    assert mine["time_months"][0] == pytest.approx(12 * 7 / 30.4375)
    assert mine.join(theirs, on=["study", "arm", "subgroup", "endpoint", "statistic", "time"]).height == 1
    assert theirs.height == len(ROWS)


def test_the_record_opens_without_the_array_library() -> None:
    code = (
        "import sys, engager.evidence as e; e.studies(); e.check(); print('numpy jax polars'.split()); print("
    )
    code += "[m for m in ('numpy', 'jax', 'polars', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
