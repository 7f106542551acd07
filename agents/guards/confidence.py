"""Whether a result may pass its gate: first what no number can outweigh, then the number."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final

from agents.guards.verdict import PROCEED, Reason, Stop, Verdict


@dataclass(frozen=True, slots=True)
class HardGates:
    """What sends a result to a human whatever its confidence; each is a sentence that says so, or empty."""

    refused: str = ""
    cut: str = ""
    unreadable: str = ""
    partial: str = ""
    asked_for_help: str = ""
    needs_approval: str = ""
    evidence_missing: str = ""
    fallback_used: str = ""


# In the order in which a reviewer should hear of them: what makes the others meaningless comes first.
REASONS: Final = {
    "refused": Reason.MODEL_REFUSED,
    "cut": Reason.OUTPUT_INVALID,
    "unreadable": Reason.OUTPUT_INVALID,
    "partial": Reason.BUDGET_EXHAUSTED,
    "asked_for_help": Reason.INPUT_REQUESTED,
    "needs_approval": Reason.APPROVAL_REQUIRED,
    "evidence_missing": Reason.EVIDENCE_MISSING,
    "fallback_used": Reason.BREAKER_OPEN,
}

NO_GATES: Final = HardGates()


def check_confidence(confidence: float | None, threshold: float, gates: HardGates = NO_GATES) -> Verdict:
    """Let a result pass when no hard gate holds it and `confidence >= threshold`, compared as exact doubles.

    No confidence (None) never passes, not even a threshold of 0.
    """
    for gate in fields(gates):
        detail = getattr(gates, gate.name)
        if detail:
            return Stop(REASONS[gate.name], detail)
    if confidence is None:
        return Stop(Reason.NO_CONFIDENCE, "the result states no confidence between 0 and 1")
    if confidence >= threshold:
        return PROCEED
    return Stop(Reason.LOW_CONFIDENCE, f"{confidence:.3f} is under {threshold:.3f}")


def parse_confidence(value: object) -> float | None:
    """A confidence in 0 to 1 as a double; None for anything else: absent, text, true, NaN, out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    # A NaN is not between anything; a signalling one may not even be asked.
    if isinstance(value, Decimal) and value.is_nan():
        return None
    return float(value) if 0 <= value <= 1 else None


def parse_percent(value: object) -> float | None:
    """A confidence given as a whole number of percent, 0 to 100; None for anything else."""
    if type(value) is not int or not 0 <= value <= 100:
        return None
    return value / 100
