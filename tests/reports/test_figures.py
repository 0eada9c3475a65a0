"""What the figures count, on cases small enough to count by hand."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from engager.evidence import Result
from engager.inference import Compared, Interval
from engager.outcomes import Curve, kaplan_meier
from engager.reports.facts import merged, misfits, score
from engager.reports.figures_patients import stretches
from engager.reports.figures_survival import band
from engager.reports.replicates import at_risk, counted, exact, on_grid, spread
from engager.reports.style import Figure, month_ticks, saved, sheet, styled


def row(
    value: float, source: str, covered: bool = True, role: str = "predicted", **cells: object
) -> Compared:
    base = {
        "arm": "a",
        "endpoint": "crs_grade_3",
        "statistic": "proportion",
        "study": "S",
        "printed": f"{100 * value:g}%",
    }
    result = Result(**base | {"value": value, "source": source} | cells)  # type: ignore[arg-type]
    return Compared(result, role, Interval(0.03, 0.02, 0.04), covered)


def test_one_number_in_two_places_is_one_fact_with_both_sources() -> None:
    facts = merged([row(0.34, "x", n=91, N=271), row(0.34, "y")])
    assert [f.sources for f in facts] == [("x", "y")]
    assert facts[0].result.n == 91


def test_a_rounded_number_is_the_same_fact_and_a_different_one_is_not() -> None:
    facts = merged([row(0.05, "x"), row(0.049, "y"), row(0.08, "z")])
    assert [(f.result.value, f.sources, f.printed) for f in facts] == [
        (0.049, ("x", "y"), ("5%",)),
        (0.08, ("z",), ()),
    ]


def test_roles_are_scored_apart() -> None:
    rows = [row(0.3, "x"), row(0.1, "x", covered=False), row(0.2, "x", role="calibrated")]
    facts = merged(rows)
    assert score(facts, "predicted") == (1, 2)
    assert score(facts, "calibrated") == (1, 1)
    assert [f.result.value for f in misfits(facts, "predicted")] == [0.1]
    assert "published 10 %" in misfits(facts, "predicted")[0].sentence


def test_exact_interval_against_published_tables() -> None:
    # Clopper and Pearson 1934: 10 of 20 gives 0.272 to 0.728; 0 of 10 gives 0 to 0.3085
    assert exact(10, 20) == pytest.approx((0.272, 0.728), abs=5e-4)
    assert exact(0, 10) == pytest.approx((0.0, 0.3085), abs=5e-5)
    assert exact(10, 10)[1] == 1.0


def test_spread_is_that_of_replicates_only_where_there_are_enough() -> None:
    shares = np.linspace(0, 1, 21)
    assert spread(shares, 5, 10, 21) == pytest.approx((0.05, 0.95))
    assert spread(shares[:3], 5, 10, 3) == exact(5, 10)


PEOPLE = pl.DataFrame(
    {
        "replicate": [0, 0, 0, 1, 1, 1],
        "os_time": [10, 20, 30, 10, 40, 50],
        "os_event": [True, False, True, True, True, False],
    }
)


def test_numbers_at_risk_are_medians_of_replicates() -> None:
    assert at_risk(PEOPLE, "os_time", np.array([0.0, 20.0, 35.0]), 2).tolist() == [3.0, 2.0, 1.0]


def test_counts_are_medians_that_include_replicates_without_any() -> None:
    assert counted(PEOPLE, pl.col("os_event"), 2) == 2
    assert counted(PEOPLE, pl.col("os_time") > 45, 3) == 0


def test_a_curve_is_unknown_once_nobody_is_observed() -> None:
    curve = Curve(np.array([0.0, 10.0]), np.array([1.0, 0.5]), np.zeros(2))
    value, _ = on_grid(curve, np.array([0.0, 5.0, 10.0, 15.0, 25.0]), last=20.0)
    assert value[:4].tolist() == [1.0, 1.0, 0.5, 0.5] and np.isnan(value[4])


def test_the_band_of_equal_replicates_has_no_width() -> None:
    one = PEOPLE.filter(pl.col("replicate") == 0)
    many = pl.concat([one.with_columns(replicate=pl.lit(r)) for r in range(12)])
    b = band(many, "os_time", lambda g: kaplan_meier(g["os_time"], g["os_event"]), 12)
    assert np.allclose(b.lower, b.value) and np.allclose(b.upper, b.value)
    assert b.value[b.day < 10] == pytest.approx(1.0)
    assert b.value[(b.day >= 10) & (b.day < 30)] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (
            {"os_time": 100, "off_day": 40, "relapse_day": 70, "in_remission": True},
            [("on treatment", 0, 40), ("off treatment, in remission", 40, 70), ("off treatment", 70, 100)],
        ),
        ({"os_time": 100, "off_day": None, "relapse_day": None, "in_remission": True}, [("on treatment", 0, 100)]),
        (
            {"os_time": 100, "off_day": 40, "relapse_day": None, "in_remission": False},
            [("on treatment", 0, 40), ("off treatment", 40, 100)],
        ),
        (
            {"os_time": 100, "off_day": 40, "relapse_day": 40, "in_remission": True},
            [("on treatment", 0, 40), ("off treatment", 40, 100)],
        ),
    ],
)  # fmt: skip
def test_a_swimmer_s_bar_covers_the_time_from_entry_to_the_end(
    person: dict[str, object], expected: object
) -> None:
    assert stretches(person) == expected


@pytest.mark.parametrize("last", [0.5, 2, 9, 20, 24, 72, 240])
def test_ticks_of_months_are_few_and_start_at_zero(last: float) -> None:
    ticks = month_ticks(last)
    assert ticks[0] == 0 and len(ticks) <= 10 and ticks[-1] <= last


def test_ids_of_a_drawing_start_with_its_name_and_inline_has_no_address() -> None:
    with styled():
        drawn = sheet(2.0)
        drawn.subplots().plot([0, 1], [0, 1], marker="o")
        svg = saved(drawn, "try", "A <title>", "A line.")
    figure = Figure("try", "section", "t", "a", "c", svg, pl.DataFrame())
    assert "A &lt;title&gt;" in svg
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert ids and len(ids) == len(set(ids)) and all(i.startswith("try-") for i in ids)
    assert "http" in figure.svg and "http" not in figure.inline
