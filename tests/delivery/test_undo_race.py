"""A decision that is taken back in its undo window never leaves the house."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.tasks import send_delivery
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Escalation
from tests.cast import RaiseEscalation
from tests.delivery.receiver import Receiver
from tests.racing import race


def test_before_the_window_is_over_nothing_is_sent(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    send_delivery(Delivery.objects.get().pk)

    assert not receiver.messages


def test_an_undone_decision_is_never_sent(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    escalation.undo(alice)
    delivery = Delivery.objects.get()
    Delivery.objects.update(next_attempt_at=escalation.raised_at)

    send_delivery(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, receiver.messages) == ("cancelled", [])


def test_once_the_first_try_has_begun_there_is_no_way_back(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")
    Delivery.objects.update(
        next_attempt_at=escalation.raised_at
    )  # the window ends while the undo is under way
    Delivery.objects.get().begin()

    with pytest.raises(TransitionRefused):
        escalation.undo(alice)

    escalation.refresh_from_db()
    assert (escalation.status, escalation.decision) == ("decided", decision)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("head_start_ms", range(-6, 8, 2))
def test_at_the_windows_end_it_is_either_undone_or_sent(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation, settings: Any,
    head_start_ms: int,
) -> None:  # fmt: skip
    settings.UNDO_WINDOW = timedelta(milliseconds=300)
    escalation = an_escalation()
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")
    delivery = Delivery.objects.get()
    end = time.monotonic() + 0.3

    def undo() -> None:
        held = Escalation.objects.get(pk=escalation.pk)
        time.sleep(max(0, end - time.monotonic() - head_start_ms / 1000))
        held.undo(alice)

    def send() -> None:
        while Delivery.objects.filter(pk=delivery.pk, attempts=0, status="pending").exists():
            send_delivery(delivery.pk)

    undone, _ = race(undo, send)

    escalation.refresh_from_db()
    delivery.refresh_from_db()
    if isinstance(undone, TransitionRefused):
        assert (escalation.decision, delivery.status, len(receiver.messages)) == (decision, "delivered", 1)
    else:
        assert undone is None
        assert (escalation.decision, delivery.status, receiver.messages) == (None, "cancelled", [])
