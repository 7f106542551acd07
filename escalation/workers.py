"""Which Celery queues have a worker: workers say so as long as they live, and whoever asks reads it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import redis
from celery.signals import heartbeat_sent
from django.conf import settings

QUEUES = ("runs", "delivery", "maintenance")
# Celery's heart beats every two seconds; a machine under load may miss a few.
GOOD_FOR_S = 20
TIMEOUT_S = 2.0


@heartbeat_sent.connect  # type: ignore[untyped-decorator]  # Celery has no types
def say_what_is_served(sender: Any, **_: Any) -> None:
    """Tell of this worker's queues; a Redis that is away must not stop the heart."""
    with suppress(redis.RedisError):
        note_served(sender.eventer.app.amqp.queues.consume_from)


def note_served(queues: Iterable[str]) -> None:
    """Remember for a while that somebody works on `queues`."""
    with _redis() as client, client.pipeline(transaction=False) as commands:
        for queue in queues:
            commands.set(_key(queue), 1, ex=GOOD_FOR_S)
        commands.execute()


def unserved() -> list[str]:
    """The queues that nobody works on; raises RedisError."""
    with _redis() as client:
        marks = client.mget([_key(queue) for queue in QUEUES])
    return [queue for queue, mark in zip(QUEUES, marks, strict=True) if mark is None]


def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )


def _key(queue: str) -> str:
    return f"otherwise:served:{queue}"
