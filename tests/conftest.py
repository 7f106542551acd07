"""What every test stands on. The servers themselves: tests/servers.py."""

import os
from collections.abc import Iterator
from datetime import timedelta

import hypothesis
import pytest
import redis
from django.conf import settings
from django.test import override_settings

pytest_plugins = ["tests.cast"]

# The same examples each time, however slow the machine; `--hypothesis-profile=default` draws new ones.
hypothesis.settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that at the end no process waits for another."""
    items.sort(key=lambda item: not (item.get_closest_marker("browser") or "stack" in item.path.parts))


@pytest.fixture(scope="session", autouse=True)
def _time_to_undo() -> Iterator[None]:
    # On a slow machine the five seconds may be over before a test comes to its undo.
    with override_settings(UNDO_WINDOW=timedelta(minutes=1)):
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Drop the test database only where its server stays: ours is thrown away with all that is in it."""
    return not os.environ.get("TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def redis_client() -> Iterator[redis.Redis]:
    """A connection to this worker's own Redis database."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(redis_client: redis.Redis) -> None:
    redis_client.flushdb()
