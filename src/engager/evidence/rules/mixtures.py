"""Mixtures: strata whose denominators are not printed must still be some split of the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from engager.evidence.findings import Finding, Record
from engager.evidence.printed import read, span
from engager.evidence.record import Result, Study
from engager.evidence.rules.attainability import counts
from engager.evidence.rules.common import groups, percent

Sizes = tuple[tuple[int, int], ...]
"""Possible sizes of a group, each with the possible counts as a bit mask (bit n: n patients)."""


def splits(group: Sizes, rest: Sizes, N: int, wanted: int | None) -> list[int]:
    """The sizes that ``group`` can have when it and ``rest`` make up N patients.

    ``wanted`` masks the counts that the whole may have (None: any).
    """
    others, fits = dict(rest), []
    for size, mask in sorted(group):
        other = others.get(N - size, 0)
        if other and (wanted is None or _added(other, mask) & wanted):
            fits.append(size)
    return fits


@lru_cache(maxsize=256)
def joined(parts: tuple[Sizes, ...], N: int) -> Sizes:
    """The sizes and counts that several groups have together, up to N patients."""
    found = {0: 1}
    for part in parts:
        following: dict[int, int] = defaultdict(int)
        for size, mask in found.items():
            for more, counted in part:
                if size + more <= N:
                    following[size + more] |= _added(mask, counted)
        found = following
    return tuple(found.items())


def strata_fit(record: Record) -> Iterator[Finding]:
    """Rates of strata that no split of the whole gives, or only a split that a printed share excludes."""
    for study in record.studies:
        rows = [r for r in study.results if r.statistic == "proportion" and r.value is not None]
        key = groups(rows, lambda r: (r.arm, r.endpoint, r.source, r.place, r.cut, r.population, r.time))
        for group in key.values():
            by_name = {row.subgroup: row for row in group}
            for names in study.strata:
                if all(name in by_name for name in names):
                    yield from _mixture(study, by_name.get(""), [by_name[name] for name in names])


def _mixture(study: Study, whole: Result | None, strata: Sequence[Result]) -> Iterator[Finding]:
    N = _total(study, whole, strata[0])
    if N is None or all(_printed_counts(row) for row in strata) or (whole and _outside(whole, strata)):
        return  # with all counts printed, or a pooled rate outside its strata, the sums speak
    rounded = _mixed(study, whole, strata, N, cut_off=False)
    ids = tuple(row.id for row in ([whole] if whole else []) + list(strata))
    rates = ", ".join(percent(row.value or 0) for row in strata)
    of = f"{percent(whole.value or 0)} of {N}" if whole else f"{N} patients"
    if not _feasible(*rounded, N):
        truncated = _feasible(*_mixed(study, whole, strata, N, cut_off=True), N)
        hint = (
            "it fits when cut off instead of rounded" if truncated else _needed(study, strata, rounded[0], N)
        )
        known = whole is not None and whole.basis in ("stated", "other source") and not truncated
        message = f"no sizes of the strata with {rates} make {of}"
        yield Finding("mixture", "hard" if known else "soft", ids, message, hint)
        return
    for share, linked, implied in _implied(study, strata, *rounded, N):
        reading = read(share.printed)
        allowed = counts(share.value or 0.0, reading.step if reading else 1e-9, N)
        if not any(size in allowed for size in implied):
            message = (
                f"{of} with {rates} needs {_range(implied)} patients in {' or '.join(linked)}; "
                f"{share.what.symbol} {percent(share.value or 0)} are {_range(allowed)}"
            )
            hint = "; ".join(
                f"{row.subgroup} {_range(_sizes_of([row.subgroup], *rounded, N))}" for row in strata
            )
            yield Finding("mixture", "soft", (*ids, share.id), message, f"sizes that fit: {hint}")


def _mixed(
    study: Study, whole: Result | None, strata: Sequence[Result], N: int, *, cut_off: bool
) -> tuple[dict[str, Sizes], int | None]:
    parts: dict[str, Sizes] = {row.subgroup: _options(study, row, N, cut_off=cut_off) for row in strata}
    return parts, _whole(whole, N, cut_off=cut_off)


def _implied(
    study: Study, strata: Sequence[Result], parts: dict[str, Sizes], wanted: int | None, N: int
) -> Iterator[tuple[Result, tuple[str, ...], list[int]]]:
    first, told = strata[0], set()
    for row in study.results:
        linked = study.shares.get(row.endpoint, ())
        same = (row.arm, row.source, row.cut, row.subgroup) == (first.arm, first.source, first.cut, "")
        if not same or not linked or row.value is None or row.statistic != "proportion":
            continue
        if set(linked) < set(parts) and row.N in (N, None) and (row.endpoint, row.value) not in told:
            told.add((row.endpoint, row.value))
            yield row, linked, _sizes_of(linked, parts, wanted, N)


def _feasible(parts: dict[str, Sizes], wanted: int | None, N: int) -> bool:
    return bool(_sizes_of([next(iter(parts))], parts, wanted, N))


def _sizes_of(names: Iterable[str], parts: dict[str, Sizes], wanted: int | None, N: int) -> list[int]:
    inside = set(names)
    group = joined(tuple(part for name, part in parts.items() if name in inside), N)
    rest = joined(tuple(part for name, part in parts.items() if name not in inside), N)
    return splits(group, rest, N, wanted)


def _options(study: Study, row: Result, N: int, *, cut_off: bool) -> Sizes:
    reading, known = read(row.printed), _size(study, row)
    step = reading.step if reading else 1e-9
    found = []
    for size in range(1, N + 1) if known is None else [known]:
        fits = counts(row.value or 0.0, step, size, cut_off=cut_off)
        if row.n is not None and row.basis != "inferred":
            fits = range(row.n, row.n + 1) if row.n in fits else range(0)
        if fits:
            found.append((size, _mask(fits)))
    return tuple(found)


def _size(study: Study, row: Result) -> int | None:
    """The size of a stratum where a source prints it: with the rate, or as a count of its patients."""
    if row.N is not None and row.basis != "inferred":
        return row.N
    printed = {int(r.value) for r in _patients(study, row) if r.subgroup == row.subgroup and r.value}
    return printed.pop() if len(printed) == 1 else None


def _total(study: Study, whole: Result | None, stratum: Result) -> int | None:
    if whole is not None and whole.N is not None and whole.basis != "inferred":
        return whole.N
    printed = {int(r.value) for r in _patients(study, stratum) if not r.subgroup and r.value}
    return printed.pop() if len(printed) == 1 else None


def _patients(study: Study, row: Result) -> list[Result]:
    same = (row.arm, row.source, row.cut, row.population)
    return [
        r
        for r in study.results
        if r.endpoint == "patients" and (r.arm, r.source, r.cut, r.population) == same
    ]


def _whole(whole: Result | None, N: int, *, cut_off: bool) -> int | None:
    if whole is None:
        return None
    if whole.n is not None and whole.basis != "inferred":
        return 1 << whole.n
    reading = read(whole.printed)
    return _mask(counts(whole.value or 0.0, reading.step if reading else 1e-9, N, cut_off=cut_off))


def _outside(whole: Result, strata: Sequence[Result]) -> bool:
    spans, pooled = [s for row in strata if (s := span(row))], span(whole) or (0.0, 1.0)
    return pooled[1] < min(a for a, _ in spans) - 1e-9 or pooled[0] > max(b for _, b in spans) + 1e-9


def _printed_counts(row: Result) -> bool:
    return row.n is not None and row.N is not None and row.basis != "inferred"


def _needed(study: Study, strata: Sequence[Result], parts: dict[str, Sizes], N: int) -> str:
    told = []
    for row in strata:
        others = joined(tuple(p for name, p in parts.items() if name != row.subgroup), N)
        left, needed = {N - size for size, _ in others}, {size for size, _ in parts[row.subgroup]}
        if _size(study, row) is None and needed and not left & needed:
            share = percent(row.value or 0)
            shown = share if row.n is None else f"{row.n} as {share}"
            told.append(
                f"{row.subgroup}: {shown} needs {_range(needed)} patients, the others leave {_range(left)}"
            )
    return "; ".join(told)


def _added(a: int, b: int) -> int:
    """The sums of one count of ``a`` and one of ``b``; fast where ``b`` has few."""
    found = 0
    while b:
        lowest = b & -b
        found |= a * lowest
        b ^= lowest
    return found


def _mask(fits: range) -> int:
    return sum(1 << n for n in fits)


def _range(sizes: Collection[int]) -> str:
    if not sizes:
        return "no number of"
    return f"{min(sizes)}" if len(set(sizes)) == 1 else f"{min(sizes)} to {max(sizes)}"
