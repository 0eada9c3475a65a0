"""``engager calibrate`` at a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engager.app.calibrate import calibrate
from engager.app.output import print_json
from engager.app.run_commands import shown_progress
from engager.inference.fit import GOOD
from engager.patients import ensemble


def calibrate_command(json: bool = False, out: Path | None = None, **options: Any) -> None:
    """Progress on the way, then how well the targets are met, and where everything is."""
    with shown_progress("members") as progress:
        fit, folder = calibrate(out=out, progress=progress, **options)
    outside = fit.targets.filter(~fit.targets["good"]).to_dicts()
    if json:
        print_json(
            {
                "folder": str(folder), "sha256": fit.ensemble.digest, "members": len(fit.ensemble.members),
                "targets": fit.targets.to_dicts(), "parameters": fit.posterior.to_dicts(),
                "trace": fit.trace.to_dicts(), "left_out": [t.name for t in fit.left_out],
            }
        )  # fmt: skip
        return
    print(f"{fit.targets['good'].sum()} of {len(fit.targets)} targets within {GOOD:g} standard errors")
    for row in outside:
        print(
            f"  outside: {row['target']}, printed {row['printed']}, simulated {row['posterior_median']:.3g}"
        )
    for target in fit.left_out:
        print(f"  not simulated: {target.name}")
    print(f"{fit.posterior['informed'].sum()} of {len(fit.posterior)} parameters informed by the data")
    shipped = ensemble()
    if shipped.about.get("request") == fit.ensemble.about["request"]:
        same = shipped.digest == fit.ensemble.digest
        print(
            "the ensemble that is shipped" if same else f"not the ensemble that is shipped ({shipped.digest})"
        )
    print(f"ensemble  {fit.ensemble.digest}")
    print(f"folder    {folder}")
    print(f"report    {folder / 'report.html'}")
