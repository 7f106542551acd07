"""The way to Redis: short patience, one reconnect, and none at all where no Django settings name a server."""

import hashlib
import os
import threading
import weakref
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from redis import ConnectionError as RedisConnectionError
from redis import ConnectionPool, Redis, ResponseError
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
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


class Direct:
    """One command at a time, on a connection that each thread keeps: half of what the client's way takes.

    As with the client, a connection that died is taken up once more, so a command may be sent twice.
    """

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._thread = threading.local()

    def __call__(self, *command: str | bytes | float) -> Any:
        """Send one command; returns the server's answer to it, strings decoded and nothing else changed."""
        try:
            return self._ask(command)
        except RedisConnectionError:
            return self._ask(command)

    def _ask(self, command: Sequence[str | bytes | float]) -> Any:
        held = getattr(self._thread, "held", None)
        if held is None or held.pid != os.getpid():  # a fork must not talk on its parent's connection
            held = self._thread.held = _Held(self._pool)
        try:
            held.connection.send_command(*command)
            return held.connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            # A time limit may strike between question and answer: the next question must not get this answer.
            held.connection.disconnect()
            raise


@lru_cache(maxsize=8)
def direct(client: Redis) -> Direct:
    """The direct way to the client's server."""
    return Direct(client)


class _Held:
    """A connection out of the pool until its thread ends."""

    def __init__(self, pool: ConnectionPool) -> None:
        self.pid = os.getpid()
        self.connection = pool.get_connection()
        weakref.finalize(self, pool.release, self.connection).atexit = False


class Script:
    """A Lua script, sent in full only to a server that does not know it yet."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def run(self, ask: Direct, keys: Sequence[str], *args: str | bytes | float) -> Any:
        """Run the script on the server behind `ask`; returns what it returns."""
        try:
            return ask("EVALSHA", self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return ask("EVAL", self._text, len(keys), *keys, *args)
