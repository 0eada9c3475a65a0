"""``make bench``: one table of what a user waits for and how fast patients are computed, kept and written to the guide.

``python -m benchmarks`` measures everything but what takes long; names choose parts, ``large`` and ``gpu`` among them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from benchmarks import accuracy, commands, gpu, plot, scaling, speed, table, work

PARTS: dict[str, Callable[[], Iterator[table.Row]]] = {
    "bare": speed.bare_rows,
    "peers": speed.peer_rows,
    "accuracy": accuracy.rows,
    "work": work.rows,
    "scaling": scaling.rows,
    "start": commands.start_rows,
    "size": scaling.size_rows,
    "commands": commands.long_rows,
    "large": scaling.large_rows,
    "gpu": gpu.rows,
}
APART = ("large", "gpu")
"""Parts that are only measured when they are named."""


def main(names: list[str]) -> None:
    """Measure the named parts (all but those apart if none is), print them, keep them, write the page."""
    if names == ["plot"]:
        plot.main()
        return
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)} and plot")
    facts = table.machine()
    print(
        f"{facts['processor']}, {facts['cores']} cores, load {facts['load'][:1]}; medians, middle half in brackets"
    )
    rows: list[table.Row] = []
    for name in names or [name for name in PARTS if name not in APART]:
        begun = time.perf_counter()
        found = list(PARTS[name]())
        print(
            f"\n{found[0].section} ({time.perf_counter() - begun:.0f} s to measure)\n{table.printed(found)}",
            flush=True,
        )
        rows += found
    table.keep(rows)
    table.PAGE.write_text(table.page(table.past()), encoding="utf-8")
    print(f"\nkept in {table.HISTORY}, written to {table.PAGE}")


if __name__ == "__main__":
    main(sys.argv[1:])
