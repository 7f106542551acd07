"""What still stands between a draft agent and going live. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.gating.exits import holes

FEWEST_MODES = 3


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gate and the policy in force at it; `exits` is None when it has no policy."""

    slug: str
    budget: Mapping[str, Any]
    exits: Mapping[str, Sequence[str]] | None


@dataclass(frozen=True, slots=True)
class ModePlan:
    """A failure mode: how urgent (the smallest `rank` first), whether a drill can bring it about, and did.

    `drilled` is "passed" or "failed" under the policy and the code in force, "stale" where the last drill was
    under others, or "never".
    """

    name: str
    rank: tuple[int, ...]
    rehearsable: bool
    drilled: str


DRILLED = {
    "failed": "its drill did not see the declared exit",
    "stale": "its drill was of another policy or code version",
    "never": "it was never rehearsed",
}


def still_missing(
    owner: str,
    on_call: str,
    gates: Sequence[GatePlan],
    reasons: Sequence[str],
    modes: Sequence[ModePlan] = (),
) -> list[str]:
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
    return missing + _missing_of(sorted(modes, key=lambda mode: mode.rank))


def _missing_at(gate: GatePlan, reasons: Sequence[str]) -> list[str]:
    if gate.exits is None:
        return [f"gate {gate.slug} has no policy"]
    missing = [f"gate {gate.slug}: {hole}" for hole in holes(gate.exits, reasons)]
    if not gate.budget:
        missing.append(f"gate {gate.slug} has no budget")
    return missing


def _missing_of(modes: Sequence[ModePlan]) -> list[str]:
    """What the pre-mortem lacks; `modes` in their rank."""
    missing = []
    if len(modes) < FEWEST_MODES:
        written = f"{len(modes)} of its failure modes {'is' if len(modes) == 1 else 'are'} written"
        missing.append(f"{written}, and {FEWEST_MODES} are the least")
    for place, mode in enumerate(modes):
        if mode.rehearsable and mode.drilled in DRILLED:
            missing.append(f"failure mode “{mode.name}”: {DRILLED[mode.drilled]}")
        elif not mode.rehearsable and place < FEWEST_MODES:
            missing.append(
                f"failure mode “{mode.name}” is one of the {FEWEST_MODES} that rank highest: it needs a drill"
            )
    return missing
