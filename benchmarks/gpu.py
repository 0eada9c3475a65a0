"""The same program on a GPU, where JAX has one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks import bare
from benchmarks.race import Spread, race
from benchmarks.table import Row
from engager.engine import compiler

WHERE, PATIENTS, TOLERANCE = "GPU", 65_536, 1e-2
"""Patients, all in one block, a thread each. ``TOLERANCE``: largest difference from the processor [log10 blasts]:
rounding differs, and thresholds amplify it."""


def rows() -> Iterator[Row]:
    """Throughput on the GPU and agreement with the processor."""
    jax = compiler.jax()
    try:
        device = jax.devices("gpu")[0]
    except RuntimeError:
        yield Row(WHERE, "throughput", None, note="not measured: JAX has no GPU here")
        return
    who = bare.patients(PATIENTS)
    with jax.default_device(device):
        there = bare.compiled(who, lanes=PATIENTS)
        taken = race({"gpu": there}, 5, clock=time.perf_counter)["gpu"]
        found = there()
    with jax.default_device(jax.devices("cpu")[0]):
        apart = float(np.max(bare.difference(found, bare.compiled(who)())))
    name = device.device_kind
    yield Row.of(WHERE, "throughput", Spread.of(PATIENTS / taken), "patients/s", note=name)
    yield Row(
        WHERE, "largest difference from the processor", apart, "log10 blasts", target=TOLERANCE, at_most=True
    )
