"""A lead gives back to the line what somebody else holds."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from escalation.queue.exceptions import TransitionRefused
from escalation.queue.invariants import INVARIANTS
from escalation.queue.models import Escalation, Membership
from tests.cast import RaiseEscalation


@pytest.fixture
def held_by_bob(an_escalation: RaiseEscalation, bob: User) -> Escalation:
    escalation = an_escalation()
    escalation.claim(bob)
    return escalation


@pytest.mark.parametrize("role", Membership.LEADING)
def test_it_waits_again_and_its_history_says_who_took_it_from_whom(
    held_by_bob: Escalation, olga: User, bob: User, role: str
) -> None:
    held_by_bob.queue.memberships.create(user=olga, role=role)

    held_by_bob.take_from(olga, bob)

    last = held_by_bob.events.last()
    assert (held_by_bob.status, held_by_bob.claimed_by) == ("waiting", None)
    assert last
    assert (last.kind, last.actor, last.data["taken_from"]) == ("released", olga, "bob")
    assert [breach for invariant in INVARIANTS for breach in invariant.breaches()] == []


def test_a_reviewer_takes_nothing_from_a_colleague(held_by_bob: Escalation, alice: User, bob: User) -> None:
    with pytest.raises(TransitionRefused):
        held_by_bob.take_from(alice, bob)


def test_what_changed_hands_meanwhile_is_not_taken(
    held_by_bob: Escalation, olga: User, alice: User, bob: User
) -> None:
    held_by_bob.queue.memberships.create(user=olga, role="lead")
    held_by_bob.release(bob)
    held_by_bob.claim(alice)

    with pytest.raises(TransitionRefused):
        held_by_bob.take_from(olga, bob)
