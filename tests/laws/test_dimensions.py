"""Every rate has the dimension of its state per day: the equations run on quantities with units (pint)."""

import numpy as np
import pint
import pytest
from tests.helpers import median_person

from engager.model import Exposure, Parameters, State, absorbed, action, concentration, depot, rates
from engager.model.states import states
from engager.patients import population

UNITS = pint.UnitRegistry()
UNITS.define("cells = [cells] = cell")
UNITS.define("nano_count = 1e9 * cells")

DERIVED = {
    "CL": "L/day", "hne": "1/day", "kbm": "1/day", "kpb": "1/day", "kN": "1/day", "kP": "1/day", "Gall0": "cells",
}  # fmt: skip


def parsed(text: str) -> pint.Unit:
    """A unit of our tables as pint writes it."""
    text = text.split(" ")[-1] if text.startswith(("log", "logit")) else text
    for ours, theirs in (("1e9/L", "nano_count/L"), ("m²", "m**2"), ("µg", "microgram")):
        text = text.replace(ours, theirs)
    parts = text.split("/")
    return UNITS.parse_units(" / ".join("dimensionless" if part == "1" else part for part in parts))


def with_units():
    who = median_person("low_burden_relapse")
    table = {name: row.unit for name, row in population().items()} | DERIVED
    p = Parameters(
        **{
            n: UNITS.Quantity(float(np.ravel(v)[0]), parsed(table[n]))
            for n, v in who.parameters._asdict().items()
        }
    )
    y = State(
        **{
            n: UNITS.Quantity(float(v[0]) + 1e-3, parsed(states()[n].unit))
            for n, v in who.start._asdict().items()
        }
    )
    return p, y


def exposure():
    one = UNITS.Quantity(1.0, "")
    levels = dict.fromkeys(Exposure._fields, 0.5 * one)
    return Exposure(**levels)._replace(
        C=UNITS.Quantity(0.5, "microgram/L"), inotuzumab=UNITS.Quantity(0.03, "mg/L")
    )


def test_every_rate_has_its_states_dimension_per_day():
    p, y = with_units()
    x = exposure()
    produced, lost = rates(y, action(x, p, np), p, np)
    for name, P, k, value in zip(State._fields, produced, lost, y, strict=True):
        assert UNITS.Quantity(P).check(value.units / UNITS.day) or P == 0, f"production of {name}: {P}"
        assert k.check("1/[time]"), f"loss of {name}: {k.units}"


def test_a_wrong_unit_is_found():
    """The test above can fail: a parameter with another dimension is refused."""
    p, y = with_units()
    x = exposure()
    with pytest.raises(pint.DimensionalityError):
        rates(y, action(x, p, np), p._replace(kap=UNITS.Quantity(0.5, "cells")), np)


def test_concentration_has_the_dimension_of_concentration():
    q = UNITS.Quantity
    C = concentration(
        q(0.1, "microgram/L"), q(28, "microgram/day"), q(50, "L/day"), q(6, "L"), q(0.1, "day"), np
    )
    assert C.check("[mass]/[length]**3")
    D, ka, day = q(75, "microgram"), q(1.4, "1/day"), q(0.1, "day")
    assert absorbed(D, ka, q(50, "L/day"), q(6, "L"), day, np).check("[mass]/[length]**3")
    assert depot(D, ka, day, np).check("[mass]")
