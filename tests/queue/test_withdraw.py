"""The producer needs no answer any more."""

import pytest
from django.contrib.auth.models import User

from escalation.queue.exceptions import TransitionRefused
from tests.cast import RaiseEscalation


def test_a_withdrawn_one_is_over(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    escalation.withdraw()

    assert escalation.status == "withdrawn"
    with pytest.raises(TransitionRefused):
        escalation.claim(alice)


def test_a_claimed_one_can_be_withdrawn(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.withdraw()

    assert (escalation.status, escalation.claimed_by, escalation.claimed_until) == ("withdrawn", None, None)


def test_a_decided_one_cannot_be_withdrawn(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    with pytest.raises(TransitionRefused):
        escalation.withdraw()


def test_nothing_is_withdrawn_twice(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.withdraw()

    with pytest.raises(TransitionRefused):
        escalation.withdraw()

    assert escalation.events.count() == 2
