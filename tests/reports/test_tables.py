"""Pages for the terminal: complete, and within its width."""

import pytest
from rich.console import Console

from engager.app import jobs
from engager.evidence import studies
from engager.reports import tables


def shown(page, width):
    console = Console(width=width, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(page)
    return captured.get()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", studies())
def test_every_number_of_a_study_stands_with_its_printed_text(name, width):
    page = jobs.show_study(name)
    text = shown(tables.study_page(page), width)
    assert all(len(line) <= width for line in text.splitlines())
    joined = "".join(text.split())
    for row in page.study.results:
        assert "".join(row.place.split()) in joined
        assert row.source in text
    for arm in page.study.arms:
        assert arm.label.split(",")[0] in text
    if width == 120:
        for row in page.study.results:
            assert "".join(row.printed.split()) in joined, row.id


@pytest.mark.parametrize("width", [80, 120])
def test_lists_and_findings_keep_within_the_width(width):
    found = jobs.check_record()
    for page in (
        tables.study_list(jobs.list_studies()),
        tables.regimen_list(jobs.list_regimens()),
        tables.trial_list(jobs.list_trials()),
        tables.finding_list(found, True),
        tables.explanation_page(jobs.explain("CR")),
    ):
        assert all(len(line) <= width for line in shown(page, width).splitlines())


def test_all_findings_are_shown_when_asked():
    found = jobs.check_record()
    joined = "".join(shown(tables.finding_list(found, True), 200).split())
    for finding in found:
        assert "".join(finding.message.split()) in joined


def test_square_brackets_are_not_taken_for_markup():
    text = shown(tables.study_page(jobs.show_study("TOWER")), 120)
    assert "91/271 [34%]" in text
