"""What digits depend on beside the inputs: the packages and compiler options of this process, and its processor."""

from __future__ import annotations

import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from engager.engine import compiler

VERSIONS = ("jax", "jaxlib", "numpy", "scipy", "polars")
"""Packages that may change digits, or (polars) the bytes that checksums are made of."""

OPTIONS = "compiler options"

EXTENSIONS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve")
"""What of a processor the compiled program may use."""


def program() -> dict[str, str]:
    """Packages and compiler options that results depend on, by name."""
    return {**{name: version(name) for name in VERSIONS}, OPTIONS: compiler.options()}


@lru_cache(maxsize=1)
def processor() -> str:
    """Type of this machine's processor, as far as the compiled program sees it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    line = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "")
    flags = set(line.split())
    return " ".join([platform.machine(), *(name for name in EXTENSIONS if name in flags)])
