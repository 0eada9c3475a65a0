"""Rows of the table: judged against their targets, kept, and shown as of when they were last measured."""

import json

import pytest
from benchmarks.table import Row

from benchmarks import plot, table


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("Size", "a", 1.29, target=1.3, at_most=True), "≤ 1.3: met"),
        (Row("Size", "a", 1.31, target=1.3, at_most=True), "≤ 1.3: **not met**"),
        (Row("Size", "a", 7.0, target=7), "≥ 7: met"),
        (Row("Size", "a", 6.9, target=7), "≥ 7: **not met**"),
        (Row("Size", "a", None, target=7), "≥ 7"),
        (Row("Size", "a", 6.9), ""),
    ],
)
def test_target(row, words):
    assert row.judged() == words


def test_latest_keeps_what_was_not_measured_again():
    def line(date, *rows):
        return {"date": date, "commit": "c", "machine": {"load": [0.5]}, "rows": [vars(row) for row in rows]}

    lines = [
        line(
            "1",
            Row("A million patients", "million", 9.0),
            Row("Start-up", "help", 0.3),
            Row("Start-up", "gone", 1.0),
        ),
        line("2", Row("Start-up", "help", 0.2), Row("Size", "few", 1.0)),
    ]
    found = {row.what: (when[0], row.value) for when, row in table.latest(lines)}
    assert found == {"million": ("1", 9.0), "few": ("2", 1.0), "help": ("2", 0.2)}


def test_history_page_and_plot(tmp_path):
    history = tmp_path / "history.jsonl"
    for value in (1.5, 1.2):
        table.keep(
            [Row("Bare integration", "time of JAX over that of C++", value, "×", 1.1, 1.6, 1.3, True)],
            history,
        )
    lines = table.past(history)
    assert [line["rows"][0]["value"] for line in lines] == [1.5, 1.2]
    assert json.loads(history.read_text().splitlines()[0])["machine"]["cores"] >= 1
    assert "| time of JAX over that of C++ | 1.2 (1.1 to 1.6) × | ≤ 1.3: met |" in table.page(lines)
    plot.main(history, tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert drawn.count("<!-- time of JAX over that of C++ -->") == 1  # the panel's title


def test_no_history_no_plot(tmp_path):
    with pytest.raises(SystemExit, match="run `make bench` first"):
        plot.main(tmp_path / "none.jsonl", tmp_path / "plot.svg")
