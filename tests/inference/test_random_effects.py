"""The two random-effects models: against brute force, metafor and lme4, statsmodels, PyMARE, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymare import Dataset
from pymare.estimators import VarianceBasedLikelihoodEstimator
from scipy import integrate, special, stats
from statsmodels.stats.meta_analysis import combine_effects

from engager.inference.random_effects import Binomial, Normal, difference, exact

# Pritz 1997, hyperdynamic therapy of cerebral vasospasm: improved patients of all (metafor's dat.pritz1997)
PRITZ = (
    [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6],
    [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10],
)
RECORD = [14, 27, 62, 91], [45, 27, 189, 271]
RELAPSED = [14, 62, 91], [45, 189, 271]

# Colditz 1994, BCG vaccine: log risk ratios and variances of escalc(measure="RR", data=dat.bcg)
BCG_Y = [
    -0.8893113339, -1.5853886572, -1.3480731483, -1.4415511900, -0.2175473222, -0.7861155858, -1.6208982236,
    0.0119523335, -0.4694176487, -1.3713448035, -0.3393588283, 0.4459134006, -0.0173139482,
]  # fmt: skip
BCG_V = [
    0.3255847650, 0.1945811214, 0.4153679654, 0.0200100319, 0.0512101722, 0.0069056185, 0.2230172476,
    0.0039615793, 0.0564342105, 0.0730247936, 0.0124122140, 0.5325058452, 0.0714046597,
]  # fmt: skip


def shares(n, N):
    return Binomial(np.array(n, float), np.array(N, float))


def effects(y, s):
    return Normal(np.array(y, float), np.array(s, float))


# R 4.2.2: rma.glmm(measure="PLO", xi=n, ni=N, method="ML", test="t", nAGQ=25) of metafor 3.8-1 for mu, se, tau2 and
# the interval; confint(profile(glmer(cbind(n, N-n) ~ 1 + (1|id), family=binomial, nAGQ=25), which="theta_"))^2 of
# lme4 1.1-31 for the interval of tau2
@pytest.mark.parametrize(
    ("data", "mu", "se", "tau2", "ends", "tau2_ends"),
    [
        (PRITZ, 1.3765875214, 0.2883773734, 0.5892998935, (0.7535860828, 1.999588960), (0.1172061, 2.384275)),
        (RECORD, 0.458194397, 1.154204379, 4.575802, (-3.214999063, 4.131387858), (0.7815363, 57.37362)),
        (RELAPSED, -0.70505208307, 0.09458648562, 0.0, (-1.11202488362, -0.29807928251), None),
    ],
)
def test_shares_as_metafor_and_lme4_fit_them(data, mu, se, tau2, ends, tau2_ends):
    fit = shares(*data).fit(restricted=False)
    assert (fit.mu, fit.se, fit.tau2) == pytest.approx((mu, se, tau2), rel=3e-5)
    assert fit.interval == pytest.approx(ends, rel=3e-5)
    if tau2_ends:
        assert (fit.tau2_lower, fit.tau2_upper) == pytest.approx(tau2_ends, rel=1e-3)
    else:
        assert fit.tau2_lower == 0 < fit.tau2_upper


# rma(yi, vi, method="PM", test="knha") and confint() of metafor 3.8-1
def test_effects_as_metafor_fits_them():
    model = effects(BCG_Y, np.sqrt(BCG_V))
    fit = model.fit()
    assert (fit.mu, fit.se, fit.tau2) == pytest.approx((-0.7149681535, 0.1808921915, 0.3180684522), rel=1e-6)
    assert fit.interval == pytest.approx((-1.1090983812, -0.3208379258), rel=1e-6)
    ends = fit.tau2_lower, fit.tau2_upper
    assert ends == pytest.approx((0.1196953128, 1.111486262), rel=3e-4)  # confint() searches to 1e-4
    assert [model.q(end) for end in ends] == pytest.approx(stats.chi2.ppf([0.975, 0.025], 12), rel=1e-9)
    assert 100 * model.inconsistency == pytest.approx(92.3303379542, rel=1e-6)
    half = stats.t.ppf(0.975, 11) * math.sqrt(0.3180684522 + 0.1808921915**2)
    assert fit.prediction == pytest.approx((-0.7149681535 - half, -0.7149681535 + half), rel=1e-6)


@pytest.mark.parametrize("first", range(0, 9, 2))
def test_effects_as_statsmodels_and_pymare_fit_them(first):
    y, v = np.array(BCG_Y[first:][:5]), np.array(BCG_V[first:][:5])
    model = effects(y, np.sqrt(v))
    fit = model.fit()
    known = combine_effects(y, v, method_re="iterated", use_t=True, atol=1e-12)
    assert fit.tau2 == pytest.approx(known.tau2, abs=1e-6)
    assert fit.mu == pytest.approx(known.mean_effect_re, rel=1e-5)
    data = Dataset(y=y, v=v, X=None, add_intercept=True)
    other = VarianceBasedLikelihoodEstimator(method="ml").fit_dataset(data).summary().get_re_stats()
    assert fit.tau2_lower == pytest.approx(float(other["ci_l"][0]), abs=1e-4)
    assert fit.tau2_upper == pytest.approx(float(other["ci_u"][0]), rel=1e-3)
    assert model.best(math.sqrt(float(other["tau^2"].item())))[1] >= model.best(math.sqrt(fit.tau2))[1] - 1e-6


def test_restricted_likelihood_of_many_patients_is_reml():
    n, N = np.array([30000, 25000, 41000, 35000, 27000]), np.full(5, 100000)
    y, v = special.logit(n / N), 1 / (n * (1 - n / N))
    data = Dataset(y=y, v=v, X=None, add_intercept=True)
    reml = VarianceBasedLikelihoodEstimator(method="reml").fit_dataset(data).summary()
    fit = shares(n, N).fit()
    assert fit.tau2 == pytest.approx(float(reml.tau2.item()), rel=1e-3)
    assert fit.mu == pytest.approx(float(reml.fe_params.item()), abs=1e-4)
    assert fit.se == pytest.approx(float(reml.fe_se.item()), rel=1e-3)
    assert shares(n, N).fit(restricted=False).tau2 == pytest.approx(fit.tau2 * 4 / 5, rel=0.01)


# anova(glmer(... ~ 1 ...), glmer(... ~ factor(x) ...)), nAGQ=25, x = 0 for the first seven studies
def test_difference_between_groups_as_lme4_tests_it():
    model = shares(*PRITZ)
    statistic, df, p = difference([model.pick(range(7)), model.pick(range(7, 14))])
    assert (statistic, df, p) == (pytest.approx(0.07489, abs=2e-5), 1, pytest.approx(0.78435, abs=2e-5))


@pytest.mark.parametrize("tau", [0.05, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("mu", [-4.0, 0.0, 1.5])
def test_likelihood_is_the_integral(mu, tau):
    n, N = [0, 3, 27, 62], [21, 45, 27, 189]

    def study(n, N):
        def integrand(theta):
            return stats.binom.pmf(n, N, special.expit(theta)) * stats.norm.pdf(theta, mu, tau)

        points = sorted({float(special.logit((n + 0.5) / (N + 1))), mu})
        return integrate.quad(integrand, mu - 12 * tau, mu + 12 * tau, points=points, limit=500, epsabs=0)[0]

    whole = sum(math.log(study(*pair)) for pair in zip(n, N, strict=True))
    assert shares(n, N).loglik(mu, tau) == pytest.approx(whole, rel=1e-6 if tau < 5 else 1e-4)


def test_equal_studies_are_one_large_study():
    fit = shares([10, 20, 40], [40, 80, 160]).fit()
    assert fit.tau2 == 0 and special.expit(fit.mu) == pytest.approx(0.25, abs=1e-6)
    assert fit.se == pytest.approx(1 / math.sqrt(280 * 0.25 * 0.75), rel=1e-4)
    assert fit.weights == pytest.approx((1 / 7, 2 / 7, 4 / 7))


def test_two_equal_effects_by_hand():
    fit = effects([1.0, 3.0], [1.0, 1.0]).fit()
    assert (fit.mu, fit.tau2) == (pytest.approx(2.0), pytest.approx(1.0))  # Q = 2/(1+τ²) = 1
    assert fit.interval[1] == pytest.approx(2.0 + stats.t.ppf(0.975, 1) * 1.0)
    assert fit.prediction is None


def test_a_single_study_has_no_interval_of_a_mean():
    with pytest.raises(ValueError, match="single study"):
        _ = effects([1.0], [0.5]).fit().interval


@pytest.mark.parametrize(("n", "N"), [([0, 0, 0], [20, 10, 30]), ([20, 10], [20, 10])])
def test_nobody_and_everybody_are_told_not_fitted(n, N):
    model = shares(n, N)
    assert model.one_sided
    with pytest.raises(ValueError, match="infinite"):
        model.fit()


@pytest.mark.parametrize(
    ("n", "N"), [([0, 0, 1], [20, 10, 30]), ([20, 10, 29], [20, 10, 30]), ([0, 27], [20, 27])]
)
def test_studies_at_the_boundary_can_be_fitted(n, N):
    fit = shares(n, N).fit()
    assert all(math.isfinite(x) for x in (fit.mu, fit.se, fit.tau2, *fit.interval))
    mirrored = shares([b - a for a, b in zip(n, N, strict=True)], N).fit()
    assert mirrored.mu == pytest.approx(-fit.mu, abs=1e-3) and mirrored.tau2 == pytest.approx(
        fit.tau2, abs=1e-3
    )


# exact intervals of Clopper and Pearson 1934: R's binom.test(n, N)$conf.int
@pytest.mark.parametrize(
    ("n", "N", "ends"),
    [(0, 10, (0, 0.3084971)), (10, 10, (0.6915029, 1)), (91, 271, (0.2797932, 0.3954311))],
)
def test_exact_interval(n, N, ends):
    assert exact(n, N) == pytest.approx(ends, abs=1e-6)


study = st.integers(3, 300).flatmap(lambda N: st.tuples(st.integers(1, N - 1), st.just(N)))
estimate = st.tuples(st.floats(-3, 3), st.floats(0.05, 2))
quick = settings(max_examples=15, deadline=None)


@quick
@given(st.lists(study, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_shares_keep_the_laws_of_pooling(studies, random):
    n, N = zip(*studies, strict=True)
    fit = shares(n, N).fit()
    assert (
        min(a / b for a, b in studies) - 1e-3
        <= special.expit(fit.mu)
        <= max(a / b for a, b in studies) + 1e-3
    )
    random.shuffle(studies)
    again = shares(*zip(*studies, strict=True)).fit()
    assert again.mu == pytest.approx(fit.mu, abs=1e-3)
    assert again.tau2 == pytest.approx(fit.tau2, rel=3e-3, abs=1e-3)
    _intervals_nest(fit)


@quick
@given(st.lists(estimate, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_effects_keep_the_laws_of_pooling(studies, random):
    y, s = zip(*studies, strict=True)
    fit = effects(y, s).fit()
    assert min(y) - 1e-9 <= fit.mu <= max(y) + 1e-9
    random.shuffle(studies)
    again = effects(*zip(*studies, strict=True)).fit()
    assert (again.mu, again.tau2) == (pytest.approx(fit.mu, abs=1e-8), pytest.approx(fit.tau2, abs=1e-8))
    _intervals_nest(fit)


def _intervals_nest(fit):
    assert sum(fit.weights) == pytest.approx(1)
    assert fit.interval[0] <= fit.mu <= fit.interval[1]
    if fit.prediction:
        assert fit.prediction[0] < fit.interval[0] and fit.interval[1] < fit.prediction[1]
    if fit.tau2_upper is not None:
        assert fit.tau2_lower <= fit.tau2 + 1e-9 and fit.tau2 <= fit.tau2_upper + 1e-9


@quick
@given(study, st.integers(2, 5), st.integers(2, 6))
def test_more_patients_and_more_studies_narrow_the_interval(one, times, k):
    n, N = one
    fits = [shares([n * f] * m, [N * f] * m).fit() for f, m in ((1, k), (times, k), (1, k + 1))]
    widths = [fit.interval[1] - fit.interval[0] for fit in fits]
    assert widths[1] == pytest.approx(widths[0] / math.sqrt(times), rel=1e-3)
    assert widths[2] < widths[0]


@pytest.mark.slow
def test_with_three_studies_the_interval_holds_the_truth_and_a_normal_one_would_not():
    random = np.random.default_rng(1)
    N, mu, tau, times = np.array([45, 189, 271]), -0.7, 0.3, 200
    held = normal = predicted = 0
    for _ in range(times):
        n = random.binomial(N, special.expit(random.normal(mu, tau, 3)))
        fit = shares(n, N).fit()
        held += fit.interval[0] <= mu <= fit.interval[1]
        normal += abs(fit.mu - mu) <= 1.96 * fit.se
        predicted += fit.prediction[0] <= random.normal(mu, tau) <= fit.prediction[1]
    assert held >= 0.93 * times and predicted >= 0.93 * times and normal <= 0.88 * times
