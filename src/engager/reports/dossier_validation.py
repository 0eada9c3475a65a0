"""The dossier's section on validation: scores, misses, checks, every number with its source and run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engager.evidence.printed import legible
from engager.inference.dossier import Dossier
from engager.inference.validation import Scored, Unscored
from engager.reports import validation_text as text
from engager.reports.dossier_text import short
from engager.reports.figures_validation import scoreboard
from engager.reports.page import Section
from engager.reports.sections import Table, tied
from engager.reports.validation_page import coverage

LEAD = (
    "Predicted numbers were never fitted: they are the test. Calibrated ones were fitted. Informed ones were not, but "
    "a structure or a parameter was chosen knowing them. Null models are made from the other studies alone. How each "
    "score is made stands on the page of engager validate.",
)


def validation(d: Dossier) -> Section:
    """Scores by role beside null models; what was predicted and missed stands open, the rest is folded."""
    losses = {tally.role: misses(d, tally.role) for tally in d.board.tallies}
    predicted = losses.pop("predicted", None)
    shown = [replace(coverage(d.board), source=_source(d)), skill(d), predicted, checks(d)]
    every = [numbers(d, tally.role) for tally in d.board.tallies]
    figure = replace(scoreboard(d.board), kept=False)
    tables, folded = (
        [one for one in group if one is not None and one.rows]
        for group in (shown, [*losses.values(), *every, unscored(d)])
    )
    return Section("validation", "Validation", LEAD, [figure], tables, folded)


def _source(d: Dossier) -> str:
    return f"scores.json (SHA-256 {short(d.files['scores.json'])}); runs by study under Sources"


def skill(d: Dossier) -> Table:
    """The model against the null models."""
    rows = [
        (
            text.NULLS[s.null], tally.role, text.KINDS[s.kind], f"{s.rows}, {s.studies}", f"{s.crps:.3f}",
            f"{s.null_crps:.3f}", tied(text.decimal(s.skill, sign="+")), f"{s.won} of {s.rows}",
        )
        for tally in d.board.tallies
        for s in tally.skill
    ]  # fmt: skip
    heads = ("null model", "role", "kind", "n, studies", "CRPS", "its CRPS", "skill", "won")
    caption = "Against the null models, on the same numbers: skill is 1 − CRPS ÷ its CRPS, above 0 the model is better"
    return Table(caption, heads, rows, source=_source(d))


def misses(d: Dossier, role: str) -> Table:
    """Numbers outside their 90 % interval, the farthest first."""
    scored = _of(d, role)
    out = sorted((row for row in scored if not row.inside_outer), key=lambda row: -abs(row.place))
    heads = ("study", "number", "published", "simulated", "90 % interval", "source", "run")
    rows = _rows(d, out, lambda row: ())
    return Table(f"{role.capitalize()}: {len(out)} of {len(scored)} outside", heads, rows, source=_source(d))


def numbers(d: Dossier, role: str) -> Table:
    """Every scored number of a role."""
    heads = (
        "study", "number", "published", "simulated", "90 % interval", "covered", "PIT", "CRPS", "source", "run",
    )  # fmt: skip
    rows = _rows(
        d, _of(d, role), lambda row: ("yes" if row.inside_outer else "no", text.level(row), f"{row.crps:.3f}")
    )
    return Table(text.HEADINGS[role], heads, rows, source=_source(d))


def _rows(
    d: Dossier, rows: Sequence[Scored], more: Callable[[Scored], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    return [
        (
            row.result.study, text.name(row.result), text.printed(row),
            tied(text.value(row.result, row.median)), tied(text.between(row.result, row.outer)),
            *more(row), _place(row), short(d.board.runs.get(row.result.study, "")),
        )
        for row in rows
    ]  # fmt: skip


def _place(row: Scored | Unscored) -> str:
    """Where the number is printed."""
    return f"{row.result.source}: {row.result.place}"


def _of(d: Dossier, role: str) -> list[Scored]:
    return [row for row in d.board.rows if isinstance(row, Scored) and row.role == role]


def checks(d: Dossier) -> Table:
    """The cross-endpoint checks, in short."""
    rows = [
        (c.check.name, text.VERDICTS[c.verdict], _studies(c.check.study, c.check.against), tied(text.effect(c)),
         tied(text.mean(c)))
        for c in d.board.checks
    ]  # fmt: skip
    held = sum(c.verdict == "holds" for c in d.board.checks)
    heads = ("what the reviews say", "verdict", "asked of", "median (90 % interval)", "mean")
    return Table(f"Cross-endpoint checks: {held} of {len(rows)} hold", heads, rows, source=_source(d))


def _studies(one: str, other: str) -> str:
    return f"{one} against {other}" if other else one


def unscored(d: Dossier) -> Table:
    """Every number in a scored role that has no forecast, with the reason."""
    rows = [
        (
            row.result.study,
            text.name(row.result),
            legible(row.result.printed),
            row.role,
            row.reason,
            _place(row),
        )
        for row in d.board.rows
        if isinstance(row, Unscored)
    ]
    heads = ("study", "number", "published", "role", "reason", "source")
    return Table(f"Published, without a forecast ({len(rows)})", heads, rows, source=_source(d))
