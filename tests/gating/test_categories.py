"""A policy can set a threshold of its own for each thing that results are about."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from escalation.gating.models import Gate, Outcome, Result


@pytest.fixture
def sorted_gate(gate: Gate) -> Gate:
    """0.75 for all, 0.95 for refunds, and addresses by the threshold of all."""
    gate.adopt(author=None, reason="refunds are dear", categories={"refund": 0.95, "address": None})
    return gate


def passed(confidence: float, category: str) -> Outcome:
    result = Result(task="Where?", output="There.", confidence=confidence, category=category)
    return Outcome.objects.pass_gate("support-triage", "default", result)[0]


@pytest.mark.parametrize(
    ("confidence", "category", "kept", "threshold", "exit_"),
    [
        (0.9, "refund", "refund", 0.95, "human"),
        (0.95, "refund", "refund", 0.95, "accepted"),
        (0.8, "address", "address", 0.75, "accepted"),
        (0.8, "", "", 0.75, "accepted"),
        (0.8, "weather", "", 0.75, "accepted"),
    ],
)
def test_a_result_meets_the_threshold_of_its_category(
    confidence: float, category: str, kept: str, threshold: float, exit_: str, sorted_gate: Gate
) -> None:
    outcome = passed(confidence, category)

    assert (outcome.category, outcome.threshold, outcome.exit) == (kept, threshold, exit_)
    if outcome.escalation:
        assert outcome.escalation.threshold == threshold


@pytest.mark.parametrize("categories", [["refund"], {"refund": 1.5}, {"refund": "high"}, {"": 0.5}])
def test_what_is_no_table_of_thresholds_is_refused(categories: Any, gate: Gate) -> None:
    with pytest.raises(ValidationError) as refusal:
        gate.adopt(author=None, reason="-", categories=categories)

    assert list(refusal.value.message_dict) == ["categories"]
