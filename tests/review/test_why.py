from __future__ import annotations

from typing import Any

import pytest

from escalation.queue.models import Escalation, Reason
from escalation.review.why import BLIND, compared, why


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"reason": "low_confidence"}, "Confidence 0.62 is under the threshold 0.75."),
        (
            {"reason": "low_confidence", "confidence": 0.7499},
            "Confidence 0.7499 is under the threshold 0.7500.",
        ),
        ({"reason": "low_confidence", "confidence": None}, "The agent is not sure enough."),
        (
            {"reason": "low_confidence", "confidence": 0.9},
            "The agent's confidence is 0.90, and it asked for a person.",
        ),
        (
            {"reason": "low_confidence", "confidence": 1.0, "threshold": 2.0},
            "Nothing is accepted at this gate at present, so a person sees every result.",
        ),
        ({"reason": "no_confidence"}, "The agent gave no confidence that can be used; 0.75 was needed."),
        (
            {"reason": "budget_exhausted", "usage": {"cost_usd": 0.4, "turns": 1}, "completed": ["a"]},
            "Stopped at $0.40 after 1 turn, its budget spent: 1 of 1 parts are done.",
        ),
        ({"reason": "budget_exhausted", "usage": {"cost_usd": "lots"}}, "Stopped: its budget is spent."),
        (
            {"reason": "budget_exhausted", "usage": {"cost_usd": 0.0004}},
            "Stopped at $0.0004: its budget is spent.",
        ),
        ({"reason": "audit"}, BLIND),
        ({"reason": "second_review"}, BLIND),
        ({"reason": "gold"}, BLIND),
    ],
)
def test_the_numbers_are_in_the_sentence(facts: dict[str, Any], sentence: str) -> None:
    escalation = Escalation(**({"confidence": 0.62, "threshold": 0.75} | facts))

    assert why(escalation) == sentence


@pytest.mark.parametrize("reason", Reason.values)
def test_every_reason_has_a_sentence(reason: str) -> None:
    assert why(Escalation(reason=reason)).endswith(".")


@pytest.mark.parametrize(
    ("confidence", "threshold", "texts"),
    [(0.5, 0.75, ("0.50", "0.75")), (0.7499, 0.75, ("0.7499", "0.7500")), (0.75, 0.75, ("0.75", "0.75"))],
)
def test_two_numbers_are_told_apart(confidence: float, threshold: float, texts: tuple[str, str]) -> None:
    assert compared(confidence, threshold) == texts
