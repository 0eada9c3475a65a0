"""How well a forecast met what was seen: CRPS, probability integral transform, logarithmic score.

A forecast is a sample of equally likely values (simulated trials), or values with weights (a null model).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


def crps(values: Floats, observed: float, weights: Floats | None = None) -> float:
    """Continuous ranked probability score of a forecast, in the unit of ``values``; smaller is better.

    It is E|X - y| - E|X - X'|/2, and |x - y| where the forecast is one value. For a sample the second mean leaves out
    pairs of a value with itself (Ferro 2014, Q J R Meteorol Soc 140:1917), so that its expectation does not depend on
    how many values there are; that of a single forecast may then be slightly below 0.

    Args:
        values: finite values, two or more where there are no weights.
        weights: weight of each value, of sum 1; None for a sample.
    """
    order = np.argsort(values)
    x = values[order]
    if weights is None:
        many = len(x)
        pairs = float(np.sum((2 * np.arange(1, many + 1) - many - 1) * x)) / (many * (many - 1))
        return float(np.mean(np.abs(x - observed))) - pairs
    w = weights[order]
    below = np.cumsum(w) - w / 2
    return float(np.sum(w * np.abs(x - observed)) - np.sum(w * x * (2 * below - 1)))


def pit(values: Floats, least: float, most: float) -> tuple[float, float]:
    """Between which two levels of the forecast the observation lies, from 0 (below all) to 1 (above all).

    Among as many exchangeable values as the sample and the observation together its rank is uniform. The interval holds
    the ranks that it can have, one where no value ties with it. Spread evenly over that interval the levels of
    calibrated forecasts are exactly uniform, without drawing lots (Czado, Gneiting and Held 2009, Biometrics 65:1254).

    Args:
        least, most: the values that the printed number stands for; what lies between them ties with it.
    """
    less = int(np.sum(values < least))
    ties = int(np.sum((values >= least) & (values <= most)))
    return less / (len(values) + 1), (less + ties + 1) / (len(values) + 1)


def count_loss(shares: Floats, n: int, N: int) -> float:
    """Logarithmic score -log P(n of N) [nat]; smaller is better.

    P is a beta-binomial distribution with mean and variance of the simulated ``shares``, never narrower than the
    binomial one, half an event and half a patient without one added to all that were simulated. Of R simulated trials
    none can rule out what happens less often than once in R + 1, so that much is spread over all counts from 0 to N.
    """
    many = len(shares)
    mean = (float(np.sum(shares)) * N + 0.5) / (many * N + 1)
    alone = mean * (1 - mean) / N
    more = (float(np.var(shares, ddof=1)) / alone - 1) / (N - 1) if N > 1 else 0.0
    if more < 1e-6:
        p = float(stats.binom.pmf(n, N, mean))
    else:
        total = 1 / min(more, 0.99) - 1
        p = float(stats.betabinom.pmf(n, N, mean * total, (1 - mean) * total))
    return loss(p, many, N + 1)


def loss(p: float, many: int, over: float) -> float:
    """-log of a probability or density ``p``, of which 1/(``many`` + 1) is spread evenly ``over`` all that may be: so
    many counts, or that length of the scale."""
    rest = 1 / (many + 1)
    return -float(np.log((1 - rest) * p + rest / over))


def density_loss(values: Floats, observed: float, ends: tuple[float, float], coarse: float) -> float:
    """Logarithmic score -log f(observed) [nat, by the unit of ``values``]; smaller is better.

    f is a normal kernel estimate with Silverman's bandwidth from the finite values, weighed by their share of all;
    1/(R + 1) of R values is spread evenly between ``ends``, as in :func:`count_loss`.

    Args:
        coarse: by how much the printed number may be rounded either way; the bandwidth is no less.
    """
    many = len(values)
    seen = values[np.isfinite(values)]
    spread = float(np.std(seen, ddof=1)) if len(seen) > 1 else 0.0
    width = max(spread * (0.75 * max(len(seen), 1)) ** -0.2, coarse, 1e-3)
    f = float(np.sum(stats.norm.pdf(observed, seen, width))) / many
    return loss(f, many, ends[1] - ends[0])
