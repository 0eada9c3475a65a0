"""Words of the credibility dossier that several of its parts use."""

from __future__ import annotations

from engager.inference.dossier import Dossier

DIGITS = 12


def short(sha: str) -> str:
    """The beginning of a hash; it stands in full under Sources."""
    return sha[:DIGITS]


def conclusion(d: Dossier) -> str:
    """What the criteria say together, misses by name."""
    met = [j for j in d.judged if j.verdict == "met"]
    if len(met) == len(d.judged):
        return f"All {len(met)} acceptance criteria are met: by these the model may be used as described."
    out = [f"{len(met)} of {len(d.judged)} acceptance criteria are met."]
    for verdict, words in (("not met", "Not met"), ("cannot be judged", "Cannot be judged")):
        names = [j.criterion.name for j in d.judged if j.verdict == verdict]
        if names:
            out.append(f"{words}: {'; '.join(name[:1].lower() + name[1:] for name in names)}.")
    out.append("By its own criteria the model is not credible for this context of use as it stands.")
    return " ".join(out)
