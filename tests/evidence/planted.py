"""How well the linter works: slips planted in true records, which are found, and what is called wrong that is not.

``python -m tests.evidence.planted`` renews the tables of docs/linter.md.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.evidence import synthetic
from tests.evidence.slips import SLIPS

from engager.evidence import Finding
from engager.evidence.findings import Record
from engager.evidence.record import ALL, VERSUS, Result
from engager.evidence.rules import RULES
from engager.evidence.rules.order import contains
from engager.evidence.rules.sums import PARTS

PAGE = Path(__file__).parents[2] / "docs" / "linter.md"
SEED, RECORDS = 1, 60
BEGIN, END = "<!-- measured -->", "<!-- end of what is measured -->"


@dataclass
class Tally:
    """What became of the slips of one kind: how many were planted, had a partner, were found, and by what."""

    planted: int = 0
    partnered: int = 0
    found: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        """Share of all planted slips that some rule found."""
        return self.found / self.planted if self.planted else 0.0

    @property
    def recall_partnered(self) -> float:
        """The same, of those that some other printed number could contradict."""
        return self.found / self.partnered if self.partnered else 0.0


@dataclass
class Measured:
    """``slips`` by kind; ``alarms`` counts the true records with such a finding, by (rule, severity)."""

    records: int
    slips: dict[str, Tally]
    alarms: Counter[tuple[str, str]]

    def caught(self, rule: str) -> int:
        """Planted slips that this rule found, alone or with others."""
        return sum(tally.rules[rule] for tally in self.slips.values())

    def alarmed(self, rule: str, severity: str) -> float:
        """Share of true records in which the rule has such a finding."""
        return self.alarms[rule, severity] / self.records


def findings(record: Record) -> set[Finding]:
    """The hard and soft findings of every rule."""
    found = (finding for rule in RULES for finding in rule(record))
    return {finding for finding in found if finding.severity in ("hard", "soft")}


def measure(seed: int, records: int, sources: tuple[str, ...]) -> Measured:
    """Plant every slip once in each of so many true records. The same seed gives the same tallies."""
    tallies = {slip.__name__: Tally() for slip in SLIPS}
    alarms: Counter[tuple[str, str]] = Counter()
    for i in range(records):
        true = synthetic.record(seed * 1_000_003 + i, sources)
        before = findings(true)
        alarms.update({(finding.rule, finding.severity) for finding in before})
        told = {(finding.rule, finding.rows, finding.message) for finding in before}
        for slip in SLIPS:
            planted = slip(Random(f"{seed}/{i}/{slip.__name__}"), true)
            if planted is None:
                continue
            new = [f for f in findings(planted[0]) if (f.rule, f.rows, f.message) not in told]
            tally = tallies[slip.__name__]
            tally.planted += 1
            tally.partnered += bool(new) or partnered(*planted)
            tally.found += bool(new)
            tally.rules.update({finding.rule for finding in new})
    return Measured(records, tallies, alarms)


def partnered(record: Record, ids: frozenset[str]) -> bool:
    """Whether a changed number stands beside any other that it could be set against.

    A number without a partner cannot be found wrong by arithmetic; one with a partner only where the slip
    leaves what the partner allows.
    """
    if any(fact.id in ids for fact in record.facts):
        return True
    rows = record.studies[0].results
    changed = [row for row in rows if row.id in ids]
    return any(row.n is not None for row in changed) or any(
        related(row, other) for row in changed for other in rows if other.id != row.id
    )


def related(a: Result, b: Result) -> bool:
    """Whether two rows say something about each other: one result, a part, an inner endpoint, a comparison."""
    arms = [set(x.arm.split(VERSUS)) for x in (a, b)]
    if "patients" in (a.endpoint, b.endpoint):
        sized = a.endpoint == b.endpoint and (a.arm == b.arm or ALL in (a.arm, b.arm))
        return sized or (a.arm == b.arm and (a.N or b.N) is not None)
    if not arms[0] & arms[1]:
        return False
    if a.endpoint == b.endpoint or (a.what.kind == "time" and b.endpoint == "follow_up"):
        return True
    parts = any(a.endpoint in (w, *p) and b.endpoint in (w, *p) for w, p in PARTS.items())
    inner = contains(a.endpoint, b.endpoint) or contains(b.endpoint, a.endpoint)
    return parts or (inner and a.statistic == b.statistic and a.population == b.population)


def both(seed: int, records: int) -> tuple[Measured, Measured]:
    """The measurement where one source prints the trial, and where two do."""
    first, *_ = synthetic.SOURCES
    return measure(seed, records, (first,)), measure(seed, records, synthetic.SOURCES)


def tables(one: Measured, two: Measured) -> str:
    """What was measured, as Markdown: by kind of slip, then by rule."""
    lines = [
        f"{one.records} true records with one source and {two.records} with two, seed {SEED}.",
        "",
        "| slip | planted | found | with a partner | found of these | two sources: found | found by (one source) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, t in one.slips.items():
        by = ", ".join(f"{rule} {n}" for rule, n in sorted(t.rules.items(), key=lambda x: (-x[1], x[0]))[:4])
        numbers = f"{t.recall:.0%} | {t.partnered} | {t.recall_partnered:.0%} | {two.slips[name].recall:.0%}"
        lines.append(f"| {name.replace('_', ' ')} | {t.planted} | {numbers} | {by or '–'} |")
    lines += ["", "| rule | slips found, one source | two sources | false alarms, hard | soft |"]
    lines.append("|---|---|---|---|---|")
    told = [*one.alarms, *two.alarms]
    names = {rule for m in (one, two) for t in m.slips.values() for rule in t.rules} | {r for r, _ in told}
    for rule in sorted(names, key=lambda name: (-one.caught(name), name)):
        hard, soft = ((one.alarmed(rule, s) + two.alarmed(rule, s)) / 2 for s in ("hard", "soft"))
        lines.append(f"| {rule} | {one.caught(rule)} | {two.caught(rule)} | {hard:.1%} | {soft:.1%} |")
    planted = [sum(t.planted for t in m.slips.values()) for m in (one, two)]
    lines += ["", f"Planted: {planted[0]} slips with one source, {planted[1]} with two."]
    return "\n".join(lines).replace("%", " %")


def page(text: str, one: Measured, two: Measured) -> str:
    """The guide's page with its tables renewed."""
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return between.sub(lambda _: f"{BEGIN}\n{tables(one, two)}\n{END}", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), *both(SEED, RECORDS)), encoding="utf-8")
