"""The commands of ``engager evidence``: parse, call one job, print what it returns.

As in :mod:`engager.app.cli`, functions import what they need when they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engager.app.console import Json, group, job, show

evidence = group("The published record: studies, their numbers, and what contradicts what.")


@evidence.command("list")
@job
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
        return show(json, {"map": path}, lambda _: str(path))
    found = jobs.list_studies()
    show(json, {"studies": found}, lambda tables: tables.study_list(found))


@evidence.command("show")
@job
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
        return show(json, {"study": study, "timeline": path}, lambda _: str(path))
    found = jobs.show_study(study)
    show(json, found, lambda tables: tables.study_page(found))


@evidence.command("check")
@job
def evidence_check(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STUDY|FILE.yaml]...", help="Studies to check.", show_default="the whole record"
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show findings that were judged, and gaps, too.")
    ] = False,
    gaps: Annotated[bool, typer.Option("--gaps", help="Show what is printed nowhere, too.")] = False,
    json: Json = False,
) -> None:
    """Look for contradictions in the record, in studies of it or in files; exit 1 if a hard one is not judged."""
    from engager.app import jobs

    found = jobs.check_record(studies or ())
    show(json, {"findings": found}, lambda tables: tables.finding_list(found, every, gaps))
    if any(finding.severity == "hard" and finding.judged is None for finding in found):
        raise typer.Exit(1)


@evidence.command("ongoing")
@job
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
    show(json, {"ongoing": found}, lambda _: _record().ongoing_page(found))


@evidence.command("pharmacology")
@job
def evidence_pharmacology(json: Json = False) -> None:
    """Show every number and statement of the sources about the drug itself."""
    from engager.app import jobs

    found = jobs.show_pharmacology()
    show(json, found, lambda _: _record().pharmacology_page(found, jobs.citations()))


@evidence.command("context")
@job
def evidence_context(json: Json = False) -> None:
    """Show what the sources say in passing about the disease and its usual treatment."""
    from engager.app import jobs

    found = jobs.list_context()
    title = "Acute lymphoblastic leukaemia"
    show(json, {"facts": found}, lambda _: _record().facts_page(title, found, jobs.citations()))


@evidence.command("timeline")
@job
def evidence_timeline(json: Json = False) -> None:
    """List the approvals by date."""
    from engager.app import jobs

    found = jobs.list_approvals()
    show(json, {"approvals": found}, lambda _: _record().approvals_page(found))


@evidence.command("abbreviations")
@job
def evidence_abbreviations(json: Json = False) -> None:
    """List the abbreviations of the sources, each with what it stands for where."""
    from engager.app import jobs

    found = jobs.list_abbreviations()
    show(json, {"abbreviations": found}, lambda _: _record().abbreviations_page(found))


@evidence.command("schema")
@job
def evidence_schema(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the files.")] = Path(),
    json: Json = False,
) -> None:
    """Write JSON schemas, with which an editor completes the record's files and marks mistakes."""
    from engager.app import jobs

    found = jobs.write_schemas(out)
    show(json, {"schemas": found}, lambda _: "\n".join(map(str, found)))


@evidence.command("endpoint", no_args_is_help=True)
@job
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
        typer.Option(help="Apart by setting, ph, population or drugs.", show_default="each setting alone"),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Pool relapsed, MRD and untreated disease together.")
    ] = False,
    forest: Annotated[
        Path | None, typer.Option(metavar="F.svg", help="Draw a forest plot.", show_default="none")
    ] = None,
    json: Json = False,
) -> None:
    """Pool an endpoint across studies; list every row that cannot be pooled, with the reason."""
    from engager.app import jobs

    found = jobs.pool_endpoint(
        endpoint, setting=setting, ph=ph, treatment=treatment, arm=arm, by=by, together=together
    )
    drawn = None if forest is None else jobs.plot_endpoint(found, forest)
    show(json, {"pooled": found, "forest": drawn}, lambda _: _pooled().endpoint_page(found))
    if drawn and not json:
        print(f"\n{drawn}")


def _pooled() -> Any:
    from engager.reports import pooled_tables

    return pooled_tables


def _record() -> Any:
    from engager.reports import record_tables

    return record_tables
