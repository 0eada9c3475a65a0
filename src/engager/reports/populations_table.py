"""What a terminal shows of several populations: how each was made, results side by side, and what flips."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from engager.inference import Compared, Interval
from engager.inference.flips import CONTRAST, NULL, PUBLISHED, Populations, Row, Way
from engager.reports.comparison_table import number, published, span, title
from engager.reports.layout import head, table
from engager.reports.sections import many
from engager.vocabulary import endpoints

LABELS = {
    "smoother": "ensemble smoother",
    "sampling": "posterior sampling",
    "weighting": "weighting",
    "accept-reject": "accept–reject",
}

CHANCE = "chance does so too: another seed of the smoother's population also changes it"


def populations_page(found: Populations) -> RenderableType:
    """All of it, but for standard results that compare nothing and flip nothing."""
    parts: list[RenderableType] = [head("How each population was made"), _made(found.ways)]
    for question in dict.fromkeys(row.question for row in found.rows):
        rows = [row for row in found.rows if row.question == question and telling(row, found.names)]
        parts += [
            Text(""),
            head(f"{question}: median and 90 % interval of {many(found.replicates, 'replicate')}"),
        ]
        parts.append(_answers(rows, found.names))
    parts += [Text(""), head("What flips"), Text("\n".join(flips(found)) or "No conclusion flips.")]
    return Group(*parts)


def telling(row: Row, ways: list[str]) -> bool:
    """Whether a row is shown first: what is held against the record or compares, and what flips."""
    if row.kind == PUBLISHED:
        return row.role != "context"
    return row.result.statistic in NULL or bool(row.flips(*ways))


def _made(ways: list[Way]) -> RenderableType:
    shown = table("population", "members", "effective", "how", wrap="how", right=("members", "effective"))
    for way in ways:
        shown.add_row(LABELS[way.name], str(way.members), worth(way), way.problem or how(way))
    return shown


def worth(way: Way) -> str:
    """Effective sample size."""
    if not way.members:
        return "none"
    return "not known" if way.effective is None else f"{way.effective:,.0f}"


def how(way: Way) -> str:
    """How a population came about, in figures."""
    told, fits = way.told, ""
    if "mean_square" in told:
        fits = (
            f"mean squared distance from the targets {told['mean_square']:.2f}; members differ by "
            f"{told['spread']:.2f} of the prior's width"
        )
    if way.name == "sampling":
        return f"{told['draws']:,.0f} draws of Markov chains, R̂ {told['r_hat']:.3f}; {fits}"
    if way.name == "weighting":
        return f"{told['draws']:,.0f} draws, largest weight {100 * told['largest_weight']:.2g} %; {fits}"
    if way.name == "accept-reject":
        rate = f"{100 * told['acceptance']:.2g} % of {told['draws']:,.0f} draws of the prior accepted"
        wider = (
            f" with errors {told['widened']:.2f} times as large (at the printed errors "
            f"{100 * told['acceptance_at_printed_errors']:.1g} %)"
            if told["widened"] > 1
            else ""
        )
        return f"{rate}{wider}; {fits}"
    return f"simulations alone, no polynomials; {fits}"


def _answers(rows: list[Row], ways: list[str]) -> RenderableType:
    names = ["result", "published", *(LABELS[way] for way in ways), "flips"]
    shown = table(*names, wrap="|".join(names))
    for row in rows:
        came = [answer(row, row.answers[way].simulated) for way in ways]
        shown.add_row(label(row), printed(row), *came, Text("yes", style="red") if row.flips(*ways) else "")
    return shown


def label(row: Row) -> str:
    """A result in words, with its arm and, for a changed trial, that it is a difference."""
    words = f"{title(_compared(row))}, {row.result.arm}"
    return f"{words}: this trial less the published one" if row.kind == CONTRAST else words


def printed(row: Row) -> str:
    return published(_compared(row)) if row.kind == PUBLISHED else ""


def answer(row: Row, found: Interval | None) -> str:
    """A simulated interval in the row's unit."""
    statistic, unit = row.result.statistic, endpoints()[row.result.endpoint].unit
    if found is None:
        return "none"
    if row.kind == CONTRAST and statistic in ("proportion", "rate_at"):
        statistic = "difference"
    return span(found, statistic, unit) if found.lower is not None else number(found.value, statistic, unit)


def _compared(row: Row) -> Compared:
    return Compared(row.result, row.role, None, None)


def flips(found: Populations) -> list[str]:
    """Every conclusion that depends on the population, in a sentence."""
    out = []
    for row in found.rows:
        chance = found.by_chance(row)
        for name in row.flips(*found.names):
            by_way = "; ".join(
                f"{LABELS[way]} {row.answers[way].conclusions[name]}"
                for way in found.names
                if name in row.answers[way].conclusions
            )
            also = f" ({CHANCE})" if name in chance else ""
            out.append(f"{row.question}, {label(row)}: {name}: {by_way}{also}")
    return out
