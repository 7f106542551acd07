"""What a reviewer may give as a reason is what ops set for the review queue, through every door."""

import pytest
from django.contrib.auth.models import User

from escalation.queue.exceptions import DecisionInvalid
from escalation.queue.models import Escalation, ReasonCode, ReviewQueue
from tests.cast import RaiseEscalation


@pytest.fixture
def held(queue: ReviewQueue, alice: User, an_escalation: RaiseEscalation) -> Escalation:
    """An escalation that Alice holds, in a review queue with two reasons to reject of its own."""
    ReasonCode.objects.create(queue=queue, verdict="reject", code="tone", label="Wrong tone")
    ReasonCode.objects.create(queue=queue, verdict="reject", code="law", label="The law", needs_note=True)
    escalation = an_escalation()
    escalation.claim(alice)
    return escalation


@pytest.mark.parametrize("code", ["", "wrong", "TONE"])
def test_a_reason_of_another_review_queue_is_refused(held: Escalation, alice: User, code: str) -> None:
    with pytest.raises(DecisionInvalid) as refused:
        held.decide(alice, "reject", reason_code=code)

    assert refused.value.errors == {"reason_code": "choose one of: tone, law"}


def test_a_reason_that_needs_a_note_is_refused_without(held: Escalation, alice: User) -> None:
    with pytest.raises(DecisionInvalid) as refused:
        held.decide(alice, "reject", reason_code="law", note=" ")

    assert list(refused.value.errors) == ["note"]


def test_its_own_reason_is_taken(held: Escalation, alice: User) -> None:
    assert held.decide(alice, "reject", reason_code="tone").reason_code == "tone"


def test_reasons_to_reject_leave_the_reasons_to_dismiss_alone(held: Escalation, alice: User) -> None:
    with pytest.raises(DecisionInvalid):
        held.decide(alice, "dismiss", reason_code="other")

    assert held.decide(alice, "dismiss", reason_code="noise").verdict == "dismiss"
