"""The command line: parse, call one job, print what it returns.

Functions here import what they need when they run. That is the one place where the house does so: a
command line that answers ``--help`` in a blink cannot load arrays, tables and schemas (a second and more)
before it knows what is asked. Only typer stands above; a test watches ``sys.modules``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from engager import __version__
from engager.app.console import WRONG_INPUT, Json, fail, group, job, show
from engager.app.credibility_commands import credibility
from engager.app.evidence_commands import evidence
from engager.app.log import Log
from engager.app.options import Processes, Scheduler, Workers

app = group("Virtual trials of T-cell-engager therapy in B-ALL, checked against the published record.")
regimen = group("Treatment plans: list, read, check, draw.")
trial = group("Trials that can be simulated, written out to copy and change.")
app.add_typer(evidence, name="evidence")
app.add_typer(regimen, name="regimen")
app.add_typer(trial, name="trial")
app.add_typer(credibility)  # without a name: its commands are commands of engager itself

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Folder of a run, or s3://bucket/prefix.", show_default=False)
]
Parameters = Annotated[
    str,
    typer.Option(
        metavar="ensemble|point|FOLDER",
        help="Population: the fitted ensemble, the values of the parameter table, or a calibration's folder.",
    ),
]
Profile = Annotated[bool, typer.Option("--profile", help="Print where the time went, on standard error.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"engager {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    pass


@app.command(no_args_is_help=True)
@job
def simulate(
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY|FILE.yaml", help="A study of the record, or a trial file.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Simulate every trial; one page over all.")] = False,
    patients: Annotated[
        int | None, typer.Option(help="Patients in each replicate.", show_default="as enrolled")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Repetitions of the whole trial.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 1,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Folder of the run, or s3://bucket/prefix.",
            show_default="a new one in runs/",
        ),
    ] = None,
    workers: Workers = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Patients per call; changes no result.", show_default="chosen by engager"),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="STRUCTURE", help="Take a structure of the model out, or in; may be repeated."),
    ] = None,
    parameters: Parameters = "ensemble",
    scheduler: Scheduler = None,
    processes: Processes = None,
    profile: Profile = False,
    log: Log = None,
    json: Json = False,
) -> None:
    """Simulate a study or a trial file; compare with what was published; write a report."""
    from engager.app.run_commands import simulate_all_command, simulate_command

    if every == (study is not None) or (every and patients is not None):
        raise fail("name one study or trial file, or give --all (without --patients)", WRONG_INPUT)
    if every:
        simulate_all_command(
            replicates=replicates,
            seed=seed,
            out=out,
            workers=workers,
            batch=batch,
            switched=tuple(switch or ()),
            parameters=parameters,
            scheduler=scheduler,
            processes=processes,
            profile=profile,
            json=json,
        )
        return
    simulate_command(
        study=study or "",
        patients=patients,
        replicates=replicates,
        seed=seed,
        out=out,
        workers=workers,
        batch=batch,
        switched=tuple(switch or ()),
        parameters=parameters,
        scheduler=scheduler,
        processes=processes,
        profile=profile,
        json=json,
    )


@app.command()
@job
def structures(json: Json = False) -> None:
    """List the structures of the model that can be switched, and why each is there."""
    from engager.app import jobs

    found = jobs.list_structures()
    show(json, {"structures": found}, lambda tables: tables.structure_list(found))


@app.command()
@job
def resume(
    run: Run,
    workers: Workers = None,
    scheduler: Scheduler = None,
    processes: Processes = None,
    profile: Profile = False,
    log: Log = None,
    json: Json = False,
) -> None:
    """Go on with a run that was interrupted; print what it would have printed."""
    from engager.app.run_commands import resume_command

    resume_command(run, workers=workers, scheduler=scheduler, processes=processes, profile=profile, json=json)


@app.command()
@job
def verify(run: Run, json: Json = False) -> None:
    """Check that a run's files are as they were written."""
    from engager.app.run_commands import verify_command

    verify_command(run, json)


@app.command()
@job
def rerun(
    run: Run,
    patient: Annotated[int, typer.Option(help="The patient's number in the tables.", show_default=False)],
    replicate: Annotated[int, typer.Option(help="The replicate's number in the tables.")] = 0,
    beside: Annotated[
        str | None, typer.Option(metavar="NAME", help="In a trial beside: reference, control-1, …")
    ] = None,
    json: Json = False,
) -> None:
    """Simulate one patient of a run again, alone: what happened day by day. Exit 1 if the run holds something else."""
    from engager.app import rerun as jobs
    from engager.reports.one_patient import patient_page

    found = jobs.rerun(run, patient, replicate, beside)
    show(json, found, lambda _: patient_page(found))
    if found.differs:
        raise typer.Exit(1)


@regimen.command("list")
@job
def regimen_list(json: Json = False) -> None:
    """List the regimens that trials can name."""
    from engager.app import jobs

    found = jobs.list_regimens()
    show(json, {"regimens": found}, lambda tables: tables.regimen_list(found))


@regimen.command("show")
@job
def regimen_show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.yaml", help="A regimen's name, or its file.")],
    json: Json = False,
) -> None:
    """Show a regimen day by day, with its rules and assumptions."""
    from engager.app import jobs
    from engager.regimens import describe, to_data

    found = jobs.show_regimen(name)
    show(json, to_data(found) if json else None, lambda _: describe(found))


@regimen.command("check")
@job
def regimen_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A regimen's YAML file.")],
    json: Json = False,
) -> None:
    """Check a regimen's file; exit 2 and name every mistake with its line if it cannot be used."""
    from engager.app import jobs

    found = jobs.check_regimen(file)
    show(json, found, lambda _: f"{file}: {found.name}: {found.days} days, no mistake found")


@regimen.command("plot")
@job
def regimen_plot(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.yaml", help="A regimen's name, or its file.")],
    out: Annotated[Path, typer.Option(metavar="F.svg", help="Where the drawing goes.", show_default=False)],
    json: Json = False,
) -> None:
    """Draw a regimen: what runs when, at which rate."""
    from engager.app import jobs

    path = jobs.plot_regimen(name, out)
    show(json, {"regimen": name, "plot": path}, lambda _: str(path))


@trial.command("list")
@job
def trial_list(json: Json = False) -> None:
    """List the trials that can be simulated by name."""
    from engager.app import jobs

    found = jobs.list_trials()
    show(json, {"trials": found}, lambda tables: tables.trial_list(found))


@trial.command("show")
@job
def trial_show(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study whose trial can be simulated.")],
    json: Json = False,
) -> None:
    """Print a trial with its regimens written out: copy it, change it, simulate it."""
    from engager.app import jobs

    text = jobs.show_trial(study)
    show(json, jobs.trial_data(study) if json else None, lambda _: text.rstrip("\n"))


@app.command(no_args_is_help=True)
@job
def explain(
    word: Annotated[str, typer.Argument(metavar="WORD", help="An endpoint, parameter, state or drug.")],
    json: Json = False,
) -> None:
    """Explain a word: definition, unit, equations from the code, parameters with source."""
    from engager.app import jobs

    found = jobs.explain(word)
    show(json, {"word": word, "explanations": found}, lambda tables: tables.explanation_page(found))


@app.command()
@job
def doctor(json: Json = False) -> None:
    """Report versions and devices, and test the model against known answers."""
    from engager.app import jobs

    found = jobs.doctor()
    show(json, found, lambda tables: tables.doctor_page(found))
    if not found.well:
        raise typer.Exit(1)


def main() -> None:
    """Entry point of ``engager``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without µ gets '?' instead of a traceback
    app(prog_name="engager")
