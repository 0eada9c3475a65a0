"""Patients into full blocks of lanes and back: the only place that knows about padding.

Lanes are filled up with copies of the last patient, so every block runs the same vector code and a
patient's numbers do not depend on how many others there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def blocks_for(patients: int, lanes: int) -> int:
    """Blocks that hold ``patients``."""
    return -(-patients // lanes)


def pack(values: Any, blocks: int, lanes: int) -> Any:
    """[…, patient] → [block, …, lane] in 32-bit numbers, padded to ``blocks`` full blocks."""
    array = np.asarray(values)
    number = np.int32 if array.dtype.kind in "iu" else np.float32
    patients = array.shape[-1]
    if patients > blocks * lanes:
        raise ValueError(f"{patients} patients do not fit into {blocks} blocks of {lanes}")
    padded = np.empty((*array.shape[:-1], blocks * lanes), number)
    padded[..., :patients] = array
    padded[..., patients:] = array[..., -1:]
    if array.ndim == 1:  # most are: no axis to be moved
        return padded.reshape(blocks, lanes)
    split = padded.reshape(*array.shape[:-1], blocks, lanes)
    return np.ascontiguousarray(np.moveaxis(split, -2, 0))


def unpack(values: Any, patients: int) -> Any:
    """[block, …, lane] → […, patient], padding dropped."""
    array = np.asarray(values)
    if array.ndim == 2:
        return array.reshape(-1)[:patients]
    array = np.moveaxis(array, 0, -2)
    return array.reshape(*array.shape[:-2], -1)[..., :patients]
