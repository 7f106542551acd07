"""A function under a gate returns what stands."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from otherwise_client import NotAccepted, Otherwise, Result

from escalation.gating.models import Outcome
from escalation.queue.models import Escalation
from tests.clients.conftest import DecideSoon, decide_the_newest


def test_what_is_sure_is_returned(support_triage: Otherwise) -> None:
    @support_triage.gated()
    def add(left: int, right: int = 2) -> tuple[int, float]:
        """Add two numbers."""
        return left + right, 0.9

    total = add(2)

    assert (total, add.__name__, add.__doc__) == (4, "add", "Add two numbers.")
    assert Outcome.objects.get().task == {"left": 2, "right": 2}


def test_of_what_is_not_the_human_has_the_last_word(
    support_triage: Otherwise, decide_soon: DecideSoon
) -> None:
    @support_triage.gated("default", timeout_s=20)
    def add(left: int, right: int) -> tuple[int, float]:
        return left + right + 1, 0.3

    decide_soon("edit", output=4)

    assert add(2, 2) == 4


def test_without_waiting_there_is_the_outcome(support_triage: Otherwise, alice: User) -> None:
    @support_triage.gated(wait=False)
    def add(left: int, right: int) -> tuple[int, float]:
        return left + right + 1, 0.3

    outcome = add(2, 2)

    assert outcome.escalation is not None
    assert support_triage.get(outcome.escalation.id).status == "waiting"
    decide_the_newest(alice, "reject")
    with pytest.raises(NotAccepted):
        support_triage.settle(outcome)


def test_a_result_says_more(support_triage: Otherwise) -> None:
    @support_triage.gated(task=lambda topic, tools: topic, wait=False)
    def research(topic: str, tools: object) -> Result[str]:
        return Result(
            output="Half of it.",
            confidence=0.9,
            partial=True,
            completed=["a"],
            missing=["b"],
            causes=["budget_exhausted"],
            usage={"cost_usd": 0.4},
            title="Half a research",
        )

    outcome = research("tides", object())

    escalation = Escalation.objects.get()
    assert (outcome.exit, outcome.reason) == ("human", "budget_exhausted")
    assert (escalation.task, escalation.title, escalation.partial) == ("tides", "Half a research", True)
    assert (escalation.completed, escalation.missing) == (["a"], ["b"])
    assert escalation.usage == {"cost_usd": 0.4}


class Reading(NamedTuple):
    """Three fields, two of which matter."""

    output: str
    confidence: float
    source: str


def test_anything_with_output_and_confidence_will_do(support_triage: Otherwise) -> None:
    @support_triage.gated()
    def read_meter() -> Any:
        return Reading("4711", 0.9, "photo")

    assert read_meter() == "4711"


def test_anything_else_is_a_mistake_that_is_told(support_triage: Otherwise) -> None:
    @support_triage.gated()
    def add() -> Any:
        return 4

    with pytest.raises(TypeError, match=r"\(output, confidence\)"):
        add()


def test_what_cannot_be_told_is_refused_before_the_work(support_triage: Otherwise) -> None:
    done = []

    @support_triage.gated()
    def work(tools: object) -> tuple[int, float]:
        done.append(tools)
        return 4, 0.9

    with pytest.raises(TypeError, match="not JSON serializable"):
        work(object())

    assert done == []


def test_it_is_told_what_was_asked_not_what_became_of_it(support_triage: Otherwise) -> None:
    @support_triage.gated()
    def drain(numbers: list[int]) -> tuple[int, float]:
        total = sum(numbers)
        numbers.clear()
        return total, 0.9

    drain([1, 2])

    assert Outcome.objects.get().task == {"numbers": [1, 2]}
