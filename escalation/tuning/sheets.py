"""What the risk page shows beside its pictures: proposals in words, and a replay."""

from __future__ import annotations

from dataclasses import dataclass

from escalation.gating.models import Gate
from escalation.tuning.forms import WhatIfForm
from escalation.tuning.models import Proposal
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


def proposals_at(gate: Gate) -> list[Sheet]:
    """The newest proposals of a gate, the newest first."""
    found = gate.proposals.select_related("gate__agent", "policy", "asked_by", "settlement__actor")
    return [_sheet(proposal, newest=n == 0) for n, proposal in enumerate(found.order_by("-id")[:SHOWN])]


def _sheet(proposal: Proposal, *, newest: bool) -> Sheet:
    certificate = proposal.certificate
    changes = change(certificate, proposal.present, proposal.policy.threshold)
    return Sheet(
        proposal,
        finding(certificate),
        [*evidence(certificate), *changes],
        proposal.obstacle() if newest else "A newer proposal was made.",
    )


def what_if_sheet(gate: Gate, form: WhatIfForm) -> WhatIf | None:
    """The replay that a form asks for; None for one that asks for none."""
    if not form.is_valid():
        return None
    said = form.cleaned_data
    return what_if(gate, said["threshold"], *form.period(), before=said["before"])
