"""One key for one logical call, however often it is sent."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from otherwise_client import Invalid, KeyReused, Otherwise, Unavailable
from otherwise_client.calls import Call
from otherwise_client.retrying import Lost, Patience, Reply, is_worth_another, pause_before

from escalation.gating.models import Outcome
from escalation.queue.models import Escalation
from tests.clients.front import Front, Own

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
LOST = Lost("nobody knows")
POST, KEYED, GET = Call("POST", "/"), Call("POST", "/", key="k-1"), Call("GET", "/")


def replied(status: int, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def test_an_answer_that_was_lost_is_given_again(front: Front, via_front: Otherwise) -> None:
    front.script = ["lost", "lost"]

    outcome = via_front.gate("2 + 2", 4, confidence=0.9)

    assert outcome.id == Outcome.objects.get().pk
    assert len(set(front.keys)) == 1
    assert [len(key or "") for key in front.keys] == [32, 32, 32]
    assert len({request.body for request in front.seen}) == 1


def test_a_request_that_was_never_heard_is_sent_again(front: Front, via_front: Otherwise) -> None:
    front.script = ["unreached", Own(502), Own(503), Own(504)]

    raised = via_front.escalate("low_confidence", "Late")

    assert raised.id == Escalation.objects.get().pk
    assert len(front.seen) == 5


def test_two_calls_have_two_keys(front: Front, via_front: Otherwise) -> None:
    for _ in range(2):
        via_front.gate("2 + 2", 4, confidence=0.9)

    assert Outcome.objects.count() == len(set(front.keys)) == 2


def test_a_key_of_ones_own_survives_a_restart(support_triage: Otherwise) -> None:
    first = support_triage.escalate("low_confidence", "Late", key="order-7")

    again = support_triage.escalate("low_confidence", "Late", key="order-7")

    assert (again.id, Escalation.objects.count()) == (first.id, 1)
    with pytest.raises(KeyReused):
        support_triage.escalate("low_confidence", "Early", key="order-7")


@pytest.mark.parametrize("key", ["", "order 7", "ä", "k\r\nX-Other: 1", "k" * 256])
def test_a_key_that_no_header_can_carry_is_refused(lone_front: Front, key: str) -> None:
    with Otherwise(lone_front.url, "otw_x") as client, pytest.raises(ValueError, match="idempotency key"):
        client.gate("2 + 2", 4, key=key)

    assert lone_front.seen == []


def test_a_withdrawal_whose_answer_was_lost_is_no_error(front: Front, via_front: Otherwise) -> None:
    raised = via_front.escalate("low_confidence", "Late")
    front.script = ["lost"]

    via_front.withdraw(raised.id)

    assert Escalation.objects.get().status == "withdrawn"
    assert [request.method for request in front.seen] == ["POST", "DELETE", "DELETE"]


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_comes_back_sooner_than_asked(lone_front: Front, status: int) -> None:
    lone_front.script = [Own(status, {"Retry-After": "2"}), Own(204)]

    with Otherwise(lone_front.url, "otw_x") as client:
        client.withdraw(7)

    first, second = lone_front.seen
    assert 2 <= second.at - first.at < 3


def test_whoever_should_come_back_tomorrow_is_told_at_once(lone_front: Front) -> None:
    lone_front.script = [Own(429, {"Retry-After": "86400"})]

    with Otherwise(lone_front.url, "otw_x") as client, pytest.raises(Unavailable) as unavailable:
        client.gate("2 + 2", 4, confidence=0.9, key="k-1")

    assert (unavailable.value.retry_after_s, unavailable.value.key) == (86400, "k-1")
    assert len(lone_front.seen) == 1


def test_after_so_many_tries_it_is_enough(lone_front: Front) -> None:
    lone_front.script = ["unreached"] * 10

    with Otherwise(lone_front.url, "otw_x", tries=3) as client, pytest.raises(Unavailable) as unavailable:
        client.gate("2 + 2", 4, confidence=0.9)

    assert len(lone_front.seen) == 3
    assert lone_front.keys == [unavailable.value.key] * 3


def test_what_is_wrong_is_not_sent_again(front: Front, via_front: Otherwise) -> None:
    with pytest.raises(Invalid):
        via_front.gate("2 + 2", 4, confidence=7)

    assert len(front.seen) == 1


def test_nobody_at_all_is_told_of_within_the_tries() -> None:
    began = time.monotonic()

    with (
        Otherwise("http://127.0.0.1:1", "otw_x", tries=3) as client,
        pytest.raises(Unavailable, match="Connect"),
    ):
        client.get(1)

    assert time.monotonic() - began < 60


def test_a_body_is_encoded_once(front: Front, via_front: Otherwise) -> None:
    front.script = ["lost"]

    via_front.escalate("low_confidence", "Späť", output={"b": 1, "a": "\u2028"})

    first, second = front.seen
    assert first.body == second.body
    assert json.loads(first.body)["title"] == "Späť"


@pytest.mark.parametrize(
    ("call", "happened", "attempt", "again"),
    [
        (KEYED, LOST, 2, True),
        (POST, LOST, 2, False),  # without a key, twice is two
        (POST, replied(503), 2, False),
        (GET, LOST, 8, True),
        (GET, LOST, 9, False),
        (GET, replied(429), 2, True),
        (GET, replied(500), 2, False),
        (KEYED, replied(409), 2, False),
        (KEYED, replied(422), 2, False),
    ],
)
def test_what_is_worth_another_try(call: Call, happened: Reply | Lost, attempt: int, again: bool) -> None:
    assert is_worth_another(call, happened, attempt, 0.1, Patience()) is again


@pytest.mark.parametrize(
    ("attempt", "happened", "jitter", "seconds"),
    [
        (2, LOST, 0.0, 0.125),
        (2, LOST, 1.0, 0.25),
        (3, LOST, 1.0, 0.5),
        (7, LOST, 1.0, 8.0),
        (10_000, LOST, 1.0, 8.0),
        (2, replied(503, retry_after="2"), 0.0, 2.0),
        (2, replied(503, retry_after="2"), 1.0, 2.2),
        (10, replied(503, retry_after="1"), 1.0, 8.0),
        (2, replied(429, retry_after=format_datetime(NOW + timedelta(seconds=30), usegmt=True)), 0.0, 30.0),
        (2, replied(429, retry_after=format_datetime(NOW - timedelta(days=1), usegmt=True)), 0.0, 0.125),
        (2, replied(429, retry_after="9" * 1000), 0.0, 999_999_999.0),
        (2, replied(429, retry_after="-5"), 0.0, 0.125),
        (2, replied(429, retry_after="soon"), 0.0, 0.125),
    ],
)
def test_how_long_before_the_next(
    attempt: int, happened: Reply | Lost, jitter: float, seconds: float
) -> None:
    assert pause_before(attempt, happened, jitter=jitter, now=NOW) == pytest.approx(seconds)
