"""Which exit a result takes: a result, a policy and a random draw in, a judgement out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ACCEPTED = "accepted"
HUMAN = "human"
CACHED = "cached"
DEFAULT = "default"
RULE = "rule"  # written "rule:name" in a policy
LAST = (DEFAULT, HUMAN)  # what a list of handlers may end in: both always yield
# A threshold that no confidence reaches. 1 would not do: models like to be sure of everything.
ACCEPTS_NOTHING = 2.0

# Reasons that nothing but a human may settle, and why.
ONLY_HUMAN = {
    "not_live": "the result of an agent that is not live is never accepted without a human",
    "budget_exhausted": "a PARTIAL result is never accepted without a human",
    "approval_required": "it stands for what policy wants a human to see, always",
}
# Of these, no stand-in is an answer either, however long it takes; a failed tool may have changed something.
NOBODY_ELSE = ("not_live", "approval_required", "tool_failed")
UNKNOWN_WRITE = "a tool of this agent changes things, and nobody knows whether it did"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gate needs to know of a result.

    `causes` are reason codes that the agent's own guards found, most important first; `live` is whether the
    agent may act without a human at all, and `open` whether its gate was not paused.
    """

    confidence: float | None
    partial: bool = False
    causes: Sequence[str] = ()
    live: bool = True
    open: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy says: `threshold` in 0 to 1 or ACCEPTS_NOTHING, `audit_rate` in 0 to 1, and handlers."""

    threshold: float
    audit_rate: float
    exits: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why a result was stopped, or None; a sentence with the numbers; the handlers to try; the audit coin."""

    reason: str | None
    detail: str
    handlers: Sequence[str]
    audited: bool = False


def judge(result: Facts, terms: Terms, draw: float) -> Judgement:
    """Accept a result whose confidence reaches the threshold, or say why not and which handlers to try.

    `draw` is uniform in [0, 1) and made for every result before the gate looks at it, so that the audits are
    a random sample whatever the gate says.
    """
    reason, detail = _stopped(result, terms)
    if reason is None:
        return Judgement(None, detail, (), audited=draw < terms.audit_rate)
    return Judgement(reason, detail, handlers_for(reason, terms, partial=result.partial))


def handlers_for(reason: str, terms: Terms, *, partial: bool = False) -> Sequence[str]:
    """The handlers of a reason, in order; a human where the policy names none.

    A PARTIAL result and a shadow run go to a human whatever the policy says.
    """
    if partial or reason == "not_live":
        return (HUMAN,)
    return terms.exits.get(reason) or (HUMAN,)


def when_full(handlers: Sequence[str], reason: str, *, partial: bool = False) -> Sequence[str]:
    """The handlers while the review queue has more than it can do: none waits for a human, the last yields.

    What no machine may answer goes to a human all the same, and so does a PARTIAL result.
    """
    if partial or reason in NOBODY_ELSE:
        return handlers
    return (*(handler for handler in handlers if handler not in LAST), DEFAULT)


def at_the_deadline(handlers: Sequence[str], reason: str, *, partial: bool = False) -> Sequence[str]:
    """The handlers to try when nobody decided in time; the last of them always yields.

    What no machine may answer stays with a human. A PARTIAL result may end in a safe default, and no rule is
    shown it: it might pass it on as whole.
    """
    if reason in NOBODY_ELSE:
        return (HUMAN,)
    fitting = [handler for handler in handlers if not (partial and handler.startswith(f"{RULE}:"))]
    return fitting or (HUMAN,)


def _stopped(result: Facts, terms: Terms) -> tuple[str | None, str]:
    if not result.live:
        return "not_live", "the agent is not live: every result goes to a human"
    if not result.open:
        return "not_live", "the gate is paused: every result goes to a human"
    if result.causes:
        return result.causes[0], f"the agent's guards stopped it: {', '.join(result.causes)}"
    if result.partial:
        return "budget_exhausted", "the result is PARTIAL"
    if not is_probability(result.confidence):
        return "no_confidence", f"the confidence is {result.confidence!r}, not a number from 0 to 1"
    return _compared(float(result.confidence or 0), terms.threshold)


def _compared(confidence: float, threshold: float) -> tuple[str | None, str]:
    if threshold == ACCEPTS_NOTHING:
        return "low_confidence", f"nothing is accepted at present, confidence {confidence:.2f} or not"
    # Exact doubles: a proposal's guarantee holds for `c >= t`, not for what a rounded display suggests.
    digits = next((n for n in range(2, 17) if round(confidence, n) != round(threshold, n)), None)
    shown, limit = ((repr(n) if digits is None else f"{n:.{digits}f}") for n in (confidence, threshold))
    if confidence >= threshold:
        return None, f"confidence {shown} reaches {limit}"
    return "low_confidence", f"confidence {shown} is under {limit}"


def is_probability(value: Any) -> bool:
    """Whether a value is a finite number from 0 to 1; `True` is no number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= 1


def is_threshold(value: Any) -> bool:
    """Whether a value is a probability, or the threshold that accepts nothing."""
    return is_probability(value) or value == ACCEPTS_NOTHING


def holes(
    exits: Mapping[str, Sequence[str]], reasons: Sequence[str], *, may_write: bool = False
) -> list[str]:
    """What is wrong with a policy's exits, a sentence each; none when every reason leads somewhere.

    `may_write` is whether the agent has tools that change something.
    """
    if not is_table(exits):
        return ["not a table of reasons, each with a list of handlers"]
    problems = [f"{reason}: no exit" for reason in reasons if not exits.get(reason)]
    for reason, handlers in exits.items():
        if reason not in reasons:
            problems.append(f"{reason}: not a reason")
        problems += [f"{reason}: {fault}" for fault in faults(handlers)]
        problems += _not_for_a_machine(reason, handlers, may_write=may_write)
    return problems


def faults(handlers: Sequence[str]) -> list[str]:
    """What is wrong with a list of handlers, a sentence each; an empty list is not this function's matter."""
    problems = []
    if handlers and handlers[-1] not in LAST:
        problems.append(f"ends in {handlers[-1]}, which may yield nothing; end in default or human")
    return problems + [f"{handler!r} is not a handler" for handler in handlers if not _is_handler(handler)]


def _not_for_a_machine(reason: str, handlers: Sequence[str], *, may_write: bool) -> list[str]:
    why = UNKNOWN_WRITE if reason == "tool_failed" and may_write else ONLY_HUMAN.get(reason)
    return [f"{reason}: {why}; its only exit is human"] if why and set(handlers) - {HUMAN} else []


def is_table(value: Any) -> bool:
    """Whether a value from outside has the shape {reason: [handler, …]} at all."""
    if not isinstance(value, Mapping):
        return False
    lists = [handlers for handlers in value.values() if isinstance(handlers, list | tuple)]
    return len(lists) == len(value) and all(isinstance(name, str) for names in lists for name in names)


def _is_handler(handler: str) -> bool:
    return handler in (HUMAN, CACHED, DEFAULT) or handler.startswith(f"{RULE}:")
