"""From the tables of a run to its summary, results and report."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from engager.app.request import REFERENCE, Request, trials_beside
from engager.documents import DocumentError
from engager.engine.phases import measured, phase
from engager.evidence import study
from engager.inference import Summary, compare, contrast, controlled, results, standard
from engager.io import Store, unwritable, write_json, write_text
from engager.trials import Tables, Trial, with_grades

log = logging.getLogger(__name__)

FAILED_SHARE = 0.01
"""Above this share of failed patients a run is not summarised."""


def close(r: Request, store: Store) -> Summary:
    """Summarise and report what was simulated; the run is complete. The folder is locked by the caller.

    Raises:
        DocumentError: patients are missing, or too many could not be computed.
    """
    started = time.monotonic()
    beside = {name: (other, Store(store.folder / name)) for name, other in trials_beside(r.trial).items()}
    kept = store.manifest()
    phases: dict[str, float] = {}
    with measured(phases, kept.get("phases")):
        with phase("summary"):
            summary = _summarise(r, store, beside)
            write_json(store.folder / "results.json", results(summary))
        with phase("report and figures"):
            _report(summary, store.folder)
    simulated = kept["seconds"]["simulation"]
    seconds = {"simulation": simulated, "all": round(simulated + time.monotonic() - started, 2)}
    store.note(
        status="complete", simulated=summary.simulated, failed=len(summary.failures),
        failures=summary.failures, failures_beside=summary.failures_beside, seconds=seconds, phases=phases,
        workers=r.workers,
    )  # fmt: skip
    log.info("run=%s complete: %s simulated, %s failed, %s s", store.folder, summary.simulated,
             len(summary.failures), seconds["all"])  # fmt: skip
    return summary


def _summarise(r: Request, store: Store, beside: dict[str, tuple[Trial, Store]]) -> Summary:
    tables, failures = finished_tables(r, store)
    computed = {name: finished_tables(r, kept) for name, (_, kept) in beside.items()}
    others = {name: (beside[name][0], found) for name, (found, _) in computed.items()}
    original, reference = others.pop(REFERENCE, (None, None))
    controls = {name: found for conducted, found in others.values() for name in conducted.arms}
    patients = tables.patients
    published = compare(r.trial, tables, study(r.trial.study), controls) if r.trial.study else []
    if original is not None:
        why = "the trial's design was changed; shown for orientation"
        published = [replace(c, role="context", covered=None, reason=c.reason or why) for c in published]
    own = standard(r.trial, tables)
    if original is not None:  # nothing was ever fitted to a trial of this design
        own = [replace(c, role="predicted") for c in own]
    contrasts = []
    if original is not None and reference is not None:
        contrasts = contrast(r.trial, tables, original, reference)
    ledger = (
        _computable(store, "ledger", failures)
        .group_by("arm", "drug", "unit", "reason")
        .agg(pl.col("intended", "delivered").sum())
        .sort("arm", "drug", "reason")
        .collect()
    )
    return Summary(
        trial=r.trial,
        seed=r.seed,
        replicates=r.replicates,
        requested=r.patients * r.replicates,
        simulated=len(patients),
        failures=failures,
        failures_beside={name: broken for name, (_, broken) in computed.items() if broken},
        patients=patients,
        adverse_events=_computable(store, "adverse_events", failures).collect(),
        courses=_computable(store, "courses", failures).collect(),
        marrow=tables.marrow,
        ledger=ledger,
        published=published,
        standard=own,
        contrasts=contrasts,
        controls=controlled(r.trial, tables, controls),
        control_patients={name: under.patients for name, under in controls.items()},
        manifest=store.manifest(),
    )


def finished_tables(r: Request, store: Store) -> tuple[Tables, list[dict[str, Any]]]:
    """What :func:`_tables` reads of a finished run.

    Raises:
        DocumentError: patients are missing, or too many of them could not be computed.
    """
    tables, failures = _tables(store)
    found, asked = len(tables.patients) + len(failures), r.patients * r.replicates
    if found != asked:
        raise DocumentError(
            f"{store.folder} holds {found} of {asked} patients: see what is wrong with engager verify, "
            "mend it with engager resume"
        )
    if len(failures) > FAILED_SHARE * r.patients * r.replicates:
        raise DocumentError(
            f"{len(failures)} of {r.patients * r.replicates} patients could not be computed, more than "
            f"{FAILED_SHARE:.0%}: the run is kept in {store.folder} but not summarised; see its failures table"
        )
    return tables, failures


def _tables(store: Store) -> tuple[Tables, list[dict[str, Any]]]:
    """Patients that were computed, with their worst adverse events, and all marrow assessments; and the patients
    that were not computed, with the reason."""
    patients = store.read("patients").sort("replicate", "patient")
    broken = store.read("failures").sort("replicate", "patient")
    failures = broken.select(
        "replicate", "patient", pl.col("reason").cast(pl.String), day="failed_on"
    ).to_dicts()
    good = patients.filter(pl.col("status") != "failed")
    marrow = _computable(store, "visits", failures).filter(pl.col("kind") == "marrow").collect()
    return Tables(with_grades(good, store.read("adverse_events")), marrow), failures


def _computable(store: Store, name: str, failures: list[dict[str, Any]]) -> pl.LazyFrame:
    """A table without the patients who could not be computed: one not-a-number would spoil every sum."""
    table = store.scan(name)
    if not failures:
        return table
    lost = pl.LazyFrame(failures).select(pl.col("replicate", "patient").cast(pl.Int32))
    return table.join(lost, on=["replicate", "patient"], how="anti", maintain_order="left")


def _report(summary: Summary, folder: Path) -> None:
    from engager.reports.html import write_report  # matplotlib is loaded when the numbers are done

    try:
        write_report(summary, folder, write_text)
    except OSError as error:
        raise unwritable(folder / "report.html", error) from None
