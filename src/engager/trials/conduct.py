"""A trial conducted: patients packed into blocks, the compiled days run over them, their records gathered.

All blocks are full (padded with copies), and no patient depends on another one. That leaves us free to pack them anew
at every call, so that no block waits for patients who need nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from engager.engine import compiler
from engager.engine.blocks import blocks_for, pack, unpack
from engager.engine.phases import phase
from engager.model import State
from engager.outcomes import response_criteria
from engager.trials.chart import NOT_YET, Chart, Constants, Entrant, blank
from engager.trials.clinic import (
    Criteria,
)
from engager.trials.course import Quarters
from engager.trials.day import CHUNK, Daily, program
from engager.trials.design import Trial
from engager.trials.further_lines import foot, study_chart
from engager.trials.orders import followed, under_study
from engager.trials.plan import Lowered

LANES = 64
"""Patients per block: state and parameters of a block stay in the first levels of cache."""


class Courses(NamedTuple):
    """Result of a batch: charts at the end of the horizon and daily records, both of the study treatment; ``quarters``
    of the first ``CHUNK`` days; ``state``: the last one, in who could not be computed that of the last good midnight;
    ``ladder``: how far each patient went in further lines, () where none is simulated."""

    chart: Chart
    daily: Daily
    quarters: Quarters
    state: State
    ladder: Any = ()


def conduct(
    trial: Trial, low: Lowered, v: Mapping[str, float], entrants: Entrant, blocks: int, refine: int = 1
) -> Courses:
    """Conduct a trial on ``entrants``.

    Args:
        low: the trial's regimens, lowered.
        v: population medians by parameter name.
        entrants: arrays over patients.
        blocks: blocks of ``LANES`` per call of the compiled program; changes no result.
        refine: divides every step of the integration.

    Returns:
        Charts and daily records as numpy arrays with the patient as last axis; days after a patient's death or end
        of follow-up hold 0.
    """
    jax = compiler.jax()
    own, fixed = _split(entrants)
    k = Constants(*(np.float32(v[name]) for name in Constants._fields))
    common = (fixed, low, k, criteria(trial), np.int32(refine))
    patients, size, days = entrants.fate.b0.shape[0], blocks * LANES, horizon(trial)
    c = blank(own.fate, np)
    carry = jax.tree.map(_narrow, (own.start, c, foot(own, c, np)))
    found: Any = None
    quarters: Any = None
    there = np.arange(patients)
    for first in range(0, days, CHUNK):
        with phase("packing"):
            there = _alike(there, carry[1], own.fate)
        if not len(there):
            break
        groups = [there[at : at + size] for at in range(0, len(there), size)]
        calls = [_call(own, carry, who, blocks, first, common) for who in groups]
        with phase("spreading"):
            found = _spread([daily for daily, _ in calls], there, found, (first, days, patients))
            if not first:
                quarters = _spread([fine for _, fine in calls], there, None, (0, CHUNK, patients))
    y, c, ladder = carry
    return Courses(study_chart(c, ladder), found, quarters, y, ladder)


def _call(own: Entrant, carry: Any, who: Any, blocks: int, first: int, common: tuple[Any, ...]) -> Any:
    """Let ``CHUNK`` days pass for the patients ``who``: move their ``carry`` on in place; their days and, of the first
    days, quarters."""
    jax = compiler.jax()
    with phase("packing"):
        lanes, before = jax.tree.map(lambda x: pack(x.take(who, -1), blocks, LANES), (own, carry))
    needed = np.int32(blocks_for(len(who), LANES))
    with phase("compiled calls"):
        done = jax.block_until_ready(program()(lanes, before, needed, np.int32(first), *common))
    after, (daily, quarters) = done
    kept_days = (daily, () if first else quarters)
    with phase("spreading"):
        after, kept_days = jax.tree.map(lambda x: unpack(x, len(who)), (after, kept_days))
        for kept, new in zip(jax.tree.leaves(carry), jax.tree.leaves(after), strict=True):
            kept[..., who] = new
    return kept_days


def _spread(parts: list[Any], there: Any, found: Any, at: tuple[int, int, int]) -> Any:
    """Put ``parts``, side by side the patients ``there``, into ``found`` from day ``first`` on, 0 for all others.

    ``at``: first, days in all, patients in all; the arrays of ``found`` are made where it is None. Whole rows are
    read and written, which is much faster than to write to single patients.
    """
    jax = compiler.jax()
    first, days, patients = at
    lane = np.full(patients, len(there))
    lane[there] = np.arange(len(there))

    def put(out: Any, *new: Any) -> Any:
        none = np.zeros((*new[0].shape[:-1], 1), new[0].dtype)
        rows = out[first : first + CHUNK]
        np.take(np.concatenate([*new, none], axis=-1), lane, axis=-1, out=rows, mode="clip")
        return out

    if found is None:
        found = jax.tree.map(lambda x: np.zeros((days, *x.shape[1:-1], patients), x.dtype), parts[0])
    return jax.tree.map(put, found, *parts)


def _narrow(x: Any) -> Any:
    """A copy in the 32 bits in which the days are computed."""
    return np.array(x, np.float32 if np.issubdtype(x.dtype, np.floating) else np.int32)


def _alike(there: Any, c: Chart, fate: Any) -> Any:
    """Of the patients ``there`` those who are still followed, in an order that puts like days side by side, so that a
    block waits less for one of them: cells followed or not, on treatment or off, by regimen and day of the plan."""
    there = there[followed(c)[there]]
    keys = (fate.b0, c.pointer, fate.regimen, c.off == NOT_YET, ~under_study(c))
    return there[np.lexsort([key[there] for key in keys])]


def horizon(trial: Trial) -> int:
    """Days that are simulated: the longest follow-up, rounded up to whole calls of the program."""
    return -(-(trial.follow_up.total + 1) // CHUNK) * CHUNK


def criteria(trial: Trial) -> Criteria:
    """Response criteria with the trial's window."""
    limits = response_criteria()
    window = trial.response.window
    return Criteria(
        blasts=np.float32(limits["CR"].blasts),
        mrd=np.float32(trial.visits.assay.limit),
        anc=np.float32(limits["CR"].anc),
        platelets=np.float32(limits["CR"].platelets),
        anc_partial=np.float32(limits["CRh"].anc),
        platelets_partial=np.float32(limits["CRh"].platelets),
        cycles=np.int32(trial.response.cycles or NOT_YET),
        days=np.int32(NOT_YET if window is None else window),
    )


def _split(entrants: Entrant) -> tuple[Entrant, dict[str, Any]]:
    """Parameters that vary between patients stay with them; the others are passed once."""
    p = entrants.parameters
    fixed = {name: np.float32(x) for name, x in p._asdict().items() if np.ndim(x) == 0}
    own = p._replace(**dict.fromkeys(fixed))
    return entrants._replace(parameters=own), fixed
