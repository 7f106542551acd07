"""How much one token may ask: so many requests in a minute, counted over all web processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, cast

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from escalation.parking import KEY, Parking

MINUTE_MS = 60_000
# A process takes a tenth of a second's requests in advance: at full speed Redis is asked ten times in a
# second, not for each request. So many more than the limit may each process let through, once.
IN_ADVANCE = 600
# An absent Redis is not asked again at once.
ABSENCE_S = 5.0
TIMEOUT_S = 0.25
MOST_KNOWN = 10_000
BUCKET = (Path(__file__).parent / "bucket.lua").read_text()


@dataclass(slots=True)
class Allowance:
    """What this process may still let through for one token, or until when it lets nothing through."""

    left: int = 0
    closed_until: float = 0.0


class TokenRate(BaseThrottle):
    """Refuses (429) what a token asks beyond API_RATE_PER_MINUTE."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        caller: Any = request.auth
        parking: Parking | None = request.META.get(KEY)
        if parking and parking.has_waited:
            # It was counted when it began to wait.
            return True
        limit: int = settings.API_RATE_PER_MINUTE
        self._wait = ledger.wait_for(caller.name, limit) if limit else 0.0
        return not self._wait

    def wait(self) -> float:
        return self._wait


class Ledger:
    """The allowances of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, Allowance] = {}
        self._absent_until = 0.0

    def wait_for(self, name: str, limit: int) -> float:
        """Count one request; returns 0, or in how many seconds there will be room for one more."""
        now = time.monotonic()
        with self._lock:
            allowance = self._of(name)
            if allowance.left:
                allowance.left -= 1
                return 0.0
            if now < allowance.closed_until:
                return allowance.closed_until - now
            if now < self._absent_until:
                return 0.0
        # Not under the lock: who waits for Redis holds up nobody with an allowance.
        granted, wait_s = self._granted(name, limit)
        with self._lock:
            allowance = self._of(name)
            allowance.left += max(0, granted - 1)
            allowance.closed_until = now + wait_s
        return wait_s

    def _of(self, name: str) -> Allowance:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        return self._known.setdefault(name, Allowance())

    def _granted(self, name: str, limit: int) -> tuple[int, float]:
        wanted = max(1, limit // IN_ADVANCE)
        try:
            answer = _connect(settings.REDIS_URL)(keys=[f"rate:{name}"], args=[limit, MINUTE_MS, wanted])
        except redis.RedisError:
            # Open: a limit protects from the few who ask too much. That Redis is away must not become an
            # outage for all, when nothing else that the API does needs it.
            self._absent_until = time.monotonic() + ABSENCE_S
            return 1, 0.0
        granted, wait_ms = cast(tuple[int, int], answer)
        return granted, wait_ms / 1000


@lru_cache(maxsize=8)
def _connect(url: str) -> Any:
    client = redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    return client.register_script(BUCKET)


ledger = Ledger()
