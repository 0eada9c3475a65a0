"""Words and numbers of the scoreboard, for the terminal, the page and the figure."""

from __future__ import annotations

from collections.abc import Iterator

from engager.evidence import Result
from engager.inference.checks import RATIOS, Checked
from engager.inference.comparison import Interval
from engager.inference.scoreboard import Board, Estimated, Skill, Tally
from engager.inference.validation import SCALES, Scored
from engager.reports.comparison_table import number
from engager.reports.facts import words
from engager.vocabulary import endpoints

HEADINGS = {
    "predicted": "Predicted, never fitted",
    "calibrated": "Calibrated, fitted",
    "informed": "Informed, not fitted but a structure was chosen knowing it",
}
KINDS = {"share": "shares", "rate": "rates at a time", "median": "medians", "ratio": "ratios"}
NULLS = {
    "pooled": "Pooling, other studies",
    "regression": "Regression, other studies",
    "pooled_calibrated": "Pooling, calibrated studies only",
    "regression_calibrated": "Regression, calibrated studies only",
}
VERDICTS = {"holds": "holds", "leans": "leans that way", "fails": "does not hold", "open": "cannot be asked"}


def many(n: int, what: str) -> str:
    """A number with its noun."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{n:,} {what if n == 1 else plural}"


def percent(e: Estimated) -> str:
    """A share with its interval over studies, in whole per cent."""
    text = f"{100 * e.value:.0f} %"
    return (
        text if e.lower is None or e.upper is None else f"{text}, {100 * e.lower:.0f} to {100 * e.upper:.0f}"
    )


def decimal(e: Estimated, digits: int = 2, sign: str = "") -> str:
    """A score with its interval over studies."""
    text = f"{e.value:{sign}.{digits}f}"
    if e.lower is None or e.upper is None:
        return text
    return f"{text} ({e.lower:{sign}.{digits}f} to {e.upper:{sign}.{digits}f})"


def covered(tally: Tally) -> str:
    """How many numbers of a role lie inside the 90 % interval."""
    outer = tally.coverage[-1]
    return f"{outer.inside} of {outer.rows} inside the 90 % interval ({percent(outer.share)})"


def headline(board: Board) -> list[str]:
    """What was scored and how it went, in sentences, losses included."""
    studies = {row.result.study for row in board.rows if isinstance(row, Scored)}
    scored = sum(isinstance(row, Scored) for row in board.rows)
    out = [
        f"{many(scored, 'published number')} of {many(len(studies), 'study')} are scored against "
        f"{many(board.replicates, 'simulated trial')} each, seed {board.seed}, parameters {board.parameters}"
        f"{', switched ' + ', '.join(board.switched) if board.switched else ''}; "
        f"{len(board.rows) - scored} more could not be simulated and {board.context:,} are context, never scored."
    ]
    for tally in board.tallies:
        inner = tally.coverage[0] if tally.coverage else None
        if inner:
            half = f"{inner.inside} inside the 50 % interval ({percent(inner.share)})"
            out.append(f"{HEADINGS[tally.role]}: {covered(tally)}, {half}.")
    out += [verdict(skill) for tally in board.tallies if tally.role == "predicted" for skill in tally.skill]
    return out


def verdict(s: Skill) -> str:
    """Who wins on predicted numbers, and how sure that is."""
    who = "the model is better" if s.skill.value > 0 else "the null model is better"
    low, high = s.skill.lower, s.skill.upper
    sure = ""
    if low is None or high is None:
        sure = ", on one study only"
    elif low <= 0 <= high:
        sure = ", not beyond doubt"
    return (
        f"{NULLS[s.null]}, predicted {KINDS[s.kind]}: {who}{sure} (skill {decimal(s.skill, sign='+')}, "
        f"{many(s.rows, 'number')} of {many(s.studies, 'study')})."
    )


def scale(kind: str) -> str:
    """What a kind is scored in."""
    return {**SCALES}[kind]  # type: ignore[index]


def unit(result: Result) -> str:
    """Unit of a result."""
    return endpoints()[result.endpoint].unit


def value(result: Result, x: float | None) -> str:
    """A value of the result's kind."""
    if x is None or x == float("inf"):
        return "not reached"
    return number(x, result.statistic, unit(result))


def name(result: Result) -> str:
    """What the number is, in words, with its arm."""
    return words(result) if result.arm == "all" else f"{words(result)}, {result.arm}"


def between(result: Result, ends: tuple[float, float]) -> str:
    """An interval of the result's kind."""
    low, high = (value(result, x) for x in ends)
    for suffix in (" %", " mo"):
        if high.endswith(suffix):
            low = low.removesuffix(suffix)
    return f"{low} to {high}"


def effect(checked: Checked) -> str:
    """What a check found: the effect with its interval, or why there is none."""
    return checked.reason if checked.effect is None else _effect(checked, checked.effect)


def mean(checked: Checked) -> str:
    """The mean effect over all simulated trials with the interval of the mean, and the margin that it may have."""
    if checked.mean is None:
        return ""
    margin = checked.check.margin
    return _effect(checked, checked.mean) + (f", ±{100 * margin:g} allowed" if margin else "")


def _effect(checked: Checked, found: Interval) -> str:
    if checked.check.statistic in RATIOS:
        return decimal(Estimated(found.value, found.lower, found.upper))
    points = (None if x is None else 100 * x for x in (found.value, found.lower, found.upper))
    value, low, high = points
    return f"{decimal(Estimated(value or 0.0, low, high), 1, '+')} points"


def groups(checked: Checked) -> str:
    """Which groups a check compares, and by what."""
    c = checked.check
    what = endpoints()[c.endpoint].label
    if c.against:
        return f"{what}: {c.study} less {c.against}"
    how = "ratio of hazards" if c.statistic == "hazard_ratio" else "difference"
    return f"{what}, {how}, {c.study}: {c.subgroup.replace(' vs ', ' against ')}"


def published(checked: Checked) -> str:
    """What the record prints of it, and what the reviews say in words."""
    return "; ".join(_published(checked))


def _published(checked: Checked) -> Iterator[str]:
    for row in checked.check.rows:
        yield f"{row.study}, {row.subgroup or row.arm}: {row.printed}"
    if checked.check.said:
        study = checked.check.said.study
        yield f"“{checked.check.said.statement}” ({checked.check.said.source}{f', of {study}' if study else ''})"


def printed(row: Scored) -> str:
    """The published number, with its counts where they are printed."""
    r = row.result
    counts = f" ({r.n}/{r.N})" if r.n is not None and r.N is not None else ""
    return f"{value(r, row.observed)}{counts}"


def level(row: Scored) -> str:
    """The levels of the forecast at which the number may lie."""
    low, high = row.pit
    return f"{low:.2f} to {high:.2f}"


def null(row: Scored, which: str) -> str:
    """What a null model made of a row; a dash where it gives no number."""
    found = row.nulls.get(which)
    if found is None:
        return "–"
    ends = between(row.result, (found.lower, found.upper))
    return f"{ends}; {found.crps:.3f}, {found.log_score:.2f}"
