r"""Random-effects models of few studies: the exact binomial–normal model and the normal–normal model.

Study *i* has its own effect θ_i ~ N(μ, τ²). Shares are counted, n_i ~ Bin(N_i, expit θ_i), and θ is the log
odds (Stijnen, Hamza and Özdemir 2010, Stat Med 29:3046): no continuity correction, so that studies with
nobody or everybody count as they are. Other effects are estimates, y_i ~ N(θ_i, s_i²).

μ has the interval μ ± t(k-1) · SE. With few studies the normal quantile is too short whatever the model
(IntHout, Ioannidis and Borm 2014, BMC Med Res Methodol 14:25). A new study's effect lies in
μ ± t(k-2) · √(τ² + SE²) (Higgins, Thompson and Spiegelhalter 2009, J R Stat Soc A 172:137).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

Floats = NDArray[np.float64]

LEVEL = 0.95
"""Level of every interval of a synthesis."""

NODES, WEIGHTS = np.polynomial.hermite.hermgauss(61)

LARGEST_TAU = 10.0
"""Where the search for τ ends: on the log-odds scale a study is then almost surely at 0 or at 1."""

LARGEST_MU = 40.0
"""Where the search for μ ends."""

FEWEST_TO_PREDICT = 3
"""Fewest studies that allow a prediction interval: it has k - 2 degrees of freedom."""


@dataclass(frozen=True)
class Fit:
    """A fitted model, on its scale (log odds, log, log of -log).

    mu, se: mean of the studies' effects and its standard error; tau2: variance between studies with an
    interval (bounds None where the data set none); k: studies; weights: each study's share of the mean (sum
    1), 1/(s_i² + τ²) in proportion, s_i² of a share being 1/(N π(1 - π)) at the pooled π.
    """

    mu: float
    se: float
    tau2: float
    tau2_lower: float | None
    tau2_upper: float | None
    k: int
    weights: tuple[float, ...]

    @property
    def interval(self) -> tuple[float, float]:
        """μ ± t(k-1) · SE. Raises ValueError for a single study."""
        if self.k < 2:
            raise ValueError("a single study has no variance between studies")
        half = float(stats.t.ppf((1 + LEVEL) / 2, self.k - 1)) * self.se
        return self.mu - half, self.mu + half

    @property
    def prediction(self) -> tuple[float, float] | None:
        """Where a new study's effect lies: μ ± t(k-2) · √(τ² + SE²); None for fewer than three studies."""
        if self.k < FEWEST_TO_PREDICT:
            return None
        half = float(stats.t.ppf((1 + LEVEL) / 2, self.k - 2)) * math.sqrt(self.tau2 + self.se**2)
        return self.mu - half, self.mu + half


class Model(Protocol):
    """Data of some studies under one of the two models."""

    def __len__(self) -> int: ...
    def pick(self, which: Sequence[int]) -> Model:
        """The same model of some of the studies, by position."""

    def best(self, tau: float) -> tuple[float, float]:
        """The most likely mean where τ is ``tau``, and the log likelihood there."""

    def fit(self) -> Fit:
        """The fitted model."""


@dataclass(frozen=True)
class Binomial:
    """Shares: ``n`` of ``N`` patients in each study.

    The integral over θ_i is adaptive Gauss–Hermite quadrature about the study's mode (Pinheiro and Bates 1995,
    J Comput Graph Stat 4:12), with 61 nodes because τ may be large where a study has nobody. The interval of
    τ² is that of the same likelihood (χ² with 1 df).

    τ maximises the restricted likelihood, log L(μ̂(τ), τ) + log SE(μ̂ | τ), which takes account of μ being
    estimated (Cox and Reid 1987, J R Stat Soc B 49:1); of normal effects it is REML. Plain maximum likelihood,
    which finds τ too small in few studies, is there to compare with other programs.
    """

    n: Floats
    N: Floats

    def __len__(self) -> int:
        return len(self.n)

    def pick(self, which: Sequence[int]) -> Binomial:
        return Binomial(self.n[list(which)], self.N[list(which)])

    @property
    def one_sided(self) -> bool:
        """Whether nobody or everybody had the event in all studies: μ is then infinite."""
        return bool(self.n.sum() == 0 or self.n.sum() == self.N.sum())

    def loglik(self, mu: float, tau: float) -> float:
        """Log likelihood at the mean ``mu`` and the standard deviation between studies ``tau``."""
        constant = special.gammaln(self.N + 1) - special.gammaln(self.n + 1)
        constant -= special.gammaln(self.N - self.n + 1)
        if tau < 1e-6:
            return float(np.sum(constant + self._joint(np.full(len(self), mu))))
        mode = self._modes(mu, tau)
        p = special.expit(mode)
        width = math.sqrt(2) / np.sqrt(self.N * p * (1 - p) + 1 / tau**2)
        theta = mode[:, None] + width[:, None] * NODES
        joint = self._joint(theta) - ((theta - mu) / tau) ** 2 / 2 + NODES**2 + np.log(WEIGHTS)
        integral = special.logsumexp(joint, axis=1) + np.log(width) - math.log(math.sqrt(2 * math.pi) * tau)
        return float(np.sum(constant + integral))

    def best(self, tau: float) -> tuple[float, float]:
        ends = (-LARGEST_MU, LARGEST_MU)
        options = {"xatol": 1e-7, "maxiter": 200}
        found = optimize.minimize_scalar(
            lambda mu: -self.loglik(mu, tau), bounds=ends, method="bounded", options=options
        )
        return float(found.x), -float(found.fun)

    def _joint(self, theta: Floats) -> Floats:
        n, N = (x.reshape(-1, *[1] * (theta.ndim - 1)) for x in (self.n, self.N))
        return np.asarray(n * theta - N * np.logaddexp(0, theta))

    def _modes(self, mu: float, tau: float) -> Floats:
        """Where each study's integrand is largest: Newton's steps, halved until they climb (it is concave)."""
        theta = np.full(len(self), mu)
        for _ in range(100):
            p = special.expit(theta)
            step = (self.n - self.N * p - (theta - mu) / tau**2) / (self.N * p * (1 - p) + 1 / tau**2)
            theta = theta + np.clip(step, -2, 2)
            if np.max(np.abs(step)) < 1e-10:
                break
        return theta

    def fit(self, *, restricted: bool = True) -> Fit:
        """Raises ValueError where the model is one-sided."""
        if self.one_sided:
            raise ValueError("nobody or everybody in every study: the mean log odds is infinite")

        def value(tau: float) -> float:
            mu, best = self.best(tau)
            return best + math.log(_standard_error(self, mu, tau, joint=False)) if restricted else best

        tau, best = _maximum(value)
        mu = self.best(tau)[0]
        pooled = special.expit(mu)
        within = 1 / (self.N * pooled * (1 - pooled))
        low, high = _tau2_interval(lambda t: best - value(t), tau)
        se = _standard_error(self, mu, tau, joint=not restricted)
        return Fit(mu, se, tau**2, low, high, len(self), _shares(within, tau**2))


@dataclass(frozen=True)
class Normal:
    """Estimates ``y`` with standard errors ``s``.

    τ² is Paule and Mandel's: it makes Q(τ²) = Σ w_i (y_i - μ)² with w_i = 1/(s_i² + τ²) equal to k - 1, or is
    0 where Q(0) is smaller; its interval are the values that leave Q(τ²) within the quantiles of χ²(k-1)
    (Viechtbauer 2007, Stat Med 26:37). SE = 1/√Σw: with this τ² the factor Q/(k-1) of Hartung and Knapp
    (2001, Stat Med 20:3875) is 1, or below 1 where τ² is 0 and then not applied (Röver, Knapp and Friede 2015,
    BMC Med Res Methodol 15:99).
    """

    y: Floats
    s: Floats

    def __len__(self) -> int:
        return len(self.y)

    def pick(self, which: Sequence[int]) -> Normal:
        return Normal(self.y[list(which)], self.s[list(which)])

    def best(self, tau: float) -> tuple[float, float]:
        spread = np.sqrt(self.s**2 + tau**2)
        mu = float(np.average(self.y, weights=spread**-2))
        return mu, float(np.sum(stats.norm.logpdf(self.y, mu, spread)))

    def q(self, tau2: float) -> float:
        """Q(τ²), which falls as τ² grows."""
        w = 1 / (self.s**2 + tau2)
        return float(np.sum(w * (self.y - np.sum(w * self.y) / np.sum(w)) ** 2))

    def fit(self) -> Fit:
        k = len(self)
        tau2 = self._solve(k - 1) or 0.0
        w = 1 / (self.s**2 + tau2)
        low = high = None
        if k > 1:
            low, high = (
                self._solve(float(stats.chi2.ppf(p, k - 1))) for p in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
            )
        mu = float(np.sum(w * self.y) / np.sum(w))
        weights = _shares(self.s**2, tau2)
        return Fit(mu, float(1 / np.sqrt(np.sum(w))), tau2, low or 0.0, high or 0.0, k, weights)

    def _solve(self, target: float) -> float | None:
        """The τ² at which Q is ``target``; None where it is below at 0 already."""
        if self.q(0) <= target:
            return None
        end = 1.0
        while self.q(end) > target:
            end *= 4
        return float(optimize.brentq(lambda t: self.q(t) - target, 0, end, xtol=1e-12))

    @property
    def inconsistency(self) -> float:
        """I²: τ² as a share of τ² + s², s² being the typical variance (Higgins and Thompson 2002)."""
        w = 1 / self.s**2
        typical = (len(w) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum())
        tau2 = self.fit().tau2
        return float(tau2 / (tau2 + typical))


def difference(groups: Sequence[Model]) -> tuple[float, int, float]:
    """Whether groups of studies have different means: (statistic, degrees of freedom, p).

    A likelihood ratio test: one μ for all or one for each group, with one τ² in both, so that groups of one
    study take part. It is approximate with few studies (p values are then too small).
    """
    df = len(groups) - 1
    whole = _joined(groups)
    apart = _maximum(lambda tau: sum(group.best(tau)[1] for group in groups))[1]
    together = _maximum(lambda tau: whole.best(tau)[1])[1]
    statistic = max(0.0, 2 * (apart - together))
    return statistic, df, float(stats.chi2.sf(statistic, df))


def exact(n: int, of: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact (Clopper and Pearson) interval of a share."""
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, n, of - n + 1)) if n > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, n + 1, of - n)) if n < of else 1.0
    return low, high


def _joined(groups: Sequence[Model]) -> Model:
    first = groups[0]
    if isinstance(first, Binomial):
        return Binomial(*(np.concatenate([getattr(g, f) for g in groups]) for f in ("n", "N")))
    return Normal(*(np.concatenate([getattr(g, f) for g in groups]) for f in ("y", "s")))


def _maximum(value: Callable[[float], float]) -> tuple[float, float]:
    """The τ at which ``value`` is largest, and that value; a τ that is no better than 0 is 0.

    A grid finds the neighbourhood (there may be two tops), then Brent's method the top.
    """
    grid = [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, LARGEST_TAU]
    seen = [value(tau) for tau in grid]
    top = int(np.argmax(seen))
    low, high = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(
        lambda tau: -value(tau), bounds=(low, high), method="bounded", options={"xatol": 1e-7}
    )
    better = -float(found.fun) > seen[0] + 1e-7
    return (float(found.x), -float(found.fun)) if better else (0.0, seen[0])


def _tau2_interval(loss: Callable[[float], float], tau: float) -> tuple[float | None, float | None]:
    """The τ² whose profile likelihood is not significantly below the best; None beyond the search."""
    reach = float(stats.chi2.ppf(LEVEL, 1)) / 2
    low: float | None = 0.0
    if tau and loss(0.0) > reach:
        low = float(optimize.brentq(lambda t: loss(t) - reach, 0, tau, xtol=1e-6)) ** 2
    high = None
    if loss(LARGEST_TAU) > reach:
        high = float(optimize.brentq(lambda t: loss(t) - reach, tau, LARGEST_TAU, xtol=1e-6)) ** 2
    return low, high


def _standard_error(model: Binomial, mu: float, tau: float, *, joint: bool) -> float:
    """From the curvature of the log likelihood in μ, or ``joint``-ly in μ and τ where τ is not 0."""
    h = 1e-3

    def at(i: float, j: float = 0) -> float:
        return model.loglik(mu + i * h, tau + j * h)

    mm = (at(1) - 2 * at(0) + at(-1)) / h**2
    if not joint or tau < 10 * h:
        return 1 / math.sqrt(-mm)
    tt = (at(0, 1) - 2 * at(0) + at(0, -1)) / h**2
    mt = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h**2)
    return 1 / math.sqrt(-(mm - mt**2 / tt))


def _shares(within: Floats, tau2: float) -> tuple[float, ...]:
    w = 1 / (within + tau2)
    return tuple(float(x) for x in w / w.sum())
