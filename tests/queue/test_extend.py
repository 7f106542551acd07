"""A heartbeat keeps a claim alive while its reviewer reads."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.exceptions import TransitionRefused
from tests.cast import RaiseEscalation


def test_a_heartbeat_begins_the_lease_anew(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    before = escalation.claimed_until

    escalation.extend(alice)

    after = escalation.claimed_until
    assert before is not None
    assert after is not None
    assert after > before


def test_a_heartbeat_is_no_move(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.extend(alice)

    assert (escalation.version, escalation.events.count()) == (2, 2)


def test_a_late_heartbeat_still_holds_what_nobody_took(
    alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    escalation = an_escalation()
    settings.CLAIM_LEASE = timedelta(0)
    escalation.claim(alice)
    settings.CLAIM_LEASE = timedelta(minutes=5)

    escalation.extend(alice)

    with pytest.raises(TransitionRefused):
        escalation.claim(bob)


def test_what_bob_holds_alice_cannot_extend(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(bob)

    with pytest.raises(TransitionRefused):
        escalation.extend(alice)
