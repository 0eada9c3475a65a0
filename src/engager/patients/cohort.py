"""A study's cohort: who is treated, drawn to a published (or a user's) table of baseline characteristics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator
from scipy.special import expit, logit, ndtr, ndtri

from engager.documents import Strict
from engager.engine import streams
from engager.patients.population import Disease, Floats, population
from engager.vocabulary import quantity

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=False)]


def _years(text: Any) -> float:
    return quantity(text, "years").canonical / quantity("1 year").canonical


Years = Annotated[float, BeforeValidator(_years), Field(ge=0, le=120)]


class Blasts(Strict):
    """Marrow blasts at entry as a share: logit-normal, placed so that ``at_least_half`` of the patients would
    have half or more, and cut off at ``lowest`` and ``highest``; ``sd`` is that of the logit."""

    distribution: Literal["logit-normal"]
    at_least_half: Annotated[float, Field(gt=0, lt=1, strict=False)]
    sd: Annotated[float, Field(gt=0, le=10, strict=False)]
    lowest: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.0
    highest: Annotated[float, Field(gt=0, le=1, strict=False)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Blasts:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest ({self.lowest}) must be below highest ({self.highest})")
        return self

    def draw(self, u: Floats) -> Floats:
        middle = self.sd * float(ndtri(self.at_least_half))
        if (self.lowest, self.highest) != (0.0, 1.0):
            with np.errstate(divide="ignore"):
                return np.asarray(
                    expit(
                        _truncated(u, middle, self.sd, float(logit(self.lowest)), float(logit(self.highest)))
                    ),
                    np.float64,
                )
        return np.asarray(expit(middle + self.sd * ndtri(u)), np.float64)


class Residual(Strict):
    """Residual disease at entry as a share of marrow cells: log10 normal between two limits."""

    distribution: Literal["log10-normal"]
    mean: Annotated[float, Field(strict=False)]
    sd: Annotated[float, Field(gt=0, strict=False)]
    lowest: Annotated[float, Field(lt=0, strict=False)]
    highest: Annotated[float, Field(lt=0, strict=False)]

    @model_validator(mode="after")
    def _ordered(self) -> Residual:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest ({self.lowest}) must be below highest ({self.highest})")
        return self

    def draw(self, u: Floats) -> Floats:
        return 10.0 ** _truncated(u, self.mean, self.sd, self.lowest, self.highest)


class Age(Strict):
    """Age at entry: log-normal about the median, between the youngest and the oldest; ``sd`` is that of the log."""

    median: Years
    lowest: Years
    highest: Years
    sd: Annotated[float, Field(gt=0, le=2, strict=False)]

    @model_validator(mode="after")
    def _ordered(self) -> Age:
        if not self.lowest < self.median < self.highest:
            raise ValueError(
                f"needs lowest < median < highest, not {self.lowest:g}, {self.median:g}, {self.highest:g}"
            )
        return self

    def draw(self, u: Floats) -> Floats:
        return np.exp(_truncated(u, np.log(self.median), self.sd, np.log(self.lowest), np.log(self.highest)))


def _truncated(u: Floats, mean: float, sd: float, low: float, high: float) -> Floats:
    a, b = ndtr((low - mean) / sd), ndtr((high - mean) / sd)
    return np.asarray(mean + sd * ndtri(a + u * (b - a)), np.float64)


class Cohort(Strict):
    """Who is enrolled.

    ``lines``: shares of patients by line — salvage 1, 2, 3 (3 or later) in relapsed disease, remission 1, 2
    for MRD, 1 in untreated disease. Shares are taken relative to their sum. ``ph`` is the share of
    Ph-positive patients, ``t315i`` that of carriers of T315I among them (the population's, by setting, where
    it is not given). ``refractory``: of relapsed patients, the share whose disease was refractory or came back within
    a year of first remission; all of them where it is not given, as in the trials that the population was fitted to.
    """

    setting: Literal["relapsed", "MRD", "untreated"]
    blasts: Annotated[Blasts | Residual, Field(discriminator="distribution")]
    lines: dict[str, Share]
    prior_transplant: Share
    age: Age
    ph: Share = 0.0
    t315i: Share | None = None
    refractory: Share | None = None
    assumptions: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> Cohort:
        allowed = tuple(str(i + 1) for i in range(len(exposures(self.setting))))
        wrong = [line for line in self.lines if line not in allowed]
        if wrong:
            raise ValueError(
                f"lines of a {self.setting} cohort are {', '.join(allowed)}, not {', '.join(wrong)}"
            )
        if not sum(self.lines.values()) > 0:
            raise ValueError("the shares of the lines add up to nothing")
        if self.refractory is not None and self.setting != "relapsed":
            raise ValueError(f"refractory is a share of relapsed patients; this cohort is {self.setting}")
        if (self.setting == "MRD") != isinstance(self.blasts, Residual):
            raise ValueError(
                "blasts of an MRD cohort are log10-normal, those of any other cohort logit-normal"
            )
        return self


def exposures(setting: str) -> tuple[str, ...]:
    """Parameters of prior treatment, one for each line of a setting."""
    return {
        "relapsed": ("x_salvage_1", "x_salvage_2", "x_salvage_3"),
        "MRD": ("x_mrd_cr1", "x_mrd_cr2"),
        "untreated": ("x_untreated",),
    }[setting]


class Patients(NamedTuple):
    """Patients of one cohort, arrays over patients: number, age [years], line, whether the disease was refractory or
    relapsed early (0 or 1), disease and individual parameter values by name."""

    number: NDArray[np.int64]
    age: Floats
    line: NDArray[np.int64]
    refractory: Floats
    disease: Disease
    values: dict[str, Floats | float]


def draw(cohort: Cohort, v: dict[str, float], seed: int, replicate: int, numbers: range) -> Patients:
    """Draw patients ``numbers`` of a replicate: each is the same person whoever else is drawn.

    Args:
        v: population medians by parameter name (see ``population.values``).
    """
    u = streams.draws(seed, "patients", replicate, numbers)
    individual = _individual(v, u)
    lines = sorted(cohort.lines)
    shares = np.cumsum([cohort.lines[line] for line in lines])
    nth = np.searchsorted(shares / shares[-1], u("line"), side="right")
    line = np.array([int(name) for name in lines])[np.minimum(nth, len(lines) - 1)]
    relapsed, mrd = cohort.setting == "relapsed", cohort.setting == "MRD"
    exposure = np.array([v[name] for name in exposures(cohort.setting)])[line - 1]
    ones = np.ones(len(numbers))
    ph = np.asarray(u("Philadelphia chromosome") < cohort.ph, np.float64)
    disease = Disease(
        cohort.blasts.draw(u("blasts")),
        exposure,
        relapsed * ones,
        mrd * ones,
        ph,
        _t315i(cohort, individual, u),
        np.asarray(u("prior transplant") < cohort.prior_transplant, np.float64),
    )
    age = cohort.age.draw(u("age"))
    individual["hne"] = (
        v["h0ne"] * np.exp(individual["eta_ne"]) * np.where(age >= v["ne_age_from"], v["ne_age"], 1.0)
    )
    share = 1.0 if cohort.refractory is None else cohort.refractory
    refractory = np.asarray(relapsed & (u("refractory") < share), np.float64)
    return Patients(np.arange(numbers.start, numbers.stop), age, line, refractory, disease, individual)


def _t315i(cohort: Cohort, values: Mapping[str, Any], u: streams.Draw) -> Floats:
    """Share of blasts with T315I: nearly all in a relapsed carrier, a trace in an untreated one."""
    if cohort.setting == "relapsed":
        carriers, share = values["T315I_relapsed"], values["T315I_relapsed_fraction"]
    else:
        carriers, share = values["T315I_untreated"], 10.0 ** values["T315I_untreated_fraction"]
    carriers = carriers if cohort.t315i is None else cohort.t315i
    return np.asarray(np.where(u("T315I") < carriers, share, 0.0), np.float64)


def _individual(v: dict[str, float], u: streams.Draw) -> dict[str, Floats | float]:
    """Each patient's own value of every parameter that varies; the population's value of the others."""
    out: dict[str, Floats | float] = {}
    for name, row in population().items():
        out[name] = v[name]
        if row.distribution != "fixed":
            z = row.sd * ndtri(u(name))
            out[name] = v[name] * np.exp(z) if row.distribution == "lognormal" else v[name] + z
    fast = u("CL_fast_share") < v["CL_fast_share"]
    out["CL"] = np.where(fast, out["CL_fast"], out["CL_main"])
    out["f22"] = out["f22"] * np.where(u("low CD22") < v["f22_low_share"], v["f22_low"], 1.0)
    out["BSA"] = np.clip(out["BSA"], v["BSA_min"], v["BSA_max"])
    return out
