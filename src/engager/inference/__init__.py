"""What the data say: simulated against published, one trial against another, and studies pooled.

Patient tables and studies come in; compared rows with intervals go out.
"""

from engager.inference.comparison import (
    Compared,
    Contrast,
    Interval,
    compare,
    contrast,
    controlled,
    interval,
    standard,
)
from engager.inference.rows import results
from engager.inference.summary import Summary

__all__ = [
    "Compared",
    "Contrast",
    "Interval",
    "Summary",
    "compare",
    "contrast",
    "controlled",
    "interval",
    "results",
    "standard",
]
