"""A study of sensitivity made by hand, as the program leaves it and ships it."""

import json
from pathlib import Path

import polars as pl

from engager.inference.basis import basis
from engager.inference.prior import prior
from engager.inference.targets import targets
from engager.patients import rivalries


def effects(folder: Path) -> pl.DataFrame:
    """Tables of a study of sensitivity; parameter i moves target i by 10/(i + 1), the last does nothing; returns the
    effects."""
    names, wanted = prior().names, [t.name for t in targets()]
    rows = []
    for i, name in enumerate(names):
        for j, target in enumerate(wanted):
            mu = 10.0 / (i + 1) if j == i % len(wanted) and i < len(names) - 1 else 0.05
            rows.append(
                {"parameter": name, "target": target, "mu": mu, "mu_star": mu, "sigma": 0.1, "floor": 0.1}
            )
    folder.mkdir(parents=True)
    table = pl.DataFrame(rows)
    table.write_csv(folder / "effects.csv")
    one = {
        "parameter": names[0],
        "targets": 1,
        "strongest": wanted[0],
        "mu_star": 10.0,
        "spread": 0.1,
        "role": "x",
    }
    pl.DataFrame([one]).write_csv(folder / "parameters.csv")
    sobol = {"target": wanted[0], "predicted": 0.9, "parameter": names[0], "first": 0.5, "total": 0.6}
    pl.DataFrame([sobol]).write_csv(folder / "sobol.csv")
    pl.DataFrame([{"parameter": names[0], "other": names[1], "correlation": 0.5}]).write_csv(
        folder / "pairs.csv"
    )
    out = ["nothing", *(name for pair in rivalries() for name in pair)]
    rivals = [
        {"out": name, "stage": stage, "misfit": 50.0 + i, "targets": len(wanted), "moved": 1.0, "outside": i,
         "most": wanted[i]}
        for stage in ("shipped", "refitted")
        for i, name in enumerate(out)
    ]  # fmt: skip
    pl.DataFrame(rivals).write_csv(folder / "rivals.csv")
    by_target = {"out": out[1], "stage": "shipped", "target": wanted[0], "z": 1.0, "change": 0.5}
    pl.DataFrame([by_target]).write_csv(folder / "rival_targets.csv")
    about = {"request": {"seed": 1}, "inputs": basis(), "engager": "0"}
    (folder / "about.json").write_text(json.dumps(about))
    return table
