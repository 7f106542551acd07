"""Somebody else is asked the same, without knowing that it was answered."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from escalation.invariants import all_invariants
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Check, Escalation, ReviewQueue
from escalation.tuning.models import Label
from tests.cast import RaiseEscalation


@pytest.fixture
def _all_are_drawn(queue: ReviewQueue) -> None:
    queue.second_review_share = 1.0
    queue.save()


def decided(escalation: Escalation, reviewer: User, verdict: str = "accept") -> Escalation:
    escalation.claim(reviewer)
    escalation.decide(reviewer, verdict)
    return escalation


@pytest.mark.usefixtures("_all_are_drawn")
def test_a_decision_is_looked_at_again_by_somebody_else(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    first = decided(an_escalation(), alice)
    check = Check.objects.get()

    claimed_by_alice, claimed_by_bob = (Escalation.objects.claim_next(person) for person in (alice, bob))

    assert claimed_by_alice is None
    assert claimed_by_bob == check.escalation
    assert (check.escalation.reason, check.escalation.output) == ("second_review", first.output)
    with pytest.raises(TransitionRefused):
        Escalation.objects.get(pk=check.escalation_id).claim(alice)


@pytest.mark.usefixtures("_all_are_drawn")
def test_a_second_look_is_no_label_and_has_no_third(
    alice: User, bob: User, an_escalation: RaiseEscalation
) -> None:
    decided(an_escalation(), alice)

    decided(Check.objects.get().escalation, bob, "reject")

    assert Label.objects.count() == 1
    assert Check.objects.count() == 1
    assert [check.verdicts for check in Check.objects.disputed()] == [["accept", "reject"]]
    assert [each.sentence for each in all_invariants() if each.breaches()] == []


@pytest.mark.usefixtures("_all_are_drawn")
def test_when_the_first_is_undone_nobody_needs_to_look(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = decided(an_escalation(), alice)

    escalation.undo(alice)

    assert Check.objects.get().escalation.status == "withdrawn"


@pytest.mark.parametrize("facts", [{"reason": "gold"}, {"partial": True}, {"kind": "approval", "action": {}}])
@pytest.mark.usefixtures("_all_are_drawn")
def test_what_says_nothing_of_a_whole_result_is_not_drawn(
    alice: User, an_escalation: RaiseEscalation, facts: dict[str, object]
) -> None:
    decided(an_escalation(**facts), alice)

    assert not Check.objects.exists()


def test_without_a_share_nothing_is_drawn(alice: User, an_escalation: RaiseEscalation) -> None:
    decided(an_escalation(), alice)

    assert not Check.objects.exists()


def test_about_the_share_is_drawn(alice: User, an_escalation: RaiseEscalation) -> None:
    ReviewQueue.objects.update(second_review_share=0.5)
    decision = decided(an_escalation(), alice).decision
    assert decision is not None
    decision.escalation.queue.refresh_from_db()

    drawn = sum(Check.objects.draw_for(decision) is not None for _ in range(100))

    # Outside of this once in a hundred million.
    assert 22 <= drawn <= 78


def test_gold_is_asked_of_others(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    decision = decided(an_escalation(), alice).decision
    assert decision is not None

    check = Check.objects.seed(decision)

    assert check is not None
    assert check.escalation.reason == "gold"
    assert Escalation.objects.claim_next(bob) == check.escalation


@pytest.mark.usefixtures("_all_are_drawn")
def test_a_dispute_is_settled_once(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    decided(an_escalation(), alice)
    decided(Check.objects.get().escalation, bob, "reject")
    check = Check.objects.get()
    check.settle(bob, "second", "It was wrong.")

    with pytest.raises(TransitionRefused):
        check.settle(alice, "first", "")
    assert (check.stands, check.settled_by) == ("second", bob)
    assert not Check.objects.disputed().exists()
