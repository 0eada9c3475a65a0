"""The hours of one day: the cells between two midnights, and the adverse events that stop the pump at once.

What is looked for, and what the regimen does about it, follows from the chart at midnight and is read once
(:func:`watch`); the steps of the day then only compare numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from engager.engine.integrate import factors, step
from engager.model import (
    Action,
    Exposure,
    Parameters,
    State,
    absorbed,
    action,
    concentration,
    depot,
    rates,
    remains,
    steady_losses,
)
from engager.model.neurotoxicity import neurologic_hazard
from engager.model.power import power
from engager.model.therapies import chemotherapy_decay, inotuzumab_decay, inotuzumab_exposure
from engager.trials import chart as ch
from engager.trials.chart import NOT_YET, Chart, Constants, Entrant, Value
from engager.trials.orders import Orders, end_engager
from engager.trials.plan import CRS, HOLD, NEUROLOGIC_EVENT, NOTHING, OCCURRENCES, Lowered

STEPS = (
    (1 / 80, 1 / 80, 1 / 40, 1 / 20, 3 / 40, 3 / 40),
    (1 / 12, 1 / 12, 1 / 12),
    (1 / 12, 1 / 12, 1 / 12),
    (1 / 12, 1 / 12, 1 / 12),
)
"""Steps [day] of a day with drug, by quarter: short where the dose changes. Days without take one a quarter."""

FINE = np.concatenate(STEPS)
QUARTER = np.repeat(np.arange(len(STEPS)), [len(q) for q in STEPS])
OPENS = np.append(True, np.diff(QUARTER) > 0)
"""By step of a day with drug: its length, its quarter, whether it is the first of it."""

LENGTHS, LENGTH_OF = np.unique(np.append(FINE, [0.0, 1 / len(STEPS)]), return_inverse=True)
"""The lengths that steps have (none, that of a quarter), and which of them ``FINE`` and these two are."""

SHORTEST = 1e-6
"""Below this a step has no length [day]; it only keeps a quotient defined."""


class Answer(NamedTuple):
    """What the regimen does about the patient's next event of a kind.

    action: NOTHING, HOLD or STOP; hold [days]; restart rate [µg/day] for ``step`` days; share that goes on after a
    hold, and luck, the patient's uniform that decides it.
    """

    action: Value
    hold: Value
    restart: Value
    step: Value
    share: Value
    luck: Value


class Watch(NamedTuple):
    """What is looked for today; levels are infinite where nothing is.

    open: whether a CRS window is; IL-6 in it [pg/mL]: ``severe``, at which grade 3 is reached for the first time;
    ``called``, at which the regimen answers; ``rescue``, at which it gives tocilizumab. hazard: cumulative neurologic
    hazard at which the next event happens; events: those that came before. crs, neurologic: answers to them;
    crs_fatal, ne_fatal: whether they kill. others: whether the plan goes on without the engager.
    """

    open: Value
    severe: Value
    called: Value
    rescue: Value
    hazard: Value
    events: Value
    crs: Answer
    neurologic: Answer
    crs_fatal: Value
    ne_fatal: Value
    others: Value


class Moment(NamedTuple):
    """What changes within a day: state, action of the treatment, pump (1 runs, 0 stopped), what is left of the gap at a
    change of bags [day], drug given so far today [µg], highest IL-6 of the open CRS window [pg/mL], chart."""

    y: State
    action: Action
    pump: Value
    gap: Value
    delivered: Value
    peak: Value
    chart: Chart


class Span(NamedTuple):
    """A step and what follows from its length ``h`` [day] and the patient's parameters alone, so that it need not be
    computed each time: the share ``left`` of the drug in plasma, and the factors of steady losses, (decay, gain) each.
    Of several lengths, arrays [length, patient]."""

    h: Value
    left: Value
    known: tuple[tuple[Value, Value], ...]


class Quarters(NamedTuple):
    """C [µg/L] and I6 [pg/mL] at 6, 12, 18 and 24 h, arrays [day, quarter, patient]."""

    C: Any
    I6: Any


def watch(c: Chart, studied: Value, e: Entrant, low: Lowered, k: Constants, xp: Any) -> Watch:
    """Read at midnight what is to be looked for today in who is ``studied``.

    logit P(grade ≥ 3) = −acrs + bcrs·log10(peak IL-6), solved for the peak at which this patient's uniform
    is reached; other grades by shifted intercepts, that is by thresholds moved by 10^(−shift/bcrs).
    """
    fate, policy = e.fate, low.policy
    window = c.window - 1
    opened = studied & (c.window_left > 0)
    severe = of(fate.crs_threshold, window, xp)
    first = of(c.severe_day, window, xp) == NOT_YET
    grade = low.answers.grade[(fate.regimen, CRS, _next(c.crs, xp))]
    at_grade = policy.give_grade[fate.regimen]
    expected = studied & (c.ne < fate.ne_threshold.shape[0])
    return Watch(
        open=opened,
        severe=xp.where(opened & first, severe, xp.inf),
        called=xp.where(opened, severe * _milder(grade, k, xp), xp.inf),
        rescue=xp.where(opened & (at_grade > 0), severe * _milder(at_grade, k, xp), xp.inf),
        hazard=xp.where(expected, of(fate.ne_threshold, c.ne, xp), xp.inf),
        events=c.ne,
        crs=_answer(CRS, c.crs, fate.crs_luck, e, low, xp),
        neurologic=_answer(NEUROLOGIC_EVENT, c.ne, fate.ne_luck, e, low, xp),
        crs_fatal=of(fate.crs_fatal, window, xp) > 0,
        ne_fatal=of(fate.ne_fatal, c.ne, xp) > 0,
        others=policy.others[fate.regimen] > 0,
    )


def spans(p: Any, lengths: Any, xp: Any) -> Span:
    """Steps of all ``lengths`` [day] for patients with parameters ``p``."""
    h = xp.asarray(lengths, xp.float32)[:, None]
    known = (factors(loss, h, xp) for loss in steady_losses(p))
    return Span(h, remains(p.CL, p.V, h, xp), tuple(known))


def begin(y: State, c: Chart, o: Orders, p: Parameters, xp: Any) -> Moment:
    """Midnight: the pump runs, and what is given under the skin is in."""
    acts = action(exposure(c, o), p, xp)
    return Moment(y, acts, xp.ones_like(c.C), o.gap, o.dose, of(c.peak, c.window - 1, xp), c)


def exposure(c: Chart, o: Orders) -> Exposure:
    """What acts now: the day's levels, and what is left in the body by the chart."""
    return o.levels._replace(C=c.C, A=c.A, log_kill=c.log_kill, chemo_given=c.chemo_given, inotuzumab=c.ino)


def hours(
    m: Moment,
    active: Any,
    studied: Any,
    refine: Any,
    steps: Span,
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
    busy = xp.any(active & studied)
    rows = xp.where(busy, np.arange(len(FINE)), np.resize(np.flatnonzero(OPENS), len(FINE)))
    number = xp.where(busy, len(FINE), xp.where(xp.any(studied), len(STEPS), 0)) * refine
    seen = Quarters(*(xp.broadcast_to(x, (len(STEPS), *x.shape)) for x in (m.chart.C, m.y.I6)))
    *lengths, none, quarter = LENGTH_OF

    def body(i: Any, carry: tuple[Moment, Quarters]) -> tuple[Moment, Quarters]:
        m, q = carry
        row = rows[jax.lax.div(i, refine)]
        short, long = xp.asarray(lengths)[row], xp.where(xp.asarray(OPENS)[row], quarter, none)

        def own(table: Value) -> Value:
            return xp.where(studied, xp.where(active, table[short], table[long]), table[none])

        m = advance(m, o, w, e, k, jax.tree.map(own, steps), day, xp)
        put = partial(jax.lax.dynamic_update_index_in_dim, index=xp.asarray(QUARTER)[row], axis=0)
        return m, Quarters(put(q.C, m.chart.C), put(q.I6, m.y.I6))

    return jax.lax.fori_loop(0, number, body, (m, seen))  # type: ignore[no-any-return]


def advance(
    m: Moment, o: Orders, w: Watch, e: Entrant, k: Constants, span: Span, day: Value, xp: Any
) -> Moment:
    """Integrate one step (of length 0 it leaves a patient untouched) and answer what happens in it.

    An answered event stops the pump at the end of the step, so a hold takes effect within the hour or two.
    """
    c, p, h = m.chart, e.parameters, span.h
    still = xp.minimum(m.gap, h)
    rate = o.rate * m.pump * (h - still) / xp.maximum(h, SHORTEST)
    C1 = concentration(c.C, rate, p.CL, p.V, h, xp, span.left)
    C1 = C1 + absorbed(c.depot, p.ka_sc, p.CL, p.V, h, xp)
    c = c._replace(
        C=C1,
        depot=depot(c.depot, p.ka_sc, h, xp),
        A=chemotherapy_decay(c.A, p, h, xp),
        ino=inotuzumab_decay(c.ino, p, h, xp),
        ino_auc=c.ino_auc + inotuzumab_exposure(c.ino, p, h, xp),
    )
    after = action(exposure(c, o), p, xp)
    steady = zip(steady_losses(p), span.known, strict=True)
    y = step(lambda state, a: rates(state, a, p, xp), m.y, m.action, after, h, xp, steady)
    c = c._replace(ne_hazard=c.ne_hazard + h * neurologic_hazard(y, p, xp))
    signal = seen_by_receptor(c, y, k, xp)
    c, released = cytokine_release(c, signal, w, k, day, xp)
    c, neurologic = neurologic_event(c, w, day, xp)
    pump = xp.where(released | neurologic, 0.0, m.pump)
    return Moment(y, after, pump, m.gap - still, m.delivered + rate * h, xp.maximum(m.peak, signal), c)


def end(m: Moment, w: Watch, day: Value, xp: Any) -> Chart:
    """Write down, by window and occurrence, what the day brought."""
    c = m.chart
    window = _row(c.peak, c.window - 1, xp) & w.open
    event = _row(c.ne_day, w.events, xp) & (c.ne > w.events)
    return c._replace(
        peak=xp.where(window, m.peak, c.peak),
        severe_day=xp.where(window & (m.peak > w.severe), day, c.severe_day),
        ne_day=xp.where(event, day, c.ne_day),
    )


def seen_by_receptor(c: Chart, y: State, k: Constants, xp: Any) -> Value:
    """IL-6 that its receptor sees [pg/mL]: tocilizumab, given once in a window where the regimen says so, lowers it
    for a while."""
    return y.I6 * xp.where(c.blocked > 0, k.I6_tocilizumab, 1.0)


def cytokine_release(
    c: Chart, signal: Value, w: Watch, k: Constants, day: Value, xp: Any
) -> tuple[Chart, Value]:
    """Give tocilizumab, die, or let the regimen answer, once ``signal`` passes the level for it in an open window."""
    alive = c.died == NOT_YET
    called = alive & (c.answered == 0) & (signal > w.called)
    rescue = alive & (c.given == 0) & (signal > w.rescue)
    dies = alive & w.crs_fatal & (signal > w.severe)
    c = c._replace(
        given=xp.where(rescue, 1, c.given),
        blocked=xp.where(rescue, xp.asarray(k.lasts_tocilizumab).astype(c.blocked.dtype), c.blocked),
        answered=xp.where(called, 1, c.answered),
        crs=c.crs + called,
        died=xp.where(dies, day, c.died),
        cause=xp.where(dies, ch.OF_CRS, c.cause),
    )
    return act(c, called, w.crs, ch.OFF_CRS, w.others, day, xp)


def neurologic_event(c: Chart, w: Watch, day: Value, xp: Any) -> tuple[Chart, Value]:
    """An event of grade ≥ 3, at most one a day, when the cumulative hazard passes the patient's next threshold."""
    happens = (c.died == NOT_YET) & (c.ne_hazard > w.hazard) & (c.ne == w.events)
    dies = happens & w.ne_fatal
    c = c._replace(
        ne=c.ne + happens,
        died=xp.where(dies, day, c.died),
        cause=xp.where(dies, ch.OF_NE, c.cause),
    )
    return act(c, happens, w.neurologic, ch.OFF_NE, w.others, day, xp)


def act(
    c: Chart, called: Value, a: Answer, reason: int, others: Value, day: Value, xp: Any
) -> tuple[Chart, Value]:
    """Hold (then go on at the restart rate) or stop for good, as the regimen says; True where it acts."""
    acts = called & (a.action != NOTHING) & (c.off == NOT_YET) & (c.stopped == NOT_YET)
    holds = acts & (a.action == HOLD) & (a.luck < a.share)
    c = c._replace(
        hold=xp.where(holds, xp.maximum(c.hold, a.hold.astype(c.hold.dtype)), c.hold),
        step=xp.where(holds, a.step.astype(c.step.dtype), c.step),
        step_rate=xp.where(holds, a.restart, c.step_rate),
    )
    return end_engager(c, acts & ~holds, reason, others, day, xp), acts


def of(table: Value, number: Value, xp: Any) -> Value:
    """Each patient's own row of ``table`` [row, patient]; 0 where it has no such row."""
    return xp.sum(xp.where(_row(table, number, xp), table, 0), axis=0)


def _row(table: Value, number: Value, xp: Any) -> Value:
    return xp.arange(table.shape[0])[:, None] == number


def _next(events: Value, xp: Any) -> Value:
    """Number of the next event, from 0; beyond the last one that rules tell apart it stays the last."""
    return xp.minimum(events, OCCURRENCES - 1)


def _answer(event: int, events: Value, luck: Value, e: Entrant, low: Lowered, xp: Any) -> Answer:
    answers, at = low.answers, (e.fate.regimen, event, _next(events, xp))
    restart = answers.restart[at] + answers.restart_m2[at] * e.fate.BSA
    return Answer(
        answers.action[at],
        answers.hold[at],
        restart,
        answers.step[at],
        answers.share[at],
        of(luck, events, xp),
    )


def _milder(grade: Value, k: Constants, xp: Any) -> Value:
    """IL-6 at which CRS reaches ``grade``, relative to grade 3 [1]."""
    mild = xp.where(grade == 1, k.crs_shift_1, xp.where(grade == 2, k.crs_shift_2, 0.0))
    shift = xp.where(grade == 4, k.crs_shift_4, mild)
    return power(10.0, -shift / k.bcrs, xp)
