"""One call puts a result before a human, with all that the human needs to know."""

from __future__ import annotations

import pytest

from agents import Result, escalate_to_human
from agents.models import Run
from escalation.gating.models import Policy
from escalation.queue.models import Escalation

pytestmark = pytest.mark.django_db

TASK = "Where is order 7?"


def result(**facts: object) -> Result:
    known: dict[str, object] = {
        "agent": "support-triage",
        "task": TASK,
        "output": {"reply": "Sent."},
        "confidence": 0.6,
        "stated_confidence": 0.6,
    }
    return Result(**(known | facts))  # type: ignore[arg-type]


def test_the_human_sees_what_the_agent_did() -> None:
    part = result(
        partial=True,
        completed=("order 7",),
        missing=("order 8",),
        detail="Stopped after 2 turns.",
        usage={"turns": 2},
        trace=({"kind": "model", "name": "turn 1"},),
        evidence=({"title": "order", "text": "sent"},),
    )

    escalation = escalate_to_human(TASK, reason="budget_exhausted", agent_output=part)

    escalation.refresh_from_db()
    assert (escalation.agent, escalation.gate, escalation.kind) == ("support-triage", "default", "result")
    assert (escalation.reason, escalation.detail) == ("budget_exhausted", "Stopped after 2 turns.")
    assert (escalation.task, escalation.title, escalation.output) == (TASK, TASK, {"reply": "Sent."})
    assert (escalation.partial, escalation.completed, escalation.missing) == (True, ["order 7"], ["order 8"])
    assert (escalation.usage, escalation.trace) == ({"turns": 2}, [{"kind": "model", "name": "turn 1"}])
    assert escalation.evidence == [{"title": "order", "text": "sent"}]


def test_a_known_agent_s_result_comes_under_its_policy(policy: Policy) -> None:
    escalation = escalate_to_human(TASK, reason="low_confidence", agent_output=result())

    assert (escalation.queue, escalation.threshold, escalation.policy_version) == (policy.queue, 0.75, 1)


def test_a_confidence_that_was_not_stated_is_not_shown_as_one() -> None:
    silent = result(confidence=0.0, stated_confidence=None)

    escalation = escalate_to_human(TASK, reason="no_confidence", agent_output=silent)

    assert escalation.confidence is None


def test_a_run_s_result_is_escalated_once() -> None:
    run = Run.objects.create(agent="support-triage", task=TASK, model="m", prompt_version="v")

    twice = [
        escalate_to_human(TASK, reason="low_confidence", agent_output=result(run=run.pk)) for _ in range(2)
    ]

    assert twice[0] == twice[1]
    assert Escalation.objects.count() == 1


def test_a_key_of_one_s_own_counts_across_runs() -> None:
    twice = [
        escalate_to_human(TASK, reason="low_confidence", agent_output=result(run=run), key="order-7")
        for run in (1, 2)
    ]

    assert twice[0] == twice[1]


def test_results_without_a_run_are_each_escalated() -> None:
    for _ in range(2):
        escalate_to_human(TASK, reason="low_confidence", agent_output=result())

    assert Escalation.objects.count() == 2


def test_a_reason_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="reason='unsure' is not a reason code; use one of: low_confidence"):
        escalate_to_human(TASK, reason="unsure", agent_output=result())
