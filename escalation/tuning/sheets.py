"""What the risk page shows beside its pictures: proposals in words, and a replay."""

from __future__ import annotations

from dataclasses import dataclass

from escalation.gating.models import Gate
from escalation.tuning.bill import Effort, effort_of, minutes_at
from escalation.tuning.forms import WhatIfForm
from escalation.tuning.models import GateCosts, Proposal
from escalation.tuning.templatetags.shares import upward
from escalation.tuning.whatif import WhatIf, what_if
from escalation.tuning.wording import change, evidence, finding

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Sheet:
    """A proposal with its sentences; `obstacle` is why it cannot be applied, empty for the one that can."""

    proposal: Proposal
    finding: str
    sentences: list[str]
    obstacle: str


def proposals_at(gate: Gate, category: str) -> list[Sheet]:
    """The newest proposals of a gate, or of one category there, the newest first."""
    found = gate.proposals.filter(category=category).select_related(
        "gate__agent", "policy", "asked_by", "settlement__actor"
    )
    return [_sheet(proposal, newest=n == 0) for n, proposal in enumerate(found.order_by("-id")[:SHOWN])]


def _sheet(proposal: Proposal, *, newest: bool) -> Sheet:
    certificate = proposal.certificate
    changes = change(certificate, proposal.present, proposal.threshold_then, proposal.outcomes)
    sentences = [*evidence(certificate), *changes]
    if newest and (stands := proposal.standing()) is not None and stands != proposal.threshold:
        sentences.append(
            f"An earlier look at this window vouched for {upward(stands)}, and all looks hold together:"
            " it stands."
        )
    return Sheet(
        proposal,
        finding(certificate),
        sentences,
        proposal.obstacle() if newest else "A newer proposal was made.",
    )


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay, and the effort of the candidate and of the threshold in force."""

    what_if: WhatIf
    candidate: Effort
    in_force: Effort | None


def what_if_sheet(gate: Gate, form: WhatIfForm, category: str) -> Replayed | None:
    """The replay that a form asks for; None for one that asks for none."""
    if not form.is_valid():
        return None
    said = form.cleaned_data
    found = what_if(gate, said["threshold"], *form.period(), category=category, before=said["before"])
    costs: GateCosts | None = GateCosts.newest(gate)
    minutes = minutes_at(gate, costs)
    in_force = effort_of(found.in_force, minutes, costs) if found.in_force else None
    return Replayed(found, effort_of(found.candidate, minutes, costs), in_force)
