"""``make bench-plot``: what was measured over time, one panel a number, one line a machine."""

from __future__ import annotations

from pathlib import Path

from benchmarks.table import HISTORY, ROOT, Row, past

FIGURE = ROOT / "docs" / "images" / "benchmarks.svg"

SHOWN = (
    ("Bare integration", "compiled program (JAX)"),
    ("Bare integration", "time of JAX over that of C++"),
    ("Bare integration", "whole conduct loop"),
    ("Start-up", "simulate TOWER, 1 replicate, warm"),
)
"""(section, row) of what is drawn."""


def main(history: Path = HISTORY, to: Path = FIGURE) -> None:
    """Draw the history; SystemExit with a sentence where there is none."""
    lines = [
        line
        for line in past(history)
        if any((row["section"], row["what"]) in SHOWN and row["value"] is not None for row in line["rows"])
    ]
    if not lines:
        raise SystemExit(f"{history} has nothing to draw: run `make bench` first")
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "engager"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(SHOWN), 1, figsize=(7, 1.9 * len(SHOWN)), layout="constrained", sharex=True
    )
    labels = [f"{line['date'][:10]} {line['commit']}" for line in lines]
    machines = sorted({f"{line['machine']['processor']}, {line['machine']['cores']} cores" for line in lines})
    for panel, (section, what) in zip(axes, SHOWN, strict=True):
        for machine in machines:
            points = [
                (i, row)
                for i, line in enumerate(lines)
                if f"{line['machine']['processor']}, {line['machine']['cores']} cores" == machine
                for row in (Row(**kept) for kept in line["rows"])
                if (row.section, row.what) == (section, what) and row.value is not None
            ]
            if not points:
                continue
            x, y = [i for i, _ in points], [row.value or 0.0 for _, row in points]
            low = [
                value - (row.low if row.low is not None else value)
                for value, (_, row) in zip(y, points, strict=True)
            ]
            high = [
                (row.high if row.high is not None else value) - value
                for value, (_, row) in zip(y, points, strict=True)
            ]
            panel.errorbar(
                x, y, yerr=[low, high], marker="o", markersize=4, linewidth=1, capsize=2, label=machine
            )
            wanted, unit = points[-1][1].target, points[-1][1].unit
            if wanted is not None:
                panel.axhline(wanted, color="0.5", linestyle=":", linewidth=1)
            panel.set_ylabel(unit)
        panel.set_title(what, loc="left", fontsize=10)
        panel.margins(x=0.05)
        panel.set_ylim(0, 1.15 * panel.get_ylim()[1])
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.3)
    axes[-1].set_xticks(range(len(lines)), labels, fontsize=7, rotation=60, ha="right")
    if axes[0].get_legend_handles_labels()[0]:
        axes[0].legend(frameon=False, fontsize=8)
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to, metadata={"Date": None})
    plt.close(figure)
    print(to)
