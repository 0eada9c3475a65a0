"""The end of a patient's day: marrow and response, relapse, transplant, survival, tomorrow's pointer."""

from __future__ import annotations

from typing import Any, NamedTuple

from engager.model import State
from engager.model.power import power
from engager.model.target_cells import blast_share, cd19_blasts
from engager.model.therapies import transplant
from engager.trials import chart as ch
from engager.trials.chart import NOT_YET, Chart, Constants, Entrant
from engager.trials.course import Moment
from engager.trials.orders import (
    Orders,
    absorbing,
    end_engager,
    end_treatment,
    followed,
    on_plan,
    remission_since,
    under_study,
)
from engager.trials.plan import Lowered

Value = Any


class Criteria(NamedTuple):
    """Limits of a response (blasts and residual disease as shares; counts in 10⁹/L), and the window of the trial's
    response rate: marrow assessments up to cycle ``cycles`` and up to ``days`` after randomisation."""

    blasts: Value
    mrd: Value
    anc: Value
    platelets: Value
    anc_partial: Value
    platelets_partial: Value
    cycles: Value
    days: Value


def extinguish(y: State, Lc: Value, xp: Any) -> State:
    """Clones below the patient's threshold are gone: the continuous equations cannot lose a last cell."""
    clones = {name: getattr(y, name) for name in ("Ls", "Lo", "Lr", "Ln", "Lx")}
    return y._replace(**{name: xp.where(cells < Lc, 0.0, cells) for name, cells in clones.items()})


def fault(c: Chart, y: State, before: State, p: Any, day: Value, xp: Any) -> tuple[Chart, State]:
    """Note the day on which the state stopped being a number or left the range that the equations allow, and why.

    Whom that happens to keeps the state ``before``, that of the last good midnight, from then on.
    """
    infinite = ~xp.isfinite(sum(y[1:], start=y[0]))
    # no clone can grow beyond its carrying capacity; a twentieth is left for rounding
    overgrown = blast_share(y, p) * p.Nmarrow > 1.05 * p.Kcap
    bad = (infinite | overgrown) & under_study(c)
    why = xp.where(infinite, ch.NOT_FINITE, ch.OVERGROWN)
    c = c._replace(broken=xp.where(bad, day, c.broken), broken_by=xp.where(bad, why, c.broken_by))
    stays = c.broken != NOT_YET
    y = State(*(xp.where(stays, old, new) for old, new in zip(before, y, strict=True)))
    return end_treatment(c, bad, ch.BROKEN, day, xp), y


def assess(
    c: Chart, y: State, o: Orders, e: Entrant, low: Lowered, r: Criteria, k: Constants, day: Value, xp: Any
) -> tuple[Chart, Value, Value]:
    """Marrow assessment when it is due: response, lack of it, progression.

    Also returns its number + 1, or 0, and the code of the response that it shows.

    Response is remission, or residual disease below the limit in patients who entered in remission. Who does
    not respond in time ends treatment; in relapsed disease that is failure, in remission it is not.
    """
    fate, at = e.fate, (e.fate.regimen, c.next_visit)
    slot = xp.arange(fate.visit_day.shape[0])[:, None] == c.next_visit
    planned = xp.sum(xp.where(slot, fate.visit_day, 0), axis=0)
    due = o.running & under_study(c) & (o.plan_day == planned)
    number = xp.where(due, c.next_visit + 1, 0)
    error = xp.sum(xp.where(slot, fate.aspirate, 0.0), axis=0)
    seen = blast_share(y, e.parameters) * power(10.0, error, xp)
    # on the study treatment who has no marrow blasts is in remission; later, disease outside has become known
    clear = (fate.later_line == 0) | (y.Lx <= k.Lx_relapse)
    response = xp.where(due & clear & (seen <= r.blasts), response_code(y, r, xp), 0)
    at_entry = fate.remission > 0
    responds = xp.where(at_entry, due & (seen < r.mrd), response > 0)
    counts = (low.visits.cycle[at] <= r.cycles) & (day + 1 <= r.days)
    c = c._replace(
        next_visit=c.next_visit + due,
        best=xp.maximum(c.best, response),
        early=xp.where(counts, xp.maximum(c.early, response), c.early),
        responded=xp.where(responds, xp.minimum(c.responded, day), c.responded),
    )
    closes = due & (low.visits.closes[at] > 0)
    unmoved = (
        closes & (c.responded == NOT_YET) & (low.visits.cycle[at] >= low.policy.no_response[fate.regimen])
    )
    worse = (
        closes
        & (low.policy.progression[fate.regimen] > 0)
        & (seen > k.progression_blasts)
        & (seen > k.progression_ratio * fate.b0)
    )
    c = c._replace(failed=xp.where((unmoved & ~at_entry) | worse, day, c.failed))
    c = end_treatment(c, unmoved, ch.NO_RESPONSE, day, xp)
    return end_treatment(c, worse, ch.PROGRESSION, day, xp), number, response


def response_code(y: State, r: Criteria, xp: Any) -> Value:
    """3 for CR, 2 for CRh, 1 for CRi, 0 for neither, by blood counts alone (see RESPONSES)."""
    complete = (y.N > r.anc) & (y.Pl > r.platelets)
    anc, platelets = y.N > r.anc_partial, y.Pl > r.platelets_partial
    return xp.where(complete, 3, xp.where(anc & platelets, 2, xp.where(anc | platelets, 1, 0)))


def relapse(
    c: Chart, y: State, blasts_before: Value, e: Entrant, low: Lowered, k: Constants, day: Value, xp: Any
) -> Chart:
    """Relapse when marrow blasts have grown past the limit or the sanctuary shows; typed by the largest clone."""
    b = blast_share(y, e.parameters)
    marrow = (b >= k.relapse_blasts) & (b > blasts_before)
    outside = y.Lx > k.Lx_relapse
    # a marrow that the aspirate made look better than it was is found out at the next look, not overnight
    since = remission_since(c, e, xp)
    looked = (day >= since + k.relapse_recheck) | (e.fate.remission > 0)
    in_remission = (since != NOT_YET) & (c.relapsed == NOT_YET) & under_study(c)
    happens = in_remission & looked & (marrow | outside)
    positive = cd19_blasts(y)
    kind = xp.where(y.Ln > positive, 2, 1)
    kind = xp.where(~marrow | (y.Lx > xp.maximum(positive, y.Ln)), 3, kind)
    c = c._replace(
        relapsed=xp.where(happens, day, c.relapsed),
        relapse_type=xp.where(happens, kind, c.relapse_type),
    )
    c = end_treatment(c, happens & (low.policy.relapse[e.fate.regimen] > 0), ch.RELAPSE, day, xp)
    fails = (c.relapsed != NOT_YET) & (c.off != NOT_YET) & under_study(c)
    return c._replace(failed=xp.where(fails, day, c.failed))


def to_transplant(c: Chart, y: State, e: Entrant, day: Value, xp: Any) -> tuple[Chart, State]:
    """Transplant those in remission whose day has come, counted from the start of the remission."""
    since = remission_since(c, e, xp)
    waiting = (since != NOT_YET) & (c.transplanted == NOT_YET) & under_study(c)
    goes = waiting & (c.relapsed == NOT_YET) & (day >= since + e.fate.transplant_delay)
    grafted = transplant(y, e.fate.lkh, e.parameters, xp)
    y = State(*(xp.where(goes, after, before) for after, before in zip(grafted, y, strict=True)))
    c = c._replace(transplanted=xp.where(goes, day, c.transplanted))
    return end_treatment(c, goes, ch.TRANSPLANT, day, xp), y


def drop_out(c: Chart, o: Orders, low: Lowered, e: Entrant, k: Constants, day: Value, xp: Any) -> Chart:
    """Patients in remission may end the engager themselves while it is infused or absorbed, from cycle ``drop_from``
    on."""
    cycle = low.plan.cycle[e.fate.regimen, o.plan_day]
    in_remission = remission_since(c, e, xp) != NOT_YET
    exposed = (
        ((o.rate > 0) | absorbing(c, e.parameters, k))
        & in_remission
        & (cycle >= k.drop_from)
        & under_study(c)
    )
    c = c._replace(drop_hazard=c.drop_hazard + xp.where(exposed, k.hdrop, 0.0))
    ends = exposed & (c.drop_hazard > e.fate.dropout)
    return end_engager(c, ends, ch.DROPPED, low.policy.others[e.fate.regimen] > 0, day, xp)


def veno_occlusive(c: Chart, e: Entrant, k: Constants, day: Value, xp: Any) -> Chart:
    """Veno-occlusive disease of the liver, once cumulative exposure to inotuzumab has reached the patient's own limit.

    logit P = avod + bvod·AUC + cvod if transplanted within ``vod_transplant`` days of the last dose.
    """
    fate = e.fate
    soon = (c.transplanted != NOT_YET) & (c.transplanted - c.ino_day <= k.vod_transplant)
    risk = k.bvod * c.ino_auc + k.cvod * soon
    happens = (c.ino_day != NOT_YET) & (c.vod == NOT_YET) & under_study(c) & (risk > fate.vod_threshold)
    dies = happens & (fate.vod_fatal > 0)
    c = c._replace(
        vod=xp.where(happens, day, c.vod),
        died=xp.where(dies, day, c.died),
        cause=xp.where(dies, ch.OF_VOD, c.cause),
    )
    return end_treatment(c, dies, ch.DEATH, day, xp)


def survive(c: Chart, y: State, o: Orders, e: Entrant, k: Constants, day: Value, xp: Any) -> Chart:
    """Deaths of the day, each cause with its own cumulative hazard and the patient's own threshold."""
    fate, study = e.fate, under_study(c)
    disease = xp.where(study, _disease_hazard(blast_share(y, e.parameters), k, xp), 0.0)
    # within the study an extramedullary relapse ends the time in which cells are followed
    outside = study & (fate.later_line > 0)
    disease = disease + xp.where(outside, _disease_hazard(y.Lx / e.parameters.Kx, k, xp), 0.0)
    infection = xp.where(study & (y.N < k.anc_severe), k.hinf * fate.age, 0.0)
    toxic = study & (c.chemo_given > 0) & (c.A > k.chemo_active)
    chemo = xp.where(toxic, k.chem_hit * k.hchem * fate.chemo_age * c.intensity**2, 0.0)
    chemo = chemo + xp.where(study, k.pomp_hit * k.hchem * fate.chemo_age * o.levels.pomp, 0.0)
    c = c._replace(
        disease_hazard=c.disease_hazard + disease,
        infection_hazard=c.infection_hazard + infection,
        chemo_hazard=c.chemo_hazard + chemo,
        remission_hazard=c.remission_hazard + xp.where(study, k.hrem * fate.remission_age, 0.0),
    )
    in_remission = (remission_since(c, e, xp) != NOT_YET) & study
    after_failure = xp.where(c.transplanted == NOT_YET, fate.failure_time, fate.failure_time_hsct)
    deaths = (
        (c.disease_hazard > fate.disease, ch.OF_DISEASE),
        (c.infection_hazard > fate.infection, ch.OF_INFECTION),
        (c.chemo_hazard > fate.chemo, ch.OF_CHEMO),
        ((c.remission_hazard > fate.remission_death) & in_remission, ch.IN_REMISSION),
        ((c.remission_hazard > fate.remission_death) & ~in_remission & study, ch.OTHER),
        ((c.failed == NOT_YET) & (c.transplanted != NOT_YET) & (day - c.transplanted >= fate.nrm_time), ch.OF_NRM),
        ((c.failed != NOT_YET) & (day - c.failed >= after_failure), ch.AFTER_FAILURE),
    )  # fmt: skip
    for happens, cause in deaths:
        dies = happens & followed(c)
        c = c._replace(died=xp.where(dies, day, c.died), cause=xp.where(dies, cause, c.cause))
    return end_treatment(c, c.died == day, ch.DEATH, day, xp)


def _disease_hazard(share: Value, k: Constants, xp: Any) -> Value:
    """Hazard of death [1/day] from disease that fills a share of its place: hdis·share^hdis_exponent."""
    return xp.where(share > k.hdis_from, k.hdis * power(share, k.hdis_exponent, xp), 0.0)


def turn_page(c: Chart, m: Moment, o: Orders, e: Entrant, low: Lowered, day: Value, xp: Any) -> Chart:
    """Move the pointer, count the hold and the restart step, end a plan that is complete, close follow-up."""
    c = c._replace(
        pointer=c.pointer + o.running,
        hold=xp.where(o.running, c.hold, xp.maximum(c.hold - 1, 0)),
        step=xp.where(o.running & (o.rate > 0) & (m.pump > 0), xp.maximum(c.step - 1, 0), c.step),
        last_rate=o.rate * m.pump,
        last_dose=xp.where(o.running, c.last_dose, 0.0),
        bag=c.bag + (o.rate > 0),
        blocked=xp.maximum(c.blocked - 1, 0),
    )
    done = o.running & under_study(c) & ~on_plan(c, e, low)
    failed = done & (remission_since(c, e, xp) == NOT_YET)
    c = c._replace(failed=xp.where(failed, day, c.failed))
    c = end_treatment(c, failed, ch.NO_RESPONSE, day, xp)
    c = end_treatment(c, done, ch.COMPLETED, day, xp)
    return c._replace(closed=xp.where(day + 1 >= e.fate.follow_up, 1, c.closed))
