"""Receivers that are slow or down: they keep neither the workers nor the others' messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils.timezone import now

from escalation.delivery import transport
from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models import Receiver as Addressee
from escalation.delivery.models.receiver import LONGEST_REST, MOST_AT_ONCE, OPENS_AFTER, rest_after
from escalation.delivery.schedule import SCHEDULE_S, TRY_LEASE
from escalation.delivery.tasks import send_delivery, sweep_deliveries
from tests.agents.programs import wait_until
from tests.cast import RaiseEscalation
from tests.delivery.conftest import DecideAndEnqueue
from tests.delivery.receiver import Receiver, listening
from tests.racing import race


@pytest.fixture
def second(receiver: Receiver) -> Iterator[Receiver]:
    """Another receiver, at another port."""
    with listening() as other:
        yield other


def all_due() -> None:
    Delivery.objects.filter(status="pending").update(next_attempt_at=now() - timedelta(seconds=1))


def test_only_so_many_tries_are_under_way_at_once(endpoint: Endpoint, a_delivery: DecideAndEnqueue) -> None:
    ids = [a_delivery().pk for _ in range(MOST_AT_ONCE + 3)]

    begun = [Delivery.objects.begin(pk) for pk in ids]

    assert [delivery is not None for delivery in begun] == [True] * MOST_AT_ONCE + [False] * 3


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_all_begin_at_the_same_moment(
    endpoint: Endpoint, a_delivery: DecideAndEnqueue
) -> None:
    ids = [a_delivery().pk for _ in range(8)]

    begun = race(*[lambda pk=pk: Delivery.objects.begin(pk) for pk in ids])

    taken = [delivery.pk for delivery in begun if delivery]
    assert len(taken) == len(set(taken)) == MOST_AT_ONCE


def test_a_slow_one_gets_one_at_a_time(endpoint: Endpoint, a_delivery: DecideAndEnqueue) -> None:
    endpoint.receiver.has_answered(seconds=1.5)
    ids = [a_delivery().pk for _ in range(3)]

    begun = [Delivery.objects.begin(pk) for pk in ids]

    assert [delivery is not None for delivery in begun] == [True, False, False]


@pytest.mark.django_db(transaction=True)
def test_a_silent_one_does_not_hold_up_another(
    endpoint: Endpoint, receiver: Receiver, second: Receiver, a_delivery: DecideAndEnqueue, alice: User,
    an_escalation: RaiseEscalation, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(transport, "LIMIT_S", 60.0)
    receiver.silent_s = 60
    slow = [a_delivery().pk for _ in range(6)]
    elsewhere = an_escalation(agent="other", callback_url=second.url)
    elsewhere.claim(alice)
    elsewhere.decide(alice, "accept")
    quick = Delivery.objects.get(escalation=elsewhere).pk
    workers = [threading.Thread(target=race, args=(lambda pk=pk: send_delivery(pk),)) for pk in slow]
    for worker in workers:
        worker.start()
    wait_until(lambda: len(receiver.messages) == MOST_AT_ONCE)

    send_delivery(quick)

    assert (len(second.messages), len(receiver.messages)) == (1, MOST_AT_ONCE)
    assert Delivery.objects.filter(pk__in=slow).exclude(held_until=None).count() == MOST_AT_ONCE
    receiver.stopped.set()
    for worker in workers:
        worker.join()


def test_after_some_failures_it_is_left_alone(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status = 500
    ids = [a_delivery().pk for _ in range(OPENS_AFTER + 2)]

    for pk in ids:
        send_delivery(pk)

    endpoint.receiver.refresh_from_db()
    assert len(receiver.messages) == OPENS_AFTER
    assert endpoint.receiver.rests_until is not None
    assert (sweep_deliveries(), Delivery.objects.filter(attempts=0).count()) == (0, 2)


def test_rested_it_is_probed_once_and_then_trusted(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    ids = [a_delivery().pk for _ in range(4)]
    Addressee.objects.update(failures=OPENS_AFTER, rests_until=now() - timedelta(seconds=1))
    probe, second_probe = Delivery.objects.begin(ids[0]), Delivery.objects.begin(ids[1])
    assert (probe is not None, second_probe) == (True, None)
    Delivery.objects.update(held_until=None)

    for pk in ids:
        send_delivery(pk)

    endpoint.receiver.refresh_from_db()
    assert (endpoint.receiver.failures, endpoint.receiver.at_once) == (0, MOST_AT_ONCE)
    assert len(receiver.messages) == 3


def test_a_dead_one_does_not_fill_the_sweep(
    endpoint: Endpoint, a_delivery: DecideAndEnqueue, alice: User, an_escalation: RaiseEscalation
) -> None:
    for _ in range(MOST_AT_ONCE + 2):
        a_delivery()
    elsewhere = an_escalation(agent="other", callback_url="https://agent.example/hook")
    elsewhere.claim(alice)
    elsewhere.decide(alice, "accept")
    all_due()

    first = Delivery.objects.first_due(limit=500)

    assert len(first) == MOST_AT_ONCE + 1
    assert Delivery.objects.get(escalation=elsewhere).pk in first


def test_callback_urls_of_one_host_share_a_limit_and_no_blame(
    receiver: Receiver, alice: User, an_escalation: RaiseEscalation, settings: Any
) -> None:
    settings.UNDO_WINDOW = timedelta()
    receiver.status = 404
    for number in range(OPENS_AFTER + 2):
        escalation = an_escalation(callback_url=f"{receiver.url}/{number}")
        escalation.claim(alice)
        escalation.decide(alice, "accept")

    for delivery in Delivery.objects.all():
        send_delivery(delivery.pk)

    # It lives: that one path is wrong is no reason to leave the others alone.
    assert len(receiver.messages) == OPENS_AFTER + 2
    assert Addressee.objects.get().host == f"127.0.0.1:{receiver.port}"


def test_a_host_that_is_down_is_left_alone(
    alice: User, an_escalation: RaiseEscalation, settings: Any
) -> None:
    settings.UNDO_WINDOW, settings.WEBHOOKS_ALLOW_PRIVATE = timedelta(), True
    for number in range(OPENS_AFTER):
        escalation = an_escalation(callback_url=f"http://127.0.0.1:1/{number}")
        escalation.claim(alice)
        escalation.decide(alice, "accept")

    for delivery in Delivery.objects.all():
        send_delivery(delivery.pk)

    assert not Addressee.objects.awake().exists()


def test_an_endpoint_that_asks_to_be_left_alone_is_with_all_its_messages(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": "120"}
    first, other = a_delivery(), a_delivery()

    send_delivery(first.pk)
    send_delivery(other.pk)

    assert len(receiver.messages) == 1
    until = Addressee.objects.get().rests_until
    assert until is not None
    assert 60 < (until - now()).total_seconds() <= 120


def test_asking_for_a_second_does_not_close_an_open_breaker(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": "1"}
    Addressee.objects.update(failures=OPENS_AFTER + 20)
    delivery = a_delivery()

    send_delivery(delivery.pk)

    until = Addressee.objects.get().rests_until
    assert until is not None
    assert until - now() > LONGEST_REST / 2


def test_a_try_whose_worker_died_counts_and_the_next_one_is_planned(
    endpoint: Endpoint, a_delivery: DecideAndEnqueue
) -> None:
    delivery = a_delivery()
    waits = []

    for _ in range(len(SCHEDULE_S) + 3):
        all_due()
        Delivery.objects.update(held_until=None)
        if Delivery.objects.begin(delivery.pk):
            planned = Delivery.objects.get().next_attempt_at
            waits.append(round((planned - now()).total_seconds()))

    delivery.refresh_from_db()
    lease = round(TRY_LEASE.total_seconds())
    assert waits == pytest.approx([max(lease, wait) for wait in SCHEDULE_S] + [lease], abs=10)
    assert (delivery.status, delivery.attempts) == ("dead", len(SCHEDULE_S) + 1)
    assert delivery.last_answer == "the last try was never ended"


def test_a_worker_that_wakes_up_late_does_not_change_the_plan(
    endpoint: Endpoint, a_delivery: DecideAndEnqueue
) -> None:
    late = Delivery.objects.begin(a_delivery().pk)
    assert late
    all_due()
    Delivery.objects.update(held_until=Now() - timedelta(seconds=1))
    again = Delivery.objects.begin(late.pk)
    assert again

    late.fail("too late", jitter=0.5)

    again.refresh_from_db()
    assert (again.status, again.last_answer, again.held_until is not None) == ("pending", "", True)


def test_what_arrived_late_has_arrived(endpoint: Endpoint, a_delivery: DecideAndEnqueue) -> None:
    late = Delivery.objects.begin(a_delivery().pk)
    assert late
    all_due()
    Delivery.objects.update(held_until=None)
    again = Delivery.objects.begin(late.pk)
    assert again

    late.succeed("HTTP 204")
    again.fail("HTTP 500", jitter=0.5)

    again.refresh_from_db()
    assert (again.status, again.last_answer) == ("delivered", "HTTP 204")


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, None), (4, None), (5, 30), (6, 60), (9, 480), (10, 600), (5000, 600)]
)
def test_the_rest_doubles_up_to_ten_minutes(failures: int, seconds: int | None) -> None:
    rest = rest_after(failures, 0.5)

    assert (rest and rest.total_seconds()) == seconds
    assert rest is None or rest_after(failures, 0.999) < LONGEST_REST * 1.2  # type: ignore[operator]
