"""A calibration and a study of sensitivity made by hand, as the program leaves and ships them."""

import json
from pathlib import Path

import numpy as np
import polars as pl

from engager.inference.basis import basis
from engager.inference.fit import fit_of
from engager.inference.prior import prior
from engager.inference.targets import targets
from engager.patients import Ensemble, rivalries, write_ensemble

MEMBERS = 40


def fitted(folder: Path) -> str:
    """Tables of a fit in which half of the parameters are narrowed; returns the hash of its ensemble."""
    known, wanted, rng = prior(), targets(), np.random.default_rng(1)
    before = known.sample(MEMBERS, 1)
    narrow = np.where(np.arange(len(known.names)) % 2, 0.4, 1.0)
    after = known.centre + narrow * (before - known.centre)
    observed = np.array([t.observed for t in wanted])
    shown = [observed + s * rng.standard_normal((MEMBERS, len(wanted))) for s in (0.9, 0.3)]
    error = np.diag(np.full(len(wanted), 0.04))
    values = np.array([list(known.values(z).values()) for z in after])
    made = Ensemble(tuple(known.names), values, {"request": {"members": MEMBERS, "steps": 1, "seed": 1}})
    fit = fit_of(known, made, wanted, [], error, [before, after], shown)
    folder.mkdir(parents=True)
    write_ensemble(made, folder)
    for name in ("targets", "posterior", "trace"):
        getattr(fit, name).write_csv(folder / f"{name}.csv")
    return made.digest


def moved(folder: Path) -> pl.DataFrame:
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
    effects = pl.DataFrame(rows)
    effects.write_csv(folder / "effects.csv")
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
    return effects
