"""The credibility dossier as one HTML file: question, criteria, verification, calibration, validation, uncertainty,
assumptions, limits, sources."""

from __future__ import annotations

from dataclasses import replace

from engager.inference.credibility import Criterion
from engager.inference.criteria import Judged
from engager.inference.dossier import Dossier
from engager.inference.fit import GOOD
from engager.reports import dossier_sections as rest
from engager.reports.dossier_text import conclusion, short
from engager.reports.dossier_validation import validation
from engager.reports.figures_dossier import risk_grid, steps
from engager.reports.fit_page import (
    parameters_figure,
    parameters_table,
    targets_figure,
    targets_table,
    trace_table,
)
from engager.reports.page import Section, page
from engager.reports.sections import Table, many, tied
from engager.reports.validation_text import KINDS, NULLS


def page_of(d: Dossier) -> str:
    """The dossier as one HTML text with its figures inside; the same runs and question give the same bytes."""
    sections = [
        question(d), criteria(d), verification(d), calibration(d), validation(d), rest.uncertainty(d),
        rest.assumptions(d), rest.limits(d), rest.provenance(d),
    ]  # fmt: skip
    return page("Credibility dossier", [d.question.question, conclusion(d)], sections)


def question(d: Dossier) -> Section:
    """What is asked of the model, and how much rests on the answer."""
    q = d.question
    rows = [
        ("Question of interest", q.question),
        ("Context of use", q.context_of_use),
        ("Model influence", f"{q.influence.level.capitalize()}. {q.influence.because}"),
        ("Consequence of a wrong decision", f"{q.consequence.level.capitalize()}. {q.consequence.because}"),
        ("Model risk", f"{q.risk} of 5: the higher, the more the evidence below must show"),
    ]
    source = f"{d.asked_in} (SHA-256 {short(d.files[_name(d.asked_in)])})"
    table = Table("What the model is to be used for", ("element", "statement"), rows, source=source)
    return Section("question", "Question and context of use", figures=[risk_grid(q)], tables=[table])


def _name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def criteria(d: Dossier) -> Section:
    """Each criterion with what was found and the verdict."""
    rows = [
        (j.criterion.name, asked(j.criterion), tied(found(j)), j.verdict, j.criterion.because)
        for j in d.judged
    ]
    met = sum(j.verdict == "met" for j in d.judged)
    source = (
        f"scores.json (SHA-256 {short(d.files['scores.json'])}), runs under Sources, checks run for this page"
    )
    heads = ("criterion", "asked", "found", "verdict", "why this bound")
    table = Table(f"Acceptance criteria: {met} of {len(rows)} met", heads, rows, source=source)
    text = (
        "The criteria are those of the question's file. In brackets: 90 % interval over draws of studies, since the "
        "numbers of one study come from the same patients; the verdict goes by the value.",
    )
    return Section("criteria", "Acceptance criteria", text, tables=[table])


def asked(c: Criterion) -> str:
    """A criterion in words."""
    about = [c.role or "", KINDS[c.kind] if c.kind else "", ", ".join(c.endpoints or ())]
    which = ", ".join(part for part in about if part)
    of = f" ({which})" if which else ""
    if c.measure == "coverage":
        return f"at least {c.at_least:.0%} inside {c.level:.0%} intervals{of}".replace("%", " %")
    if c.measure == "scored":
        return f"at least {c.at_least:.0%} with a forecast{of}".replace("%", " %")
    if c.measure == "bias":
        return f"mean level within {c.at_most:g} of 0.5{of}"
    if c.measure == "skill":
        return f"skill at least {c.at_least:g} against {NULLS[c.null or ''].lower()}{of}"
    if c.measure == "checks":
        return f"at least {c.at_least:.0%} of cross-endpoint checks hold".replace("%", " %")
    return f"at most {c.at_most:g} failed checks"


def found(j: Judged) -> str:
    """What was measured, with the numbers behind it."""
    if j.value is None:
        return "no number to judge by"
    v, measure = j.value, j.criterion.measure
    if measure == "verification":
        return f"{j.of - j.counted} of {j.of} failed"
    aside = (
        f"; {j.aside} more {'cannot be asked' if measure == 'checks' else 'have no forecast'}"
        if j.aside
        else ""
    )
    if measure in ("coverage", "scored", "checks"):
        ends = "" if v.lower is None or v.upper is None else f" ({100 * v.lower:.0f} to {100 * v.upper:.0f})"
        return f"{j.counted} of {j.of}: {100 * v.value:.0f} %{ends}{aside}"
    ends = "" if v.lower is None or v.upper is None else f" ({v.lower:+.2f} to {v.upper:+.2f})"
    if measure == "bias":
        side = "above" if v.value > 0 else "below"
        return (
            f"{v.value:+.2f}{ends}: {many(j.of, 'published number')} lie {side} the middle on average{aside}"
        )
    return f"{v.value:+.2f}{ends}; better on {j.counted} of {j.of}"


def verification(d: Dossier) -> Section:
    """Checks that ran for the page, and what the tests cover."""
    rows = [(c.name.replace("_", " "), "passed" if c.well else "failed", tied(c.found)) for c in d.checks]
    machine = f"computed for this page with engager {d.engager}"
    live = Table("Checks run for this page", ("check", "verdict", "found"), rows, source=machine)
    what = [(a["factor"], a["activity"], a["where"]) for a in d.activities]
    tested = Table(
        "What is tested, by factor of V&V 40",
        ("factor", "what is done", "where, in the repository"),
        what,
        source=f"activities.csv (SHA-256 {short(d.files['activities.csv'])})",
    )
    text = (
        "Does the program compute what its equations say? Known answers come from an independent program of the same "
        "equations.",
    )
    return Section("verification", "Verification", text, [steps(d.refined)], [live, tested])


def calibration(d: Dossier) -> Section:
    """What was fitted and how well; that of the ensemble that is shipped."""
    if d.fit is None:
        return Section("calibration", "Calibration", [f"Not shown: {d.missing['calibration']}."])
    f, used = d.fit, {run.ensemble for run in d.runs}
    source = f"calibration {short(f.sha256)}, files under Sources"
    good = int(f.targets["good"].sum())
    text = [
        f"{good} of {len(f.targets)} calibrated targets of {f.targets['study'].n_unique()} studies lie within {GOOD:g} "
        f"standard errors of the fit; the data narrow {f.posterior['informed'].sum()} of {len(f.posterior)} fitted "
        "parameters by a fifth or more (drawn below). The others keep what was assumed of them."
    ]
    if used != {f.sha256}:
        text.append(
            "The scored runs did not use this ensemble: "
            + ("they took the values of the parameter table." if used == {""} else "theirs is under Sources.")
        )
    figures = [
        replace(one, kept=False) for one in (targets_figure(f.targets), parameters_figure(f.posterior))
    ]
    tables = [trace_table(f.trace), targets_table(f.targets), parameters_table(f.posterior)]
    trace, *folded = (replace(table, source=source) for table in tables)
    return Section("calibration", "Calibration", text, figures, [trace], folded)
