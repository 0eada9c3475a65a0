"""Regimens as the data they are read from: what is written here reads back as an equal regimen."""

from __future__ import annotations

from typing import Any

import yaml

from engager.regimens.checks import days_text, quantity_text
from engager.regimens.events import Cycle, Dose, Event, Regimen, runs
from engager.regimens.rules import Give, Hold, Pause, Premedicate, Rule, Stop


def to_data(regimen: Regimen) -> dict[str, Any]:
    """The regimen as the mapping of a file: plain dicts, lists, texts and numbers.

    Equal cycles in a row are written once, with ``repeat``; what has its default is left out.
    """
    data: dict[str, Any] = {
        "name": regimen.name,
        "cycles": [_cycle(cycle, n) for cycle, n in runs(regimen.cycles)],
        "rules": [_rule(rule) for rule in regimen.rules],
        "assumptions": list(regimen.assumptions),
        "sources": list(regimen.sources),
    }
    return {key: value for key, value in data.items() if value}


def to_yaml(regimen: Regimen) -> str:
    """The regimen as the text of a YAML file."""
    return yaml.dump(to_data(regimen), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)


def _cycle(cycle: Cycle, repeat: int) -> dict[str, Any]:
    data: dict[str, Any] = {"cycle": cycle.label, "length": _days(cycle.length)}
    if repeat > 1:
        data["repeat"] = repeat
    if cycle.doses:
        data["doses"] = [_event(event) for event in cycle.doses]
    if cycle.assess:
        data["assess"] = list(cycle.assess)
    return data


def _event(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = {"drug": event.drug}
    if isinstance(event, Dose) and event.route:
        data["route"] = event.route
    data |= {"dose": quantity_text(event.amount), "days": days_text(event.days)}
    if isinstance(event, Dose) and event.times > 1:
        data["times"] = event.times
    return _sourced(data, event.source)


def _rule(rule: Rule) -> dict[str, Any]:
    data: dict[str, Any] = {"on": rule.on}
    if isinstance(rule, Premedicate):
        data |= {"do": "premedicate", "drug": rule.drug, "dose": quantity_text(rule.amount)}
        return _sourced(data, rule.source)
    if isinstance(rule, Pause):
        data |= {"do": "pause", "every": _days(rule.every), "for": quantity_text(rule.length)}
        return _sourced(data, rule.source)
    if isinstance(rule, Give):
        data |= {"grade": rule.grade, "do": "give", "drug": rule.drug, "dose": quantity_text(rule.amount)}
        return _sourced(data, rule.source)
    if rule.grade is not None:
        data |= {"grade": rule.grade, "occurrence": rule.occurrence}
    if isinstance(rule, Stop):
        if rule.after_cycles is not None:
            data["after"] = f"{rule.after_cycles} cycle{'s' if rule.after_cycles > 1 else ''}"
        return _sourced(data | {"do": "stop"}, rule.source)
    return _sourced(data | _hold(rule), rule.source)


def _hold(rule: Hold) -> dict[str, Any]:
    data: dict[str, Any] = {"do": "hold", "for": _days(rule.days)}
    if rule.restart is not None and rule.restart_days is not None:
        data |= {"restart": quantity_text(rule.restart), "restart_for": _days(rule.restart_days)}
    if rule.restart_share != 1:
        data["restart_share"] = rule.restart_share
    return data


def _days(n: int) -> str:
    return f"{n} day{'' if n == 1 else 's'}"


def _sourced(data: dict[str, Any], source: str) -> dict[str, Any]:
    return data | {"source": source} if source else data


class _Dumper(yaml.SafeDumper):
    """Quotes every text that our reader would take for a number; PyYAML quotes only what it would itself."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    try:
        float(value)
    except ValueError:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')


_Dumper.add_representer(str, _text)
