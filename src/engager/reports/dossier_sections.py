"""The dossier's sections on what is uncertain, assumed and left out, and where everything comes from."""

from __future__ import annotations

import numpy as np

from engager.inference.dossier import Assumption, Dossier
from engager.patients import population
from engager.reports.dossier_text import short
from engager.reports.figures_dossier import MOST, influence
from engager.reports.heat_map import short as target
from engager.reports.page import Section
from engager.reports.sections import Table, many, tied


def uncertainty(d: Dossier) -> Section:
    """What intervals hold: parameters and size of trials; what they do not hold: the structure."""
    drawn = {run.parameters for run in d.runs}
    text = [
        "Intervals over replicates hold the chance of trials of the published size"
        + (
            ". The scored runs took one value for each parameter of the population, so the intervals do not hold what "
            "is unknown of the parameters."
            if drawn == {"point"}
            else ", and what is unknown of the fitted parameters, as far as the ensemble has it."
        ),
        "Not in any interval: what parameters that were not fitted might be, other structures of the model, and "
        "patients unlike those of the studies.",
    ]
    tables = []
    if d.spread:
        tables.append(_spread(d))
    else:
        text.append(f"How much is due to each part is not shown: {d.missing['spread']}.")
    if d.sensitivity is not None:
        tables.append(_rivals(d))
    else:
        text.append(f"Rival structures are not compared: {d.missing['sensitivity']}.")
    return Section("uncertainty", "Uncertainty", text, tables=tables)


def _spread(d: Dossier) -> Table:
    rows = []
    for role in dict.fromkeys(one.role for one in d.spread):
        shares = [one.share for one in d.spread if one.role == role and one.share is not None]
        low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75]) * 100
        rows.append((role, str(len(shares)), f"{middle:.0f} %", tied(f"{low:.0f} % to {high:.0f} %")))
    heads = ("role", "numbers", "median share", "middle half")
    caption = (
        "Share of the variance over replicates that is the parameters'; the rest is the chance of such trials"
    )
    return Table(caption, heads, rows, source="results.json of the runs under Sources")


def _rivals(d: Dossier) -> Table:
    assert d.sensitivity is not None
    rows = [
        (
            r["out"], r["stage"], f"{r['misfit']:.1f}", f"{r['moved']:.1f}", str(r["outside"]),
            target(r["most"]) if r["most"] else "",
        )
        for r in d.sensitivity.rivals.to_dicts()
    ]  # fmt: skip
    heads = ("taken out", "parameters", "misfit", "moved", "targets changed", "most")
    caption = (
        "Structures that explain the same data: squared distance from the targets without each, at the shipped "
        "parameters and after a short refit"
    )
    return Table(caption, heads, rows, (2, 3, 4), _sensitivity(d, "rivals"))


def _sensitivity(d: Dossier, table: str) -> str:
    found = d.sensitivity
    assert found is not None
    stale = f"; made with other contents of {', '.join(found.changed)}" if found.changed else ""
    return f"engager sensitivity, {table}.csv (SHA-256 {short(d.files[f'sensitivity/{table}.csv'])}){stale}"


def assumptions(d: Dossier) -> Section:
    """Parameters that were not measured by influence, assumptions by study, structures by reason."""
    moved = [a for a in d.assumptions if a.mu_star is not None]
    still = [a for a in d.assumptions if a.mu_star is None]
    total = len(population())
    text = [
        f"{len(d.assumptions)} of {total} parameters were not measured: "
        f"{sum(a.standing == 'assumed' for a in d.assumptions)} are assumed, "
        f"{sum(a.standing == 'estimated' for a in d.assumptions)} estimated from trials."
    ]
    tables, folded, figures = [], [], []
    if moved:
        text.append(
            f"{len(moved)} of them were moved over their priors to see what depends on them; the other {len(still)} "
            "were not, so nothing can be said of their influence."
        )
        figures = [influence(d.assumptions)]
        source = f"{_sensitivity(d, 'effects')}; {_table(d)}"
        tables.append(_ranked(f"The {min(MOST, len(moved))} most influential", moved[:MOST], source))
        folded.append(_ranked(f"The other {max(0, len(moved) - MOST)} that were moved", moved[MOST:], source))
    else:
        text.append(f"They are not ranked: {d.missing['sensitivity']}.")
    folded.append(_unranked(f"Parameters of unknown influence ({len(still)})", still, _table(d)))
    tables += [_by_study(d), _structures(d)]
    return Section(
        "assumptions", "Assumptions by influence", text, figures, tables, [t for t in folded if t.rows]
    )


def _table(d: Dossier) -> str:
    return f"parameters.csv (SHA-256 {short(d.files['parameters.csv'])})"


def _ranked(caption: str, found: list[Assumption], source: str) -> Table:
    rows = [
        (
            a.parameter, a.meaning, f"{a.mu_star:.1f}", str(a.targets),
            f"{a.strongest.split(' · ')[0]}: {target(a.strongest)}" if a.strongest else "none beyond noise",
            a.source if a.source.startswith(a.standing) else f"{a.standing}: {a.source}",
        )
        for a in found
    ]  # fmt: skip
    heads = ("parameter", "meaning", "µ*", "targets", "moves most", "standing and source")
    return Table(caption, heads, rows, (2, 3), source)


def _unranked(caption: str, found: list[Assumption], source: str) -> Table:
    rows = [(a.parameter, a.meaning, f"{a.value:g}", a.unit, a.standing, a.source) for a in found]
    return Table(caption, ("parameter", "meaning", "value", "unit", "standing", "source"), rows, (2,), source)


def _by_study(d: Dossier) -> Table:
    ordered = sorted(d.runs, key=lambda run: -run.assumptions)
    rows = [(run.study, str(run.assumptions), short(run.sha256)) for run in ordered]
    caption = "Assumptions in each study's trial file: who entered, doses, days, management, follow-up"
    source = "trial.yaml of each run; engager trial show STUDY lists them"
    return Table(caption, ("study", "assumptions", "run"), rows, (1,), source)


def _structures(d: Dossier) -> Table:
    rows = [
        (s.name, s.default, s.meaning, s.reason, f"rival of {s.rival_of}" if s.rival_of else "")
        for s in d.structures
    ]
    source = f"structures.csv (SHA-256 {short(d.files['structures.csv'])})"
    heads = ("structure", "in the model", "what it adds", "why, and the miss that prompted it", "rival")
    return Table("Structures of the model that were chosen", heads, rows, source=source)


def limits(d: Dossier) -> Section:
    """What the model does not say."""
    rows = [(one["about"], one["limit"]) for one in d.limits]
    source = f"limits.csv (SHA-256 {short(d.files['limits.csv'])})"
    return Section(
        "limits",
        "Limits",
        tables=[Table("What the model does not say", ("about", "limit"), rows, source=source)],
    )


def provenance(d: Dossier) -> Section:
    """Runs, files, citations, and how to make the page again."""
    names = [(run.study, run.id, run.sha256) for run in d.runs]
    asked = [
        (
            run.study, f"{run.replicates} × {run.patients}", str(run.failed), str(run.seed),
            f"ensemble {short(run.ensemble)}" if run.ensemble else run.parameters,
            ", ".join(run.switched) or "none", run.engager,
        )
        for run in d.runs
    ]  # fmt: skip
    heads = ("study", "replicates × patients", "failed", "seed", "parameters", "switched", "engager")
    kept = f"manifest.json of each run in {d.folder}"
    tables = [
        Table("Runs that were scored", ("study", "run", "SHA-256 of its results"), names, source=kept),
        Table("What they were asked", heads, asked, (2, 3), kept),
        Table("Files that numbers come from", ("file", "SHA-256"), list(d.files.items()), source="read for this page"),
        Table("Sources of the published numbers", ("name", "citation"), list(d.sources.items()), source="the record"),
        Table(
            "What the runs were computed with", ("what", "version"), list(d.versions.items()),
            source="manifests of the runs",
        ),
    ]  # fmt: skip
    words = f"engager dossier {d.folder}" + (
        "" if d.asked_in == "question.yaml" else f" --question {d.asked_in}"
    )
    text = (
        f"{many(len(d.runs), 'run')}, {d.board.replicates} replicates each, seed {d.board.seed}. This page is made "
        f"again by {words}; a run by engager simulate with its trial.yaml, replicates and seed, with the same results.",
    )
    return Section("sources", "Sources", text, tables=tables)
