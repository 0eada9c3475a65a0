"""The commands that say how far the model can be trusted: fit, scoreboard, sensitivity, populations, dossier.

As in :mod:`engager.app.cli`, functions import what they need when they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engager.app.console import Json, group, job
from engager.app.log import Log
from engager.app.options import Processes, Scheduler, Workers

credibility = group("")


@credibility.command()
@job
def calibrate(
    members: Annotated[int, typer.Option(help="Parameter sets in the ensemble.")] = 224,
    steps: Annotated[int, typer.Option(help="Times that the data are assimilated.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 1,
    study: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STUDY", help="Fit to this study only; may be repeated.", show_default="all that may be"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of the fit.", show_default="calibrations/seed-SEED"),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    processes: Processes = None,
    json: Json = False,
) -> None:
    """Fit the population to the calibrated part of the record; goes on where it was interrupted."""
    from engager.app.calibrate_command import calibrate_command

    calibrate_command(
        members=members,
        steps=steps,
        seed=seed,
        studies=tuple(study or ()),
        out=out,
        workers=workers,
        scheduler=scheduler,
        processes=processes,
        json=json,
    )


@credibility.command()
@job
def validate(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="FOLDER",
            help="Runs as simulate --all leaves them; what is missing is simulated.",
            show_default="runs/all",
        ),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(
            help="Repetitions of every trial, at least 10.", show_default="those of the runs, or 100"
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random draws.", show_default="that of the runs, or 1")
    ] = None,
    parameters: Annotated[
        str | None,
        typer.Option(
            metavar="ensemble|point|FOLDER",
            help="Population that is simulated.",
            show_default="that of the runs, or as simulate has it",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Folder of the page and the scores.", show_default="beside the runs"
        ),
    ] = None,
    workers: Workers = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Score every published number against its forecast, beside two null models; write a page and a figure."""
    from engager.app.run_commands import validate_command

    validate_command(
        folder=folder,
        replicates=replicates,
        seed=seed,
        parameters=parameters,
        out=out,
        workers=workers,
        json=json,
    )


@credibility.command()
@job
def sensitivity(
    trajectories: Annotated[int, typer.Option(help="Paths along which every parameter is moved once.")] = 6,
    members: Annotated[int, typer.Option(help="Points of the prior beside them, for Sobol's indices.")] = 128,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 1,
    study: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STUDY", help="Targets of this study only; may be repeated.", show_default="all fitted"
        ),
    ] = None,
    fit: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="In place of those points the first members of this calibration.",
            show_default="none",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Do it anew, kept here.", show_default="show what is shipped"),
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Show which parameters the calibrated targets tell of; with --out do it anew, or go on where it stopped."""
    from engager.app.sensitivity_command import sensitivity_command

    sensitivity_command(
        trajectories=trajectories,
        members=members,
        seed=seed,
        studies=tuple(study or ()),
        fit=fit,
        out=out,
        workers=workers,
        json=json,
    )


@credibility.command(no_args_is_help=True)
@job
def populations(
    fit: Annotated[
        Path, typer.Argument(metavar="FIT", help="Folder of a finished calibration.", show_default=False)
    ],
    question: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STUDY|FILE.yaml", help="Trial to ask of each; may be repeated.", show_default="TOWER"
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(help="Repetitions of every trial under each.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where all goes.", show_default="FIT/populations"),
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Make a fit's population in several ways (sampling, weighting, accept–reject); show what depends on the way."""
    from engager.app.populations_command import populations_command

    asked = {"questions": tuple(question)} if question else {}
    populations_command(fit, json=json, out=out, replicates=replicates, seed=seed, workers=workers, **asked)


@credibility.command()
@job
def dossier(
    runs: Annotated[
        str | None,
        typer.Argument(
            metavar="RUNS", help="Runs that engager validate has scored.", show_default="runs/all"
        ),
    ] = None,
    question: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Question, context of use, risk and acceptance criteria.",
            show_default="comparing regimens for hypotheses",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.html", help="The page.", show_default="dossier.html beside the runs"),
    ] = None,
    json: Json = False,
) -> None:
    """Write the credibility dossier (ASME V&V 40, ICH M15) of runs that were scored: one page, every number with its
    source."""
    from engager.app.dossier_command import dossier_command

    dossier_command(runs, question, out, json)
