"""A reviewer holds an escalation until the lease runs out."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.exceptions import TransitionRefused
from tests.cast import RaiseEscalation


def test_a_claim_holds_it_for_the_lease(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    escalation = an_escalation()

    escalation.claim(alice)

    assert (escalation.status, escalation.claimed_by) == ("claimed", alice)
    last = escalation.events.last()
    assert last is not None
    assert escalation.claimed_until is not None
    held = escalation.claimed_until - last.at
    assert abs(held - settings.CLAIM_LEASE) < timedelta(seconds=30)


def test_a_claim_leaves_an_event_with_its_lease(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    escalation.claim(alice)

    last = escalation.events.last()
    assert last is not None
    assert (last.kind, last.actor, last.data) == ("claimed", alice, {"lease_s": 300.0})
    assert escalation.version == 2


def test_what_alice_holds_bob_cannot_claim(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.claim(bob)

    escalation.refresh_from_db()
    assert (escalation.claimed_by, escalation.events.count()) == (alice, 2)


def test_claiming_again_begins_the_lease_anew(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    before = escalation.claimed_until

    escalation.claim(alice)

    after = escalation.claimed_until
    assert before is not None
    assert after is not None
    assert after > before


def test_a_lapsed_lease_lets_anybody_claim(
    alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    escalation = an_escalation()
    settings.CLAIM_LEASE = timedelta(0)
    escalation.claim(alice)

    escalation.claim(bob)

    assert escalation.claimed_by == bob


def test_a_snoozed_one_sleeps_for_everybody(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.snooze(alice, seconds=60)

    with pytest.raises(TransitionRefused):
        escalation.claim(bob)


def test_a_decided_one_cannot_be_claimed(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    with pytest.raises(TransitionRefused):
        escalation.claim(bob)
