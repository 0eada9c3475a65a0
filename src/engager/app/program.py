"""What digits depend on beside the inputs: this program's code, packages and compiler options, and the processor."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from engager.engine import compiler

VERSIONS = ("jax", "jaxlib", "numpy", "scipy", "polars")
"""Packages that may change digits, or (polars) the bytes that checksums are made of."""

OPTIONS = "compiler options"

CODE = "code"

ROOMS = ("engine", "model", "outcomes", "patients", "regimens", "trials", "vocabulary")
"""Packages of engager whose code makes a patient's numbers."""

EXTENSIONS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve")
"""What of a processor the compiled program may use."""


def program() -> dict[str, str]:
    """Packages and compiler options that results depend on, by name."""
    return {**{name: version(name) for name in VERSIONS}, OPTIONS: compiler.options()}


def code() -> str:
    """Checksum of the code that makes a patient's numbers, in 12 digits, as it was when this process began: a working
    copy that was edited keeps its version."""
    return _CODE


def _checksum() -> str:
    found, home = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(path for room in ROOMS for path in (home / room).glob("[!.]*.py")):
        found.update(f"{path.relative_to(home).as_posix()}\n".encode())
        found.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()[:12]


_CODE = _checksum()


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
