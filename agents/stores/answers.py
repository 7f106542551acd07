"""The last good answers of guarded calls: what is left to say while a circuit is open."""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from redis import Redis, RedisError

from agents.stores.connection import shared_client

T = TypeVar("T")

# Answers kept in the process beside those in Redis; the oldest make room.
LOCAL_ANSWERS: Final = 1000


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """An answer that was good `age_s` seconds ago, given because the live source is not to be called."""

    value: T
    age_s: float


class Answers:
    """Remembers the last good answer to each call, in this process and, if it is plain JSON, for all."""

    def __init__(self, client: Redis | None) -> None:
        self._client = client
        self._local: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, key: str, value: Any, ttl_s: float) -> None:
        """Keep `value` as the last good answer for `key`."""
        moment = time.time()
        with self._lock:
            self._local[key] = (moment, value)
            self._local.move_to_end(key)
            if len(self._local) > LOCAL_ANSWERS:
                self._local.popitem(last=False)
        text = _as_json([moment, value])
        if self._client is not None and text is not None:
            try:
                self._client.set(key, text, px=max(1, int(ttl_s * 1000)))
            except RedisError:
                return

    def recall(self, key: str, ttl_s: float) -> Cached[Any] | None:
        """The newest good answer for `key` that is no older than `ttl_s`; None if there is none."""
        kept = [entry for entry in (self._local.get(key), self._from_redis(key)) if entry is not None]
        moment, value = max(kept, key=lambda entry: entry[0], default=(0.0, None))
        age_s = max(0.0, time.time() - moment)
        return Cached(value, age_s) if kept and age_s <= ttl_s else None

    def _from_redis(self, key: str) -> tuple[float, Any] | None:
        try:
            text = None if self._client is None else self._client.get(key)
        except RedisError:
            return None
        if text is None:
            return None
        moment, value = json.loads(text)
        return moment, value


def shared_answers() -> Answers:
    """The answers on the server that Django's settings name; in plain Python, those of this process."""
    return _answers_on(shared_client())


def answer_key(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> str | None:
    """The key of one call's answer; None when the arguments are not plain JSON, so not to be told apart."""
    text = _as_json([list(args), kwargs])
    return None if text is None else f"answer:{name}:{hashlib.sha256(text.encode()).hexdigest()}"


@lru_cache(maxsize=8)
def _answers_on(client: Redis | None) -> Answers:
    return Answers(client)


def _as_json(value: object) -> str | None:
    """Canonical JSON, or None for what would not come back the same (tuples, objects, numbers as keys)."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if json.loads(text) == value else None
