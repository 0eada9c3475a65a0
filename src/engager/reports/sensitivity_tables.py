"""A study of sensitivity at the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from engager.inference.sensitivity import PREDICTS, Sensitivity
from engager.reports.heat_map import short
from engager.reports.layout import head, table


def sensitivity_page(found: Sensitivity) -> RenderableType:
    """Parameters by what the targets say of them, pairs that are tied together, targets, rival structures."""
    parts: list[RenderableType] = [_parameters(found)]
    if found.uninformed:
        parts += [Text(), Text("No target tells of: " + ", ".join(found.uninformed))]
    if len(found.pairs):
        tied = [f"{r['parameter']} and {r['other']} {r['correlation']:+.2f}" for r in found.pairs.to_dicts()]
        parts += [Text(), Text("Tied together by the targets (correlation): " + "; ".join(tied))]
    parts += [Text(), _sobol(found), Text(), _rivals(found)]
    if found.changed:
        note = f"Found with other contents of {', '.join(found.changed)}: engager sensitivity --out does it anew."
        parts += [Text(), Text(note)]
    return Group(*parts)


def _parameters(found: Sensitivity) -> RenderableType:
    shown = table(
        "parameter", "targets", "moves most", "by", "spread", "is", wrap="moves most|is",
        right=("targets", "by", "spread"),
    )  # fmt: skip
    for r in found.parameters.to_dicts():
        most = f"{r['strongest'].split(' · ')[0]}: {short(r['strongest'])}" if r["strongest"] else "none"
        by = f"{r['mu_star']:.1f}" if r["strongest"] else ""
        shown.add_row(r["parameter"], str(r["targets"]), most, by, f"{r['spread']:.2f}", r["role"])
    words = (
        "targets: with a clear slope over it; by: standard errors per prior standard deviation, where beyond noise; "
        "spread: posterior over prior, were all effects straight"
    )
    return Group(head("What the calibrated targets tell of the fitted parameters"), shown, Text(words))


def _sobol(found: Sensitivity) -> RenderableType:
    shown = table(
        "target",
        "predicted",
        "largest shares of its variance (total)",
        wrap="largest shares of its variance (total)",
        right=("predicted",),
    )
    by_target = found.sobol.group_by("target", maintain_order=True)
    for (target,), rows in by_target:
        top = rows.drop_nulls("total").sort("total", descending=True).head(5).to_dicts()
        shares = ", ".join(f"{r['parameter']} {r['total']:.0%}" for r in top if r["total"] >= 0.05)
        name = f"{str(target).split(' · ')[0]}: {short(str(target))}"
        shown.add_row(
            name, f"{rows['predicted'][0]:.0%}", shares or "not given: the polynomial predicts too little"
        )
    words = f"predicted: variance that a polynomial predicts at new points; shares from {PREDICTS:.0%} on"
    return Group(head("What moves each target (Sobol)"), shown, Text(words))


def _rivals(found: Sensitivity) -> RenderableType:
    shown = table(
        "taken out", "parameters", "misfit", "moved", "targets moved", "most", wrap="taken out|most",
        right=("misfit", "moved", "targets moved"),
    )  # fmt: skip
    order = found.rivals["out"].unique(maintain_order=True).to_list()
    for r in sorted(found.rivals.to_dicts(), key=lambda r: order.index(r["out"])):
        most = f"{r['most'].split(' · ')[0]}: {short(r['most'])}" if r["most"] else ""
        shown.add_row(
            r["out"], r["stage"], f"{r['misfit']:.1f}", f"{r['moved']:.1f}", str(r["outside"]), most
        )
    words = (
        f"misfit: squared distance of {found.rivals['targets'][0]} targets in standard errors, with their "
        "correlation; moved: squared distance of the parameters from their priors' centres; targets moved: by more "
        "than one standard error against the model as shipped; refitted: a few steps with the shipped model's "
        "slopes, no full fit"
    )
    return Group(head("Rival structures"), shown, Text(words))
