"""The scoreboard's page, figure and table: losses stand first, nothing is drawn outside, the same bytes every time."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engager.app.output import console
from engager.evidence import studies
from engager.inference.checks import checks, concluded
from engager.inference.scoreboard import Board, tallies
from engager.inference.validation import Against, Scored, Unscored, scored_rows
from engager.reports import validation_page
from engager.reports.figures_validation import FARTHEST, _apart, scoreboard
from engager.reports.validation_page import write_validation
from engager.reports.validation_table import validation_table

KIND = {
    "proportion": "share",
    "rate_at": "rate",
    "median": "median",
    "hazard_ratio": "ratio",
    "odds_ratio": "ratio",
}


@pytest.fixture(scope="module")
def board():
    """Every scored row of the record with made-up forecasts: half the value to twice the value, some far off."""
    rows = []
    for study in studies().values():
        for i, (row, role) in enumerate(scored_rows(study)):
            if row.value is None or i % 7 == 6:
                rows.append(Unscored(row, role, "not in the model"))
                continue
            place = (0.2, -0.9, 1.4, -5.0, float("inf"), 0.0)[i % 6]
            inside = abs(place) <= 1
            nulls = {"pooled": Against(0.1, 2.0, 0.1, 0.9, True, ("A", "B"))} if i % 2 else {}
            rows.append(
                Scored(
                    row,
                    role,
                    KIND[row.statistic],
                    row.value,
                    20,
                    row.value,
                    (row.value / 1.5, row.value * 1.5),
                    (row.value / 2, float("inf") if row.statistic == "median" else row.value * 2),
                    False,
                    inside,
                    (0.4, 0.5),
                    0.12,
                    1.5,
                    place,
                    nulls,
                    {} if nulls else {"pooled": "1 other study to go by"},
                )
            )
    asked = checks()
    answers = {(asked[0].name, asked[0].study): np.linspace(0.1, 0.4, 20)}
    judgements = tuple(concluded(check, answers, varied=False) for check in asked)
    return Board(
        20, 1, "point", (), tuple(rows), 99, {"TOWER": "no disk"}, tuple(tallies(rows, 1)), judgements
    )


def test_the_page_names_every_number_once_by_role_and_the_losses_first(board, tmp_path):
    text = write_validation(board, tmp_path).read_text(encoding="utf-8")
    names = ("summary", "board", "scores", "losses", "checks", "rows", "unscored", "reading")
    order = [text.index(f'<section id="{name}"') for name in names]
    assert order == sorted(order)
    for tally in board.tallies:
        table = validation_page.numbers(board, tally)
        assert len(table.rows) == tally.rows and {len(row) for row in table.rows} == {len(table.columns)}
        lost = validation_page.losses(board, tally)
        assert len(lost.rows) == tally.rows - tally.coverage[1].inside
        assert lost.rows[0][-1] == "beyond"
    assert len(validation_page.unscored(board).rows) == sum(tally.unscored for tally in board.tallies)
    assert "not reached" in text and "99 are context, never scored" in text and "cannot be asked" in text
    assert "<script" not in text and "http" not in re.sub(r"http://www.w3.org/\S+", "", text)


def test_the_same_board_gives_the_same_files(board, tmp_path):
    write_validation(board, tmp_path / "a")
    write_validation(board, tmp_path / "b")
    for name in ("validation.html", "figures/scoreboard.svg", "figures/scoreboard.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    drawn = pl.read_csv(tmp_path / "a" / "figures" / "scoreboard.csv", infer_schema_length=None)
    assert len(drawn) == sum(tally.rows for tally in board.tallies)
    assert (tmp_path / "a" / "figures" / "scoreboard.svg").stat().st_size < 150_000


def test_a_board_on_which_nothing_could_be_scored_lists_it_all(board, tmp_path):
    rows = tuple(Unscored(row.result, row.role, "no disk") for row in board.rows)
    empty = replace(board, rows=rows, tallies=tuple(tallies(rows, 1)))
    text = write_validation(empty, tmp_path).read_text(encoding="utf-8")
    assert text.count("no disk") == len(rows) and not (tmp_path / "figures").exists()


def test_the_figure_tells_those_who_cannot_see_it_how_much_is_covered(board):
    figure = scoreboard(board)
    for tally in board.tallies:
        outer = tally.coverage[1]
        assert f"{outer.inside} of {outer.rows} inside the 90 % interval" in figure.alt
        assert f"{outer.inside} of {outer.rows} inside the 90 % interval" in figure.svg


def test_marks_that_would_cover_each_other_stand_apart():
    assert _apart([0.0, 0.01, 0.02, 1.0]) == [0, 1, -1, 0]
    assert _apart([-FARTHEST, FARTHEST]) == [0, 0]


def test_the_terminal_shows_summary_losses_and_what_is_not_simulated(board):
    out = console()
    with out.capture() as capture:
        out.print(validation_table(board))
    text = capture.get()
    for words in (
        "inside 90 %",
        "Against the null models",
        "Cross-endpoint checks",
        "outside",
        "not simulated",
    ):
        assert words in text
