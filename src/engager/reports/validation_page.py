"""The scoreboard as one page: coverage, scores, null models, losses, cross-endpoint checks, every number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engager.evidence.printed import legible
from engager.inference.scoreboard import Board, Tally
from engager.inference.validation import INNER, OUTER, Scored, Unscored
from engager.reports import validation_text as text
from engager.reports.figures_validation import scoreboard
from engager.reports.html import replaced
from engager.reports.page import Section, write_page
from engager.reports.sections import Table, tied

PAGE = "validation.html"

READING = (
    ("role", "Predicted numbers were never fitted. Calibrated ones were, so they say little. Informed ones were not "
     "fitted, but a structure or a parameter was chosen knowing them. Context is never scored."),
    ("interval", "Central interval over simulated trials of the study's size. Its bounds are results of trials, so it "
     "covers slightly less than its level. Small trials have few possible results, so that theirs cover more."),
    ("PIT", "The level of the forecast at which the published number lies: 0 below every simulated trial, 1 above "
     "every one. A range where it ties with some. Levels of a perfect model are spread evenly."),
    ("CRPS", "Distance between forecast and number, narrow forecasts rewarded, on the scale of the kind: shares of "
     "patients (0 to 1), or the logarithm of months and of ratios. Kinds are never added. Smaller is better."),
    ("log score", "-log of the probability (shares) or density (the rest) that the forecast gave the number, in nats. "
     "Smaller is better. Of R simulated trials none rules out what happens less often than once in R + 1."),
    ("pooling", "Null model: random effects of the same number in the other studies, in the same setting and kind of "
     "patients, with or without blinatumomab alike; at least two studies. It never sees the study it forecasts."),
    ("regression", "Null model: logistic regression of remission and of MRD response on the share of blasts and the "
     "setting, over the other studies' arms with blinatumomab."),
    ("other studies", "The null model goes by all other studies, predicted ones too, which the model was never fitted "
     "to."),
    ("calibrated studies only", "The null model goes by calibrated numbers alone, as the fit does, and not by those of "
     "the study that it forecasts. Where fewer than two studies are left it gives no number."),
    ("skill", "1 - CRPS of the model / CRPS of the null model, on the numbers for which the null model gives one. "
     "Above 0 the model is better."),
    ("( … to … )", "90 % interval over draws of studies with replacement, since the numbers of a study come from the "
     "same patients. With so few studies it is rough, and rather too short."),
)  # fmt: skip


CHECKS = (
    "How results hang together, as the reviews tell it, asked of the simulated trials; none of it was fitted as such. "
    "The effect is that of trials of the published size, the mean that over all simulated trials. A direction leans "
    "that way where the mean is on the right side, but trials of this size scatter across. Where no effect is expected "
    "a small trial passes easily, so the mean must lie within the margin, too: with its interval it holds, without it "
    "leans that way.",
)


def write_validation(board: Board, folder: Path, write: Callable[[Path, str], object] = replaced) -> Path:
    """Write ``validation.html`` and the figure with its data into ``folder``; the same board gives the same bytes.

    Returns:
        The path of the page.

    Raises:
        OSError: the folder cannot be written to.
    """
    lead, *_ = text.headline(board)
    write_page(folder / PAGE, "Scoreboard", [tied(lead)], sections(board), write)
    return folder / PAGE


def sections(board: Board) -> list[Section]:
    """The page's sections: the figure and who wins, scores, losses, checks, every number, what is not simulated."""
    _, *verdicts = text.headline(board)
    lost = [table for tally in board.tallies if (table := losses(board, tally))]
    missing = unscored(board)
    drawn = [scoreboard(board)] if any(isinstance(row, Scored) for row in board.rows) else []
    scores = [coverage(board), means(board), skill(board), pit(board)]
    return [
        Section("board", "At a glance", [tied(sentence) for sentence in verdicts], drawn),
        Section("scores", "Scores", tables=[table for table in scores if table.rows]),
        Section(
            "losses", "Losses", [] if lost else ["Every number lies inside its 90 % interval."], tables=lost
        ),
        Section("checks", "Cross-endpoint checks", CHECKS, tables=[checks(board)]),
        Section(
            "rows", "Every number", tables=[numbers(board, tally) for tally in board.tallies if tally.rows]
        ),
        Section(
            "unscored",
            "Not simulated",
            [] if missing.rows else ["Every number in a scored role is simulated."],
            tables=[missing] if missing.rows else [],
        ),
        Section("reading", "How to read it", tables=[Table("Words", ("word", "meaning"), READING)]),
    ]


def coverage(board: Board) -> Table:
    """How many numbers lie inside, by role and level."""
    rows = [
        (
            tally.role,
            *(tied(f"{c.inside} of {c.rows}: {text.percent(c.share)}") for c in tally.coverage),
            str(tally.studies),
            str(tally.unscored),
        )
        for tally in board.tallies
        if tally.rows
    ]
    heads = ("role", "inside 50 %", "inside 90 %", "studies", "not simulated")
    inner, outer = (f"{100 * board.perfect(level):.0f}" for level in (INNER, OUTER))
    perfect = f"a perfect forecast would be covered in {inner} and {outer} %"
    return Table(f"Coverage, with its 90 % interval over studies; {perfect}", heads, rows)


def means(board: Board) -> Table:
    """Mean scores, by role and kind."""
    rows = [
        (
            tally.role, text.KINDS[m.kind], text.scale(m.kind), f"{m.rows}, {m.studies}",
            tied(text.decimal(m.crps, 3)), tied(text.decimal(m.log_score)),
        )
        for tally in board.tallies
        for m in tally.means
    ]  # fmt: skip
    heads = ("role", "kind", "scale of CRPS", "n, studies", "CRPS", "log score [nat]")
    return Table("Mean scores of the model; smaller is better", heads, rows)


def skill(board: Board) -> Table:
    """The model against the null models."""
    rows = [
        (
            text.NULLS[s.null], tally.role, text.KINDS[s.kind], f"{s.rows}, {s.studies}",
            f"{s.crps:.3f}, null {s.null_crps:.3f}", tied(text.decimal(s.skill, sign="+")),
            f"{s.won} of {s.rows}", tied(text.decimal(s.gain, sign="+")), f"{s.inside}, null {s.null_inside}",
        )
        for tally in board.tallies
        for s in tally.skill
    ]  # fmt: skip
    heads = (
        "null model", "role", "kind", "n, studies", "CRPS", "skill", "won",
        "gain in log score", "inside, each",
    )  # fmt: skip
    return Table("Against the null models, on the same numbers; above 0 the model is better", heads, rows)


def pit(board: Board) -> Table:
    """How many numbers lie in each tenth of their forecast."""
    many = len(board.tallies[0].pit) if board.tallies else 0
    heads = ("role", *(f"to {(i + 1) / many:.1f}" for i in range(many)))
    rows = [(tally.role, *(f"{n:.1f}" for n in tally.pit)) for tally in board.tallies if tally.rows]
    return Table("Numbers in each tenth of their forecast (PIT); even for a perfect model", heads, rows)


def losses(board: Board, tally: Tally) -> Table | None:
    """Numbers outside their 90 % interval, the farthest first."""
    out = [row for row in _of(board, tally) if not row.inside_outer]
    out.sort(key=lambda row: -abs(row.place))
    rows = [
        (
            row.result.study, text.name(row.result), tied(text.value(row.result, row.observed)),
            tied(text.value(row.result, row.median)), tied(text.between(row.result, row.outer)),
            "beyond" if abs(row.place) == float("inf") else f"{abs(row.place):.1f}",
        )
        for row in out
    ]  # fmt: skip
    heads = ("study", "number", "published", "simulated", "90 % interval", "half intervals off")
    return (
        Table(f"{tally.role.capitalize()}: {len(rows)} of {tally.rows} outside", heads, rows)
        if rows
        else None
    )


def _of(board: Board, tally: Tally) -> list[Scored]:
    return [row for row in board.rows if isinstance(row, Scored) and row.role == tally.role]


def checks(board: Board) -> Table:
    """The cross-endpoint checks."""
    rows = [
        (
            c.check.name, text.VERDICTS[c.verdict], text.groups(c), tied(text.effect(c)), tied(text.mean(c)),
            text.published(c),
        )
        for c in board.checks
    ]  # fmt: skip
    heads = (
        "what the reviews say",
        "simulated trials",
        "asked",
        "median (90 % interval)",
        "mean",
        "published",
    )
    held = sum(c.verdict == "holds" for c in board.checks)
    return Table(f"Cross-endpoint checks: {held} of {len(board.checks)} hold", heads, rows)


def numbers(board: Board, tally: Tally) -> Table:
    """Every scored number of a role, with the null models."""
    rows = [
        (
            row.result.study, text.name(row.result), text.printed(row), tied(text.value(row.result, row.median)),
            tied(text.between(row.result, row.inner)), tied(text.between(row.result, row.outer)),
            "yes" if row.inside_outer else "no", text.level(row), f"{row.crps:.3f}", f"{row.log_score:.2f}",
            *(tied(text.null(row, name)) for name in text.NULLS),
        )
        for row in _of(board, tally)
    ]  # fmt: skip
    heads = (
        "study", "number", "published", "simulated", "50 % interval", "90 % interval", "covered", "PIT", "CRPS",
        "log score",
        *text.NULLS.values(),
    )  # fmt: skip
    caption = f"{text.HEADINGS[tally.role]}; of null models the 90 % interval, CRPS and log score"
    return Table(caption, heads, rows)


def unscored(board: Board) -> Table:
    """Every number in a scored role that has no forecast, with the reason."""
    rows = [
        (row.result.study, text.name(row.result), legible(row.result.printed), row.role, row.reason)
        for row in board.rows
        if isinstance(row, Unscored)
    ]
    return Table("Published, not simulated", ("study", "number", "published", "role", "reason"), rows)
