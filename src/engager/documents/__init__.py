"""Files that people edit: strict reading, with the place of every mistake.

In goes a path (or text); out comes plain Python values whose places are known, or one
:class:`DocumentError` that lists every problem as ``file:line:column message``.
"""

from engager.documents.problems import DocumentError, Place, Problem, near
from engager.documents.schema import Strict, validate
from engager.documents.tables import Row, read_table
from engager.documents.yaml_reader import Document, read_yaml

__all__ = [
    "Document",
    "DocumentError",
    "Place",
    "Problem",
    "Row",
    "Strict",
    "near",
    "read_table",
    "read_yaml",
    "validate",
]
