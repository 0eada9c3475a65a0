"""The trial's one loop, compiled: every patient, every day, decisions included.

Patients are lanes of blocks; blocks are run one after the other inside one program. All blocks are full
(padded with copies), so each lane runs the same code whatever its neighbours are, and the number of steps
that a patient takes follows from that patient's own day: results do not depend on how patients are batched.
That leaves us free to pack them anew at every call, so that no block waits for patients who need nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from engager.engine import compiler
from engager.engine.blocks import blocks_for, pack, unpack
from engager.engine.phases import phase
from engager.model import State
from engager.model.target_cells import blast_share, transcripts
from engager.outcomes import response_criteria
from engager.trials.chart import NOT_YET, Chart, Constants, Entrant, blank
from engager.trials.clinic import (
    Criteria,
    assess,
    drop_out,
    extinguish,
    fault,
    relapse,
    survive,
    to_transplant,
    turn_page,
    veno_occlusive,
)
from engager.trials.course import Moment, Watch, advance, begin, end, watch
from engager.trials.design import Trial
from engager.trials.further_lines import foot, next_line, of_the_study, on_line, study_chart
from engager.trials.orders import Orders, absorbing, followed, orders, under_study
from engager.trials.plan import Lowered

LANES = 64
"""Patients per block: state and parameters of a block stay in the first levels of cache."""

STEPS = (
    (1 / 80, 1 / 80, 1 / 40, 1 / 20, 3 / 40, 3 / 40),
    (1 / 12, 1 / 12, 1 / 12),
    (1 / 12, 1 / 12, 1 / 12),
    (1 / 12, 1 / 12, 1 / 12),
)
"""Steps [day] of a day with drug, by quarter: short where the dose changes. Days without take one a quarter."""


class Daily(NamedTuple):
    """What is kept of each day, arrays [day, patient].

    At midnight: C [µg/L], I6 [pg/mL], blasts and transcripts
    (cells with BCR-ABL1) [share], anc and platelets [10⁹/L], b_cells and t_cells in blood [cells]; plan_day
    (from 0); engager planned by the pump and delivered in all [µg]; rate ordered [µg/day]; visit: number of the
    marrow assessment, else 0; response: what that assessment showed (code of ``chart.RESPONSES``); premedicated: True
    where a rule gave dexamethasone, rescued: tocilizumab; paused: time without infusion at a change of bags [day];
    running: True on a day that counts for the plan; studied: True while the cells were followed.
    """

    C: Any
    I6: Any
    blasts: Any
    transcripts: Any
    anc: Any
    platelets: Any
    b_cells: Any
    t_cells: Any
    plan_day: Any
    planned: Any
    rate: Any
    delivered: Any
    visit: Any
    response: Any
    premedicated: Any
    rescued: Any
    paused: Any
    running: Any
    studied: Any


class Quarters(NamedTuple):
    """C [µg/L] and I6 [pg/mL] at 6, 12, 18 and 24 h, arrays [day, quarter, patient]."""

    C: Any
    I6: Any


class Courses(NamedTuple):
    """Result of a batch: charts at the end of the horizon and daily records, both of the study treatment; ``quarters``
    of the first ``CHUNK`` days; ``state``: the last one, in who could not be computed that of the last good midnight;
    ``ladder``: how far each patient went in further lines, () where none is simulated."""

    chart: Chart
    daily: Daily
    quarters: Quarters
    state: State
    ladder: Any = ()


def _hours(
    m: Moment,
    active: Any,
    studied: Any,
    refine: Any,
    o: Orders,
    w: Watch,
    e: Entrant,
    k: Constants,
    day: Any,
    jax: Any,
) -> tuple[Moment, Quarters]:
    """The steps of a day: fine ones for who is ``active``, one a quarter for others who are ``studied``; a block takes
    as many as its busiest patient needs, of length zero for the others. What is seen at the end of each quarter."""
    xp = jax.numpy
    fine = np.concatenate(STEPS)
    quarter = np.repeat(np.arange(len(STEPS)), [len(q) for q in STEPS])
    opens = np.append(True, np.diff(quarter) > 0)
    busy = xp.any(active & studied)
    own = xp.where(active, fine[:, None], xp.asarray(opens / len(STEPS))[:, None])
    lengths = (xp.where(studied, own, 0.0) / refine).astype(xp.float32)
    rows = xp.where(busy, np.arange(len(fine)), np.resize(np.flatnonzero(opens), len(fine)))
    steps = xp.where(busy, len(fine), xp.where(xp.any(studied), len(STEPS), 0)) * refine
    seen = Quarters(*(xp.broadcast_to(x, (len(STEPS), *x.shape)) for x in (m.chart.C, m.y.I6)))

    def body(i: Any, carry: tuple[Moment, Quarters]) -> tuple[Moment, Quarters]:
        m, q = carry
        row = rows[jax.lax.div(i, refine)]
        m = advance(m, o, w, e, k, lengths[row], day, xp)
        put = partial(jax.lax.dynamic_update_index_in_dim, index=xp.asarray(quarter)[row], axis=0)
        return m, Quarters(put(q.C, m.chart.C), put(q.I6, m.y.I6))

    return jax.lax.fori_loop(0, steps, body, (m, seen))  # type: ignore[no-any-return]


def _day(
    carry: tuple[State, Chart, Any],
    day: Any,
    e: Entrant,
    low: Lowered,
    k: Constants,
    r: Criteria,
    refine: Any,
    jax: Any,
) -> tuple[tuple[State, Chart, Any], tuple[Daily, Quarters]]:
    xp = jax.numpy
    y, c, ladder = carry
    e = on_line(e, ladder, xp)
    p = e.parameters
    studied = under_study(c)
    last, before = y, blast_share(y, p)
    o, c = orders(c, e, low, k, day, xp)
    active = (o.rate > 0) | (c.C > k.drug_gone) | absorbing(c, p, k)
    w = watch(c, studied, e, low, k, xp)
    m = begin(y, c, o, xp)
    before_given = c.given
    m, quarters = _hours(m, active, studied, refine, o, w, e, k, day, jax)
    y, c = m.y, end(m, w, day, xp)
    y = extinguish(y, e.Lc, xp)
    c, y = fault(c, y, last, p, day, xp)
    c, visit, response = assess(c, y, o, e, low, r, k, day, xp)
    daily = Daily(
        c.C, y.I6, blast_share(y, p), transcripts(y, p), y.N, y.Pl, y.Bb, y.Tb, o.plan_day, o.planned, o.rate,
        m.delivered, visit.astype(xp.int16), response.astype(xp.int8), o.premedicated, c.given > before_given, o.gap,
        o.running, studied,
    )  # fmt: skip
    c = relapse(c, y, before, e, low, k, day, xp)
    c, y = to_transplant(c, y, e, day, xp)
    c = drop_out(c, o, low, e, k, day, xp)
    c = veno_occlusive(c, e, k, day, xp)
    c = survive(c, y, o, e, k, day, xp)
    c = turn_page(c, m, o, e, low, day, xp)
    daily = of_the_study(daily, ladder, xp)
    return (y, *next_line(c, ladder, y, e, low, xp)), (daily, quarters)


CHUNK = 122
"""Days of one call of the compiled program: a trial of any length is a whole number of calls, so that trials of
different lengths share one program."""


@cache
def program() -> Any:
    """The compiled days of a trial, jitted for the shapes that it meets.

    Takes (lanes, carry, blocks, first day, constants of the entrant, low, k, r, refine) with lanes and carry shaped
    [block, …, LANES], of which the first ``blocks`` are run, and returns the carry (state, chart, ladder) ``CHUNK``
    days later and the days' ``Daily`` and ``Quarters`` with the same leading axis. ``refine`` divides every step.
    """
    jax = compiler.jax()

    def run(
        lanes: Any,
        carry: Any,
        blocks: Any,
        first: Any,
        fixed: Any,
        low: Lowered,
        k: Constants,
        r: Criteria,
        refine: Any,
    ) -> tuple[Any, tuple[Daily, Quarters]]:
        days = first + jax.numpy.arange(CHUNK, dtype=jax.numpy.int32)

        def block(lane: Entrant, before: Any) -> tuple[Any, tuple[Daily, Quarters]]:
            e = _entrant(lane, fixed)
            step = lambda carry, day: _day(carry, day, e, low, k, r, refine, jax)  # noqa: E731
            return jax.lax.scan(step, before, days)  # type: ignore[no-any-return]

        def run_one(i: Any, done: Any) -> Any:
            pick = partial(jax.lax.dynamic_index_in_dim, index=i, axis=0, keepdims=False)
            found = block(jax.tree.map(pick, lanes), jax.tree.map(pick, done[0]))
            put = partial(jax.lax.dynamic_update_index_in_dim, index=i, axis=0)
            return jax.tree.map(put, done, found)

        shapes = jax.eval_shape(block, *jax.tree.map(lambda x: x[0], (lanes, carry)))[1]
        size = jax.tree.leaves(carry)[0].shape[0]
        blank_days = jax.tree.map(lambda x: jax.numpy.zeros((size, *x.shape), x.dtype), shapes)
        return jax.lax.fori_loop(0, blocks, run_one, (carry, blank_days))  # type: ignore[no-any-return]

    return jax.jit(run, donate_argnums=1)


def _entrant(lane: Entrant, fixed: dict[str, Any]) -> Entrant:
    """Put the patient's own and the common parameters back together."""
    return lane._replace(parameters=lane.parameters._replace(**fixed))


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
        lanes, before = jax.tree.map(lambda x: pack(x[..., who], blocks, LANES), (own, carry))
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
