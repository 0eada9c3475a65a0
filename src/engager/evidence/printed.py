"""What a printed number says: its value, its bounds, and how finely it was printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engager.evidence.record import Cells

_WORDS = {
    "no": 0, "all": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SHARES = {
    "half": 1 / 2, "a third": 1 / 3, "one-third": 1 / 3, "two-thirds": 2 / 3, "one-quarter": 1 / 4,
}  # fmt: skip
_NUMBER = r"\d+(?:\.\d+)?"
_POWER = re.compile(r"\b10-(\d)(?!\d|\.)")
_RANGE = re.compile(rf"({_NUMBER})\s?%?(?:-|\sto\s)({_NUMBER})")
_PERCENT = re.compile(rf"([<>]?)\s?({_NUMBER})\s?\\?%")
_PLAIN = re.compile(rf"([<>]?)\s?({_NUMBER})")
_RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BOUNDS = {
    "≥": r"≥|at least",
    "≤": r"≤|\bup to\b|within|at most",
    ">": r">|more than|\b(?:over|above)\b|older than",
    "<": r"<|less than|younger than|below",
}
COUNTED = 1e-4
"""How finely the value of a proportion is entered of which only n and N are printed."""


@dataclass(frozen=True)
class Reading:
    """A printed number as numbers. ``step`` is the size of its last digit; percentages are given as 0–1."""

    value: float | None
    lower: float | None
    upper: float | None
    step: float
    percent: bool


@lru_cache(maxsize=4096)
def read(text: str) -> Reading | None:
    r"""Read "34%", "91/271 [34%]", "7.7 m", "<0.001", "565–771", "10−9 M", "Twenty-four", "two-thirds".

    None if there is no number.

    Of several numbers a percentage wins, then a range, then the first one. "All" patients are 1, the whole
    share. Kilodaltons are given in g/mol. A power may also stand as TeX: "\geq 10^{-3}", thousands with a comma.
    """
    plain = re.sub("[−–—]", "-", text).replace("≥", ">").replace("≤", "<")
    plain = plain.replace(r"\geq", ">").replace(r"\leq", "<").replace("^{-", "-").replace("}", "")
    plain = re.sub(r"less than|younger than|within|\bup to\b", "<", plain, flags=re.IGNORECASE)
    plain = re.sub(r"more than|\b(?:over|above)\b|at least", ">", plain, flags=re.IGNORECASE)
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", plain)
    kilo = 1000.0 if re.search(r"\bkDa\b|kilodalton", plain) else 1.0
    power = _POWER.search(plain)
    if power:
        value = 10.0 ** -int(power.group(1))
        return _reading(plain[: power.start()].strip()[-1:], value, value, percent=False)
    ranged = _RANGE.search(plain)
    percent = _PERCENT.search(plain)
    if ranged and (not percent or percent.start(2) in (ranged.start(1), ranged.start(2))):
        size = 0.01 if percent else 1.0
        low, high = (float(x) * size for x in ranged.groups())
        return Reading(None, low, high, _step(ranged.group(1)) * size, bool(percent))
    found = percent or _PLAIN.search(plain)
    if found:
        size = 0.01 if percent else kilo
        step = _step(found.group(2)) * size
        return _reading(found.group(1), float(found.group(2)) * size, step, percent=bool(percent))
    return _in_words(plain)


def legible(text: str) -> str:
    r"""A printed text without TeX: "\geq 10^{-3}" is "≥ 10⁻³"."""
    for tex, sign in ((r"\geq", "≥"), (r"\leq", "≤"), (r"\times", "×"), (r"\%", "%"), ("$", "")):
        text = text.replace(tex, sign)
    return re.sub(r"\^\{([^}]*)\}", lambda power: power[1].translate(_RAISED), text)


def bound(text: str) -> str:
    """How a printed bound is meant: "<", ">", "≤" or "≥"; '' where the text is none."""
    plain = legible(text)
    for sign, words in _BOUNDS.items():
        if re.search(words, plain, flags=re.IGNORECASE):
            return sign
    return ""


def _reading(sign: str, value: float, step: float, *, percent: bool) -> Reading:
    if sign == "<":
        return Reading(None, None, value, step, percent)
    if sign == ">":
        return Reading(None, value, None, step, percent)
    return Reading(value, None, None, step, percent)


def _step(digits: str) -> float:
    return 10.0 ** -len(digits.partition(".")[2])


def _in_words(text: str) -> Reading | None:
    share = re.match(rf"([<>]?)\s?({'|'.join(_SHARES)})\b", text, flags=re.IGNORECASE)
    if share:
        value = _SHARES[share.group(2).casefold()]
        return _reading(share.group(1), value, 0.1, percent=False)
    word = re.match(r"([<>]?)\s?([A-Za-z]+(?:-[A-Za-z]+)?)", text)
    parts = word.group(2).casefold().split("-") if word else []
    if word is None or any(part not in _WORDS for part in parts):
        return None
    percent = text[word.end() :].strip().startswith("percent")
    size = 0.01 if percent else 1.0
    return _reading(word.group(1), sum(_WORDS[part] for part in parts) * size, size, percent=percent)


def disagreement(printed: str, value: float | None, lower: float | None, upper: float | None) -> str | None:
    """Half a sentence when ``printed`` does not say the numbers that were entered; None when it does.

    "from 11 to 44%" are two values and no range: a row enters one of them.
    """
    reading = read(printed)
    if reading is None:
        return f"{printed!r} holds no number"
    if printed.startswith("from ") and value is not None and lower is None and upper is None:
        ends = [x for x in (reading.lower, reading.upper) if x is not None]
        if any(abs(end - value) < 1e-9 for end in ends):
            return None
    for name, said, entered in (
        ("value", reading.value, value),
        ("lower", reading.lower, lower),
        ("upper", reading.upper, upper),
    ):
        if said is not None and (entered is None or abs(said - entered) > 1e-9 * max(1.0, abs(said))):
            return f"{printed!r} says {name} {said:g}, entered is {'nothing' if entered is None else entered}"
    if reading.value is None and value is not None:
        return f"{printed!r} is a bound, entered is the value {value:g}"
    return None


def row_disagreement(row: Cells) -> str | None:
    """As :func:`disagreement`; a proportion may also print its n alone ("12 patients", n 12 of N 15)."""
    return None if _counted(row) else disagreement(row.printed, row.value, row.lower, row.upper)


def _counted(row: Cells) -> bool:
    if row.statistic != "proportion" or row.value is None or row.n is None or row.N is None:
        return False
    reading = read(row.printed)
    printed_n = reading is not None and not reading.percent and reading.value == row.n
    return printed_n and abs(row.value - row.n / row.N) <= COUNTED / 2


def span(row: Cells) -> tuple[float, float] | None:
    """The true values that print as this row's value by rounding (exactly it, where nothing is printed).

    None for a row without a value. Percentages come as 0–1.
    """
    if row.value is None:
        return None
    reading = read(row.printed) if row.printed else None
    half = reading.step / 2 if reading else 0.0
    if _counted(row):
        half = COUNTED / 2
    if row.statistic == "count":
        half = 0.0
    return row.value - half, row.value + half


def apart(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether no value prints as both. Intervals that only touch are apart (11 % and 12 % share 11.5 %)."""
    gap = max(a[0], b[0]) - min(a[1], b[1])
    points = a[0] == a[1] and b[0] == b[1]
    return gap > 1e-12 if points else gap > -1e-9
