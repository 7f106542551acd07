"""What still stands between a draft agent and going live. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.gating.exits import holes


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gate and the policy in force at it; `exits` is None when it has no policy."""

    slug: str
    budget: Mapping[str, Any]
    exits: Mapping[str, Sequence[str]] | None


def still_missing(owner: str, on_call: str, gates: Sequence[GatePlan], reasons: Sequence[str]) -> list[str]:
    """Sentences that say what to mend, in the order in which to mend it; empty when the agent may go live."""
    missing = []
    if not owner:
        missing.append("no owner is named")
    if not on_call:
        missing.append("no on-call contact is named")
    if not gates:
        missing.append("it has no gate")
    for gate in gates:
        missing += _missing_at(gate, reasons)
    return missing


def _missing_at(gate: GatePlan, reasons: Sequence[str]) -> list[str]:
    if gate.exits is None:
        return [f"gate {gate.slug} has no policy"]
    missing = [f"gate {gate.slug}: {hole}" for hole in holes(gate.exits, reasons)]
    if not gate.budget:
        missing.append(f"gate {gate.slug} has no budget")
    return missing
