"""What targets are held to: exact cases, and hashes that notice what a fit rests on."""

import numpy as np
import pytest

from engager.documents import DocumentError
from engager.inference import basis, forward, targets

KNOWN = {t.name: t for t in targets.targets()}
CRS = KNOWN["MT103-202 · blinatumomab · crs_grade_3 · proportion"]
MRD = KNOWN["MT103-202 · blinatumomab · mrd_response · proportion · 1 cycle"]
RFS = KNOWN["MT103-202 · blinatumomab · relapse_free_survival · rate_at · 1 year"]


def simulated(correlation: float, sizes: tuple[float, ...]) -> np.ndarray:
    """Trials with exactly this correlation between the first two targets, and these standard deviations."""
    z = np.random.default_rng(0).standard_normal((50, len(sizes)))
    z = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(49)  # uncorrelated, of size 1
    z[:, 1] = correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 1]
    return z * np.array(sizes)


def test_a_count_has_its_binomial_error_whatever_simulated_trials_show() -> None:
    found = {"MT103-202": simulated(0.6, (0.3, 0.5, 0.2))}
    held = forward.errors(found, {"MT103-202": 15}, [CRS, MRD, RFS])
    none_of_21 = np.sqrt(1 / 0.5 + 1 / 21.5)
    sixteen_of_20 = np.sqrt(1 / 16.5 + 1 / 4.5)
    sizes = np.array([none_of_21, sixteen_of_20, 0.2])
    assert MRD.result.n == 16 and MRD.result.N == 20
    correlation = np.array([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]])
    rounding = np.diag([t.rounding**2 for t in (CRS, MRD, RFS)])
    assert held.printed == pytest.approx(correlation * np.outer(sizes, sizes) + rounding)
    assert held.noise == pytest.approx(correlation * np.outer([0.3, 0.5, 0.2], [0.3, 0.5, 0.2]) / 15)
    assert held.whole == pytest.approx(held.printed + held.model + held.noise)


def test_what_no_trial_varies_in_is_correlated_with_nothing() -> None:
    found = {"MT103-202": simulated(0.6, (0.0, 0.5, 0.2))}
    held = forward.errors(found, {"MT103-202": 15}, [CRS, MRD, RFS])
    assert held.printed[0, 0] == pytest.approx(1 / 0.5 + 1 / 21.5)
    assert not held.printed[0, 1:].any()


def test_nobody_of_how_many_is_refused() -> None:
    row = CRS.result.model_copy(update={"N": None, "n": None, "value": 0.0})
    with pytest.raises(DocumentError, match="N is needed"):
        targets.chosen([row])


def test_a_fact_from_outside_must_not_be_one_that_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    row = targets.external.results()[0].model_copy(
        update={"study": "TOWER", "arm": "blinatumomab", "endpoint": "complete_remission"}
    )
    monkeypatch.setattr(targets.external, "results", lambda: [row])
    with pytest.raises(DocumentError, match="is predicted in the record"):
        targets.outside()


@pytest.mark.parametrize(("by", "same"), [(1e-12, True), (1e-4, False)])
def test_equations_may_be_written_otherwise_but_not_say_otherwise(
    monkeypatch: pytest.MonkeyPatch, by: float, same: bool
) -> None:
    def other(*given: object) -> object:
        gains, losses = rates(*given)
        return gains._replace(Am=gains.Am * (1 + by)), losses

    before, rates = basis.equations.__wrapped__(), basis.rates
    monkeypatch.setattr(basis, "rates", other)
    assert (basis.equations.__wrapped__() == before) is same
