"""A reviewer puts an escalation off."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from escalation.queue.exceptions import TransitionRefused
from tests.cast import RaiseEscalation


def test_a_snoozed_one_waits_unheld_until_its_time(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.snooze(alice, seconds=60)

    last = escalation.events.last()
    assert last is not None
    assert (escalation.status, escalation.claimed_by, last.kind) == ("waiting", None, "snoozed")
    assert abs(escalation.snoozed_until - last.at - timedelta(seconds=60)) < timedelta(seconds=30)


def test_once_awake_it_can_be_claimed_and_sleeps_no_more(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.snooze(alice, seconds=0)

    escalation.claim(bob)

    assert escalation.snoozed_until is None


def test_only_who_holds_it_can_snooze_it(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.snooze(bob, seconds=60)
