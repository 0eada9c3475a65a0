"""Words of the credibility dossier that several of its parts use."""

from __future__ import annotations

from engager.inference.dossier import Dossier

DIGITS = 12


def short(sha: str) -> str:
    """The beginning of a hash; it stands in full under Sources."""
    return sha[:DIGITS]


def conclusion(d: Dossier) -> str:
    """What the criteria say together."""
    met, all_ = sum(j.verdict == "met" for j in d.judged), len(d.judged)
    if met == all_:
        return f"All {all_} acceptance criteria are met: by these the model may be used as described here."
    return (
        f"{met} of {all_} acceptance criteria are met: by its own criteria the model is not credible for this context "
        "of use as it stands."
    )
