"""What each drug does in the model, as a table: from a plan's doses to the levels that the equations take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engager.documents import DocumentError, Problem, near, read_table
from engager.regimens import Day
from engager.vocabulary import Quantity, drugs, unit

DATA = Path(__file__).parent / "data"

LEVELS = (
    "chemo",
    "inotuzumab",
    "inotuzumab_m2",
    "depot",
    "depot_m2",
    "tki",
    "t315i",
    "pomp",
    "intrathecal",
    "rituximab",
    "donor",
    "steroid",
)
"""What adds up over the drugs of a day: units of chemotherapy, inotuzumab [mg and mg/m²], engager under the skin [µg
and µg/m²], levels relative to a usual dose [1], 1 where dexamethasone acts."""

AMOUNTS = {"inotuzumab": 1e-3, "depot": 1.0}
"""Effects that take the amount given on the day itself, with the size of 1 µg in their unit."""

FACTORS = ("function", "exhaustion", "recovery", "release")
"""What multiplies over the drugs of a day (1 without any)."""

EFFECTS = ("chemotherapy", *LEVELS[1:], *FACTORS, "nothing")


@dataclass(frozen=True)
class Therapy:
    """One effect of one drug.

    ``parameter`` gives its size at level 1 ('' is 1), ``usual`` the dose that is level 1 ('' for what is
    given in courses), ``lasts`` for how long a dose acts ('' is its day); all three by the parameter's name.
    """

    drug: str
    effect: str
    parameter: str
    usual: str
    lasts: str


@cache
def therapies() -> list[Therapy]:
    """The table. Raises DocumentError with every drug or effect that is not known."""
    rows = read_table(DATA / "therapies.csv", tuple(Therapy.__dataclass_fields__))
    problems = []
    for row in rows:
        if row["drug"] not in drugs():
            problems.append(
                Problem(row.place, f"{row['drug']!r} is not a drug; {near(row['drug'], drugs())}")
            )
        if row["effect"] not in EFFECTS:
            problems.append(
                Problem(row.place, f"{row['effect']!r} is no effect; {near(row['effect'], EFFECTS)}")
            )
    if problems:
        raise DocumentError(problems)
    return [Therapy(**row.cells) for row in rows]


def parameters_of_regimens() -> set[str]:
    """Population parameters that regimens are lowered with."""
    return {name for t in therapies() for name in (t.parameter, t.usual, t.lasts) if name} | {"further_lines"}


def levels(days: Iterable[Day], v: Mapping[str, float], units: Mapping[str, str]) -> list[dict[str, float]]:
    """What acts on each day of a plan, by the names of ``LEVELS`` and ``FACTORS``.

    Args:
        v: population medians by parameter name.
        units: the unit of each of these parameters.

    Raises:
        DocumentError: drugs without an effect in the table, and doses that its unit does not fit.
    """
    plan = list(days)
    out = [{**dict.fromkeys(LEVELS, 0.0), **dict.fromkeys(FACTORS, 1.0)} for _ in plan]
    strongest: dict[tuple[int, Therapy], float] = {}
    for i, day in enumerate(plan):
        for drug, amount in day.doses:
            for therapy in _effects(drug):
                last = i + round(v[therapy.lasts]) if therapy.lasts else i + 1
                level = _level(therapy, amount, v, units)
                if therapy.effect == "chemotherapy" or therapy.effect in AMOUNTS:
                    out[i][_column(therapy, amount)] += level
                    continue
                for j in range(i, min(last, len(plan))):  # a dose renews what the one before left
                    strongest[j, therapy] = max(strongest.get((j, therapy), 0.0), level)
    for (j, therapy), level in strongest.items():
        size = v[therapy.parameter] if therapy.parameter else 1.0
        if therapy.effect in FACTORS:
            out[j][therapy.effect] *= max(1 + min(level, 1.0) * (size - 1), 0.0)
        elif therapy.effect == "steroid":
            out[j]["steroid"] = 1.0
        elif therapy.effect != "nothing":
            out[j][therapy.effect] += level * size
    return out


def _effects(drug: str) -> list[Therapy]:
    found = [therapy for therapy in therapies() if therapy.drug == drug]
    if not found:
        known = dict.fromkeys(therapy.drug for therapy in therapies())
        raise DocumentError(
            f"{drug}: the model gives it no effect yet, so it cannot be simulated; {near(drug, known)}"
        )
    return found


def _column(therapy: Therapy, amount: Quantity) -> str:
    if therapy.effect == "chemotherapy":
        return "chemo"
    return f"{therapy.effect}_m2" if ("area", -1) in amount.unit.dimension else therapy.effect


def _level(therapy: Therapy, amount: Quantity, v: Mapping[str, float], units: Mapping[str, str]) -> float:
    if therapy.effect in AMOUNTS:
        return amount.canonical * AMOUNTS[therapy.effect]  # canonical mass is µg
    if therapy.effect == "chemotherapy" and not therapy.usual:
        return amount.value * v[therapy.parameter]
    if not therapy.usual:
        return 1.0
    usual = unit(units[therapy.usual])
    if usual.dimension != amount.unit.dimension:
        raise DocumentError(
            f"{therapy.drug}: {amount} cannot be compared with its usual dose, which is in {usual.symbol}"
        )
    return amount.canonical / (v[therapy.usual] * usual.size)
