"""What people do among themselves: notes, mentions, watching, moving."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Decision, Escalation, Note, ReviewQueue, Watch
from escalation.queue.signals import noted
from tests.cast import RaiseEscalation


@pytest.fixture
def held(an_escalation: RaiseEscalation, alice: User) -> Escalation:
    """An escalation that Alice holds."""
    escalation = an_escalation()
    escalation.claim(alice)
    return escalation


def last_event(escalation: Escalation) -> tuple[str, User | None, dict[str, Any]]:
    event = escalation.events.last()
    assert event is not None
    return event.kind, event.actor, event.data


def test_a_note_lets_whom_it_names_watch(held: Escalation, alice: User, bob: User, mallory: User) -> None:
    told: list[list[User]] = []

    def listen(mentioned: list[User], **_: object) -> None:
        told.append(mentioned)

    noted.connect(listen)

    note = Note.objects.write(held, alice, "@bob, is this one yours? Not for @mallory, nor a@bob.example.")

    noted.disconnect(listen)
    assert last_event(held) == ("noted", alice, {"note": note.pk, "mentioned": ["bob"]})
    assert told == [[bob]]
    assert {watch.person for watch in Watch.objects.all()} == {alice, bob}


def test_a_note_takes_nothing_from_whoever_decides(held: Escalation, alice: User, bob: User) -> None:
    seen = held.version

    Note.objects.write(held, bob, "Look at the second line.")

    assert held.decide(alice, "accept", version=seen) == Decision.objects.get()


def test_watching_twice_is_watching_once(held: Escalation, bob: User) -> None:
    for _ in range(2):
        Watch.objects.start(held, bob)
    Watch.objects.stop(held, bob)
    Watch.objects.stop(held, bob)

    assert [event.kind for event in held.events.all()] == ["raised", "claimed", "watched", "unwatched"]


def test_what_is_moved_waits_in_the_other_line(held: Escalation, alice: User) -> None:
    refunds = ReviewQueue.objects.create(slug="refunds", name="Refunds")

    held.move_to(alice, refunds)

    assert (held.status, held.queue, held.claimed_by) == ("waiting", refunds, None)
    assert last_event(held) == ("moved", alice, {"queue": "refunds"})


def test_what_is_handed_over_is_the_colleagues(held: Escalation, alice: User, bob: User) -> None:
    held.hand_to(alice, bob)

    assert (held.status, held.claimed_by) == ("claimed", bob)
    assert Escalation.objects.claim_next(alice) is None
    held.decide(bob, "accept")


def test_nobody_hands_anything_to_who_may_not_decide(held: Escalation, alice: User, mallory: User) -> None:
    with pytest.raises(TransitionRefused):
        held.hand_to(alice, mallory)

    assert held.events.count() == 2


def test_nobody_moves_what_another_holds(held: Escalation, bob: User) -> None:
    with pytest.raises(TransitionRefused):
        held.move_to(bob, ReviewQueue.objects.create(slug="refunds", name="Refunds"))
