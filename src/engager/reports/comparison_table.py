"""The table that a run prints: published beside simulated, each row with its role."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from engager.evidence.printed import legible
from engager.inference import Compared, Contrast, Interval, Summary
from engager.vocabulary import endpoints

SHARES = ("proportion", "rate_at")

RESTRICTED = ("restricted_mean", "restricted_mean_difference")
"""Statistics up to a time."""


def number(value: float | None, statistic: str, unit: str) -> str:
    """A value as the field writes it: shares as percent, months and ratios with two digits or three."""
    if value is None:
        return "–"
    if statistic in SHARES:
        return f"{100 * value:.1f} %" if abs(value) < 0.0995 else f"{100 * value:.0f} %"
    if statistic == "count":
        return f"{value:.0f}"
    if statistic == "difference":
        return f"{100 * value:+.0f} points"
    if statistic == "p_value":
        return f"{value:.3f}" if value >= 0.001 else "< 0.001"
    if statistic in ("hazard_ratio", "odds_ratio"):
        return f"{value:.2f}"
    sign = "+" if statistic == "restricted_mean_difference" else ""
    return f"{value:{sign}.1f} {'mo' if unit == 'month' else unit}"


def span(i: Interval | None, statistic: str, unit: str) -> str:
    """A simulated interval: median and bounds ('not reached' where a bound lies beyond follow-up)."""
    if i is None:
        return "not simulated"
    if i.lower is None and i.upper is None:
        return number(i.value, statistic, unit)
    low = number(i.lower, statistic, unit)
    for suffix in (" %", " mo", " points"):
        low = low.removesuffix(suffix)
    high = number(i.upper, statistic, unit) if i.upper is not None else "not reached"
    return f"{number(i.value, statistic, unit)} ({low} – {high})"


SCATTER = "SD: parameters, chance"
"""Head of the column that :func:`scatter` fills."""


def scatter(c: Compared) -> str:
    """Standard deviations of a result by parameters and by chance; '' where they cannot be told apart."""
    if c.spread is None:
        return ""
    statistic, unit = c.result.statistic, endpoints()[c.result.endpoint].unit
    parts = (c.spread.parameters, c.spread.sampling)
    if statistic in (*SHARES, "difference"):
        return "{:.1f}, {:.1f} points".format(*(100 * x for x in parts))
    digits = 2 if statistic in ("hazard_ratio", "odds_ratio") else 1
    return f"{parts[0]:.{digits}f}, {parts[1]:.{digits}f}{' mo' if unit == 'month' and digits == 1 else ''}"


def title(c: Compared) -> str:
    """Endpoint, statistic, time and subgroup of a row in words."""
    e = endpoints()[c.result.endpoint]
    statistic = c.result.statistic.replace("_", " ")
    words = e.symbol if statistic in ("proportion", "count") else f"{e.symbol}, {statistic}"
    if c.result.statistic == "rate_at" and c.result.time:
        words = f"{e.symbol} at {c.result.time}"
    elif c.result.statistic in RESTRICTED:
        words += f" within {c.result.time}"
    elif c.result.time and c.result.statistic == "proportion":
        words += f" in {c.result.time}"
    return f"{words} [{c.result.subgroup}]" if c.result.subgroup else words


def published(c: Compared) -> str:
    """What was printed, with n/N where there is one."""
    r = c.result
    unit = endpoints()[r.endpoint].unit
    if r.statistic == "p_value":
        return legible(r.printed)
    value = number(r.value, r.statistic, unit) if r.value is not None else legible(r.printed)
    return (
        f"{value} ({r.n}/{r.N})" if r.n is not None and r.N is not None and r.statistic != "count" else value
    )


def print_comparison(summary: Summary, folder: Path) -> None:
    """Print a run's results on the terminal, and where everything is."""
    console = Console(width=None if Console().is_terminal else 132)
    _heading(console, summary)
    if summary.published:
        _published(console, summary.published)
    else:
        _standard(console, summary.standard, "simulated")
    if summary.controls:
        title = "virtual control: the same patients under it, not a published comparison"
        _standard(console, summary.controls, title)
    if summary.contrasts:
        _contrasts(console, summary.contrasts, summary.trial.study or "")
    console.print(f"report  {folder / 'report.html'}", soft_wrap=True, highlight=False)
    console.print(f"tables  {folder}", soft_wrap=True, highlight=False)


def _heading(console: Console, s: Summary) -> None:
    failed = f", {len(s.failures)} failed" if s.failures else ""
    console.print(
        f"[bold]{s.trial.name}[/bold]: {s.requested:,} patients requested, {s.simulated:,} simulated{failed}; "
        f"{s.replicates} replicate{'s' if s.replicates != 1 else ''}, seed {s.seed}",
        highlight=False,
    )
    for text in s.warnings:
        console.print(f"warning: {text}", style="yellow", highlight=False, markup=False)


def _published(console: Console, rows: list[Compared]) -> None:
    table = Table(title="published against simulated (median and 90 % interval over replicates)")
    split = any(c.spread for c in rows)
    columns = (
        "endpoint",
        "arm",
        "published",
        "source",
        "simulated",
        *([SCATTER] if split else []),
        "covered",
        "role",
    )
    for name in columns:
        table.add_column(name, overflow="fold")
    for c in rows:
        if c.simulated is None or c.role == "context":
            continue
        unit = endpoints()[c.result.endpoint].unit
        simulated = span(c.simulated, c.result.statistic, unit)
        words = [
            title(c),
            c.result.arm,
            published(c),
            c.result.source,
            simulated,
            *([scatter(c)] if split else []),
        ]
        table.add_row(*map(escape, words), covered(c), c.role)
    if table.rows:
        console.print(table)
    inputs = [c for c in rows if c.simulated is not None and c.role == "context"]
    if inputs:
        _context(console, inputs)
    missing = [c for c in rows if c.simulated is None]
    if missing:
        console.print("Published, not simulated:", highlight=False)
        for c in missing:
            text = f"  {title(c)}, {c.result.arm}: {published(c)} ({c.result.source}) — {c.reason}"
            console.print(text, highlight=False, markup=False)


def _context(console: Console, rows: list[Compared]) -> None:
    console.print("Context (inputs and rows not compared): published → simulated", highlight=False)
    for c in rows:
        unit = endpoints()[c.result.endpoint].unit
        came = span(c.simulated, c.result.statistic, unit)
        why = c.result.reason or c.reason
        text = f"  {title(c)}, {c.result.arm}: {published(c)} ({c.result.source}) → {came}"
        console.print(f"{text} — {why}" if why else text, highlight=False, markup=False)


def covered(c: Compared) -> Text:
    """'yes', 'no', or '' where the question does not arise."""
    if c.covered is None:
        return Text("")
    return Text("yes", style="green") if c.covered else Text("no", style="red")


def _standard(console: Console, rows: list[Compared], title_: str) -> None:
    table = Table(title=f"{title_} (median and 90 % interval over replicates)")
    for name in ("endpoint", "arm", "simulated"):
        table.add_column(name, overflow="fold")
    for c in rows:
        unit = endpoints()[c.result.endpoint].unit
        came = span(c.simulated, c.result.statistic, unit) if c.simulated else c.reason
        table.add_row(*map(escape, (title(c), c.result.arm, came)))
    console.print(table)


def _contrasts(console: Console, rows: list[Contrast], study: str) -> None:
    table = Table(title=f"this trial against {study} as published, the same patients in both")
    for name in ("endpoint", "arm", "this trial", study, "expected difference", "in one trial", "exceeds it"):
        table.add_column(name, overflow="fold")
    for row in rows:
        r, unit = row.result, endpoints()[row.result.endpoint].unit
        verdict = Text("") if row.exceeds is None else Text("yes" if row.exceeds else "no")
        shown = (row.here, row.there, row.expected, row.difference)
        cells = [span(i, r.statistic, unit) if i else "not reached" for i in shown]
        table.add_row(*map(escape, (title(Compared(r, "", None, None)), r.arm, *cells)), verdict)
    console.print(table)
