"""Times to event, their clocks, and ratios of groups, on tables written by hand."""

import numpy as np
import polars as pl
import pytest
from tests.tables import patients, tables

from engager.evidence import Result, Time
from engager.outcomes import hazard_ratio
from engager.trials import NotSimulated, measured, trial
from engager.trials.analysis import TRANSPLANTED
from engager.trials.times import TIMES, clock
from engager.vocabulary import endpoints, quantity

TOWER = trial("TOWER")
MONTH = quantity("1 month").canonical

# remission on day 30: relapses on day 130 and dies on 200; dies in remission on day 150; relapse-free to day 300
# without remission: fails on day 84 and lives; dies on day 20
PEOPLE = patients(
    in_remission=[True, True, True, False, False],
    rfs_start=[30, 30, 30, 0, 0],
    rfs_time=[100, 120, 270, 0, 0],
    rfs_event=[True, True, False, False, False],
    relapse_day=[130, None, None, None, None],
    failure_day=[None, None, None, 84, None],
    death_day=[200, 150, None, None, 20],
    os_time=[200, 150, 300, 300, 20],
    os_event=[True, True, False, False, True],
    efs_time=[130, 150, 300, 1, 1],
    efs_event=[True, True, False, True, True],
)

CLOCKS = {
    "overall_survival": ([200, 150, 300, 300, 20], [1, 1, 0, 0, 1]),
    "long_term_response": ([200, 150, 300, 300, 20], [1, 1, 0, 0, 1]),
    "event_free_survival": ([130, 150, 300, 1, 1], [1, 1, 0, 1, 1]),
    "progression_free_survival": ([130, 150, 300, 84, 20], [1, 1, 0, 1, 1]),
    "relapse_free_survival": ([100, 120, 270], [1, 1, 0]),
    "disease_free_survival": ([100, 120, 270], [1, 1, 0]),
    "remission_duration": ([100, 120, 270], [1, 0, 0]),
    "continuous_remission": ([130, 150, 300], [1, 1, 0]),
}


@pytest.mark.parametrize("endpoint", TIMES)
def test_each_clock_starts_and_stops_where_its_definition_says(endpoint):
    timed = clock(PEOPLE, endpoint)
    times, events = CLOCKS[endpoint]
    assert timed["time"].to_list() == times and timed["event"].cast(int).to_list() == events
    assert endpoint in endpoints()


def row(endpoint, statistic, **cells):
    return Result(
        **{"study": "S", "arm": "blinatumomab", "endpoint": endpoint, "statistic": statistic, **cells}
    )


@pytest.mark.parametrize(
    ("endpoint", "days", "rate"),
    [
        ("relapse_free_survival", 110, 2 / 3),
        ("relapse_free_survival", 125, 1 / 3),
        ("remission_duration", 125, 2 / 3),  # a death in remission is no event
        ("progression_free_survival", 100, 3 / 5),
        ("overall_survival", 100, 4 / 5),
        ("event_free_survival", 100, 3 / 5),
        ("continuous_remission", 140, 2 / 3),
    ],
)
def test_rates_at_a_time(endpoint, days, rate):
    time = Time(value=days, unit="days", of="at")
    assert measured(TOWER, tables(PEOPLE), row(endpoint, "rate_at", time=time))[0] == pytest.approx(rate)


def test_medians_are_in_months_and_infinite_where_not_reached():
    assert measured(TOWER, tables(PEOPLE), row("relapse_free_survival", "median"))[0] == pytest.approx(
        120 / MONTH
    )
    assert measured(TOWER, tables(PEOPLE), row("remission_duration", "median"))[0] == np.inf


def test_a_rate_beyond_follow_up_or_without_a_time_has_none():
    late = Time(value=10, unit="years", of="at")
    with pytest.raises(NotSimulated, match="follows nobody"):
        measured(TOWER, tables(PEOPLE), row("overall_survival", "rate_at", time=late))
    with pytest.raises(NotSimulated, match="no time is printed"):
        measured(TOWER, tables(PEOPLE), row("overall_survival", "rate_at"))


ARMS = patients(
    arm=["blinatumomab"] * 3 + ["chemotherapy"] * 3,
    os_time=[10, 20, 30, 10, 15, 30],
    os_event=[True, False, False, True, True, False],
    response=["CR", "CR", "none", "CR", "none", "none"],
    ph=[True, False, False, True, False, False],
    failure_day=[5, None, None, 5, 6, None],
)
VERSUS = "blinatumomab vs chemotherapy"


def test_odds_ratios_of_shares_and_of_the_event_by_the_end_of_follow_up():
    (odds,) = measured(TOWER, tables(ARMS), row("complete_remission", "odds_ratio", arm=VERSUS))
    assert odds == pytest.approx((2 / 1) / (1 / 2))
    (odds,) = measured(TOWER, tables(ARMS), row("overall_survival", "odds_ratio", arm=VERSUS))
    assert odds == pytest.approx((1 / 2) / (2 / 1))
    (odds,) = measured(
        TOWER,
        tables(ARMS),
        row("overall_survival", "odds_ratio", arm="all", subgroup="Ph-negative vs Ph-positive"),
    )
    assert odds == 0  # both who are Ph-positive died


def test_a_hazard_ratio_of_any_time_and_of_a_subgroup():
    from engager.outcomes import hazard_ratio

    (ratio,) = measured(TOWER, tables(ARMS), row("progression_free_survival", "hazard_ratio", arm=VERSUS))
    assert ratio == pytest.approx(hazard_ratio([5, 20, 30, 5, 6, 30], [1, 0, 0, 1, 1, 0], [1, 1, 1, 0, 0, 0]))
    (ratio,) = measured(
        TOWER, tables(ARMS), row("overall_survival", "hazard_ratio", arm=VERSUS, subgroup="Ph-negative")
    )
    assert ratio == 0  # nobody of that subgroup died on blinatumomab


def test_a_ratio_needs_two_groups():
    with pytest.raises(NotSimulated, match="two arms, or two subgroups"):
        measured(TOWER, tables(ARMS), row("overall_survival", "hazard_ratio"))
    with pytest.raises(NotSimulated, match="has no hazard ratio"):
        measured(TOWER, tables(ARMS), row("complete_remission", "hazard_ratio", arm=VERSUS))


def test_a_regimens_share_is_by_its_name_or_by_a_drug():
    people = patients(
        arm=["chemotherapy"] * 4, regimen=["flag-ida", "flag-ida", "clofarabine", "high-dose-methotrexate"]
    )
    asked = {
        name: row("regimen_share", "proportion", arm="chemotherapy", subgroup=name)
        for name in ("flag-ida", "clofarabine")
    }
    assert measured(TOWER, tables(people), asked["flag-ida"])[0] == 1 / 2
    assert measured(TOWER, tables(people), asked["clofarabine"])[0] == 1 / 4
    with_it = row("regimen_share", "proportion", arm="all", subgroup="with blinatumomab")
    both = patients(arm=["blinatumomab", "chemotherapy"], regimen=["blinatumomab-tower", "flag-ida"])
    assert measured(TOWER, tables(both), with_it)[0] == 1 / 2


def test_arms_are_compared_by_differences_and_by_the_log_rank_test():
    people = patients(
        arm=["blinatumomab", "blinatumomab", "chemotherapy", "chemotherapy"],
        os_time=[300, 600, 150, 450],
        os_event=[True] * 4,
        response=["CR", "none", "none", "none"],
    )
    months = Time(value=400 / MONTH, unit="months", of="at")
    pair = {"arm": "blinatumomab vs chemotherapy"}

    def asked(endpoint, statistic, **cells):
        return measured(TOWER, tables(people), row(endpoint, statistic, **{**pair, **cells}))[0]

    assert asked("complete_remission", "difference") == pytest.approx(0.5)
    gap = asked("overall_survival", "restricted_mean_difference", time=months)
    assert gap * MONTH == pytest.approx((300 + 400) / 2 - (150 + 400) / 2)
    one = asked("overall_survival", "restricted_mean", time=months, arm="chemotherapy")
    assert one * MONTH == pytest.approx((150 + 400) / 2)
    assert 0 < asked("overall_survival", "p_value") < 1
    with pytest.raises(NotSimulated, match="difference compares two arms"):
        asked("complete_remission", "difference", arm="blinatumomab")
    with pytest.raises(NotSimulated, match="no time is printed"):
        asked("overall_survival", "restricted_mean_difference")


def test_relapse_and_death_in_remission_compete():
    """Three in remission: relapse after 100 days, death after 120, one observed for 270."""

    def incidence(endpoint, days):
        time = Time(value=days, unit="days", of="at")
        return measured(TOWER, tables(PEOPLE), row(endpoint, "rate_at", time=time))[0]

    assert [incidence("relapse", day) for day in (99, 110, 200)] == pytest.approx([0, 1 / 3, 1 / 3])
    assert [incidence("death_in_remission", day) for day in (110, 200)] == pytest.approx([0, 1 / 3])


def test_transplant_counts_from_its_day_on():
    """Five in remission since day 10, three to be transplanted 50 days later, of whom one relapses before."""
    people = patients(
        in_remission=[True] * 5,
        rfs_start=[10] * 5,
        rfs_time=[100, 150, 40, 90, 200],
        rfs_event=[True] * 5,
        os_time=[400] * 5,
        transplant_day=[60, 60, 60, None, None],
    )
    asked = row("relapse_free_survival", "hazard_ratio", subgroup=TRANSPLANTED)
    found = measured(TOWER, tables(people), asked)[0]
    start = [-1, -1, -1, -1, -1, 50, 50]
    time, event, treated = [50, 50, 40, 90, 200, 100, 150], [0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1]
    assert found == pytest.approx(hazard_ratio(time, event, treated, start))
    never = people.with_columns(transplant_day=pl.lit(None, pl.Int32))
    assert measured(TOWER, tables(never), asked)[0] == 0  # no event after a transplant
    with pytest.raises(NotSimulated, match="hazard ratio of a time in remission"):
        measured(TOWER, tables(people), row("overall_survival", "hazard_ratio", subgroup=TRANSPLANTED))
