"""While its review queue is full, a gate does without a human for reasons of low stakes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils.timezone import now

from escalation.gating.exits import when_full
from escalation.gating.models import Gate, Outcome, Result
from escalation.queue.models import ReviewQueue


def result(**facts: Any) -> Result:
    return Result("Where?", "There.", 0.2, **facts)


def exit_of(**facts: Any) -> Outcome:
    return Outcome.objects.pass_gate("support-triage", "default", result(**facts))[0]


@pytest.fixture
def full(gate: Gate) -> None:
    gate.adopt(author=None, reason="shed", shed=["low_confidence"], default_output="Later.")
    ReviewQueue.objects.update(overloaded_at=now())


def test_a_result_of_low_stakes_takes_the_stand_in_and_says_why(full: None) -> None:
    outcome = exit_of()

    assert (outcome.exit, outcome.served, outcome.escalation) == ("default", "Later.", None)
    assert outcome.exit_detail == "the policy's safe default; the review queue support is full"


@pytest.mark.parametrize(
    "facts",
    [{"priority": 2}, {"partial": True}, {"causes": ["tool_failed"]}],
    ids=["important", "partial", "another reason"],
)
def test_what_matters_goes_to_a_human_all_the_same(full: None, facts: dict[str, Any]) -> None:
    assert exit_of(**facts).exit == "human"


def test_when_it_has_drained_a_human_is_asked_again(full: None) -> None:
    ReviewQueue.objects.update(overloaded_at=None)

    assert exit_of().exit == "human"


def test_reasons_cannot_be_shed_without_a_safe_default(gate: Gate) -> None:
    with pytest.raises(ValidationError) as refused:
        gate.adopt(author=None, reason="shed", shed=["low_confidence"])

    assert "shed" in refused.value.message_dict


@pytest.mark.parametrize(
    ("handlers", "reason", "partial", "expected"),
    [
        (["rule:x", "human"], "low_confidence", False, ["rule:x", "default"]),
        (["cached", "default"], "low_confidence", False, ["cached", "default"]),
        (["human"], "budget_exhausted", True, ["human"]),
        (["human"], "not_live", False, ["human"]),
    ],
)
def test_the_handlers_that_are_tried(
    handlers: list[str], reason: str, partial: bool, expected: list[str]
) -> None:
    assert list(when_full(handlers, reason, partial=partial)) == expected
