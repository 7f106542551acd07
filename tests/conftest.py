"""What every test stands on. The servers themselves: tests/servers.py."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

pytest_plugins = ["tests.cast"]


@pytest.fixture(scope="session")
def redis_client() -> Iterator[redis.Redis]:
    """A connection to this worker's own Redis database."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(redis_client: redis.Redis) -> None:
    redis_client.flushdb()
