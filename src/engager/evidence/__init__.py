"""The published record: what two reviews print about the trials and the drug, as data, and its linter.

Files come in; :class:`Study`, :class:`Result`, :class:`Fact` and :class:`Finding` go out.
"""

from engager.evidence.abbreviations import Abbreviation, abbreviations
from engager.evidence.approvals import Approval, approvals
from engager.evidence.blocks import sources
from engager.evidence.check import check
from engager.evidence.distinct import distinct
from engager.evidence.facts import context, pharmacology, quantities
from engager.evidence.findings import Finding
from engager.evidence.frames import (
    abbreviations_frame,
    approvals_frame,
    facts_frame,
    frame,
    ongoing_frame,
    results_frame,
    statements_frame,
)
from engager.evidence.load import read_study, studies, study
from engager.evidence.ongoing import Listing, ongoing
from engager.evidence.record import Arm, Fact, Result, Study, Time
from engager.evidence.split import Role, role_of
from engager.evidence.statements import Statement, statements

__all__ = [
    "Abbreviation", "Approval", "Arm", "Fact", "Finding", "Listing", "Result", "Role", "Statement", "Study", "Time",
    "abbreviations", "abbreviations_frame", "approvals", "approvals_frame", "check", "context", "distinct",
    "facts_frame", "frame", "ongoing", "ongoing_frame", "pharmacology", "quantities", "read_study", "results_frame",
    "role_of", "sources", "statements", "statements_frame", "studies", "study",
]  # fmt: skip
