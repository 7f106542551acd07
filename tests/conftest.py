"""What every test stands on. The servers themselves: tests/servers.py."""

import os
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

pytest_plugins = ["tests.cast"]


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
