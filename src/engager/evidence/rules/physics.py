"""Physics: what the drug's numbers say about each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from engager.evidence.findings import Finding, Record, Severity
from engager.evidence.record import Fact
from engager.vocabulary import unit


def _named(record: Record, name: str) -> list[Fact]:
    """Facts of this name, one for each distinct pair of bounds."""
    found = {(fact.low, fact.high, fact.at): fact for fact in reversed(record.facts) if fact.name == name}
    return list(reversed(found.values()))


def steady_state(record: Record) -> Iterator[Finding]:
    """C_ss = R/CL. Hard where the concentration names its dose, soft where it may be another dose."""
    rates = _named(record, "infusion_rate")
    for level in _named(record, "steady_state_concentration"):
        meant = [rate for rate in rates if level.at and rate.at == level.at] or rates
        for clearance in _named(record, "clearance"):
            if not meant:
                continue
            least, most = min(meant, key=lambda f: f.low), max(meant, key=lambda f: f.high)
            low, high = least.low / clearance.high, most.high / clearance.low
            if low <= level.high and high >= level.low:
                continue
            near, edge = (most, high) if high < level.low else (least, low)
            message = (
                f"{_text(near)} / {_text(clearance)} = {edge / unit('pg/mL').size:.0f} pg/mL, "
                f"not {_text(level)}"
            )
            hint = (
                f"it takes {_both(level.low * clearance.low, level.high * clearance.high, 'µg/day', '.1f')}, "
                f"or at {_text(near)} a clearance of "
                f"{_both(near.low / level.high, near.high / level.low, 'L/h', '.2f')}"
            )
            severity: Severity = "hard" if level.at and near.at == level.at else "soft"
            yield Finding("steady state", severity, (near.id, clearance.id, level.id), message, hint)


def half_life(record: Record) -> Iterator[Finding]:
    """t½ = ln 2 · V/CL outside the printed half-life."""
    for printed in _named(record, "half_life"):
        for volume in _named(record, "volume"):
            for clearance in _named(record, "clearance"):
                low = math.log(2) * volume.low / clearance.high
                high = math.log(2) * volume.high / clearance.low
                if low > printed.high or high < printed.low:
                    hours = low / unit("h").size
                    message = (
                        f"ln 2 · {_text(volume)} / {_text(clearance)} = {hours:.2f} h, not {_text(printed)}"
                    )
                    yield Finding("half-life", "hard", (volume.id, clearance.id, printed.id), message)


def cycle(record: Record) -> Iterator[Finding]:
    """Infusion and drug-free interval that do not make up the cycle."""
    for whole in _named(record, "cycle_length"):
        for on in (fact for fact in _named(record, "infusion_length") if not fact.at):
            for off in _named(record, "drug_free_interval"):
                if not math.isclose(on.low + off.low, whole.low):
                    message = f"{_text(on)} + {_text(off)} is not {_text(whole)}"
                    yield Finding("cycle", "hard", (on.id, off.id, whole.id), message)


def _text(fact: Fact) -> str:
    size = unit(fact.unit).size
    low, high = fact.low / size, fact.high / size
    return f"{low:g} {fact.unit}" if low == high else f"{low:g}–{high:g} {fact.unit}"


def _both(low: float, high: float, symbol: str, digits: str) -> str:
    size = unit(symbol).size
    return f"{low / size:{digits}}–{high / size:{digits}} {symbol}"
