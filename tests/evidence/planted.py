"""How well the linter works: slips planted in true records, which are found, and what is called wrong that is not.

``python -m tests.evidence.planted`` renews the tables of docs/linter.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.evidence import synthetic
from tests.evidence.slips import SLIPS

from engager.evidence import Finding
from engager.evidence.findings import Record
from engager.evidence.printed import read
from engager.evidence.record import ALL, VERSUS, Result
from engager.evidence.rules import RULES
from engager.evidence.rules.attainability import counts
from engager.evidence.rules.common import WHOLE
from engager.evidence.rules.sums import PARTS

PAGE = Path(__file__).parents[2] / "docs" / "linter.md"
SEED, RECORDS = 1, 50
BEGIN, END = "<!-- measured -->", "<!-- end of what is measured -->"


@dataclass
class Tally:
    """What became of the slips of one kind.

    How many were planted and found; how many of them an equation contradicts (see ``pinned``); by what.
    """

    planted: int = 0
    found: int = 0
    pinned: int = 0
    found_pinned: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        """Share of all planted slips that some rule found."""
        return self.found / self.planted if self.planted else 0.0

    @property
    def recall_pinned(self) -> float:
        """The same, of those that an equation contradicts; NaN where there are none."""
        return self.found_pinned / self.pinned if self.pinned else float("nan")


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
            tally.found += bool(new)
            if pinned(true, *planted):
                tally.pinned += 1
                tally.found_pinned += bool(new)
            tally.rules.update({finding.rule for finding in new})
    return Measured(records, tallies, alarms)


def pinned(true: Record, record: Record, ids: frozenset[str]) -> bool:
    """Whether an equation between printed numbers speaks against a slip, rounding aside.

    The equations: n/N beside its percentage; one result printed twice; a number of patients printed as another
    row's N or as part of a total; parts and their whole; responders and responses; counts of both arms beside
    their p value; what the drug's numbers say about each other. Everything else only bounds a number from one
    side or both, so that a slip may stay within what is possible.
    """
    if any(fact.id in ids for fact in record.facts):
        return True
    rows, before = record.studies[0].results, {row.id: row for row in true.studies[0].results}
    changed = [row for row in rows if row.id in ids]
    return any(
        _equated(row, rows, printed=row.value != before[row.id].value)
        or (len(ids) == 1 and _counted(row, rows))
        for row in changed
    )


def _equated(row: Result, rows: Sequence[Result], *, printed: bool) -> bool:
    """Whether another row must say the same, or adds up with this one; only a ``printed`` value can differ."""
    others = [r for r in rows if r.id != row.id]
    same = [r for r in others if (r.arm, r.subgroup, r.source) == (row.arm, row.subgroup, row.source)]
    if row.statistic == "p_value":
        shares = [r for r in others if r.endpoint == row.endpoint and r.statistic == "proportion"]
        return set(row.arm.split(VERSUS)) <= {r.arm for r in shares if r.source == row.source}
    if not printed:
        return False
    if any(_names(r) == _names(row) for r in others):
        return True
    if row.endpoint == "patients":
        totals = {r.arm for r in (row, *others) if r.endpoint == "patients" and r.source == row.source}
        return ALL in totals or any(r.N is not None and r.population == row.population for r in same)
    known = {r.endpoint for r in same if r.population == row.population and r.statistic == row.statistic}
    wholes = [(whole, *parts) for whole, parts in PARTS.items() if row.endpoint in (whole, *parts)]
    return row.statistic == "proportion" and any(set(names) <= known | {row.endpoint} for names in wholes)


def _counted(row: Result, rows: Sequence[Result]) -> bool:
    """Whether a row's n and N contradict its percentage beyond rounding, or its N those whom it counts.

    Not asked of rows that were exchanged: there n and N went with the percentage.
    """
    reading = read(row.printed)
    if row.n is None or reading is None or row.value is None:
        return False
    whom = (row.arm, row.subgroup, row.source, row.population)
    sizes = {
        int(r.value or 0)
        for r in rows
        if r.endpoint == "patients" and (r.arm, r.subgroup, r.source, r.population) == whom
    }
    N = row.N if row.N is not None else min(sizes, default=None)
    if N is None:
        return False
    return row.n not in counts(row.value, reading.step, N) or bool(sizes - {N})


def _names(row: Result) -> tuple[object, ...]:
    whom = row.population if row.population not in WHOLE else ""
    return row.arm, row.subgroup, row.endpoint, row.statistic, row.time, whom


def both(seed: int, records: int) -> tuple[Measured, Measured]:
    """The measurement where one source prints the trial, and where two do."""
    first, *_ = synthetic.SOURCES
    return measure(seed, records, (first,)), measure(seed, records, synthetic.SOURCES)


def tables(one: Measured, two: Measured) -> str:
    """What was measured, as Markdown: by kind of slip, then by rule."""
    lines = [
        f"{one.records} true records with one source and {two.records} with two, seed {SEED}.",
        "",
        "| slip | planted | found | contradicted | found of these | two sources: found | found by (one source) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, t in one.slips.items():
        by = ", ".join(f"{rule} {n}" for rule, n in sorted(t.rules.items(), key=lambda x: (-x[1], x[0]))[:4])
        of_these = f"{t.recall_pinned:.0%}" if t.pinned else "–"
        numbers = f"{t.recall:.0%} | {t.pinned} | {of_these} | {two.slips[name].recall:.0%}"
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
