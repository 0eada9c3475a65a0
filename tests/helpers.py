"""The median patients and small calls that several tests need."""

from __future__ import annotations

import numpy as np

from engager.engine.integrate import step
from engager.model import action, alone, concentration, rates
from engager.patients import Disease, person, simplest, values

# blast share, exposure, relapsed, residual disease; infusion and steroid days of the reference courses
CASES = {
    "bulky_relapse": (0.8, 1.0, 1.0, 0.0),
    "low_burden_relapse": (0.3, 1.0, 1.0, 0.0),
    "mrd_cr1": (1e-3, 0.5, 0.0, 1.0),
}


def median_person(case: str):
    """A person with every random effect at its median, in the model without the structures that can be switched."""
    v = values(switched=simplest())
    v["CL"], v["hne"] = v["CL_main"], v["h0ne"]
    b0, exposure, relapsed, mrd = (np.full(1, x) for x in CASES[case])
    return person(v, Disease(b0, exposure, relapsed, mrd))


def dosing(case: str, day: int) -> tuple[float, float]:
    """Infusion rate [µg/day] and dexamethasone (0 or 1) on a day counted from 1."""
    mrd = case == "mrd_cr1"
    rate = 15 * 1.88 if mrd else (9.0 if day <= 7 else 28.0)
    steroid = day in ((1, 43) if mrd else (1, 8, 43))
    return (rate if (day - 1) % 42 < 28 else 0.0), float(steroid)


def course(case: str, days: int, steps: int):
    """State by time [day], four a day, on a plain grid of ``steps`` a day in double precision."""
    who = median_person(case)
    p, y, C, out = who.parameters, who.start, np.zeros(1), {}
    for day in range(1, days + 1):
        rate, steroid = dosing(case, day)
        for k in range(steps):
            after = concentration(C, rate, p.CL, p.V, 1 / steps, np)
            x0, x1 = (action(alone(c, np, steroid), p, np) for c in (C, after))
            y = step(lambda s, a: rates(s, a, p, np), y, x0, x1, 1 / steps, np)
            C = after
            if (k + 1) % (steps // 4) == 0:
                out[day - 1 + (k + 1) / steps] = y
        gone = {
            n: np.where(getattr(y, n) < who.Lc, 0.0, getattr(y, n)) for n in ("Ls", "Lo", "Lr", "Ln", "Lx")
        }
        y = out[float(day)] = y._replace(**gone)
    return out
