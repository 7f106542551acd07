"""Failures that agents are known for: what can be injected in a drill, and a pre-mortem to start from. Pure.

The catalogue is drawn from MAST (arXiv 2503.13657), the OWASP Top 10 for Agentic Applications 2026 and
Microsoft's Taxonomy of Failure Modes in Agentic AI Systems v2.0 (2026). The numbers are guesses to be mended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

READS, WRITES = "reads", "writes"


@dataclass(frozen=True, slots=True)
class Injection:
    """A failure that a drill brings about, and the reason that it should be stopped for.

    `needs` is the kind of tool without which it cannot happen.
    """

    slug: str
    name: str
    reason: str
    how: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A failure mode to start a pre-mortem from; the numbers from 1, harmless, to 10."""

    injection: str
    name: str
    effect: str
    detection: str
    severity: int
    occurrence: int
    detectability: int


INJECTIONS: Final[Mapping[str, Injection]] = {
    injection.slug: injection
    for injection in (
        Injection(
            "low-confidence", "Low confidence", "low_confidence", "the answer comes with a confidence of 0.05"
        ),
        Injection(
            "no-confidence", "No confidence", "no_confidence", "the answer comes without its confidence"
        ),
        Injection(
            "tool-down", "Tool down", "breaker_open", "its tools refuse every connection; it calls on", READS
        ),
        Injection(
            "tool-slow", "Tool slow", "breaker_open", "its tools time out at every call; it calls on", READS
        ),
        Injection(
            "tool-unknown",
            "Outcome of a tool unknown",
            "tool_failed",
            "a tool that changes something breaks off in the middle of a call",
            WRITES,
        ),
        Injection(
            "one-turn", "Budget of one turn", "budget_exhausted", "its budget is cut to one turn of the model"
        ),
        Injection("loop", "Loop", "loop_detected", "the model makes the same call over and over", READS),
        Injection("refusal", "Refusal", "model_refused", "the model refuses to answer"),
        Injection(
            "cut-stream", "Cut stream", "output_invalid", "the answer's stream ends in mid-text, each time"
        ),
        Injection(
            "truncated-call",
            "Truncated call",
            "output_invalid",
            "a tool call is cut off inside its arguments",
            READS,
        ),
        Injection(
            "invalid-output", "Invalid output", "output_invalid", "the answer is JSON that ends in the middle"
        ),
        Injection("model-down", "Model down", "model_unavailable", "the model's API is overloaded, for good"),
        Injection("redis-down", "Redis down", "model_unavailable", "Redis refuses every connection"),
    )
}

CATALOGUE: Final = (
    Suggestion(
        "tool-unknown",
        "Nobody knows whether a change was made",
        "The customer gets their money twice, or not at all, and nobody can say which.",
        "The tool broke off after it was asked: its row says started, and no answer came.",
        9,
        3,
        6,
    ),
    Suggestion(
        "low-confidence",
        "It guesses",
        "An answer that the agent itself doubts reaches the customer as if it were known.",
        "Its confidence is under the gate's threshold; audits say what the number is worth.",
        7,
        8,
        5,
    ),
    Suggestion(
        "invalid-output",
        "Its answer is no answer",
        "What is stored or sent is half a sentence, or breaks the program that reads it.",
        "The answer does not fit its schema.",
        7,
        4,
        3,
    ),
    Suggestion(
        "tool-down",
        "What it looks things up in is down",
        "It answers from memory: politely, and wrong.",
        "Calls fail until the tool's circuit opens.",
        7,
        5,
        3,
    ),
    Suggestion(
        "loop",
        "It goes round in circles",
        "Money and minutes are spent and nothing comes of it; whoever asked waits.",
        "The same call with the same answer, again and again.",
        5,
        6,
        4,
    ),
    Suggestion(
        "one-turn",
        "The work is larger than its budget",
        "Half of the work is taken for the whole.",
        "The budget's ledger: what is left does not buy the next turn.",
        6,
        5,
        2,
    ),
    Suggestion(
        "truncated-call",
        "A call is cut off in the middle",
        "A tool runs with arguments that are not what was meant.",
        "The model stopped at its limit of tokens inside a call.",
        8,
        2,
        4,
    ),
    Suggestion(
        "cut-stream",
        "The connection breaks in mid-answer",
        "A part of the answer is taken for all of it.",
        "The stream ended without a reason to stop.",
        6,
        3,
        5,
    ),
    Suggestion(
        "refusal",
        "The model refuses",
        "Whoever asked gets nothing, and asking again does not help.",
        "The reason to stop is `refusal`.",
        4,
        4,
        1,
    ),
    Suggestion(
        "model-down",
        "The model's API is down",
        "Every request waits, and the line grows for as long as it lasts.",
        "Calls fail, one after the other, past the run's patience.",
        5,
        5,
        1,
    ),
    Suggestion(
        "tool-slow",
        "What it looks things up in is slow",
        "Workers wait instead of working, and others wait for the workers.",
        "Calls run into their time limit until the tool's circuit opens.",
        4,
        5,
        3,
    ),
    Suggestion(
        "redis-down",
        "The budget cannot be checked",
        "It spends money that nobody counts.",
        "Redis does not answer: no call is made.",
        6,
        2,
        1,
    ),
    Suggestion(
        "no-confidence",
        "It does not say how sure it is",
        "A missing number is read as a good one.",
        "The confidence is absent, or not a number from 0 to 1.",
        6,
        2,
        2,
    ),
)


def applicable(tools: Collection[str] | None) -> list[Injection]:
    """What can be injected into an agent with tools of these effects; None: nobody here knows its tools."""
    if tools is None:
        return list(INJECTIONS.values())
    has = {READS if tools else "", WRITES if set(tools) - {"read"} else "", ""}
    return [injection for injection in INJECTIONS.values() if injection.needs in has]
