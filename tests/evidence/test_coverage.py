"""The proof that the record is whole: every number of both reviews has a row, or a reason why it has none."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engager.documents import read_table
from engager.evidence import Fact, Result, approvals, context, ongoing, pharmacology, sources, studies
from engager.evidence.printed import read

from .reviews import Number, cells, numbers, occurrences, passages, sentence

REVIEWS = os.environ.get("ENGAGER_SOURCES", "")
pytestmark = pytest.mark.skipif(
    not REVIEWS, reason="ENGAGER_SOURCES does not name the folder with zhao2019.txt and franquiz2020.txt"
)
EXEMPT = read_table(Path(__file__).parent / "exemptions.csv", ("source", "place", "text", "reason"))


@dataclass(frozen=True)
class Claim:
    """What an entry of the record says that it was read from.

    ``said`` are the numbers of the entry (value, bounds, n, N, time, condition). It accounts for these numbers
    within the printed text, and for those of ``also`` in the same sentence. For no others: a long printed
    text must not hide a number that nobody entered.
    """

    name: str
    source: str
    place: str
    reference: int | None
    printed: str
    nth: int | None
    said: frozenset[float]
    also: frozenset[float]

    def spots(self) -> list[tuple[str, int, int]]:
        """Every spot (passage, start, end) where the printed text stands at the place."""
        texts = passages(REVIEWS, self.source)
        found = cells(REVIEWS, self.source, self.place, self.reference)
        return [(p, *span) for p in found for span in occurrences(self.printed, self.source, texts[p])]


def _digits(*texts: str) -> Iterator[float]:
    for text in texts:
        for number in re.findall(r"\d+(?:\.\d+)?", text):
            yield float(number)


def _claim(entry: Result | Fact) -> Claim:
    if isinstance(entry, Result):
        counts = (entry.n, entry.N, entry.lower, entry.upper, entry.level)
        also = [*counts, entry.time and entry.time.value, *_digits(entry.subgroup, entry.population)]
    else:
        also = [*_digits(entry.at, entry.version)]
    where = (entry.source, entry.place, entry.reference, entry.printed, entry.nth)
    more = frozenset(x for x in also if x is not None)
    reading = read(entry.printed)
    numbers = (reading.value, reading.lower, reading.upper) if reading else ()
    return Claim(entry.id, *where, more | {x for x in numbers if x is not None}, more)


def claims() -> Iterator[Claim]:
    for study in studies().values():
        yield from map(_claim, (*study.results, *study.facts))
    yield from map(_claim, (*pharmacology(), *context()))
    for a in approvals():
        if a.printed:
            year = frozenset(_digits(a.date[:4]))
            yield Claim(f"approval {a.date}", a.source, a.place, a.reference, a.printed, None, year, year)
    for o in ongoing():
        if o.phase:
            phase = frozenset(_digits(o.phase))
            yield Claim(o.registry, o.source, o.place, None, o.phase, None, phase, frozenset())


def _accounted(entries: Iterable[Claim]) -> set[tuple[str, str, int]]:
    """(source, passage, start) of every number that an entry accounts for."""
    everything = [number for source in sources() for number in numbers(REVIEWS, source)]
    by_place: dict[tuple[str, str], list[Number]] = {}
    for number in everything:
        by_place.setdefault((number.source, number.place), []).append(number)
    found = set()
    for claim in entries:
        spots = claim.spots()
        if not spots:
            continue
        place, start, end = spots[(claim.nth or 1) - 1]
        first, last = sentence(passages(REVIEWS, claim.source)[place], start, end)
        for number in by_place.get((claim.source, place), []):
            inside = start <= number.start < end and _among(number.text, claim.said)
            beside = first <= number.start < last and _among(number.text, claim.also)
            if inside or beside:
                found.add((number.source, number.place, number.start))
    return found


def _among(text: str, numbers: frozenset[float]) -> bool:
    """Whether the number in ``text`` is one of these: as it stands, as a percentage, or in kilodaltons."""
    reading = read(text)
    if reading is None or reading.value is None:
        return False
    return any(
        abs(reading.value * size - x) < 1e-9 * max(1.0, x) for size in (1, 0.01, 1000) for x in numbers
    )


def _exempted(row_source: str, place: str, text: str) -> set[tuple[str, str, int]]:
    spans = occurrences(text, row_source, passages(REVIEWS, row_source).get(place, ""))
    return {
        (n.source, n.place, n.start)
        for n in numbers(REVIEWS, row_source)
        if n.place == place and any(a <= n.start < b for a, b in spans)
    }


@pytest.mark.parametrize("claim", [pytest.param(c, id=c.name) for c in claims()])
def test_what_is_printed_stands_at_its_place(claim: Claim) -> None:
    spots = claim.spots()
    assert spots, f"{claim.printed!r} is not in {claim.source}, {claim.place}"
    if len(spots) > 1:
        assert claim.nth, f"{claim.printed!r} stands {len(spots)} times there; say which with nth"
        assert claim.nth <= len(spots)
    else:
        assert claim.nth is None, f"{claim.printed!r} stands there once; nth says nothing"


def test_every_number_of_the_reviews_is_accounted_for() -> None:
    accounted = _accounted(claims())
    for row in EXEMPT:
        accounted |= _exempted(row["source"], row["place"], row["text"])
    left = [
        f"{n.source}, {n.place}: {n.text!r} in ...{n.around}..."
        for source in sources()
        for n in numbers(REVIEWS, source)
        if (n.source, n.place, n.start) not in accounted
    ]
    assert not left, "\n".join([f"{len(left)} numbers without a row:", *left])


@pytest.mark.parametrize("row", [pytest.param(r, id=f"{r['place']}: {r['text']}") for r in EXEMPT])
def test_exemptions_are_needed(row: dict[str, str]) -> None:
    exempted = _exempted(row["source"], row["place"], row["text"])
    assert exempted, "no number stands there"
    assert row["reason"]
    assert exempted - _accounted(claims()), "rows account for all of it"


def test_the_proof_notices_a_missing_row() -> None:
    """Of the rows whose number stands in no other entry, taking one away leaves its number uncovered."""
    entries = list(claims())
    whole = _accounted(entries)
    lost = sum(_accounted([*entries[:i], *entries[i + 1 :]]) != whole for i in range(0, len(entries), 17))
    assert lost > 0.5 * len(range(0, len(entries), 17))


def test_ids_of_trials_stand_at_their_places() -> None:
    for o in ongoing():
        texts = passages(REVIEWS, o.source)
        found = [texts[p] for p in cells(REVIEWS, o.source, o.place, None)]
        assert any(o.registry in text for text in found), o
