"""The command line: parse, call one job, print what it returns.

Functions here import what they need when they run. That is the one place where the house does so: a
command line that answers ``--help`` in a blink cannot load arrays, tables and schemas (a second and more)
before it knows what is asked. Only typer stands above; a test watches ``sys.modules``.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from engager import __version__

F = TypeVar("F", bound=Callable[..., None])

WRONG_INPUT, INTERRUPTED, NO_READER = 2, 130, 1
"""Exit statuses beside 0 and 1 (a check that found something): as shells and typer have them."""


def _group(text: str) -> typer.Typer:
    # without markup typer leaves rich out of the help, which halves the time to print it
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


app = _group("Virtual trials of T-cell-engager therapy in B-ALL, checked against the published record.")
evidence = _group("The published record: studies, their numbers, and what contradicts what.")
regimen = _group("Treatment plans: list, read, check, draw.")
trial = _group("Trials that can be simulated, written out to copy and change.")
app.add_typer(evidence, name="evidence")
app.add_typer(regimen, name="regimen")
app.add_typer(trial, name="trial")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)]


def _fail(text: str, status: int) -> typer.Exit:
    print(text, file=sys.stderr)
    return typer.Exit(status)


def _job(command: F) -> F:
    """What every command does about input that cannot be used, Ctrl-C, and a reader that went away."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except KeyboardInterrupt:
            raise _fail(
                "interrupted; what a run has finished is kept: engager resume RUN", INTERRUPTED
            ) from None
        except BrokenPipeError:
            # the interpreter flushes once more at its end; that must meet an open file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(NO_READER) from None
        except ValueError as error:
            if type(error).__name__ == "DocumentError":
                raise _fail(str(error), WRONG_INPUT) from None
            raise

    return guarded  # type: ignore[return-value]


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
@_job
def simulate(
    study: Annotated[
        str, typer.Argument(metavar="STUDY|FILE.yaml", help="A study of the record, or a trial file.")
    ],
    patients: Annotated[
        int | None, typer.Option(help="Patients in each replicate.", show_default="as enrolled")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Repetitions of the whole trial.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run.", show_default="a new one in runs/")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Threads; changes no result.", show_default="all cores")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Patients per call; changes no result.", show_default="chosen by engager"),
    ] = None,
    json: Json = False,
) -> None:
    """Simulate a study or a trial file; compare with what was published; write a report."""
    from engager.app.run_commands import simulate_command

    simulate_command(
        study=study,
        patients=patients,
        replicates=replicates,
        seed=seed,
        out=out,
        workers=workers,
        batch=batch,
        json=json,
    )


@app.command()
@_job
def resume(run: Run, json: Json = False) -> None:
    """Go on with a run that was interrupted; print what it would have printed."""
    from engager.app.run_commands import resume_command

    resume_command(run, json)


@app.command()
@_job
def verify(run: Run, json: Json = False) -> None:
    """Check that a run's files are as they were written."""
    from engager.app.run_commands import verify_command

    verify_command(run, json)


@evidence.command("list")
@_job
def evidence_list(
    drawing: Annotated[
        Path | None, typer.Option("--map", metavar="F.svg", help="Draw which study reports what, instead.")
    ] = None,
    json: Json = False,
) -> None:
    """List the studies of the record."""
    from engager.app import jobs

    if drawing:
        path = jobs.draw_coverage(drawing)
        return _show(json, {"map": path}, lambda _: str(path))
    found = jobs.list_studies()
    _show(json, {"studies": found}, lambda tables: tables.study_list(found))


@evidence.command("show")
@_job
def evidence_show(
    study: Annotated[
        str, typer.Argument(metavar="STUDY|FILE.yaml", help="Id or another name of a study, or its file.")
    ],
    json: Json = False,
    timeline: Annotated[
        Path | None, typer.Option(metavar="F.svg", help="Draw its treatment as stated, instead.")
    ] = None,
) -> None:
    """Show everything that was printed about a study, with its place."""
    from engager.app import jobs

    if timeline:
        path = jobs.draw_timeline(study, timeline)
        return _show(json, {"study": study, "timeline": path}, lambda _: str(path))
    found = jobs.show_study(study)
    _show(json, found, lambda tables: tables.study_page(found))


@evidence.command("check")
@_job
def evidence_check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE.yaml]...", help="Studies to check.", show_default="the whole record"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show findings that were judged too.")] = False,
    json: Json = False,
) -> None:
    """Look for contradictions in the record or in files; exit 1 if a hard one is not judged."""
    from engager.app import jobs

    found = jobs.check_record(files or ())
    _show(json, {"findings": found}, lambda tables: tables.finding_list(found, every))
    if any(finding.severity == "hard" and finding.judged is None for finding in found):
        raise typer.Exit(1)


@evidence.command("ongoing")
@_job
def evidence_ongoing(
    trial: Annotated[str | None, typer.Option(help="One registry id.", show_default="all")] = None,
    setting: Annotated[
        str | None, typer.Option(help="relapsed, untreated, MRD or lymphoma.", show_default="all")
    ] = None,
    ph: Annotated[str | None, typer.Option(help="negative or positive.", show_default="all")] = None,
    drug: Annotated[
        str | None, typer.Option(help="A drug's name or a part of it.", show_default="all")
    ] = None,
    json: Json = False,
) -> None:
    """List the trials that were running when the sources were written, and what each source says of them."""
    from engager.app import jobs

    found = jobs.list_ongoing(trial=trial, setting=setting, ph=ph, drug=drug)
    _show(json, {"ongoing": found}, lambda _: _record().ongoing_page(found))


@evidence.command("pharmacology")
@_job
def evidence_pharmacology(json: Json = False) -> None:
    """Show every number and statement of the sources about the drug itself."""
    from engager.app import jobs

    found = jobs.show_pharmacology()
    _show(json, found, lambda _: _record().pharmacology_page(found, jobs.citations()))


@evidence.command("context")
@_job
def evidence_context(json: Json = False) -> None:
    """Show what the sources say in passing about the disease and its usual treatment."""
    from engager.app import jobs

    found = jobs.list_context()
    title = "Acute lymphoblastic leukaemia"
    _show(json, {"facts": found}, lambda _: _record().facts_page(title, found, jobs.citations()))


@evidence.command("timeline")
@_job
def evidence_timeline(json: Json = False) -> None:
    """List the approvals by date."""
    from engager.app import jobs

    found = jobs.list_approvals()
    _show(json, {"approvals": found}, lambda _: _record().approvals_page(found))


@evidence.command("abbreviations")
@_job
def evidence_abbreviations(json: Json = False) -> None:
    """List the abbreviations of the sources, each with what it stands for where."""
    from engager.app import jobs

    found = jobs.list_abbreviations()
    _show(json, {"abbreviations": found}, lambda _: _record().abbreviations_page(found))


@evidence.command("schema")
@_job
def evidence_schema(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the files.")] = Path(),
    json: Json = False,
) -> None:
    """Write JSON schemas, with which an editor completes the record's files and marks mistakes."""
    from engager.app import jobs

    found = jobs.write_schemas(out)
    _show(json, {"schemas": found}, lambda _: "\n".join(map(str, found)))


@evidence.command("endpoint", no_args_is_help=True)
@_job
def evidence_endpoint(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Name or symbol of an endpoint (CR).")],
    setting: Annotated[
        str | None, typer.Option(help="Only relapsed, MRD or untreated disease.", show_default="all")
    ] = None,
    ph: Annotated[
        str | None, typer.Option(help="Only studies of negative, positive or mixed Ph.", show_default="all")
    ] = None,
    treatment: Annotated[
        str, typer.Option(help="Arms whose every patient received it; 'any' for all arms.")
    ] = "blinatumomab",
    arm: Annotated[
        str | None, typer.Option(help="Arms of this name, whatever they received.", show_default="all")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Apart by setting, ph, population or drugs.", show_default="together"),
    ] = None,
    forest: Annotated[
        Path | None, typer.Option(metavar="F.svg", help="Draw a forest plot.", show_default="none")
    ] = None,
    json: Json = False,
) -> None:
    """Pool an endpoint across studies; list every row that cannot be pooled, with the reason."""
    from engager.app import jobs

    found = jobs.pool_endpoint(endpoint, setting=setting, ph=ph, treatment=treatment, arm=arm, by=by)
    drawn = None if forest is None else jobs.plot_endpoint(found, forest)
    _show(json, {"pooled": found, "forest": drawn}, lambda _: _pooled().endpoint_page(found))
    if drawn and not json:
        print(f"\n{drawn}")


@regimen.command("list")
@_job
def regimen_list(json: Json = False) -> None:
    """List the regimens that trials can name."""
    from engager.app import jobs

    found = jobs.list_regimens()
    _show(json, {"regimens": found}, lambda tables: tables.regimen_list(found))


@regimen.command("show")
@_job
def regimen_show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.yaml", help="A regimen's name, or its file.")],
    json: Json = False,
) -> None:
    """Show a regimen day by day, with its rules and assumptions."""
    from engager.app import jobs
    from engager.regimens import describe, to_data

    found = jobs.show_regimen(name)
    _show(json, to_data(found) if json else None, lambda _: describe(found))


@regimen.command("check")
@_job
def regimen_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A regimen's YAML file.")],
    json: Json = False,
) -> None:
    """Check a regimen's file; exit 2 and name every mistake with its line if it cannot be used."""
    from engager.app import jobs

    found = jobs.check_regimen(file)
    _show(json, found, lambda _: f"{file}: {found.name}: {found.days} days, no mistake found")


@regimen.command("plot")
@_job
def regimen_plot(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.yaml", help="A regimen's name, or its file.")],
    out: Annotated[Path, typer.Option(metavar="F.svg", help="Where the drawing goes.", show_default=False)],
    json: Json = False,
) -> None:
    """Draw a regimen: what runs when, at which rate."""
    from engager.app import jobs

    path = jobs.plot_regimen(name, out)
    _show(json, {"regimen": name, "plot": path}, lambda _: str(path))


@trial.command("list")
@_job
def trial_list(json: Json = False) -> None:
    """List the trials that can be simulated by name."""
    from engager.app import jobs

    found = jobs.list_trials()
    _show(json, {"trials": found}, lambda tables: tables.trial_list(found))


@trial.command("show")
@_job
def trial_show(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study whose trial can be simulated.")],
    json: Json = False,
) -> None:
    """Print a trial with its regimens written out: copy it, change it, simulate it."""
    from engager.app import jobs

    text = jobs.show_trial(study)
    _show(json, jobs.trial_data(study) if json else None, lambda _: text.rstrip("\n"))


@app.command(no_args_is_help=True)
@_job
def explain(
    word: Annotated[str, typer.Argument(metavar="WORD", help="An endpoint, parameter, state or drug.")],
    json: Json = False,
) -> None:
    """Explain a word: definition, unit, equations from the code, parameters with source."""
    from engager.app import jobs

    found = jobs.explain(word)
    _show(json, {"word": word, "explanations": found}, lambda tables: tables.explanation_page(found))


@app.command()
@_job
def doctor(json: Json = False) -> None:
    """Report versions and devices, and test the model against known answers."""
    from engager.app import jobs

    found = jobs.doctor()
    _show(json, found, lambda tables: tables.doctor_page(found))
    if not found.well:
        raise typer.Exit(1)


def _pooled() -> Any:
    from engager.reports import pooled_tables

    return pooled_tables


def _record() -> Any:
    from engager.reports import record_tables

    return record_tables


def _show(json: bool, data: Any, page: Callable[[Any], Any]) -> None:
    """Print ``data`` as JSON, or the ``page`` that is made for people (text, or what rich prints)."""
    from engager.app import output

    if json:
        output.print_json(data)
        return
    from engager.reports import tables

    made = page(tables)
    if isinstance(made, str):
        print(made)
    else:
        output.console().print(made)


def main() -> None:
    """Entry point of ``engager``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without µ gets '?' instead of a traceback
    app(prog_name="engager")
