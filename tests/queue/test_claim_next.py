"""The most urgent escalation that nobody holds is handed out, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.models import Escalation, Membership, ReviewQueue
from tests.cast import RaiseEscalation


def test_the_most_urgent_comes_first(alice: User, an_escalation: RaiseEscalation) -> None:
    normal, low, urgent = an_escalation(priority=1), an_escalation(priority=0), an_escalation(priority=3)

    handed = [Escalation.objects.claim_next(alice) for _ in range(3)]

    assert handed == [urgent, normal, low]


def test_a_near_deadline_comes_before_a_higher_priority(alice: User, an_escalation: RaiseEscalation) -> None:
    an_escalation(priority=2)
    pressing = an_escalation(priority=0, deadline_s=60)

    assert Escalation.objects.claim_next(alice) == pressing


def test_it_is_claimed_with_its_event(alice: User, an_escalation: RaiseEscalation) -> None:
    an_escalation()

    handed = Escalation.objects.claim_next(alice)

    assert handed is not None
    last = handed.events.last()
    assert last is not None
    assert (handed.status, handed.claimed_by, handed.version) == ("claimed", alice, 2)
    assert (last.kind, last.actor, last.data) == ("claimed", alice, {"lease_s": 300.0})


def test_an_empty_line_hands_out_nothing(alice: User, queue: ReviewQueue) -> None:
    assert Escalation.objects.claim_next(alice) is None


def test_what_alice_holds_bob_is_not_handed(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    an_escalation()
    Escalation.objects.claim_next(alice)

    assert Escalation.objects.claim_next(bob) is None


def test_a_lapsed_claim_is_handed_out_again(
    alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    escalation = an_escalation()
    settings.CLAIM_LEASE = timedelta(0)
    Escalation.objects.claim_next(alice)

    assert Escalation.objects.claim_next(bob) == escalation


def test_a_more_urgent_lapsed_claim_comes_before_a_waiting_one(
    alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    urgent = an_escalation(priority=3)
    settings.CLAIM_LEASE = timedelta(0)
    urgent.claim(alice)
    an_escalation(priority=1)

    assert Escalation.objects.claim_next(bob) == urgent


def test_what_sleeps_is_not_handed_out(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.snooze(alice, seconds=60)

    assert Escalation.objects.claim_next(alice) is None


def test_another_teams_line_hands_out_nothing(mallory: User, an_escalation: RaiseEscalation) -> None:
    an_escalation()

    assert Escalation.objects.claim_next(mallory) is None


@pytest.mark.parametrize(
    ("role", "is_handed"), [("viewer", False), ("reviewer", True), ("lead", True), ("ops", False)]
)
def test_only_who_may_decide_is_handed_anything(
    role: str, is_handed: bool, mallory: User, queue: ReviewQueue, an_escalation: RaiseEscalation
) -> None:
    Membership.objects.create(queue=queue, user=mallory, role=role)
    an_escalation()

    handed = Escalation.objects.claim_next(mallory)

    assert (handed is not None) == is_handed


@pytest.mark.parametrize(
    "wanted", [{"agent": "document-extraction"}, {"reason": "tool_failed"}, {"queue": "refunds"}]
)
def test_a_filter_passes_over_the_others(
    wanted: dict[str, Any], alice: User, queue: ReviewQueue, an_escalation: RaiseEscalation
) -> None:
    refunds = ReviewQueue.objects.create(slug="refunds", name="Refunds")
    Membership.objects.create(queue=refunds, user=alice)
    an_escalation(priority=3)
    other = an_escalation(agent="document-extraction", reason="tool_failed", queue=refunds)

    assert Escalation.objects.claim_next(alice, **wanted) == other
    assert Escalation.objects.claim_next(alice, **wanted) is None


def test_it_hands_out_exactly_what_a_claim_would_allow(
    alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    waiting, held, lapsed, asleep, awake, decided, withdrawn = (an_escalation() for _ in range(7))
    for escalation in (held, asleep, awake, decided):
        escalation.claim(alice)
    asleep.snooze(alice, seconds=60)
    awake.snooze(alice, seconds=0)
    decided.decide(alice, "accept")
    withdrawn.withdraw()
    settings.CLAIM_LEASE = timedelta(0)
    lapsed.claim(alice)
    settings.CLAIM_LEASE = timedelta(minutes=5)
    allowed = set(Escalation.objects.claimable())

    handed = {Escalation.objects.claim_next(bob) for _ in range(3)}

    assert handed == allowed == {waiting, lapsed, awake}
    assert Escalation.objects.claim_next(bob) is None


def test_what_alice_claimed_ahead_gives_way_to_bob_only_when_nothing_else_waits(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    urgent, other = an_escalation(priority=3), an_escalation()
    Escalation.objects.claim_next(alice, ahead=True)

    handed = [Escalation.objects.claim_next(bob) for _ in range(3)]

    assert handed == [other, urgent, None]
    assert not Escalation.objects.filter(claimed_ahead=True).exists()


def test_nobody_claims_ahead_what_somebody_else_claimed_ahead(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    an_escalation()
    Escalation.objects.claim_next(alice, ahead=True)

    assert Escalation.objects.claim_next(bob, ahead=True) is None


def test_what_was_claimed_ahead_is_held_once_it_is_read(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    an_escalation()
    ahead = Escalation.objects.claim_next(alice, ahead=True)
    assert ahead is not None

    ahead.extend(alice)

    assert Escalation.objects.claim_next(bob) is None
    ahead.decide(alice, "accept", version=ahead.version)
