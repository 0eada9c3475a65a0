"""Pages for the terminal: complete, and within its width."""

import pytest
from rich.console import Console

from engager.app import jobs
from engager.evidence import context, pharmacology, studies
from engager.evidence.printed import bound, legible
from engager.reports import record_tables, tables


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
            assert "".join(legible(row.printed).split()) in joined, row.id


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


def test_bounds_and_shares_are_written_as_they_are_meant():
    written = {f.printed: record_tables.number(f) for f in [*context(), *pharmacology()]}
    assert written[">60 years"] == "> 60 years" and written["<10%"] == "< 10 %"
    assert written["Up to 50%"] == "at most 50 %" and written["more than two-thirds"] == "> 2/3"
    assert written["a third"] == "1/3" and written["Over half"] == "> 0.5"


@pytest.mark.parametrize(
    ("text", "sign", "plain"),
    [
        (r"\geq 10^{-3}", "≥", "≥ 10⁻³"),
        (r"\geq 20\%", "≥", "≥ 20%"),
        ("younger than 65 years", "<", "younger than 65 years"),
        ("34%", "", "34%"),
    ],
)
def test_tex_is_not_shown(text, sign, plain):
    assert (bound(text), legible(text)) == (sign, plain)


def test_a_study_page_tells_notes_findings_and_statements():
    text = " ".join(shown(tables.study_page(jobs.show_study("RR36")), 120).split())
    assert "33 months; the report that it cites for them is one of MT103-202" in text
    assert "21 % is printed, but no n/36 rounds to it" in text and "do not use as a share of 36" in text
    assert "quality of response is worse in" in text
    assert "blinatumomab-rr36-ramp-up" in text
    assert "[franquiz2020 25], long-term responders" in text
