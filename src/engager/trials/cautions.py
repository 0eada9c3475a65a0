"""What can be simulated but is probably not meant, and what no visit of a trial can measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from engager.regimens import Regimen
from engager.trials.therapies import therapies

if TYPE_CHECKING:
    from engager.trials.design import Response, Trial, TrialSchema

BCR_ABL1 = ("tki", "t315i")
"""Effects that only blasts with BCR-ABL1 feel."""

DONOR = ("donor",)
"""Effects that only patients with a graft feel."""

REMISSIONS = ("complete_remission", "remission_crh", "remission_crh_cri")
"""Responses that a patient has at entry whose disease is in remission."""


def cautions(trial: Trial) -> list[str]:
    """Sentences on what the trial does that changes nothing in the model; empty for most trials."""
    cohort, found = trial.cohort, list[str]()
    if cohort.ph == 0:
        found += _in_vain(
            trial,
            BCR_ABL1,
            "a cohort without Ph-positive patients: it kills no blasts there; write the cohort's share of Ph-positive "
            "patients as 'ph'",
        )
    if cohort.prior_transplant == 0:
        found += _in_vain(
            trial,
            DONOR,
            "a cohort without patients transplanted before entry: they kill no blasts there, nor after a transplant "
            "within the trial, which ends treatment; write the share with an earlier transplant as 'prior_transplant'",
        )
    if cohort.ph == 0 and cohort.t315i is not None:
        found.append(
            "the cohort has a share with T315I (t315i) but no Ph-positive patients (ph), so it counts for nothing"
        )
    return found


def _in_vain(trial: Trial, effects: Sequence[str], to: str) -> Iterator[str]:
    """A sentence for each regimen that gives drugs with these effects to patients who cannot feel them."""
    arms = [*trial.arms.values(), *trial.controls.values()]
    for name, regimen in dict.fromkeys((c.name, c.regimen) for arm in arms for c in arm.regimens):
        given = [drug for drug in regimen.drugs if _effects(drug) & set(effects)]
        if given:
            yield f"{name} gives {' and '.join(given)} to {to}"


def _effects(drug: str) -> set[str]:
    return {therapy.effect for therapy in therapies() if therapy.drug == drug}


def unmeasured(
    schema: TrialSchema, arms: Mapping[str, Sequence[tuple[str, Regimen]]]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(place in the file, sentence) for what the trial calls response and its visits cannot show.

    Args:
        arms: name and regimen of every option, by arm.
    """
    response, assay = schema.response, schema.visits.assay
    if schema.cohort.setting == "MRD" and response.overall in REMISSIONS:
        yield (
            ("response", "overall"),
            f"an MRD cohort is in remission at entry, so {response.overall} cannot be measured in it; "
            "write mrd_response",
        )
    if assay.limit * assay.cells < 1:
        yield (
            ("visits", "assay"),
            f"a sample of {assay.cells:,} cells cannot show {assay.limit:g}: one cell in it is already "
            f"{1 / assay.cells:g}",
        )
    if response.window is None and response.cycles is None:
        return
    for name, plan in dict.fromkeys(option for options in arms.values() for option in options):
        first = _first_assessment(plan, response)
        if first is None:
            yield ("response",), f"no marrow assessment of {name} lies within {_in_words(response)}"
        elif first > schema.follow_up.total:
            yield (
                ("follow_up",),
                f"the first marrow assessment of {name} is on day {first}, after the end of follow-up "
                f"(day {schema.follow_up.total})",
            )


def _first_assessment(plan: Regimen, response: Response) -> int | None:
    """Planned day of the first marrow assessment that counts for the response; None where there is none."""
    starts = accumulate((cycle.length for cycle in plan.cycles), initial=0)
    days = [
        start + day
        for number, (start, cycle) in enumerate(zip(starts, plan.cycles, strict=False), start=1)
        for day in cycle.assess
        if response.cycles is None or number <= response.cycles
    ]
    return min((day for day in days if response.window is None or day <= response.window), default=None)


def _in_words(response: Response) -> str:
    cycles = f"{response.cycles} cycle{'s' if response.cycles != 1 else ''}" if response.cycles else ""
    days = f"{response.window} days of entry" if response.window is not None else ""
    return " and ".join(part for part in (cycles, days) if part)
