"""What the data say: simulated against published, one trial against another, and studies pooled.

Patient tables and studies come in; compared rows with intervals go out.
"""

from engager.inference.asked import Asked
from engager.inference.comparison import Compared, Contrast, Interval, interval
from engager.inference.rows import results
from engager.inference.summary import SHOWN, Summary

__all__ = ["SHOWN", "Asked", "Compared", "Contrast", "Interval", "Summary", "interval", "results"]
