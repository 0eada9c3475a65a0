"""The published record: what two reviews print about the trials and the drug, as data, and its linter.

Files come in; :class:`Study`, :class:`Result`, :class:`Fact` and :class:`Finding` go out.
"""

from engager.evidence.check import check
from engager.evidence.distinct import distinct
from engager.evidence.findings import Finding
from engager.evidence.frames import frame, results_frame
from engager.evidence.load import pharmacology, read_study, sources, studies, study
from engager.evidence.record import Arm, Fact, Result, Study, Time
from engager.evidence.split import Role, role_of

__all__ = [
    "Arm", "Fact", "Finding", "Result", "Role", "Study", "Time",
    "check", "distinct", "frame", "pharmacology", "read_study", "results_frame", "role_of",
    "sources", "studies", "study",
]  # fmt: skip
