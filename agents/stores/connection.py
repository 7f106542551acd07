"""The way to Redis: short patience, one reconnect, and none at all where no Django settings name a server."""

import os
from functools import lru_cache

from django.conf import settings
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def shared_client() -> Redis | None:
    """The client for `settings.REDIS_URL`; None in plain Python, where Django has no settings to read."""
    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        return None
    return connect(settings.REDIS_URL)


@lru_cache(maxsize=8)
def connect(url: str) -> Redis:
    """A client for `url`, one per process and address; it connects when first used.

    A worker waits a second at most for a server that does not answer. One immediate retry takes up a
    connection that died in the pool: every script here may be sent twice.
    """
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )
