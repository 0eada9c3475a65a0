"""The dossier of a fit: what it was held against, what came out, and what the data could not say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engager.inference.fit import GOOD, Fit
from engager.reports.page import Section, write_page
from engager.reports.sections import Table, many, tied
from engager.reports.style import FAINT, INK, MUTED, ROLES, Figure, saved, sheet, styled

EDGE = 4
"""Standard errors at which the figure of targets ends."""

STRONG = 0.5
"""Posterior correlation from which a pair of parameters is listed."""


def write_fit(fit: Fit, folder: Path, write: Callable[[Path, str], object]) -> None:
    """Write ``report.html`` of a fit and its figures into ``folder``."""
    write_page(folder / "report.html", "Calibration", _lead(fit), _sections(fit), write)


def _lead(fit: Fit) -> list[str]:
    t, p, about = fit.targets, fit.posterior, fit.ensemble.about
    request = about["request"]
    n = t["study"].n_unique()
    return [
        f"{many(request['members'], 'parameter set')} were fitted to {many(len(t), 'calibrated target')} of "
        f"{n} {'study' if n == 1 else 'studies'} in {request['steps']} assimilations, seed {request['seed']}.",
        f"{t['good'].sum()} of {len(t)} targets lie within {GOOD:g} standard errors of the posterior median; "
        f"the data narrow {p['informed'].sum()} of {len(p)} parameters by a fifth or more.",
        f"Ensemble {fit.ensemble.digest[:12]}, engager {about['engager']}.",
    ]


def _sections(fit: Fit) -> list[Section]:
    outside = fit.targets.filter(~pl.col("good"))
    missed = (
        "Outside: " + "; ".join(f"{r['target']} ({r['z']:+.1f})" for r in outside.to_dicts()) + "."
        if len(outside)
        else "None lies outside."
    )
    return [
        Section(
            "targets",
            "What the fit was held against",
            [
                "Each printed number beside what the members of the ensemble give for it before and after the fit, in "
                "standard errors of a trial of the printed size, without the simulation's own chance. The "
                "spread of members holds the chance of the few trials that each was simulated with, too.",
                tied(missed),
            ],
            [targets_figure(fit.targets)],
            folded=[targets_table(fit.targets)],
        ),
        Section(
            "parameters",
            "What the data say about the parameters",
            [
                "Posterior against prior on the scale of the fit. A parameter that no target speaks of keeps its "
                "prior and the prior's width. Priors are centred on the values of the parameter table, many of which "
                "come from an earlier fit to the same trials: they are not independent of the data, only wide.",
            ],
            [parameters_figure(fit.posterior)],
            [_pairs(fit)],
            [parameters_table(fit.posterior)],
        ),
        Section(
            "course",
            "How the fit went",
            [
                "Mean squared distance from the printed numbers in standard errors: 1 is what chance leaves of a fit."
            ],
            tables=[trace_table(fit.trace)],
        ),
        Section(
            "left-out",
            "What could not be fitted",
            [f"{many(len(fit.left_out), 'target')} that no simulated trial gives a number for."],
            tables=[
                Table(
                    "Targets left out",
                    ("target", "printed"),
                    [(t.name, t.result.printed) for t in fit.left_out],
                )
            ]
            if fit.left_out
            else (),
        ),
    ]


def targets_figure(t: pl.DataFrame) -> Figure:
    """Each target before and after the fit (``Fit.targets``)."""
    title, alt = (
        "Calibrated targets before and after the fit",
        "Distance of each target from the printed number",
    )
    with styled():
        drawn = sheet(0.6 + 0.17 * len(t), 7.2)
        axes = drawn.subplots()
        y = np.arange(len(t))[::-1]
        axes.axvspan(-GOOD, GOOD, color="#eef2f5", lw=0)
        axes.axvline(0, color=MUTED, lw=0.8)
        axes.plot(
            t["prior_z"].clip(-EDGE, EDGE),
            y,
            "o",
            ms=3.6,
            mfc="none",
            mec=MUTED,
            label="prior",
            clip_on=False,
        )
        axes.plot(
            t["z"].clip(-EDGE, EDGE),
            y,
            "o",
            ms=4.4,
            color=ROLES["calibrated"],
            label="posterior",
            clip_on=False,
        )
        axes.set_yticks(y, [_short(name) for name in t["target"]], fontsize=6.8)
        axes.set_ylim(-0.7, len(t) - 0.3)
        axes.set_xlim(-EDGE, EDGE)
        axes.set_xlabel("simulated − printed, standard errors of the printed trial")
        axes.legend(loc="upper right", fontsize=7.5, ncols=2)
        axes.tick_params(axis="y", length=0)
        svg = saved(drawn, "fit-targets", title, alt)
    data = t.select("target", "published", "prior_z", "z")
    caption = f"Median of the members; the band is ± {GOOD:g} standard errors. Circles beyond {EDGE} lie at the edge."
    return Figure("fit-targets", "targets", title, alt, caption, svg, data)


def _short(name: str) -> str:
    return name.replace("proportion", "share").replace("blinatumomab · ", "").replace("_", " ")


def parameters_figure(posterior: pl.DataFrame) -> Figure:
    """Each parameter's posterior against its prior (``Fit.posterior``)."""
    p = posterior.sort("spread", descending=True)
    title, alt = (
        "Parameters: posterior against prior",
        "Shift and spread of each parameter in prior deviations",
    )
    with styled():
        drawn = sheet(0.6 + 0.17 * len(p), 6.4)
        axes = drawn.subplots()
        y = np.arange(len(p))
        half = 1.645
        axes.hlines(y, -half, half, color=FAINT, lw=5)
        low = p["shift"] - half * p["spread"]
        high = p["shift"] + half * p["spread"]
        axes.hlines(y, low, high, color=ROLES["calibrated"], lw=1.8)
        axes.plot(p["shift"], y, "o", ms=3.6, color=INK)
        axes.set_yticks(y, p["parameter"], fontsize=7)
        axes.set_ylim(-0.7, len(p) - 0.3)
        axes.set_xlabel("prior standard deviations from the prior's centre")
        axes.tick_params(axis="y", length=0)
        svg = saved(drawn, "fit-parameters", title, alt)
    data = p.select("parameter", "shift", "spread", "informed")
    caption = "Grey: 90 % of the prior. Line and point: 90 % and mean of the posterior, best known parameters below."
    return Figure("fit-parameters", "parameters", title, alt, caption, svg, data)


def targets_table(targets: pl.DataFrame) -> Table:
    """Every target (``Fit.targets``)."""
    columns = ("target", "printed", "prior median (90 %)", "posterior median (90 %)", "z", "source")
    rows = [
        (
            r["target"], r["printed"],
            _shape(r, "prior"), _shape(r, "posterior"),
            tied(f"{r['z']:+.2f}"), r["source"],
        )
        for r in targets.to_dicts()
    ]  # fmt: skip
    return Table("Every target: shares as numbers from 0 to 1, times in months", columns, rows, (4,))


def parameters_table(posterior: pl.DataFrame) -> Table:
    """Every fitted parameter (``Fit.posterior``)."""
    columns = (
        "parameter",
        "unit",
        "standing",
        "prior median (90 %)",
        "posterior median (90 %)",
        "spread",
        "shift",
    )
    rows = [
        (
            r["parameter"], r["unit"], r["standing"],
            _shape(r, "prior"), _shape(r, "posterior"),
            f"{r['spread']:.2f}", tied(f"{r['shift']:+.2f}"),
        )
        for r in posterior.to_dicts()
    ]  # fmt: skip
    return Table("Every fitted parameter", columns, rows, (5, 6))


def _shape(row: dict[str, Any], which: str) -> str:
    """Median and 90 % interval over members."""
    median, lower, upper = (row[f"{which}_{edge}"] for edge in ("median", "lower", "upper"))
    return tied(f"{median:.3g} ({lower:.3g} – {upper:.3g})")


def _pairs(fit: Fit) -> Table:
    names, found = fit.ensemble.names, fit.correlation
    pairs = [
        (abs(found[i, j]), names[i], names[j], found[i, j])
        for i in range(len(names))
        for j in range(i)
        if abs(found[i, j]) >= STRONG
    ]
    rows = [(a, b, tied(f"{r:+.2f}")) for _, a, b, r in sorted(pairs, reverse=True)]
    caption = f"Pairs of parameters that the data tie together (posterior correlation of {STRONG:g} or more)"
    return Table(caption, ("parameter", "with", "correlation"), rows or [("none", "", "")], (2,))


def trace_table(trace: pl.DataFrame) -> Table:
    """How the fit went (``Fit.trace``)."""
    columns = ("assimilations", "members, mean square", "their median, mean square", "targets within reach")
    rows = [
        (
            str(r["step"]), f"{r['members_mean_square']:.2f}", f"{r['median_mean_square']:.2f}",
            f"{r['good']} of {r['of']}",
        )
        for r in trace.to_dicts()
    ]  # fmt: skip
    return Table("Distance from the data by step", columns, rows, (1, 2, 3))
