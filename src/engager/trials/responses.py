"""What has happened to a patient: every endpoint that is a yes or no, and responses within any window.

Events read the columns of the patient table. Its columns of response and residual disease hold the best within
the trial's own window; ``best`` fills them for another window from the marrow assessments.
"""

from __future__ import annotations

import polars as pl

from engager.evidence import Time
from engager.trials.design import Assay, Response
from engager.vocabulary import quantity

DAYS_PER_MONTH = quantity("1 month").canonical

CRH, ANY = ("CRh", "CR"), ("CRi", "CRh", "CR")

METAPHASES = 20
"""Metaphases that a cytogenetic examination counts; in remission less than one of them is expected to be a blast's."""

OVERT = 0.05
"""Marrow blasts [share] from which disease is overt, and below which it is residual."""

RESPONSES: dict[str, pl.Expr] = {
    "complete_remission": pl.col("response") == "CR",
    "remission_crh": pl.col("response").is_in(CRH),
    "remission_crh_cri": pl.col("response").is_in(ANY),
    "crh": pl.col("response") == "CRh",
    "cri": pl.col("response") == "CRi",
}
"""Remission by marrow and counts, with the limits of the criteria table."""

_NEGATIVE = pl.col("mrd_response").fill_null(False)
_NONE = pl.col("complete_mrd_response").fill_null(False)

MARROW: dict[str, pl.Expr] = {
    **RESPONSES,
    "remission_cri": RESPONSES["remission_crh_cri"],
    "remission_cri_crp": RESPONSES["remission_crh_cri"],
    "complete_haematologic_response": RESPONSES["complete_remission"],
    "mrd_response": _NEGATIVE,
    "early_mrd_response": _NEGATIVE,
    "complete_mrd_response": _NONE,
    "mrd_negative_remission": RESPONSES["complete_remission"] & _NEGATIVE,
    "molecular_response": pl.col("molecular_response").fill_null(False),
    "complete_molecular_response": pl.col("complete_molecular_response").fill_null(False),
    "cytogenetic_remission": (pl.col("lowest_blasts") < 1 / METAPHASES).fill_null(False),
}
"""Endpoints that marrow assessments decide, so that they have a window."""

EVENTS: dict[str, pl.Expr] = {
    **MARROW,
    "transplant": pl.col("transplant_day").is_not_null(),
    "death_in_remission": pl.col("in_remission")
    & pl.col("death_day").is_not_null()
    & pl.col("relapse_day").is_null(),
    "relapse": pl.col("relapse_day").is_not_null(),
    "cd19_negative_relapse": pl.col("relapse_type") == "CD19-negative",
    "extramedullary_relapse": pl.col("relapse_type") == "extramedullary",
    "crs": pl.col("crs_grade") >= 1,
    "crs_grade_3": pl.col("crs_grade") >= 3,
    "crs_grade_4": pl.col("crs_grade") >= 4,
    "neurologic_event_grade_3": pl.col("ne_grade") >= 3,
    "veno_occlusive_disease": pl.col("vod_day").is_not_null(),
    "fatal_veno_occlusive_disease": pl.col("death_cause") == "veno-occlusive disease",
    "neutropenia_grade_3": pl.col("neutropenia_grade") >= 3,
    "neutropenia_grade_4": pl.col("neutropenia_grade") >= 4,
    "thrombocytopenia_grade_3": pl.col("thrombocytopenia_grade") >= 3,
    "thrombocytopenia_grade_4": pl.col("thrombocytopenia_grade") >= 4,
    "fatal_infection": pl.col("death_cause") == "infection",
    "blasts_at_least_half": pl.col("blasts") >= 0.5,
    "mrd_above_one_percent": pl.col("blasts") > 1e-2,
    "prior_transplant": pl.col("prior_transplant"),
    "second_or_later_salvage": pl.col("line") >= 2,
    "second_or_later_remission": pl.col("line") >= 2,
    "age_above_70": pl.col("age") > 70,
    "ph_positive": pl.col("ph"),
    "t315i_mutation": pl.col("ph") & pl.col("t315i"),
}
"""Who has had the event, by endpoint."""

AMONG: dict[str, pl.Expr] = {
    "death_in_remission": pl.col("in_remission"),
    "relapse": pl.col("in_remission"),
    "cd19_negative_relapse": pl.col("relapse_day").is_not_null(),
    "extramedullary_relapse": pl.col("relapse_day").is_not_null(),
    "complete_haematologic_response": pl.col("blasts") >= OVERT,
    "cytogenetic_remission": pl.col("blasts") >= 1 / METAPHASES,
}
"""Whom a share refers to by the endpoint's own definition, where that is not everybody: those of whom it can be
said at all (a relapse needs a remission, a haematologic response overt disease at entry)."""

OF_THE_ENGAGER = ("crs", "crs_grade_3", "crs_grade_4", "neurologic_event_grade_3")
"""Adverse events that only the T-cell engager has in the model."""

OF_BCR_ABL = ("molecular_response", "complete_molecular_response", "cytogenetic_remission")
"""Endpoints that only a Ph-positive patient can have."""

KEYS = ["replicate", "patient"]


def own_window(response: Response) -> pl.Expr:
    """Marrow assessments within the trial's own window; cycles are those of the regimen."""
    within = pl.lit(True)
    if response.window is not None:
        within = within & (pl.col("day") <= response.window)
    if response.cycles is not None:
        within = within & (pl.col("cycle") <= response.cycles)
    return within


def window(time: Time | None) -> pl.Expr:
    """Marrow assessments up to a printed time: by then, whichever word stands for it; all of them for None and for
    a length of follow-up. Cycles are those of the engager where the patient's regimen has it."""
    if time is None or time.of == "follow-up":
        return pl.lit(True)
    if time.months is None:
        return pl.col("engager_cycle") <= time.value
    return pl.col("day") <= time.months * DAYS_PER_MONTH + 1e-6


def best(
    patients: pl.DataFrame, marrow: pl.DataFrame, within: pl.Expr, assay: Assay, *, response: bool = True
) -> pl.DataFrame:
    """The patient table with the best that the marrow assessments ``within`` a window showed.

    Columns: response; mrd, the lowest residual disease while in remission [share], whether it is below the
    assay's limit (mrd_response) and whether there is none (complete_mrd_response; null where never looked at in
    remission);
    molecular_response and complete_molecular_response, likewise of the transcripts; lowest_blasts [share].

    Args:
        marrow: rows of marrow assessments.
        within: which of them count.
        assay: its limits, of residual disease and of transcripts.
        response: False leaves that column of ``patients`` as it is.
    """
    looked = marrow.filter(within)
    found = looked.group_by(KEYS).agg(
        pl.col("response").max(),
        pl.col("mrd", "transcripts").filter(pl.col("remission")).min(),
        pl.col("blasts").min().cast(pl.Float64).alias("lowest_blasts"),
    )
    found = found.with_columns(
        mrd_response=pl.col("mrd") < assay.limit,
        complete_mrd_response=pl.col("mrd") == 0,
        molecular_response=pl.col("transcripts") < (assay.transcripts or assay.limit),
        complete_molecular_response=pl.col("transcripts") == 0,
    ).drop("transcripts")
    if not response:
        found = found.drop("response")
    kept = patients.drop(set(found.columns) - set(KEYS), strict=False)
    out = kept.join(found, on=KEYS, how="left", maintain_order="left")
    return out.with_columns(pl.col("response").fill_null("none")) if response else out
