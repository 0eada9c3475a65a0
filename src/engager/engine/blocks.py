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
    array = array.astype(np.int32 if np.issubdtype(array.dtype, np.integer) else np.float32)
    missing = blocks * lanes - array.shape[-1]
    if missing < 0:
        raise ValueError(f"{array.shape[-1]} patients do not fit into {blocks} blocks of {lanes}")
    padded = np.concatenate([array, np.repeat(array[..., -1:], missing, axis=-1)], axis=-1)
    split = padded.reshape(*array.shape[:-1], blocks, lanes)
    return np.ascontiguousarray(np.moveaxis(split, -2, 0))


def unpack(values: Any, patients: int) -> Any:
    """[block, …, lane] → […, patient], padding dropped."""
    array = np.moveaxis(np.asarray(values), 0, -2)
    return array.reshape(*array.shape[:-2], -1)[..., :patients]
