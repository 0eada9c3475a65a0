"""A regimen in words, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from engager.regimens.checks import days_text
from engager.regimens.events import Cycle, Event, Infusion, Regimen, runs
from engager.regimens.rules import GRADES, Give, Hold, Pause, Premedicate, Rule, Stop


def describe(regimen: Regimen) -> str:
    """Title, totals, cycles with doses by day, rules, assumptions and sources, as lines of plain text."""
    return "\n".join(_lines(regimen))


def _lines(regimen: Regimen) -> Iterator[str]:
    yield regimen.name
    yield f"{_many(len(regimen.cycles), 'cycle')}, {_many(regimen.length, 'day')}"
    totals = ", ".join(
        f"{drug} {q.value:,.10g} {q.unit.symbol}{'s' if q.unit.symbol == 'course' and q.value != 1 else ''}"
        for drug, q in regimen.amount().items()
    )
    yield f"intended in all, without what the rules add or take away: {totals}"
    number = 1
    for cycle, n in runs(regimen.cycles):
        which = f"cycle {number}" if n == 1 else f"cycles {number}-{number + n - 1}"
        yield ""
        yield f"{which}: {cycle.label}, {_many(cycle.length, 'day')}{' each' if n > 1 else ''}"
        yield from _cycle_lines(cycle)
        number += n
    for title, texts in (
        ("rules", [rule_text(rule) for rule in regimen.rules]),
        ("assumptions", list(regimen.assumptions)),
        ("sources", list(regimen.sources)),
    ):
        if texts:
            yield ""
            yield title
            for text in texts:
                yield textwrap.fill(
                    text, 100, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
                )


def _cycle_lines(cycle: Cycle) -> Iterator[str]:
    rows = [(_on(event.days), _event_text(event)) for event in cycle.doses]
    if not rows:
        rows = [(_on(tuple(range(1, cycle.length + 1))), "no drug")]
    if cycle.assess:
        rows.append((_on(cycle.assess), "marrow"))
    width = max(len(days) for days, _ in rows)
    for days, text in rows:
        yield f"  {days:<{width}}  {text}"


def _on(days: tuple[int, ...]) -> str:
    return f"{'day' if len(days) == 1 else 'days'} {days_text(days)}"


def _event_text(event: Event) -> str:
    how = ", continuous infusion"
    if not isinstance(event, Infusion):
        how = {1: ", once a day", 2: ", twice a day"}.get(event.times, f", {event.times} times a day")
        if event.amount.unit.symbol == "course" and event.times == 1:
            how = ""  # a course begins on its day; "once a day" would mislead
        how = f", {event.route}{how}" if event.route else how
    source = f"  [{event.source}]" if event.source else ""
    return f"{event.drug} {event.amount}{how}{source}"


def rule_text(rule: Rule) -> str:
    """One rule as a sentence."""
    if isinstance(rule, Premedicate):
        text = f"before each rise of the dose: {rule.drug} {rule.amount}"
    elif isinstance(rule, Give):
        text = (
            f"at the first {rule.on} of grade {rule.grade} or worse of each rise: {rule.drug} {rule.amount}"
        )
    elif isinstance(rule, Pause):
        text = f"the pump stands still for {rule.length} at each change of bags, every {_many(rule.every, 'day')}"
    elif isinstance(rule, Hold):
        text = f"{_event_name(rule)}: hold for {_many(rule.days, 'day')}{_after_hold(rule)}"
    elif rule.after_cycles is not None:
        text = f"no response after {_many(rule.after_cycles, 'cycle')}: stop"
    else:
        text = f"{_event_name(rule)}: stop"
    return f"{text}  [{rule.source}]" if rule.source else text


def _event_name(rule: Hold | Stop) -> str:
    if rule.grade is None:
        return rule.on
    worse = " or worse" if rule.grade < GRADES[-1] else ""
    since = "" if rule.occurrence == 1 else f", from event {rule.occurrence} on"
    return f"{rule.on} of grade {rule.grade}{worse}{since}"


def _after_hold(rule: Hold) -> str:
    if rule.restart is not None and rule.restart_days is not None:
        text = f", then {rule.restart} for {_many(rule.restart_days, 'day')}, then the plan"
    else:
        text = ", then the plan"
    if rule.restart_share < 1:
        text += f" ({rule.restart_share:.0%} of patients; the others stop)"
    return text


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
