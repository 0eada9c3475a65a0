"""Checks of the program that run while one waits: known answers, the default steps against finer ones, the record's
linter, the checksums of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engager.app import doctor
from engager.app.simulate import verify
from engager.engine.integrate import step
from engager.evidence import check, studies
from engager.inference.dossier import ALLOWED, ProgramCheck, Refined
from engager.model import State, action, alone, concentration, rates
from engager.patients import Disease, person, simplest, values
from engager.trials.course import STEPS

DAYS = 2
"""Days that are integrated; the dose begins on the first."""

REFINED, FINEST = (1, 2, 4), 16
"""Into how many each default step is divided, and the division that the others are held against."""

ORDER = 1.7
"""Least observed order of a scheme of second order."""


def live_checks(runs: Iterable[Path], steps: list[Refined]) -> list[ProgramCheck]:
    """Every check that needs no simulation, in the order of the page.

    Args:
        runs: folders of runs, whose files are read and compared with their checksums.
        steps: what :func:`refined` found.
    """
    return [
        *(ProgramCheck(t.name, t.well, t.message) for t in doctor.known_answers()),
        *_steps(steps),
        _record(),
        _files(runs),
    ]


def refined() -> list[Refined]:
    """Largest error of log10 blasts, and of any state, in the three reference patients over :data:`DAYS` days of
    infusion, for the steps of trials and shorter ones, against the finest [log10]."""
    exact = _course(FINEST)
    out = []
    for divided in REFINED:
        errors = {name: _largest(y, exact[name]) for name, y in _course(divided).items()}
        worst = max(errors, key=lambda name: errors[name])
        out.append(Refined(divided, sum(map(len, STEPS)) * divided, errors["b"], errors[worst], worst))
    return out


def _largest(found: NDArray[np.float64], exact: NDArray[np.float64]) -> float:
    """Largest difference of logarithms where there is anything."""
    there = (found > 0) & (exact > 0)
    return float(np.abs(np.log10(found[there] / exact[there])).max()) if there.any() else 0.0


def _course(divided: int) -> dict[str, NDArray[np.float64]]:
    """Every state, and all blasts in the marrow (``b``), at each quarter of a day [time, patient]."""
    cases = doctor.CASES.values()
    columns = (np.array(x) for x in zip(*((c.b0, c.exposure, 1 - c.mrd, c.mrd) for c in cases), strict=True))
    v = values(switched=simplest())
    someone = person({**v, "CL": v["CL_main"], "hne": v["h0ne"]}, Disease(*columns))
    p, y, C = someone.parameters, someone.start, np.zeros(len(doctor.CASES))
    rate, quarters = np.array([case.rate for case in cases]), []
    for day in range(1, DAYS + 1):
        steroid = np.array([float(day in case.dexamethasone) for case in cases])
        for quarter in STEPS:
            for h in np.repeat(np.array(quarter) / divided, divided):
                after = concentration(C, rate, p.CL, p.V, h, np)
                start, end = (action(alone(c, np, steroid), p, np) for c in (C, after))
                y = step(lambda state, a: rates(state, a, p, np), y, start, end, h, np)
                C = after
            quarters.append(y)
    shape = (len(doctor.CASES),)
    found = {
        name: np.array([np.broadcast_to(getattr(q, name), shape) for q in quarters], np.float64)
        for name in State._fields
    }
    return {**found, "b": sum((found[name] for name in BLASTS), np.zeros_like(found["Ls"]))}


BLASTS = ("Ls", "Lo", "Lr", "Ln")
"""Clones in the marrow."""


def _steps(steps: list[Refined]) -> list[ProgramCheck]:
    one, two = steps[0], steps[1]
    order = float(np.log2(one.blasts / two.blasts)) if two.blasts > 0 else float("inf")
    return [
        ProgramCheck(
            "default steps, error of blasts",
            one.blasts <= ALLOWED,
            f"largest {one.blasts:.1e} log10 against steps divided by {FINEST}, {ALLOWED:g} allowed",
        ),
        ProgramCheck(
            "order of the scheme",
            order >= ORDER,
            f"halved steps leave 1/{one.blasts / two.blasts:.1f} of the error: order {order:.2f}, 2 expected",
        ),
    ]


def _record() -> ProgramCheck:
    """The linter over the whole record: nothing hard may be left unjudged."""
    found = check()
    open_ = [f for f in found if f.judged is None and f.severity == "hard"]
    counts = ", ".join(f"{n} {name}" for name, n in Counter(f.severity for f in found).items())
    rows = sum(len(study.results) for study in studies().values())
    said = f"{rows} results of {len(studies())} studies; findings: {counts}; contradictions unjudged: {len(open_)}"
    return ProgramCheck("the published record, checked by rules", not open_, said)


def _files(runs: Iterable[Path]) -> ProgramCheck:
    folders = list(runs)
    faults = [fault for folder in folders for fault in verify(folder)]
    said = f"{len(folders)} runs read; {len(faults)} files differ from their checksums" + "".join(
        f"; {f}" for f in faults[:3]
    )
    return ProgramCheck("files of the runs", not faults, said)
