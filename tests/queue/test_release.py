"""A reviewer gives an escalation back to the line."""

import pytest
from django.contrib.auth.models import User

from escalation.queue.exceptions import TransitionRefused
from tests.cast import RaiseEscalation


def test_a_released_one_waits_again(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.release(alice)

    assert (escalation.status, escalation.claimed_by, escalation.claimed_until) == ("waiting", None, None)
    escalation.claim(bob)


def test_only_who_holds_it_can_release_it(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.release(bob)


def test_what_nobody_holds_cannot_be_released(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    with pytest.raises(TransitionRefused):
        escalation.release(alice)
