"""A decision that is taken back in its undo window never leaves the house."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.tasks import send_delivery
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Escalation
from escalation.queue.models.escalation import UNDO_MARGIN
from escalation.queue.signals import undone
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
@pytest.mark.parametrize("offset_ms", [-60, -10, -5, 0, 250])
def test_at_the_windows_end_it_is_either_undone_or_sent(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation, settings: Any,
    offset_ms: int,
) -> None:  # fmt: skip
    settings.UNDO_WINDOW = UNDO_MARGIN + timedelta(milliseconds=200)
    escalation = an_escalation()
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")
    delivery = Delivery.objects.get()
    edge = decision.effective_at - UNDO_MARGIN + timedelta(milliseconds=offset_ms)

    def undo() -> None:
        wait_for(edge)
        Escalation.objects.get(pk=escalation.pk).undo(alice)

    def send() -> None:
        while Delivery.objects.filter(pk=delivery.pk, attempts=0, status="pending").exists():
            send_delivery(delivery.pk)

    refused, _ = race(undo, send)

    escalation.refresh_from_db()
    delivery.refresh_from_db()
    if isinstance(refused, TransitionRefused):
        assert (escalation.decision, delivery.status, len(receiver.messages)) == (decision, "delivered", 1)
    else:
        assert refused is None
        assert (escalation.decision, delivery.status, receiver.messages) == (None, "cancelled", [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("slow_ms", [0, 60, 200, 300])
def test_nobody_reads_a_decision_that_is_then_undone(
    alice: User, an_escalation: RaiseEscalation, settings: Any, slow_ms: int
) -> None:
    settings.UNDO_WINDOW = UNDO_MARGIN + timedelta(milliseconds=100)
    escalation = an_escalation()
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")
    begin = decision.effective_at - UNDO_MARGIN - timedelta(milliseconds=20)
    read_until = decision.effective_at + timedelta(milliseconds=slow_ms)

    def undo() -> None:
        wait_for(begin)
        Escalation.objects.get(pk=escalation.pk).undo(alice)

    def read() -> bool:
        # As an agent does that cannot wait.
        while now() < read_until + timedelta(milliseconds=100):
            if Escalation.objects.filter(pk=escalation.pk).settled().exists():
                return True
        return Escalation.objects.filter(pk=escalation.pk).settled().exists()

    with undone_slowly(slow_ms / 1000):
        refused, was_read = race(undo, read)

    assert was_read == isinstance(refused, TransitionRefused)
    escalation.refresh_from_db()
    assert (escalation.decision == decision) is was_read


@contextmanager
def undone_slowly(seconds: float) -> Iterator[None]:
    """A layer above that takes its time within the undo's transaction."""

    def linger(**_: Any) -> None:
        time.sleep(seconds)

    undone.connect(linger)
    try:
        yield
    finally:
        undone.disconnect(linger)


def wait_for(moment: datetime) -> None:
    """Return when the database's clock says so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep_until(%s)", [moment])
