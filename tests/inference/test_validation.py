"""Rows scored against tables written by hand: which values, which scale, what is not scored and why."""

import numpy as np
import polars as pl
import pytest
from tests.tables import patients, tables

from engager.evidence import studies, study
from engager.inference.null_models import NullModels
from engager.inference.validation import Scored, Unscored, score_study, scored_rows
from engager.trials import trial

TOWER = trial("TOWER")
CR = "TOWER/blinatumomab/complete_remission/proportion/12 weeks/zhao2019"
OS = "TOWER/blinatumomab/overall_survival/median/zhao2019"
HR = "TOWER/blinatumomab vs chemotherapy/overall_survival/hazard_ratio/franquiz2020"
MRD = "TOWER/blinatumomab/mrd_response/proportion/franquiz2020"
PER = 4
MONTH = 30.4375


def scores(replicates, **columns):
    """TOWER's rows against ``replicates`` trials of four patients; ``columns`` by patient, trial after trial."""
    people = patients(replicate=np.repeat(np.arange(replicates), PER).tolist(), **columns)
    found = score_study(TOWER, tables(people), study("TOWER"), NullModels(tuple(studies().values())))
    return {row.result.id: row for row in found}


def test_every_row_in_a_scored_role_comes_back_once():
    found = scores(10, os_time=[300] * 40)
    assert list(found) == [row.id for row, _ in scored_rows(study("TOWER"))]


def test_a_median_is_scored_on_the_log_scale_and_counts_as_the_end_of_follow_up_where_not_reached():
    end = TOWER.follow_up.total
    # in nine trials everybody dies at ten months, in one nobody does
    dead = [True] * 36 + [False] * 4
    row = scores(10, os_time=[round(10 * MONTH)] * 36 + [end] * 4, os_event=dead)[OS]
    assert isinstance(row, Scored) and row.kind == "median" and row.observed == 7.7
    ten, last = np.log(round(10 * MONTH) / MONTH), np.log(end / MONTH)
    gap = 0.9 * (ten - np.log(7.7)) + 0.1 * (last - np.log(7.7))
    assert row.crps == pytest.approx(gap - 9 / 90 * (last - ten))  # nine of 45 pairs differ
    assert row.outer[1] == np.inf and not row.inside_outer and row.pit == (0.0, pytest.approx(1 / 11))
    assert row.nulls["pooled"].studies and row.no_null["regression"]


def test_a_share_is_a_count_as_printed():
    # 1 and 2 of 4 by turns: a quarter and a half, 91 of 271 between them
    responses = ["CR", "none", "none", "none", "CR", "CR", "none", "none"] * 5
    people = patients(replicate=np.repeat(np.arange(10), PER).tolist(), response=responses)
    looks = people.select("replicate", "patient", "response").with_columns(
        day=pl.lit(29, pl.Int32), cycle=pl.lit(1, pl.Int16), engager_cycle=pl.lit(1, pl.Int16),
        mrd=pl.lit(0.5), transcripts=pl.lit(None, pl.Float64), blasts=pl.lit(0.01, pl.Float32),
        remission=pl.col("response") == "CR",
    )  # fmt: skip
    found = score_study(TOWER, tables(people, looks), study("TOWER"), NullModels(tuple(studies().values())))
    row = next(row for row in found if row.result.id == CR)
    assert isinstance(row, Scored) and row.observed == 91 / 271 and row.N == 271
    assert (row.outer, row.inside_outer) == ((0.25, 0.5), True)
    assert row.pit == pytest.approx((5 / 11, 6 / 11))
    assert row.crps == pytest.approx(
        0.125 - 25 / 90 * 0.25
    )  # 25 of 45 pairs differ, each counted twice of 90, halved
    # one study alone has a calibrated rate of CR of this kind
    assert set(row.nulls) == {"pooled", "regression"}


def test_a_share_without_a_printed_size_is_of_as_many_as_were_simulated():
    responses = ["CR", "CR", "CR", "none"] * 10
    row = scores(10, response=responses, mrd_response=[True, False, True, None] * 10)[MRD]
    assert isinstance(row, Scored) and row.N == 3 and row.median == pytest.approx(2 / 3)


def test_what_too_few_replicates_or_none_can_say_is_listed_with_its_reason():
    few = scores(9, os_time=[300] * 36, os_event=[True] * 36)
    assert isinstance(few[OS], Unscored) and "9 replicates have patients of this group" in few[OS].reason
    alone = scores(10, os_time=[300] * 40, os_event=[True] * 40)
    assert isinstance(alone[HR], Unscored) and "one of the two groups" in alone[HR].reason
