"""Random numbers that belong to a person, not to an order of calls.

A stream is named by (seed, purpose, replicate); patient i owns position i of it. Patient 17 therefore
draws the same numbers alone, in a batch of a million, on any machine, and whatever else was drawn.
This is the only file that may use ``numpy.random``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Draw = Callable[[str], Floats]
"""A purpose → uniform draws of the patients at hand."""


def uniform(seed: int, purpose: str, replicate: int, patients: range) -> Floats:
    """Uniform draws in (0, 1) of consecutive ``patients`` (range of step 1), shape (len(patients),)."""
    name = f"{seed}\x1f{purpose}\x1f{replicate}".encode()
    key = int.from_bytes(hashlib.blake2b(name, digest_size=16).digest(), "little")
    bits = np.random.Philox(key=key)
    bits.advance(patients.start // 4)  # one step of the counter yields four draws
    skipped = patients.start % 4
    raw = bits.random_raw(skipped + len(patients))[skipped:]
    return (np.asarray(raw >> np.uint64(11), np.float64) + 0.5) * 2.0**-53


def derived(seed: int, purpose: str) -> int:
    """A seed for ``purpose`` within what belongs to ``seed``."""
    name = f"{seed}\x1f{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=7).digest(), "little")


def draws(seed: int, room: str, replicate: int, patients: range) -> Draw:
    """Uniform draws by purpose for one group of patients; ``room`` keeps purposes of different rooms apart."""
    return lambda purpose: uniform(seed, f"{room}/{purpose}", replicate, patients)


def to_normal(u: Floats) -> Floats:
    """Uniform draws turned standard normal."""
    return np.asarray(ndtri(u), np.float64)


def to_exponential(u: Floats) -> Floats:
    """Uniform draws turned exponential with mean 1."""
    return -np.log(u)
