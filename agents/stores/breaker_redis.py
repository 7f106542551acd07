"""Breakers in Redis, for all processes together: `breaker.lua` moves them."""

import struct
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

from redis import Redis

from agents.guards.breaker import Breaker, BreakerPolicy, Cause, Mode, Permit, Refusal, Report, Slot
from agents.stores.breaker_keepers import Orders, Reply
from agents.stores.connection import Script, direct

# One hash tag, so that a breaker and the set of all live on the same node of a Redis Cluster.
PREFIX: Final = "{breakers}:state:"
KEYS_KEY: Final = "{breakers}:keys"
SCRIPT: Final = Script(Path(__file__).with_name("breaker.lua").read_text())


class RedisKeeper:
    """Breakers that all processes share, on the server's clock; raises redis.RedisError if it is away."""

    def __init__(self, client: Redis, orders: Orders) -> None:
        self._client = client
        self._orders = orders
        self._direct = direct(client)

    def acquire(self, name: str, policy: BreakerPolicy, token: str) -> Reply:
        """Ask to make one call: a plain read while the breaker is closed, as only a probe is exclusive."""
        standing = self._standing(name)
        mode, generation, cause = standing.split() if standing else ("", "", "")
        if mode == Mode.CLOSED:
            return Reply(Permit(token, int(generation)), Mode.CLOSED, Mode.CLOSED, Cause(cause), 0)
        return self._ask(name, token, "acquire", _terms(policy), token)

    def report(
        self, name: str, policy: BreakerPolicy, permit: Permit, report: Report, draw: float
    ) -> Reply | None:
        """Learn how a permitted call went; None when that changed no mode.

        A report of a breaker that Redis forgot changes nothing.
        """
        slow = int(policy.is_slow(report.duration_ms))
        said = (permit.token, permit.generation, report.outcome.value, slow, report.retry_after_ms, draw)
        reply = SCRIPT.run(self._direct, (_key(name),), "report", _terms(policy), *said)
        return _reply(reply, permit.token) if reply else None

    def set(self, name: str, mode: Mode) -> Reply:
        """Put the breaker into a mode by hand; CLOSED forgets every failure."""
        self._standing(name)
        return self._ask(name, "", "set", mode.value)

    def load(self, name: str) -> Breaker:
        """The breaker as it now stands."""
        fields = self._client.hgetall(_key(name)) if self._standing(name) else {}
        return breaker_from_fields(cast("dict[str, str]", fields))

    def names(self) -> list[str]:
        """Every breaker that was ever asked, sorted."""
        return sorted(key.removeprefix(PREFIX) for key in cast("set[str]", self._client.smembers(KEYS_KEY)))

    def clock(self) -> int:
        """Milliseconds since 1970 on the server's clock."""
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def _standing(self, name: str) -> str:
        """Mode, generation and cause in one string; "" for a breaker that is new and under no orders."""
        standing = self._direct("HGET", _key(name), "standing")
        if standing is None and (order := self._orders(name)) is not None:
            self._ask(name, "", "restore", order.value)
            standing = self._direct("HGET", _key(name), "standing")
        return cast("str", standing or "")

    def _ask(self, name: str, token: str, *args: str | bytes) -> Reply:
        return _reply(SCRIPT.run(self._direct, (_key(name), KEYS_KEY), *args), token)


def _reply(said: str, token: str) -> Reply:
    allowed, retry_in, generation, before, after, cause, now = said.split()
    refusal = Refusal(None if retry_in == "-1" else int(retry_in)) if allowed == "0" else None
    answer = refusal or Permit(token, int(generation))
    return Reply(answer, Mode(before), Mode(after), Cause(cause), int(now))


def breaker_from_fields(fields: Mapping[str, str]) -> Breaker:
    """The breaker that the script keeps in a hash; a new one if the hash is not there."""
    if not fields:
        return Breaker()
    mode, generation, cause = fields["standing"].split()
    numbers = ("since", "consecutive", "reopens", "open_until", "probe_until")
    return Breaker(
        mode=Mode(mode),
        cause=Cause(cause),
        generation=int(generation),
        probe=fields["probe"],
        window=_window(fields),
        **{name: int(fields[name]) for name in numbers},
    )


def _window(fields: Mapping[str, str]) -> tuple[Slot, ...]:
    """The grains of the window: those listed, and the newest, which is what the totals have beyond them."""
    older = [Slot(*map(int, slot.split(":"))) for slot in fields["window"].split(";") if slot]
    if fields["calls"] == "0":
        return ()
    newest = (int(fields[name]) - sum(getattr(slot, name) for slot in older) for name in Slot._fields[1:])
    return (*older, Slot(int(fields["slot"]), *newest))


def _key(name: str) -> str:
    return PREFIX + name


@lru_cache(maxsize=256)
def _terms(policy: BreakerPolicy) -> bytes:
    return struct.pack(
        ">10d",
        policy.slot_ms,
        policy.failure_threshold,
        policy.minimum_calls,
        policy.failure_rate,
        policy.slow_rate,
        policy.recovery_timeout * 1000,
        max(policy.max_open_s, policy.recovery_timeout) * 1000,
        policy.max_retry_after_s * 1000,
        policy.probe_lease_s * 1000,
        policy.jitter,
    )
