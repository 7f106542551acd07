"""Whether the process answers, and whether what it stands on does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from redis import Redis

from escalation.api.health import healthz, readyz
from escalation.workers import QUEUES, note_served


def ready() -> tuple[int, dict[str, Any]]:
    answer = readyz(RequestFactory().get("/readyz"))
    return answer.status_code, json.loads(answer.content)


def test_a_living_process_says_so_without_asking_anybody() -> None:
    answer = healthz(RequestFactory().get("/healthz"))

    assert (answer.status_code, json.loads(answer.content)) == (200, {"status": "ok"})


@pytest.fixture(autouse=True)
def at_work() -> None:
    """Workers for every queue were alive a moment ago."""
    note_served(QUEUES)


@pytest.mark.django_db
def test_it_is_ready_when_everything_answers() -> None:
    parts = dict.fromkeys(("database", "migrations", "redis", "workers"), "ok")

    assert ready() == (200, {"status": "ok", "parts": parts})


@pytest.mark.django_db
def test_a_queue_that_nobody_works_on_is_named(redis_client: Redis) -> None:
    redis_client.flushdb()
    note_served(["delivery", "maintenance"])

    status, body = ready()

    assert (status, body["parts"]["workers"]) == (503, "nobody works on: runs")


@pytest.mark.django_db
def test_a_redis_that_is_away_is_named(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    status, body = ready()

    assert (status, body["parts"]["redis"], body["parts"]["database"]) == (503, "does not answer", "ok")


@pytest.mark.django_db
def test_a_migration_that_was_not_applied_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'api'")

    status, body = ready()

    assert (status, body["parts"]["migrations"]) == (503, "1 to apply: run `manage.py migrate`")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_named() -> None:
    place = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"

    try:
        status, body = ready()
    finally:
        connection.close()
        connection.settings_dict["HOST"] = place

    assert (status, body["parts"]["database"], body["parts"]["redis"]) == (503, "does not answer", "ok")
    assert "nowhere" not in json.dumps(body)
