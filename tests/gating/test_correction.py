"""A human who changes or refuses a result corrects the outcome it came from."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.gating.models import Gate, Outcome, Result
from escalation.queue.models import Escalation


@pytest.fixture
def escalated(gate: Gate) -> Escalation:
    result = Result(task="Where is my order?", output={"reply": "On its way."}, confidence=0.1)
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", result)
    assert outcome.escalation is not None
    return outcome.escalation


@pytest.mark.parametrize(
    ("verdict", "answer", "is_corrected"),
    [
        ("accept", {}, False),
        ("edit", {"output": {"reply": "Lost."}}, True),
        ("edit", {"output": {"reply": "On its way!"}, "cosmetic": True}, False),
        ("reject", {}, True),
        ("answer", {"answer": "Lost."}, True),
        ("dismiss", {}, False),
        ("retry", {"note": "Look again."}, False),
    ],
)
def test_which_verdicts_correct(
    verdict: str, answer: dict[str, Any], is_corrected: bool, alice: User, escalated: Escalation
) -> None:
    escalated.claim(alice)

    decision = escalated.decide(alice, verdict, **answer)

    outcome = Outcome.objects.get(escalation=escalated)
    assert outcome.correction == (decision if is_corrected else None)


def test_an_undone_decision_corrects_nothing(alice: User, escalated: Escalation) -> None:
    escalated.claim(alice)
    escalated.decide(alice, "reject")

    escalated.undo(alice)

    assert Outcome.objects.get(escalation=escalated).correction is None
