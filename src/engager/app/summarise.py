"""From the tables of a run to its summary, results and report."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import polars as pl

from engager.app import memory
from engager.app.parts import Shown, added, joined, parts, read, shown
from engager.app.request import REFERENCE, Request, trials_beside
from engager.documents import DocumentError
from engager.engine.phases import measured, phase
from engager.evidence import study
from engager.inference import Asked, Summary, results
from engager.io import Store, unwritable, write_json, write_text
from engager.trials import Tables, Trial

log = logging.getLogger(__name__)

FAILED_SHARE = 0.01
"""Above this share of failed patients a run is not summarised."""


def close(r: Request, store: Store) -> Summary:
    """Summarise and report what was simulated; the run is complete. The folder is locked by the caller.

    Raises:
        DocumentError: patients are missing, or too many could not be computed.
    """
    started = time.monotonic()
    memory.give_back()
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
    stores = {"": store, **{name: kept for name, (_, kept) in beside.items()}}
    broken = {name: _failures(r, one) for name, one in stores.items()}
    original = beside[REFERENCE][0] if REFERENCE in beside else None
    controls = {name: next(iter(trial.arms)) for name, (trial, _) in beside.items() if name != REFERENCE}
    asked = Asked(
        r.trial,
        study(r.trial.study) if r.trial.study else None,
        original,
        r.replicates,
        varied=r.ensemble is not None,
    )
    drawn: list[Shown] = []
    under: dict[str, list[pl.DataFrame]] = {control: [] for control in controls.values()}
    for part in parts(r.patients, r.replicates):
        found = {name: read(one, part, broken[name]) for name, one in stores.items()}
        drawn.append(shown(r.trial, store, part, broken[""], found[""]))
        for name, control in controls.items():
            under[control].append(found[name].patients.select("replicate", "os_time", "os_event"))
        of_controls = {control: found[name] for name, control in controls.items()}
        asked.add(found[""], found.get(REFERENCE), of_controls, last=part.last)
    whole = added(drawn)
    failures = broken.pop("")
    return Summary(
        trial=r.trial,
        seed=r.seed,
        replicates=r.replicates,
        requested=r.patients * r.replicates,
        simulated=len(whole.patients),
        failures=failures,
        failures_beside={name: lost for name, lost in broken.items() if lost},
        patients=whole.patients,
        worst=whole.worst,
        courses=whole.courses,
        marrow=whole.marrow,
        ledger=whole.ledger,
        published=asked.published(),
        standard=asked.standard(),
        log_rank=asked.log_rank(),
        contrasts=asked.contrasts(),
        controls=asked.controls(),
        control_patients={control: pl.concat(pieces) for control, pieces in under.items()},
        manifest=store.manifest(),
    )


def finished_tables(r: Request, store: Store) -> Tables:
    """Patients and marrow of a finished run, whole.

    Raises:
        DocumentError: patients are missing, or too many could not be computed.
    """
    failures = _failures(r, store)
    return joined([read(store, part, failures) for part in parts(r.patients, r.replicates)])


def _failures(r: Request, store: Store) -> list[dict[str, Any]]:
    """Patients that were not computed, with the reason.

    Raises:
        DocumentError: patients are missing, or too many could not be computed.
    """
    asked = r.patients * r.replicates
    found = store.scan("patients").select(pl.len()).collect().item()
    if found != asked:
        raise DocumentError(
            f"{store.folder} holds {found} of {asked} patients: see what is wrong with engager verify, "
            "mend it with engager resume"
        )
    broken = store.read("failures").sort("replicate", "patient")
    if len(broken) > FAILED_SHARE * asked:
        raise DocumentError(
            f"{len(broken)} of {asked} patients could not be computed, more than "
            f"{FAILED_SHARE:.0%}: the run is kept in {store.folder} but not summarised; see its failures table"
        )
    return broken.select("replicate", "patient", pl.col("reason").cast(pl.String), day="failed_on").to_dicts()


def _report(summary: Summary, folder: Path) -> None:
    from engager.reports.html import write_report  # matplotlib is loaded when the numbers are done

    try:
        write_report(summary, folder, write_text)
    except OSError as error:
        raise unwritable(folder / "report.html", error) from None
