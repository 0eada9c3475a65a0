"""What decides about each endpoint: the states, quantities, functions and parameters behind it."""

from __future__ import annotations

from dataclasses import dataclass

from engager.trials.responses import MARROW
from engager.trials.times import TIMES


@dataclass(frozen=True)
class Basis:
    """What decides about an endpoint: states and quantities of the model (``symbols``) and others that make
    them (``chain``), functions of the other rooms by file and name, further parameters, and a note."""

    symbols: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    note: str = ""


_MARROW = ("L", "Ls", "Lo", "Lr", "Ln")
_RESPONSE = Basis(
    ("b", "N", "Pl"),
    (*_MARROW, "Tn", "Pn", "Tt", "Pp"),
    ("trials/clinic.py: response_code", "trials/clinic.py: assess"),
    ("mrd_noise",),
    "Blasts are seen through the error of the aspirate (mrd_noise).",
)
_MRD = Basis(
    ("b",),
    _MARROW,
    ("outcomes/response.py: measured_mrd",),
    ("mrd_noise",),
    "The trial's assay sets the limit and the number of cells that are counted.",
)
_TRANSCRIPTS = Basis(
    ("t",),
    (*_MARROW, "Rt"),
    ("outcomes/response.py: measured_mrd", "trials/marrow.py: marrow_assessments"),
    ("mrd_noise",),
    _MRD.note,
)
_RELAPSE = Basis(("b", "Ln", "Lx"), _MARROW, ("trials/clinic.py: relapse",), ("Lc",))
_DEATH = Basis(
    ("b", "N"),
    (),
    (
        "trials/clinic.py: survive",
        "trials/enrol.py: _failure_time",
        "trials/enrol.py: _nrm_time",
        "trials/enrol.py: _further_lines",
    ),
    note="Leans on the trial's transplant policy, and on survival after failure: typed in (pfm, pi), or from salvage "
    "that is simulated where further_lines is above 0.",
)
_EVENTS = Basis(("b", "Lx", "N"), _MARROW, (*_RELAPSE.functions, *_DEATH.functions), note=_DEATH.note)
_CRS = Basis(
    ("I6",),
    ("u", "S", "D", "hC"),
    ("trials/course.py: watch", "trials/course.py: cytokine_release", "trials/enrol.py: _crs_thresholds"),
)
_NEUROLOGIC = Basis(
    ("neurologic_hazard",),
    ("Nf", "Ns"),
    ("trials/course.py: neurologic_event",),
    ("h0ne", "eta_ne", "ne_age", "ne_age_from"),
    "Events of grade 3 or higher are simulated; lower grades are not.",
)

_VOD = Basis(
    (), (), ("trials/clinic.py: veno_occlusive",), ("avod", "bvod", "cvod", "vod_transplant", "cfvod")
)
_CYTOPENIA = ("trials/adverse_events.py: _cytopenia",)
_NEUTROPENIA = Basis(("N",), ("Tn", "Pn"), _CYTOPENIA)
_THROMBOCYTOPENIA = Basis(("Pl",), ("Tt", "Pp"), _CYTOPENIA)

BASES: dict[str, Basis] = {
    **dict.fromkeys(("overall_response", *MARROW), _RESPONSE),
    **dict.fromkeys((name for name in MARROW if "mrd" in name), _MRD),
    **dict.fromkeys((name for name in MARROW if "molecular" in name), _TRANSCRIPTS),
    "cytogenetic_remission": Basis(("b",), _MARROW, ("trials/responses.py: best",), ("mrd_noise",)),
    "transplant": Basis(
        (),
        (),
        ("trials/clinic.py: to_transplant",),
        ("lkh",),
        "A policy of the trial (share, delay): an input.",
    ),
    **dict.fromkeys(TIMES, _EVENTS),
    **dict.fromkeys(("overall_survival", "long_term_response"), _DEATH),
    "remission_duration": _RELAPSE,
    "death_in_remission": _DEATH,
    **dict.fromkeys(("relapse", "cd19_negative_relapse", "extramedullary_relapse"), _RELAPSE),
    **dict.fromkeys(("crs", "crs_grade_3", "crs_grade_4"), _CRS),
    **dict.fromkeys(("neurologic_event", "neurologic_event_grade_3"), _NEUROLOGIC),
    **dict.fromkeys(("veno_occlusive_disease", "fatal_veno_occlusive_disease"), _VOD),
    **dict.fromkeys(("neutropenia_grade_3", "neutropenia_grade_4"), _NEUTROPENIA),
    **dict.fromkeys(("thrombocytopenia_grade_3", "thrombocytopenia_grade_4"), _THROMBOCYTOPENIA),
    "fatal_infection": Basis(
        ("N",), _NEUTROPENIA.chain, ("trials/clinic.py: survive",), ("hinf", "anc_severe")
    ),
    "treatment_cycles": Basis((), (), ("trials/orders.py: orders", "trials/adverse_events.py: cycles_given")),
    "follow_up": Basis(
        (), (), ("trials/enrol.py: enrol",), note="Accrual and length of the trial: an input."
    ),
}
"""What decides about each endpoint that a simulation has; endpoints that are missing here have no equation."""
