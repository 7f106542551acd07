"""A reviewer takes their own decision back while nobody has acted on it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Decision, Escalation
from tests.cast import RaiseEscalation


def test_an_undone_one_is_the_reviewers_claim_again(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    escalation.undo(alice)

    assert (escalation.status, escalation.claimed_by, escalation.decision) == ("claimed", alice, None)


def test_the_decision_stays_in_the_record(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")

    escalation.undo(alice)

    last = escalation.events.last()
    assert last is not None
    assert Decision.objects.filter(pk=decision.pk).exists()
    assert (last.kind, last.data["decision"]) == ("undone", decision.pk)


def test_it_can_be_decided_otherwise(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    escalation.undo(alice)

    escalation.decide(alice, "reject")

    assert escalation.decision is not None
    assert (escalation.decision.verdict, escalation.decisions.count()) == ("reject", 2)


def test_nobody_undoes_anothers_decision(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    with pytest.raises(TransitionRefused):
        escalation.undo(bob)


def test_after_the_window_a_decision_stands(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta(0)
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    with pytest.raises(TransitionRefused):
        escalation.undo(alice)


def test_a_page_from_before_the_decision_undoes_it_whole(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    loaded_before = Escalation.objects.get(pk=escalation.pk)
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")

    loaded_before.undo(alice)

    last = escalation.events.last()
    assert last is not None
    assert (last.kind, last.data["decision"]) == ("undone", decision.pk)


def test_what_was_never_decided_cannot_be_undone(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.undo(alice)
