"""Cross-endpoint checks: what the reviews say about how results hang together, asked of the simulated trials.

None of them was fitted as such. Where the record has numbers they stand beside; else the direction is in words only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engager.documents import DocumentError, Problem, Row, read_table
from engager.evidence import Result, Statement, statements, studies
from engager.inference.comparison import ENOUGH, Integers, Interval, interval, mean_of, members_of
from engager.patients.ensemble import PAIR
from engager.trials import NotSimulated, Tables, Trial, measured

Floats = NDArray[np.float64]

DATA = Path(__file__).parent / "data"

EXPECTED = ("below", "above", "none")
"""What an effect should be: below or above no effect, or none that matters."""

RATIOS = ("hazard_ratio", "odds_ratio")


@dataclass(frozen=True)
class Check:
    """A statement about two groups, whose effect is the first less the second (or a ratio of the two).

    Both are subgroups of an arm (``A vs B``), or the same arm's name in ``study`` and in the study ``against``. margin:
    difference of shares up to which two groups count as alike where no effect is expected, None elsewhere; because: why
    that much. rows: published rows that bear on it; said: the statement of the reviews, None where rows say it.
    """

    name: str
    study: str
    arm: str
    subgroup: str
    against: str
    endpoint: str
    statistic: str
    expected: str
    margin: float | None
    because: str
    rows: tuple[Result, ...]
    said: Statement | None

    @property
    def asks(self) -> tuple[Result, ...]:
        """The results whose difference the effect is, or the one result that is the effect."""
        cells = {
            "arm": self.arm,
            "subgroup": self.subgroup,
            "endpoint": self.endpoint,
            "statistic": self.statistic,
        }
        return tuple(Result(study=name, **cells) for name in (self.study, self.against) if name)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Checked:
    """A check and what came out.

    effect: median and 90 % interval of trials of this size. mean: mean over all simulated trials (of a ratio the
    geometric one) with the 90 % interval of that mean, which more replicates narrow.

    verdict of a direction: ``holds`` where the effect's interval lies on its side, ``leans`` where only that of the
    mean does, else ``fails``. Of no effect: ``fails`` where the mean leaves the margin or the effect's interval
    excludes none; ``leans`` where the mean lies within the margin but its interval does not; else ``holds``.
    ``open`` where it cannot be asked, for the ``reason``.
    """

    check: Check
    verdict: str
    effect: Interval | None = None
    mean: Interval | None = None
    reason: str = ""


@cache
def checks() -> list[Check]:
    """The shipped checks.

    Raises:
        DocumentError: a row or a statement that the record does not have, an expectation that is not known.
    """
    return read_checks(DATA / "checks.csv")


def read_checks(path: Path) -> list[Check]:
    """Read checks from a table; see :func:`checks`."""
    columns = tuple(Check.__dataclass_fields__)
    recorded = {row.id: row for study in studies().values() for row in study.results}
    said = {statement.statement: statement for statement in statements()}
    problems, made = [], []
    for line in read_table(path, columns, unique="name"):
        ids = [part.strip() for part in line["rows"].split(";") if part.strip()]
        wrong = [f"rows: {name!r} is not in the record" for name in ids if name not in recorded]
        if line["said"] and line["said"] not in said:
            wrong.append(f"said: the record has no statement {line['said']!r}")
        if line["expected"] not in EXPECTED:
            wrong.append(f"expected: {line['expected']!r} is not known; allowed are {', '.join(EXPECTED)}")
        if not ids and not line["said"]:
            wrong.append("rows or said: a check needs one of them")
        margin, fault = _margin(line)
        wrong += fault
        problems += [Problem(line.place, text) for text in wrong]
        if not wrong:
            cells = {
                **line.cells,
                "margin": margin,
                "rows": tuple(recorded[i] for i in ids),
                "said": said.get(line["said"]),
            }
            made.append(Check(**cells))  # type: ignore[arg-type]
    if problems:
        raise DocumentError(problems)
    return made


def _margin(line: Row) -> tuple[float | None, list[str]]:
    """The margin of a line, and what is wrong with it."""
    if line["expected"] != "none":
        stray = line["margin"] or line["because"]
        return None, ["margin and because: only a check that expects none has them"] * bool(stray)
    try:
        margin = float(line["margin"])
    except ValueError:
        margin = math.nan
    wrong = []
    if not 0 < margin < 1:
        wrong.append(f"margin: {line['margin']!r} is no difference of shares; give one above 0 and below 1")
    if not line["because"]:
        wrong.append("because: say why the margin is that much")
    if line["statistic"] in RATIOS:
        wrong.append(f"statistic: no effect is asked of differences, not of a {line['statistic']}")
    return margin, wrong


Answer = Floats | str
"""One value per replicate, or why there is none."""


def answers(trial: Trial, tables: Tables, study: str, wanted: list[Check]) -> dict[tuple[str, str], Answer]:
    """What a study's simulation says to each check that asks it, by the check's name and the study."""
    found: dict[tuple[str, str], Answer] = {}
    for check in wanted:
        for ask in check.asks:
            if ask.study == study:
                try:
                    found[check.name, study] = measured(trial, tables, ask)
                except NotSimulated as why:
                    found[check.name, study] = str(why)
    return found


def concluded(check: Check, found: Mapping[tuple[str, str], Answer], *, varied: bool) -> Checked:
    """The check's verdict from the answers of its studies.

    Args:
        varied: replicates have parameters of an ensemble.
    """
    values = []
    for ask in check.asks:
        answer = found.get((check.name, ask.study), f"{ask.study} was not simulated")
        if isinstance(answer, str):
            return Checked(check, "open", reason=answer)
        values.append(answer)
    effects = values[0]
    if len(values) == 2:
        # the same replicate of two studies has the same random patients: another one is another trial, of the same
        # member of an ensemble of parameters
        size = min(map(len, values)) // PAIR * PAIR
        order = np.arange(size).reshape(-1, PAIR)
        effects = values[0][:size] - values[1][np.roll(order, 1, axis=1).ravel()]
        varied = True  # both of a pair of replicates take part in two differences
    there = np.isfinite(effects)
    if check.statistic in RATIOS:
        there &= effects > 0  # a group without an event has no ratio
    effects, members = effects[there], members_of(len(effects), varied)[there]
    if len(effects) < ENOUGH:
        return Checked(check, "open", reason=f"only {len(effects)} replicates have both groups")
    span, mean = interval(effects), _mean(check, effects, members)
    assert span is not None and mean is not None  # all are finite
    return Checked(check, _verdict(check, span, mean), span, mean)


def _mean(check: Check, effects: Floats, members: Integers) -> Interval | None:
    """Mean of differences, geometric mean of ratios."""
    if check.statistic not in RATIOS:
        return mean_of(effects, members)
    logs = mean_of(np.log(effects), members)
    if logs is None or logs.lower is None or logs.upper is None:
        return None
    return Interval(math.exp(logs.value), math.exp(logs.lower), math.exp(logs.upper))


def _verdict(check: Check, span: Interval, mean: Interval) -> str:
    if check.margin is not None:
        return _alike(check.margin, span, mean)
    nothing = 1.0 if check.statistic in RATIOS else 0.0
    for verdict, found in (("holds", span), ("leans", mean)):
        low, high = _ends(found)
        if low > nothing if check.expected == "above" else high < nothing:
            return verdict
    return "fails"


def _alike(margin: float, span: Interval, mean: Interval) -> str:
    """The verdict of no effect: trials of this size show none, and the model's own mean is none that matters."""
    low, high = _ends(span)
    if abs(mean.value) > margin or not low <= 0 <= high:
        return "fails"
    return "holds" if max(map(abs, _ends(mean))) <= margin else "leans"


def _ends(found: Interval) -> tuple[float, float]:
    low, high = (found.value if x is None else x for x in (found.lower, found.upper))
    return low, high
