"""Further lines of therapy: when treatment fails, the next salvage begins after a while, in the same patient.

A further line is lived through by the same day as the study treatment: its regimen is one more row of the lowered
plan, and the patient's chart starts anew but for what belongs to the person (drug in the body, cumulative hazards,
time). What the study would have written down is put aside at the first failure and is what the tables show. Once the
last line has failed nothing is given any more; the cells go on to be followed until death or the end of follow-up.

How many lines are simulated is the parameter ``further_lines``; with 0 none of this is part of the compiled program.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from engager.documents import DocumentError
from engager.model import State
from engager.model.target_cells import blast_share
from engager.regimens import Regimen, regimen
from engager.trials import chart as ch
from engager.trials.chart import NOT_YET, Chart, Entrant, blank
from engager.trials.orders import followed
from engager.trials.plan import Lowered

Value = Any

SALVAGE = "salvage-chemotherapy"
"""The shipped regimen of every further line."""

MOST = 9
"""Most further lines; each adds to what the compiled program carries."""


class FurtherLines(NamedTuple):
    """What belongs to the person in each further line (arrays [line, patient]), drawn at entry like the fate.

    delay: days from the failure of the line before to the first day of this one; regimen: index into the
    lowered regimens; visit_day, aspirate [line, visit, patient], log_kill, nrm_time: as
    in ``Fate``; r: net blast growth [1/day]; Lc: extinction threshold [cells].
    """

    delay: Value
    regimen: Value
    visit_day: Value
    aspirate: Value
    log_kill: Value
    nrm_time: Value
    r: Value
    Lc: Value


class Record(NamedTuple):
    """What a study writes down of a patient, by the names of the chart."""

    peak: Value
    crs_day: Value
    severe_day: Value
    ne_day: Value
    vod: Value
    best: Value
    early: Value
    responded: Value
    relapsed: Value
    relapse_type: Value
    failed: Value
    transplanted: Value
    off: Value
    off_reason: Value
    stopped: Value
    stop_reason: Value


OF_FATE = ("regimen", "visit_day", "aspirate", "log_kill", "nrm_time")
"""Fields of the fate that each further line has of its own."""

ANEW = (
    "pointer", "next_visit", "hold", "step", "window_left", "best", "early", "responded", "relapsed",
    "relapse_type", "failed", "transplanted", "off", "off_reason", "stopped", "stop_reason",
)  # fmt: skip
"""Fields of the chart that start anew with a line. No CRS window outlasts the treatment that opened it."""

OF_THE_STUDY = (
    "planned", "rate", "delivered", "visit", "response", "premedicated", "rescued", "running", "studied",
)  # fmt: skip
"""Fields of the daily record that are kept of the study treatment alone."""


class Ladder(NamedTuple):
    """Where a patient stands (arrays over patients).

    line: 0 on the study treatment, then the number of the further line, one more than there are once the last has
    failed; b0: blast share at its start [1]; grafted: 1 if transplanted in an earlier line; best: best response of
    the further lines (code of RESPONSES); record: the study's, from the first failure on.
    """

    line: Value
    b0: Value
    grafted: Value
    best: Value
    record: Record


def simulated_lines(v: Mapping[str, float]) -> int:
    """Number of further lines by the parameter. Raises DocumentError where it is not a number of lines."""
    number = v["further_lines"]
    if number not in range(MOST + 1):
        raise DocumentError(
            f"further_lines {number:g}: must be a whole number from 0 (survival after failure is put in) to {MOST}"
        )
    return int(number)


def further_regimens(v: Mapping[str, float]) -> list[Regimen]:
    """Regimens to be lowered behind those of the trial."""
    return [regimen(SALVAGE)] if simulated_lines(v) else []


def foot(e: Entrant, c: Chart, xp: Any) -> Ladder | tuple[()]:
    """The ladder on the day of randomisation; () where no further line is simulated."""
    if not e.further:
        return ()
    none = xp.zeros_like(c.pointer)
    return Ladder(
        none, xp.zeros_like(e.fate.b0), none, none, Record(*(getattr(c, f) for f in Record._fields))
    )


def on_line(e: Entrant, ladder: Any, xp: Any) -> Entrant:
    """The person on the present line: its regimen, draws, growth and threshold.

    Who enters a further line is in relapse, in the marrow or outside, and is transplanted once at most.
    """
    if not ladder:
        return e
    later = ladder.line > 0
    pick = partial(_of_line, ladder.line, xp=xp)
    own = {name: pick(getattr(e.fate, name), getattr(e.further, name)) for name in OF_FATE}
    fate = e.fate._replace(
        **own,
        b0=xp.where(later, ladder.b0, e.fate.b0),
        remission=xp.where(later, 0, e.fate.remission),
        later_line=xp.where(later, 1.0, e.fate.later_line),
        transplant_delay=xp.where(ladder.grafted > 0, NOT_YET, e.fate.transplant_delay),
    )
    parameters = e.parameters._replace(r=pick(e.parameters.r, e.further.r))
    return e._replace(parameters=parameters, Lc=pick(e.Lc, e.further.Lc), fate=fate)


def _of_line(line: Value, own: Value, further: Value, xp: Any) -> Value:
    """What holds on a line: ``own`` on the study treatment, else a row of ``further``, the last for all that follow."""
    for i in range(further.shape[0]):
        own = xp.where(line > i, further[i], own)
    return own


def next_line(c: Chart, ladder: Any, y: State, e: Entrant, low: Lowered, xp: Any) -> tuple[Chart, Any]:
    """At the end of a day on which treatment failed: put the study's record aside, wait for the next line.

    Waiting is a hold before the first day of the plan.
    """
    if not ladder:
        return c, ladder
    goes = followed(c) & (c.failed != NOT_YET)
    first = goes & (ladder.line == 0)
    waits = goes | ((ladder.line > 0) & (c.pointer == 0))
    kept = (xp.where(first, getattr(c, f), old) for f, old in zip(Record._fields, ladder.record, strict=True))
    ladder = Ladder(
        line=ladder.line + goes,
        b0=xp.where(waits, blast_share(y, e.parameters), ladder.b0),
        grafted=xp.where(goes & (c.transplanted != NOT_YET), 1, ladder.grafted),
        best=xp.where(ladder.line > 0, xp.maximum(ladder.best, c.best), ladder.best),
        record=Record(*kept),
    )
    fresh = blank(e.fate, xp)
    c = c._replace(**{name: xp.where(goes, getattr(fresh, name), getattr(c, name)) for name in ANEW})
    delay = _of_line(ladder.line, fresh.hold, e.further.delay, xp)
    spent = goes & (ladder.line > e.further.r.shape[0])
    # behind the end of the plan nothing is given and nobody looks
    end = low.plan.length[e.further.regimen[-1]]
    return c._replace(hold=xp.where(goes, delay, c.hold), pointer=xp.where(spent, end, c.pointer)), ladder


def of_the_study(daily: Any, ladder: Any, xp: Any) -> Any:
    """The day's record without what was done in further lines."""
    if not ladder:
        return daily
    kept = {name: getattr(daily, name) for name in OF_THE_STUDY}
    return daily._replace(**{n: xp.where(ladder.line == 0, x, xp.zeros_like(x)) for n, x in kept.items()})


def study_chart(c: Chart, ladder: Any) -> Chart:
    """The chart as the study knows it: its own record, and deaths after its treatment failed as such (numpy)."""
    if not ladder:
        return c
    later = ladder.line > 0
    kept = {f: np.where(later, x, getattr(c, f)) for f, x in ladder.record._asdict().items()}
    cause = np.where(later & (c.died != NOT_YET), ch.AFTER_FAILURE, c.cause)
    return c._replace(**kept, cause=cause.astype(c.cause.dtype))


def lines_begun(c: Chart, ladder: Ladder, lines: int) -> Any:
    """Further lines of which a patient lived to see the first day (numpy)."""
    return np.clip(ladder.line - (np.asarray(c.pointer) == 0), 0, lines)
