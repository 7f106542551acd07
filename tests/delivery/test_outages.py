"""Workers are killed, the receiver is down, the database goes away: each message arrives, under one id."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from psycopg import sql

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models import Receiver as Addressee
from escalation.delivery.schedule import TRY_LEASE
from escalation.delivery.tasks import sweep_deliveries
from escalation.gating.models import Agent
from escalation.stack.plan import DELIVERIES_AT_ONCE
from tests.agents.programs import ROOT, kill, wait_until
from tests.cast import RaiseEscalation
from tests.delivery.receiver import Receiver, listening

pytestmark = pytest.mark.django_db(transaction=True)
AT_WORK = 4  # what one worker has under way when it is killed


@pytest.fixture
def endpoint(agent: Agent, settings: Any) -> Endpoint:
    settings.UNDO_WINDOW = timedelta()
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    return Endpoint.objects.create(agent=agent, url="http://127.0.0.1:1/")


def test_nothing_is_lost_and_every_signature_holds(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation
) -> None:
    with listening() as receiver:
        point(endpoint, receiver)
        decide(30, alice, an_escalation)
        # All of them would take many times as long as some do.
        receiver.silent_s = 0.9
        with worker() as first:
            wait_until(lambda: sweep_deliveries() >= 0 and len(receiver.messages) >= 6)
            kill(first)
        under_way = abandoned()
    with worker():
        unreachable_until_tried(receiver)
        assert database_away(0.5)
        receiver.silent_s = 0
        with listening(receiver):
            wait_until(lambda: time_passes() and all_delivered())

    duplicates = check(receiver)
    assert 0 < under_way <= AT_WORK
    assert duplicates <= under_way


@pytest.mark.soak
def test_nothing_is_lost_in_an_hour_of_trouble(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation
) -> None:
    rounds = int(os.environ.get("SOAK_ROUNDS", "40"))
    receiver = Receiver()
    for number in range(rounds):
        with listening(receiver), worker() as one:
            point(endpoint, receiver)
            decide(25, alice, an_escalation)
            receiver.silent_s = 0.05 * (number % 5)
            seen = len(receiver.messages)
            wait_until(lambda seen=seen: time_passes() and len(receiver.messages) >= seen + 10)  # type: ignore[misc]
            if number % 3 == 0:
                assert database_away(1)
            kill(one)
            abandoned()
        if number % 2:
            # What was decided before may all be there already.
            decide(3, alice, an_escalation)
            with worker():
                unreachable_until_tried(receiver)
    receiver.silent_s = 0
    with listening(receiver), worker():
        wait_until(lambda: time_passes() and all_delivered(), within_s=600)

    assert check(receiver) <= rounds * (AT_WORK + 2)


def abandoned() -> int:
    """No worker is left, and half a minute is over; returns how many tries were never ended."""
    return Delivery.objects.filter(held_until__gt=Now()).update(held_until=None, next_attempt_at=Now())


def point(endpoint: Endpoint, receiver: Receiver) -> None:
    """Let the endpoint lead to the receiver, which checks each signature; what is written already too."""
    receiver.secret = endpoint.secret
    endpoint.url = receiver.url
    endpoint.save()
    Delivery.objects.update(url=receiver.url)


def decide(count: int, alice: User, an_escalation: RaiseEscalation) -> None:
    for _ in range(count):
        escalation = an_escalation()
        escalation.claim(alice)
        escalation.decide(alice, "accept")


def unreachable_until_tried(receiver: Receiver) -> None:
    """Nobody listens at the receiver's port, and the workers find out."""
    failed = Delivery.objects.filter(last_answer__startswith="ConnectError")
    wait_until(lambda: time_passes() and failed.exists())


def time_passes() -> bool:
    """Pauses are over as after a day, tries of ten seconds as after half a minute; and beat sweeps."""
    pending = Delivery.objects.filter(status="pending")
    pending.filter(held_until__lt=Now() + TRY_LEASE - timedelta(seconds=10)).update(held_until=None)
    pending.filter(held_until=None).update(next_attempt_at=Now())
    Addressee.objects.update(rests_until=None)
    sweep_deliveries()
    time.sleep(0.2)
    return True


def all_delivered() -> bool:
    return not Delivery.objects.exclude(status="delivered").exists()


def check(receiver: Receiver) -> int:
    """Every decision arrived, signed, under an id of its own; returns how many messages came again."""
    contents: dict[str, Any] = {}
    for message in receiver.messages:
        content = message.content
        assert contents.setdefault(message.headers["webhook-id"], content) == content
    decisions = [content["data"]["decision"]["id"] for content in contents.values()]
    assert sorted(decisions) == sorted(Delivery.objects.values_list("decision", flat=True))
    assert len(set(decisions)) == len(decisions)
    times = Counter(message.headers["webhook-id"] for message in receiver.messages)
    return sum(times.values()) - len(times)


def database_away(seconds: float) -> int:
    """End all sessions and let nobody in for a while, as a restart does; returns how many there were."""
    parameters = connection.get_connection_params()
    name = parameters.pop("dbname")
    connection.close()
    allow = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    end_all = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as other:
        other.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        ended = len(other.execute(end_all, [name]).fetchall())
        time.sleep(seconds)
        other.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
    return ended


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """The deliverer as the product starts it, on the test's database; killed at the end."""
    place = connection.settings_dict
    known = {
        "DATABASE_URL": f"postgres://{place['USER']}@/{place['NAME']}?host={place['HOST']}",
        "REDIS_URL": django_settings.REDIS_URL,
        "WEBHOOKS_ALLOW_PRIVATE": "true",
        "DJANGO_SETTINGS_MODULE": "escalation.settings",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "celery", "-A", "escalation.celery", "worker", "--queues=delivery"]
    threads = ["--pool=threads", f"--concurrency={DELIVERIES_AT_ONCE}"]
    quickly = [*threads, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = subprocess.Popen(
        [*command, *quickly, "--loglevel=CRITICAL"], env=os.environ | known, cwd=ROOT, start_new_session=True
    )
    try:
        yield process
    finally:
        kill(process)
