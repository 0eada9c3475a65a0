"""The rules of the linter. A rule knows arithmetic, not trials: it takes the record and yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engager.evidence.findings import Finding, Record
from engager.evidence.rules.agreement import facts_agree, rows_agree, sizes_agree
from engager.evidence.rules.attainability import attainable, denominators
from engager.evidence.rules.comparisons import hazards_and_medians, p_of_counts, p_of_hazards
from engager.evidence.rules.curve import falling, median_and_rate, steepening, within_follow_up
from engager.evidence.rules.gaps import baselines, intervals, stated_denominators, treatments
from engager.evidence.rules.listings import (
    abbreviations_agree,
    listed_twice,
    listings_agree,
    listings_and_studies,
    not_in_table,
)
from engager.evidence.rules.mixtures import strata_fit
from engager.evidence.rules.order import ordered
from engager.evidence.rules.physics import cycle, half_life, steady_state
from engager.evidence.rules.populations import (
    exposures,
    overt_disease,
    residual_disease,
    responders,
    unstated_denominator,
)
from engager.evidence.rules.ranges import beyond_follow_up, medians_inside, within_entry
from engager.evidence.rules.structure import citations, registry, reports, typing
from engager.evidence.rules.sums import (
    arms_to_total,
    counts_to_whole,
    parts_to_whole,
    shares,
    strata_to_whole,
)

RULES: tuple[Callable[[Record], Iterator[Finding]], ...] = (
    *(attainable, denominators),
    *(arms_to_total, shares, parts_to_whole, strata_to_whole, counts_to_whole),
    strata_fit,
    *(responders, residual_disease, overt_disease, exposures, unstated_denominator),
    ordered,
    *(p_of_counts, p_of_hazards, hazards_and_medians),
    *(medians_inside, within_entry, beyond_follow_up),
    *(median_and_rate, steepening, falling, within_follow_up),
    *(rows_agree, sizes_agree, facts_agree),
    *(steady_state, half_life, cycle),
    *(typing, registry, reports, citations),
    *(listed_twice, not_in_table, listings_agree, listings_and_studies, abbreviations_agree),
    *(treatments, baselines, stated_denominators, intervals),
)
"""Every rule, in the order in which they are asked."""
