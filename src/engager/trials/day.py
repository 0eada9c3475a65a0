"""One day of a trial, and the program that is compiled of it: a stretch of days for blocks of patients.

Patients are lanes of blocks; blocks are run one after the other inside one program. Each lane runs the same code
whatever its neighbours are, and the number of steps that a patient takes follows from that patient's own day: results
do not depend on how patients are batched.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

from engager.engine import compiler
from engager.model import State
from engager.model.target_cells import blast_share, transcripts
from engager.trials.chart import Chart, Constants, Entrant
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
from engager.trials.course import LENGTHS, Quarters, Span, begin, end, hours, spans, watch
from engager.trials.further_lines import next_line, of_the_study, on_line
from engager.trials.orders import absorbing, orders, under_study
from engager.trials.plan import Lowered

CHUNK = 122
"""Days of one call of the compiled program: a trial of any length is a whole number of calls, so that trials of
different lengths share one program."""


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


def day_of(
    carry: tuple[State, Chart, Any],
    day: Any,
    e: Entrant,
    low: Lowered,
    k: Constants,
    r: Criteria,
    refine: Any,
    steps: Span,
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
    m = begin(y, c, o, e.parameters, xp)
    before_given = c.given
    m, quarters = hours(m, active, studied, refine, steps, o, w, e, k, day, jax)
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
            steps = spans(e.parameters, jax.numpy.asarray(LENGTHS) / refine, jax.numpy)
            step = lambda carry, day: day_of(carry, day, e, low, k, r, refine, steps, jax)  # noqa: E731
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
