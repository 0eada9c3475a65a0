"""What the report says beside its figures: sentences and tables, made from a finished run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engager.evidence import sources
from engager.inference import Compared, Contrast, Summary
from engager.inference.comparison import ENOUGH
from engager.patients import ensemble, population
from engager.reports.comparison_table import SCATTER, scatter, span
from engager.reports.facts import SCORED, Fact, merged, misfits, score, words
from engager.trials.analysis import VERSUS
from engager.vocabulary import endpoints


@dataclass(frozen=True)
class Table:
    """A table: caption, column heads, rows of text; ``numeric``: columns set flush right; ``source``: where its numbers
    come from, below the caption."""

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numeric: tuple[int, ...] = field(default=())
    source: str = ""


def many(n: int, what: str) -> str:
    """A number with its noun."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def tied(text: str) -> str:
    """A value and its interval, each kept on one line, with true minus signs."""
    text = text.replace(" – ", " to ")
    for loose in (" %", " mo", " points", " to "):
        text = text.replace(loose, loose.replace(" ", "\u00a0"))
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def headline(s: Summary) -> list[str]:
    """What was simulated, and how much of what was published it covers, in sentences."""
    each = s.requested // max(s.replicates, 1)
    failed = f"{many(len(s.failures), 'patient')} failed" if s.failures else "none failed"
    arms = f"{len(s.trial.arms)} arms ({', '.join(s.trial.arms)})" if len(s.trial.arms) > 1 else "one arm"
    often = "once" if s.replicates == 1 else f"{s.replicates:,} times"
    out = [
        f"{s.trial.name} was simulated {often} with {many(each, 'patient')} in {arms}: "
        f"{s.requested:,} patients were requested, {s.simulated:,} simulated, {failed}; seed {s.seed}."
    ]
    if s.contrasts:
        clear = sum(c.exceeds is True for c in s.contrasts)
        differ = sum(c.differs is True for c in s.contrasts)
        out.append(
            f"The design was changed from that of {s.trial.study} as published, so no published number is scored. Of "
            f"{many(len(s.contrasts), 'result')}, {differ} differ from the study's own trial in expectation, and "
            f"{clear} by more than the trial-to-trial uncertainty of trials of this size."
        )
    facts = merged(s.published)
    for role in SCORED:
        covered, asked = score(facts, role)
        if asked:
            lie = "lies" if covered == 1 else "lie"
            out.append(
                f"Of {many(asked, f'{role} printed fact')}, {covered} {lie} within the simulated 90 % interval."
            )
    if s.replicates < ENOUGH and any(f.role in SCORED for f in facts):
        out.append(f"With fewer than {ENOUGH} replicates no interval is drawn, so coverage is not judged.")
    return out


def not_covered(s: Summary) -> dict[str, list[str]]:
    """Facts outside the simulated interval, in words, by role (roles without one are left out)."""
    facts = merged(s.published)
    found = {role: [tied(f.sentence) for f in misfits(facts, role)] for role in SCORED}
    return {role: sentences for role, sentences in found.items() if sentences}


FACT = ("endpoint", "arm", "published", "source", "simulated median (90 % interval)", "covered", "role")
"""Columns of a table of printed facts."""


def scored(s: Summary) -> dict[str, Table]:
    """One table of printed facts for each role that is compared."""
    facts = [f for f in merged(s.published) if f.compares]
    out = {}
    for role in SCORED:
        rows = [_fact_row(f) for f in facts if f.role == role]
        if rows:
            covered, asked = score(facts, role)
            counted = f": {covered} of {asked} covered" if asked else ""
            columns: tuple[str, ...] = FACT
            if any(f.compared.spread for f in facts):  # in place of the role, which the table's caption says
                columns = (*FACT[:5], SCATTER, FACT[5])
                told = [tied(scatter(f.compared)) for f in facts if f.role == role]
                rows = [(*row[:5], one, row[5]) for row, one in zip(rows, told, strict=True)]
            out[role] = Table(f"{role.capitalize()} facts{counted}", columns, rows)
    return out


def _fact_row(f: Fact) -> tuple[str, ...]:
    return (
        words(f.result),
        f.result.arm,
        f.published,
        " and ".join(f.sources),
        tied(f.span),
        f.verdict,
        f.role,
    )


def context(s: Summary) -> Table | None:
    """Published rows that are inputs or are not compared for another reason, beside what came out; those about a
    virtual control stand beside it."""
    facts = [f for f in merged(s.published) if f.simulated is not None and f.role not in SCORED]
    facts = [f for f in facts if not _of_control(s, f)]
    rows = [(*_fact_row(f)[:5], f.result.reason or f.compared.reason) for f in facts]
    columns = (*FACT[:5], "note")
    return Table("Published rows that are not scored", columns, rows) if rows else None


def unsimulated(s: Summary) -> Table | None:
    """Published rows that the simulation has no counterpart of, with the reason."""
    facts = [f for f in merged(s.published) if f.simulated is None and not _of_control(s, f)]
    facts = [f for f in facts if not (f.compares and f.role in SCORED)]
    rows = [
        (words(f.result), f.result.arm, f.published, " and ".join(f.sources), f.compared.reason, f.role)
        for f in facts
    ]
    columns = ("endpoint", "arm", "published", "source", "reason", "role")
    return Table("Published, not simulated", columns, rows) if rows else None


def standard(s: Summary) -> Table:
    """The trial's own results, one column per arm."""
    return _by_arm(s, "Simulated results", s.standard)


def _by_arm(s: Summary, caption: str, results: Iterable[Compared]) -> Table:
    """Results with one column per arm, then one per pair of arms."""
    shown = list(results)
    arms = tuple(dict.fromkeys(c.result.arm for c in shown if VERSUS not in c.result.arm))
    cells: dict[str, dict[str, str]] = {}
    for c in shown:
        # a difference stands in the line of what it is a difference of
        statistic = c.result.statistic.replace("restricted_mean_difference", "restricted_mean")
        line = c.result.model_copy(update={"statistic": statistic.replace("difference", "proportion")})
        cells.setdefault(words(line), {})[c.result.arm] = _cell(c)
    pairs = tuple(dict.fromkeys(c.result.arm for c in shown if VERSUS in c.result.arm))
    rows = [(name, *(found.get(arm, "") for arm in (*arms, *pairs))) for name, found in cells.items()]
    interval = (
        "median and 90 % interval over replicates" if s.replicates >= ENOUGH else "median over replicates"
    )
    return Table(f"{caption}: {interval}", ("endpoint", *arms, *pairs), rows)


def controls(s: Summary) -> list[Table]:
    """Each arm beside the same patients under each virtual control; then what was published of that control."""
    pairs = [c.result.arm for c in s.controls if VERSUS in c.result.arm]
    out = []
    for pair in dict.fromkeys(pairs):
        arm, _, control = pair.partition(VERSUS)
        about = [c for c in s.controls if c.result.arm in (arm, control, pair)]
        out.append(_by_arm(s, f"Virtual control: {arm} against {control}, the same patients", about))
    facts = [f for f in merged(s.published) if _of_control(s, f)]
    rows = [
        (*_fact_row(f)[:5], "; ".join(filter(None, (f.result.note, f.result.reason, f.compared.reason))))
        for f in facts
    ]
    columns = (*FACT[:5], "note")
    return [*out, Table("Published of the control: context", columns, rows)] if rows else out


def _of_control(s: Summary, f: Fact) -> bool:
    return bool(set(f.result.arm.split(VERSUS)) & set(s.trial.controls))


SIGNIFICANT = 0.05
"""Two-sided p value below which a trial would call two arms different."""


def tests(s: Summary) -> list[str]:
    """In how many replicates the log-rank test of overall survival tells the arms apart, in sentences."""
    out = []
    for row in (c.result for c in s.standard if c.result.statistic == "p_value"):
        p = s.log_rank[row.arm]
        n = int((p < SIGNIFICANT).sum())
        of = many(len(p), "replicate")
        out.append(f"Log-rank test of overall survival, {row.arm}: p below {SIGNIFICANT} in {n} of {of}.")
    return out


def _cell(c: Compared) -> str:
    return (
        tied(span(c.simulated, c.result.statistic, endpoints()[c.result.endpoint].unit))
        if c.simulated
        else c.reason
    )


def contrasts(s: Summary) -> list[Table]:
    """This trial beside the published study's own, arm by arm, with the paired differences."""
    study = s.trial.study or "the study"
    columns = ("endpoint", "this trial", f"{study} as designed", "expected difference", "differs",
               "difference in one trial", "exceeds scatter")  # fmt: skip
    arms = dict.fromkeys(c.result.arm for c in s.contrasts)
    return [
        Table(f"{arm}: this trial against {study} as designed", columns, rows)
        for arm in arms
        if (rows := [_contrast_row(c) for c in s.contrasts if c.result.arm == arm and not same(c)])
    ]


def unchanged(s: Summary) -> list[str]:
    """Arms in which every result is the same in both trials, patient by patient."""
    arms = dict.fromkeys(c.result.arm for c in s.contrasts)
    return [arm for arm in arms if all(same(c) for c in s.contrasts if c.result.arm == arm)]


def same(c: Contrast) -> bool:
    """True where no replicate shows any difference."""
    shown = [i for i in (c.expected, c.difference) if i is not None]
    return all(i.value == 0 and i.lower in (None, 0) and i.upper in (None, 0) for i in shown)


def _contrast_row(c: Contrast) -> tuple[str, ...]:
    unit, statistic = endpoints()[c.result.endpoint].unit, c.result.statistic
    shown = (c.here, c.there, c.expected, c.difference)
    here, there, expected, gap = (tied(span(i, statistic, unit)) if i else "not reached" for i in shown)
    said = {True: "yes", False: "no", None: "not judged"}
    points = statistic in ("proportion", "rate_at")
    if points:
        expected, gap = (x.replace("\u00a0%)", ")").replace("%", "points") for x in (expected, gap))
    return words(c.result), here, there, expected, said[c.differs], gap, said[c.exceeds]


def failures(s: Summary) -> list[str]:
    """Why patients could not be computed, with their number."""
    counts = Counter(str(f["reason"]) for f in s.failures)
    return [f"{many(n, 'patient')}: {reason}" for reason, n in counts.items()]


GRADES = (
    ("cytokine release syndrome", "crs_grade", (), ""),
    ("neurologic event", "ne_grade", (1, 2, 4), "not modelled"),
    ("neutropenia on treatment", "neutropenia_grade", (1, 2), "not counted"),
    ("thrombocytopenia on treatment", "thrombocytopenia_grade", (1, 2), "not counted"),
)
"""Event, column of its grade, the grades that the simulation does not have, and what is said of them."""


def events(s: Summary) -> Table | None:
    """Patients per 100 with an adverse event by worst grade."""
    rows = []
    for arm in s.trial.arms:
        people = s.of_arm(arm, *(column for _, column, *_ in GRADES))
        for event, column, unseen, why in GRADES:
            if not len(people) or not (people[column] > 0).any():
                continue
            shares = [100 * float((people[column] == grade).mean() or 0.0) for grade in range(1, 6)]  # type: ignore[arg-type]
            cells = [why if g in unseen else f"{v:.1f}" for g, v in enumerate(shares, start=1)]
            rows.append((event, arm, *cells))
    columns = ("event", "arm", *(f"grade {g}" for g in range(1, 6)))
    return (
        Table("Worst grade per patient, per 100 patients", columns, rows, (2, 3, 4, 5, 6)) if rows else None
    )


def ledger(s: Summary) -> tuple[Table, Table]:
    """Dose per patient by arm and drug: intended and delivered, and by reason."""
    totals = s.ledger.group_by("arm", "drug", "unit", maintain_order=True).agg(
        pl.col("intended", "delivered").sum()
    )
    given = {(arm, drug): _given(s, arm, drug) for arm, drug, *_ in totals.rows()}
    rows = []
    for arm, drug, unit, intended, delivered in totals.rows():
        n = given[arm, drug]
        share = f"{100 * delivered / intended:.1f} %" if intended else ""
        rows.append(
            (drug, arm, unit, f"{n / s.replicates:,.0f}", _dose(intended / n), _dose(delivered / n), share)
        )
    per = ("intended per patient", "delivered per patient")
    columns = ("drug", "arm", "unit", "patients per replicate", *per, "delivered")
    short = Table(
        "Intended and delivered dose, mean per patient whose plan has the drug", columns, rows, (3, 4, 5, 6)
    )
    detail = [
        (drug, arm, reason, unit, _dose(intended / given[arm, drug]), _dose(delivered / given[arm, drug]))
        for arm, drug, unit, reason, intended, delivered in s.ledger.select(
            "arm", "drug", "unit", "reason", "intended", "delivered"
        ).rows()
    ]
    heads = ("drug", "arm", "reason", "unit", "intended per patient", "delivered per patient")
    return short, Table("The same by reason", heads, detail, (4, 5))


def _given(s: Summary, arm: str, drug: str) -> int:
    """Patients of an arm whose regimen plans the drug (all of the arm for a drug that only a rule gives)."""
    plans = [c.name for c in s.trial.arms[arm].regimens if drug in c.regimen.drugs]
    people = s.of_arm(arm, "regimen")
    return max(1, len(people.filter(pl.col("regimen").is_in(plans))) if plans else len(people))


def _dose(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def assumptions(s: Summary) -> list[tuple[str, list[str]]]:
    """What was assumed, by where it stands: trial, cohort, each regimen."""
    out: list[tuple[str, Iterable[str]]] = [
        (f"the trial {s.trial.name}", s.trial.assumptions), ("the cohort", s.trial.cohort.assumptions)
    ]  # fmt: skip
    seen: dict[str, Iterable[str]] = {r.name: r.assumptions for r in s.trial.all_regimens}
    out += [(f"the regimen {name}", texts) for name, texts in seen.items()]
    return [(where, list(texts)) for where, texts in out if texts]


def parameters(s: Summary) -> Table:
    """Every parameter of the model with unit, spread, standing, meaning and source; with what the run's ensemble has,
    if it is the one that is shipped."""
    fitted = ensemble() if s.varied == "ensemble" else None
    rows = []
    for p in population().values():
        value = f"{p.value:g}"
        if fitted and p.name in fitted.names:
            low, middle, high = fitted.quantiles(p.name, (0.05, 0.5, 0.95))
            value = tied(f"{middle:.3g} ({low:.3g} – {high:.3g})")
        spread = "" if p.distribution == "fixed" else f"{p.distribution}, SD {p.sd:g}"
        rows.append((p.name, value, p.unit, spread, p.standing, p.meaning, p.source))
    columns = ("name", "value", "unit", "spread between patients", "standing", "meaning", "source")
    what = (
        "population medians; fitted ones with 90 % of the ensemble's members"
        if fitted
        else "population medians"
    )
    return Table(f"Parameters: {what}", columns, rows, (1,))


def cited(s: Summary) -> list[tuple[str, str]]:
    """The sources that the report's published rows name."""
    named = {c.result.source for c in s.published}
    return [(name, text) for name, text in sources().items() if name in named]


def machine(s: Summary) -> list[tuple[str, str]]:
    """Seed, versions, numerics and machine, as the run's manifest keeps them."""
    m: dict[str, Any] = s.manifest
    versions = {"engager": m.get("engager", ""), **m.get("versions", {})}
    rows = [("seed", str(s.seed)), ("versions", ", ".join(f"{k} {v}" for k, v in versions.items() if v))]
    numerics = m.get("numerics", {})
    if numerics:
        rows.append(("numerics", ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in numerics.items())))
    if m.get("machine"):
        rows.append(("machine", ", ".join(str(v) for v in m["machine"].values())))
    rows += [(f"SHA-256 of {k}", v[:16]) for k, v in m.get("inputs", {}).items() if len(str(v)) == 64]
    return rows
