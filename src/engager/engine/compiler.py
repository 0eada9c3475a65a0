"""JAX, set up once and as late as possible: compiler options, float32, persistent compilation cache.

The options below are the difference between a loop that runs as one piece of vector code and one that is
dispatched operation by operation. They are undocumented and bound to the jaxlib version that
``pyproject.toml`` pins; an unknown one would abort the process, so they are left out for any other version.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

PINNED = "0.10.2"
"""jaxlib version for which the options were measured."""

OPTIONS = (
    "--xla_cpu_prefer_vector_width=512",
    "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=100000000"
    ",xla_cpu_disable_loop_unrolling=true",
)


def cache_folder() -> Path:
    """Where compiled programs are kept between processes: ``$ENGAGER_CACHE`` or the user's cache folder."""
    base = os.environ.get("ENGAGER_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "engager"


@cache
def jax() -> Any:
    """The ``jax`` module, configured. The first call imports it (about a second); warns where JAX has been at work in
    this process before, so that its compiler can no longer be told anything."""
    _set_options()
    module: Any = import_module("jax")

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        module.config.update("jax_compilation_cache_dir", str(folder))
        module.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    except OSError as error:
        warnings.warn(f"no compilation cache: {folder} cannot be made ({error.strerror})", stacklevel=2)
    return module


def options() -> str:
    """XLA's options as they are in force, or will be once JAX is at work."""
    given = os.environ.get("XLA_FLAGS", "")
    if version("jaxlib") != PINNED or _at_work():
        return given
    return " ".join([given, *_lacking(given)]).strip()


def _lacking(given: str) -> list[str]:
    """Our options that ``given`` ones do not set."""
    names = {option.split("=")[0] for option in given.split()}
    return [option for option in OPTIONS if option.split("=")[0] not in names]


def _at_work() -> bool:
    """Whether XLA has read its options: it does once, when JAX first looks for devices, not when it is imported."""
    bridge = sys.modules.get("jax._src.xla_bridge")  # nothing public tells
    return bridge is not None and bool(bridge.backends_are_initialized())


def _set_options() -> None:
    installed = version("jaxlib")
    if installed != PINNED:
        warnings.warn(
            f"jaxlib {installed} is installed, {PINNED} is what engager was tuned for: "
            "results stay the same within rounding, but runs may be several times slower",
            stacklevel=3,
        )
        return
    if _at_work():
        if lacking := _lacking(os.environ.get("XLA_FLAGS", "")):
            warnings.warn(
                "JAX was at work in this process before engager, whose compiler options cannot be set any more: "
                "results stay the same within rounding, but runs may be several times slower; let engager compute "
                f"first, or start with XLA_FLAGS='{' '.join(lacking)}'",
                stacklevel=3,
            )
        return
    os.environ["XLA_FLAGS"] = options()
