"""What a word means: endpoint, parameter, state, quantity of the equations, drug.

Definitions come from the tables, equations and the parameters in them from the source of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from scipy.special import ndtri

from engager.app import equations, source
from engager.app.bases import BASES, Basis
from engager.app.source import Equation
from engager.documents import DocumentError, near
from engager.evidence import pharmacology
from engager.model import Parameters
from engager.model.states import states
from engager.outcomes import response_criteria
from engager.patients import Parameter, ensemble, population
from engager.regimens import regimens
from engager.trials.therapies import therapies
from engager.vocabulary import Drug, Endpoint, drugs, endpoints

MIDDLE = 0.9
"""Share of patients within the range that is shown for a parameter that varies."""


@dataclass(frozen=True)
class ParameterLine:
    """A parameter as it is shown: ``spread`` between patients and how well it is known (``prior``) in words."""

    name: str
    value: float
    unit: str
    meaning: str
    standing: str
    spread: str
    prior: str
    source: str


@dataclass(frozen=True)
class Explanation:
    """One meaning of a word.

    ``kind`` is endpoint, parameter, state, quantity or drug. ``facts`` are further lines (name, text).
    ``equations`` are its own; ``through`` those of the quantities in them; ``parameters`` stand in either
    (for an endpoint, what lies further behind is left to the words in its equations). ``seen`` names
    functions of the source that decide about it.
    """

    word: str
    kind: str
    title: str
    definition: str
    unit: str = ""
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    equations: tuple[Equation, ...] = ()
    through: tuple[Equation, ...] = ()
    parameters: tuple[ParameterLine, ...] = ()
    seen: tuple[str, ...] = ()


_CRITERIA = {
    "complete_remission": ("CR",),
    "remission_crh": ("CR", "CRh"),
    "remission_crh_cri": ("CR", "CRh", "CRi"),
    "overall_response": ("CR", "CRh", "CRi"),
    "remission_cri": ("CR", "CRh", "CRi"),
    "remission_cri_crp": ("CR", "CRh", "CRi"),
    "complete_haematologic_response": ("CR",),
    "mrd_negative_remission": ("CR",),
    "crh": ("CRh",),
    "cri": ("CRi",),
}

_ENGAGER = ("C", "depot", "Cd", "Cp", "Cm", "s")
"""Quantities through which the engager acts."""

_ACTS = {
    "chemotherapy": ("kchem", "Edrug"),
    "inotuzumab": ("kINO", "Edrug"),
    "pomp": ("ks", "Edrug"),
    "intrathecal": ("ko",),
    "rituximab": ("kB",),
    "donor": ("ks",),
    "tki": ("ks",),
    "t315i": ("kr",),
    "steroid": ("E_T", "I6"),
    "function": ("E_T",),
    "exhaustion": ("X",),
    "recovery": ("X",),
    "release": ("I6",),
}
"""Quantities through which each effect of the table of therapies acts."""


def explanations(word: str) -> list[Explanation]:
    """All meanings of ``word``: written exactly so, or else in any case.

    Raises:
        DocumentError: no meaning; near words of every kind are offered.
    """
    wanted = word.strip()
    exact = [make() for name, make in _known() if name == wanted]
    if exact:
        return exact
    loose = [make() for name, make in _known() if name.casefold() == wanted.casefold()]
    if loose:
        return list({(e.kind, e.word): e for e in loose}.values())
    raise DocumentError(f"unknown word {word!r}; {near(wanted, {name for name, _ in _known()})}")


def words() -> list[str]:
    """Every word that can be explained."""
    return sorted({name for name, _ in _known()})


@cache
def _known() -> tuple[tuple[str, Callable[[], Explanation]], ...]:
    return tuple(_meanings())


def _meanings() -> Iterator[tuple[str, Callable[[], Explanation]]]:
    for e in endpoints().values():
        for name in dict.fromkeys((e.symbol, e.name)):
            yield name, lambda e=e: _endpoint(e)  # type: ignore[misc]
    for name in states():
        yield name, lambda name=name: _state(name)  # type: ignore[misc]
    for name in population():
        yield name, lambda name=name: _parameter(name)  # type: ignore[misc]
    for name in Parameters._fields:
        if name not in population():
            yield name, lambda name=name: _derived(name)  # type: ignore[misc]
    for name in equations.quantities():
        yield name, lambda name=name: _quantity(name)  # type: ignore[misc]
    for drug in drugs().values():
        yield drug.name, lambda drug=drug: _drug(drug)  # type: ignore[misc]


# --- one kind each -------------------------------------------------------------------------------------


def _endpoint(e: Endpoint) -> Explanation:
    basis = BASES.get(e.name, Basis())
    own = [equations.behind(symbol, deep=False) for symbol in (*basis.symbols, *basis.chain)]
    places = [place for place in basis.functions if place in _read()]
    further = {word for found in own for e in (*found.equations, *found.through) for word in e.words}
    read = {name for place in places for name in _read()[place]}
    behind = dict.fromkeys(name for found in own for name in found.parameters)
    shown = dict.fromkeys(equation for found in own for equation in found.equations)
    defined = {equation.symbol for found in own for equation in (*found.equations, *found.through)}
    apart = {word for word in further & set(equations.quantities()) if word not in defined}
    chosen = [*behind, *basis.parameters, *sorted(read - set(behind) - set(basis.parameters))]
    return Explanation(
        word=e.symbol,
        kind="endpoint",
        title=e.label,
        definition=e.definition,
        unit="share of patients" if e.unit == "1" else e.unit,
        facts=(*_endpoint_facts(e, basis), ("explained apart", ", ".join(sorted(apart)))),
        equations=tuple(shown),
        through=tuple(dict.fromkeys(e for found in own for e in found.through if e not in shown)),
        parameters=_lines(chosen),
        seen=tuple(places),
    )


def _endpoint_facts(e: Endpoint, basis: Basis) -> Iterator[tuple[str, str]]:
    yield "name", e.name
    for response in _CRITERIA.get(e.name, ()):
        c = response_criteria()[response]
        yield f"criterion {response}", f"{c.meaning} ({c.source})"
    if e.within:
        yield "counts also as", endpoints()[e.within].symbol
    if e.better:
        yield "better", e.better
    if basis.symbols:
        yield "decided by", ", ".join(f"{s} ({_what(s)})" for s in basis.symbols)
    elif e.kind == "baseline":
        yield "in the model", "described at entry: patients are drawn to the trial's cohort"
    elif not basis.functions:
        yield "in the model", "no equation leads to it"
    if basis.note:
        yield "note", basis.note


def _what(symbol: str) -> str:
    if symbol in states():
        return states()[symbol].meaning.partition(",")[0].partition(" (")[0].partition(":")[0]
    titles = {"b": "marrow blast share", "L": "all marrow blasts", "u": "unadapted signal"}
    return titles.get(symbol, "see its equation")


def _state(name: str) -> Explanation:
    state, found = states()[name], equations.behind(name)
    return Explanation(
        word=name,
        kind="state",
        title=state.meaning,
        definition="One of the states of a patient; the equation is its rate of change per day.",
        unit=state.unit,
        source=state.source,
        facts=(("depends on", ", ".join(found.states)),) if found.states else (),
        equations=found.equations,
        through=found.through,
        parameters=_lines(found.parameters),
    )


def _quantity(name: str) -> Explanation:
    found = equations.behind(name)
    return Explanation(
        word=name,
        kind="quantity",
        title="a quantity on the way from states and parameters to rates",
        definition=equations.meaning(name),
        facts=(("depends on", ", ".join(found.states)),) if found.states else (),
        equations=found.equations,
        through=found.through,
        parameters=_lines(found.parameters),
    )


def _parameter(name: str) -> Explanation:
    row = population()[name]
    line = _line(row)
    facts = [
        ("value", f"{row.value:g} {row.unit}" if row.unit != "1" else f"{row.value:g}"),
        ("between patients", line.spread),
        ("standing", f"{row.standing}; {line.prior}"),
    ]
    if name in ensemble().names:
        low, middle, high = ensemble().quantiles(name, (0.05, 0.5, 0.95))
        facts.append(("fitted", f"{middle:.3g}, 90 % of the ensemble's members from {low:.3g} to {high:.3g}"))
    used = equations.equations_with(name)
    return Explanation(
        word=name,
        kind="parameter",
        title=row.meaning,
        definition="A parameter of the population: the median over patients.",
        unit=row.unit,
        source=row.source,
        facts=tuple(facts),
        equations=tuple(dict.fromkeys(equation for _, equation in used)),
        seen=(*source.uses().get(name, ()), *_therapies_with(name)),
    )


def _therapies_with(name: str) -> tuple[str, ...]:
    """Lines of the table of therapies that a parameter stands in."""
    rows = [t for t in therapies() if name in (t.parameter, t.usual, t.lasts)]
    return tuple(f"trials/data/therapies.csv: {t.drug} ({t.effect})" for t in rows)


def _derived(name: str) -> Explanation:
    own = equations.behind(name).equations if name in source.printed() else ()
    used = tuple(equation for _, equation in equations.equations_with(name))
    return Explanation(
        word=name,
        kind="parameter",
        title="a parameter derived for each patient before integration",
        definition=" ".join((Parameters.__doc__ or "").split("\n\n")[-1].split()),
        equations=tuple(dict.fromkeys((*own, *used))),
        seen=source.uses().get(name, ()),
    )


def _drug(drug: Drug) -> Explanation:
    effects = [therapy for therapy in therapies() if therapy.drug == drug.name]
    named = (
        _ENGAGER if drug.kind == "T-cell engager" else (s for t in effects for s in _ACTS.get(t.effect, ()))
    )
    own = [equations.behind(symbol) for symbol in dict.fromkeys(named)]
    given = [name for name, regimen in regimens().items() if drug.name in regimen.drugs]
    facts = [("kind", drug.kind), ("given in", ", ".join(given) or "no shipped regimen's plan")]
    if drug.subcutaneous_units:
        facts.append(("under the skin", " or ".join(drug.subcutaneous_units)))
    if drug.name == "blinatumomab":
        facts += [
            (f.name.replace("_", " "), f"{f.printed} [{f.unit}]  ({f.source}, {f.place})")
            for f in pharmacology()
        ]
    extra = [name for t in effects for name in (t.parameter, t.usual, t.lasts) if name]
    parameters = dict.fromkeys(name for found in own for name in found.parameters)
    return Explanation(
        word=drug.name,
        kind="drug",
        title=drug.kind,
        definition=drug.effect,
        unit=" or ".join(drug.dose_units),
        source=drug.source,
        facts=tuple(facts),
        equations=tuple(dict.fromkeys(equation for found in own for equation in found.equations)),
        parameters=_lines([*parameters, *extra]),
    )


# --- parts ---------------------------------------------------------------------------------------------


@cache
def _read() -> dict[str, tuple[str, ...]]:
    """Parameters of the population by the function that reads them."""
    found: dict[str, list[str]] = {}
    for name, places in source.uses().items():
        for place in places:
            if name in population():
                found.setdefault(place, []).append(name)
    return {place: tuple(names) for place, names in found.items()}


def _lines(names: Iterable[str]) -> tuple[ParameterLine, ...]:
    """Parameters by name, with the variants that a patient's own value is chosen from (CL: CL_main, CL_fast;
    N0: N0_relapsed), and what a derived one is made of (kN: MTT_N)."""
    table, chosen = population(), dict[str, None]()
    for name in names:
        variants = [other for other in table if other.startswith(f"{name}_") and name in Parameters._fields]
        made_of = [other for other in source.derived().get(name, ()) if other in table]
        chosen |= dict.fromkeys([name, *variants, *made_of] if name in table else [*variants, *made_of])
    return tuple(_line(table[name]) for name in chosen)


def _line(row: Parameter) -> ParameterLine:
    known = "exact" if row.prior_factor == 1 else f"known within × ÷ {row.prior_factor:g}"
    return ParameterLine(
        row.name, row.value, row.unit, row.meaning, row.standing, _spread(row), known, row.source
    )


def _spread(row: Parameter) -> str:
    """How patients differ, in words, with the range of the middle of them."""
    if row.distribution == "fixed":
        return "the same in every patient"
    z = float(ndtri(0.5 + MIDDLE / 2)) * row.sd
    if row.distribution == "lognormal":
        low, high, what = row.value * math.exp(-z), row.value * math.exp(z), "log-normal"
        how = f"SD of the log {row.sd:g}"
    else:
        low, high, what, how = row.value - z, row.value + z, "normal", f"SD {row.sd:g}"
    return f"{what}, {how}; {MIDDLE:.0%} of patients from {low:.3g} to {high:.3g}"
