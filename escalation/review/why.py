"""Why an escalation is here: one sentence with the numbers. PURE."""

from typing import Any, Protocol

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.queue.models import Reason

# What a reviewer of a blind check may know: that somebody must look, and nothing else.
BLIND = "A person checks this one. Judge it on its own: what the agent thought of it is not shown."

SENTENCES = {
    Reason.BREAKER_OPEN: "A system the agent needed kept failing, so its circuit is open.",
    Reason.TOOL_FAILED: "A tool failed, and the agent could not go on from there.",
    Reason.LOOP_DETECTED: "The agent went round in circles and was stopped.",
    Reason.MODEL_REFUSED: "The model refused to answer.",
    Reason.MODEL_UNAVAILABLE: "The model could not be reached for too long.",
    Reason.OUTPUT_INVALID: "What the agent produced is cut off or does not have the agreed form.",
    Reason.EVIDENCE_MISSING: "What the agent cites does not exist, or does not say what it claims.",
    Reason.APPROVAL_REQUIRED: "This call runs only if a person lets it.",
    Reason.INPUT_REQUESTED: "The agent asks a person before it goes on.",
    Reason.NOT_LIVE: "The agent is not live, so a person sees every result.",
    Reason.ERROR: "Something went wrong that nobody foresaw.",
}


class Facts(Protocol):
    """The fields of an escalation that say why it was raised."""

    reason: str
    confidence: float | None
    threshold: float | None
    usage: Any
    completed: Any
    missing: Any

    @property
    def is_blind(self) -> bool: ...


def why(facts: Facts) -> str:
    """Say in one sentence why a human must look; the guard's own words are shown beside it, not in it."""
    if facts.is_blind:
        return BLIND
    if facts.reason == Reason.LOW_CONFIDENCE:
        return _doubt(facts.confidence, facts.threshold)
    if facts.reason == Reason.NO_CONFIDENCE:
        needed = "" if facts.threshold is None else f"; {number(facts.threshold)} was needed"
        return f"The agent gave no confidence that can be used{needed}."
    if facts.reason == Reason.BUDGET_EXHAUSTED:
        return _spent(facts)
    return SENTENCES[Reason(facts.reason)]


def compared(confidence: float | None, threshold: float | None) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to tell them apart; an absent one is ""."""
    if confidence is None or threshold is None or threshold == ACCEPTS_NOTHING:
        return number(confidence), "" if threshold == ACCEPTS_NOTHING else number(threshold)
    digits = next((n for n in range(2, 17) if round(confidence, n) != round(threshold, n)), 2)
    return f"{confidence:.{digits}f}", f"{threshold:.{digits}f}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _doubt(confidence: float | None, threshold: float | None) -> str:
    got, needed = compared(confidence, threshold)
    if not got:
        return "The agent is not sure enough."
    if threshold == ACCEPTS_NOTHING:
        return "Nothing is accepted at this gate at present, so a person sees every result."
    if not needed or not _is_under(confidence, threshold):
        return f"The agent's confidence is {got}, and it asked for a person."
    return f"Confidence {got} is under the threshold {needed}."


def _is_under(confidence: float | None, threshold: float | None) -> bool:
    return confidence is not None and threshold is not None and confidence < threshold


def _spent(facts: Facts) -> str:
    spent = [text for text in (_money(facts.usage), _count(facts.usage, "turns")) if text]
    stopped = "Stopped" + (f" at {spent[0]}" if spent else "")
    stopped += f" after {spent[1]}" if len(spent) > 1 else ""
    done, missing = _length(facts.completed), _length(facts.missing)
    if done + missing:
        return f"{stopped}, its budget spent: {done} of {done + missing} parts are done."
    return f"{stopped}: its budget is spent."


def _money(usage: Any) -> str:
    cost = _number(usage, "cost_usd")
    return "" if cost is None else f"${cost:,.2f}" if cost >= 0.01 else f"${cost:.4f}"


def _count(usage: Any, name: str) -> str:
    count = _number(usage, name)
    return "" if count is None else f"{count:,} {name[:-1] if count == 1 else name}"


def _number(usage: Any, name: str) -> int | float | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _length(parts: Any) -> int:
    return len(parts) if isinstance(parts, list) else 0
