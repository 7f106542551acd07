"""Where breakers are kept: in Redis for all processes together, or in this process alone."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, cast

from redis import Redis

from agents.guards.breaker import Breaker, BreakerPolicy, Cause, Mode, Permit, Refusal, Report, Slot

# One hash tag, so that a breaker and the set of names live on the same node of a Redis Cluster.
NAMES_KEY: Final = "{breakers}:names"
SCRIPT: Final = Path(__file__).with_name("breaker.lua").read_text()


class Reply(NamedTuple):
    """What a keeper answers to every request: the verdict on a call, and the modes around it; times in ms."""

    answer: Permit | Refusal
    before: Mode
    after: Mode
    cause: Cause
    now: int


class Keeper(Protocol):
    """Keeps breakers by name and applies the rule of `agents.guards.breaker`, one request at a time."""

    def acquire(self, name: str, policy: BreakerPolicy, token: str) -> Reply:
        """Ask to make one call."""

    def report(self, name: str, policy: BreakerPolicy, permit: Permit, report: Report, draw: float) -> Reply:
        """Learn how a permitted call went."""

    def set(self, name: str, mode: Mode) -> Reply:
        """Put the breaker into a mode by hand; CLOSED forgets every failure."""

    def load(self, name: str) -> Breaker:
        """The breaker as it now stands."""

    def names(self) -> list[str]:
        """Every breaker that was ever asked, sorted."""

    def clock(self) -> int:
        """Milliseconds since 1970 on the clock that the breakers go by."""


class LocalKeeper:
    """Breakers of this process alone: for plain Python, and while Redis does not answer."""

    def __init__(self) -> None:
        self._breakers: dict[str, Breaker] = {}
        self._lock = threading.Lock()

    def acquire(self, name: str, policy: BreakerPolicy, token: str) -> Reply:
        """Ask to make one call."""
        with self._lock:
            before, now = self.load(name), self.clock()
            after, answer = before.acquire(policy, token, now=now)
            return self._keep(name, before, after, answer, now)

    def report(self, name: str, policy: BreakerPolicy, permit: Permit, report: Report, draw: float) -> Reply:
        """Learn how a permitted call went."""
        with self._lock:
            before, now = self.load(name), self.clock()
            after = before.report(policy, permit, report, now=now, draw=draw)
            return self._keep(name, before, after, permit, now)

    def set(self, name: str, mode: Mode) -> Reply:
        """Put the breaker into a mode by hand; CLOSED forgets every failure."""
        with self._lock:
            before, now = self.load(name), self.clock()
            after = before.set_by_hand(mode, now=now)
            return self._keep(name, before, after, Permit("", after.generation), now)

    def load(self, name: str) -> Breaker:
        """The breaker as it now stands."""
        return self._breakers.get(name, Breaker())

    def names(self) -> list[str]:
        """Every breaker that was ever asked, sorted."""
        return sorted(self._breakers)

    def clock(self) -> int:
        """Milliseconds since 1970 on this host's clock."""
        return time.time_ns() // 1_000_000

    def _keep(self, name: str, before: Breaker, after: Breaker, answer: Permit | Refusal, now: int) -> Reply:
        self._breakers[name] = after
        return Reply(answer, before.mode, after.mode, after.cause, now)


class RedisKeeper:
    """Breakers that all processes share, on the server's clock; raises redis.RedisError if it is away."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script = client.register_script(SCRIPT)

    def acquire(self, name: str, policy: BreakerPolicy, token: str) -> Reply:
        """Ask to make one call: a plain read while the breaker is closed, as only a probe is exclusive."""
        fields = self._client.hmget(_key(name), "mode", "cause", "generation")
        mode, cause, generation = cast("list[str]", fields)
        if mode == Mode.CLOSED:
            return Reply(Permit(token, int(generation)), Mode.CLOSED, Mode.CLOSED, Cause(cause), 0)
        return self._ask(name, token=token, verb="acquire", policy=policy)

    def report(self, name: str, policy: BreakerPolicy, permit: Permit, report: Report, draw: float) -> Reply:
        """Learn how a permitted call went."""
        return self._ask(
            name,
            verb="report",
            policy=policy,
            token=permit.token,
            generation=permit.generation,
            report=asdict(report),
            draw=draw,
        )

    def set(self, name: str, mode: Mode) -> Reply:
        """Put the breaker into a mode by hand; CLOSED forgets every failure."""
        return self._ask(name, verb="set", mode=mode)

    def load(self, name: str) -> Breaker:
        """The breaker as it now stands."""
        return breaker_from_fields(cast("dict[str, str]", self._client.hgetall(_key(name))))

    def names(self) -> list[str]:
        """Every breaker that was ever asked, sorted."""
        return sorted(cast("set[str]", self._client.smembers(NAMES_KEY)))

    def clock(self) -> int:
        """Milliseconds since 1970 on the server's clock."""
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def _ask(self, name: str, *, policy: BreakerPolicy | None = None, token: str = "", **ask: Any) -> Reply:
        request = json.dumps(ask | {"name": name, "token": token})
        if policy is not None:
            request = f'{request[:-1]}, "policy": {_policy_json(policy)}}}'
        reply = self._script(keys=[_key(name), NAMES_KEY], args=[request])
        allowed, retry_in, generation, before, after, cause, now = reply
        refusal = Refusal(None if retry_in < 0 else retry_in)
        answer = Permit(token, generation) if allowed else refusal
        return Reply(answer, Mode(before), Mode(after), Cause(cause), now)


def breaker_from_fields(fields: Mapping[str, str]) -> Breaker:
    """The breaker that the script keeps in a hash; a new one if the hash is not there."""
    if not fields:
        return Breaker()
    numbers = ("since", "generation", "consecutive", "reopens", "open_until", "probe_until")
    slots = [slot.split(":") for slot in fields["window"].split(";") if slot]
    return Breaker(
        mode=Mode(fields["mode"]),
        cause=Cause(fields["cause"]),
        probe=fields["probe"],
        window=tuple(Slot(*map(int, slot)) for slot in slots),
        **{name: int(fields[name]) for name in numbers},
    )


def _key(name: str) -> str:
    return f"{{breakers}}:state:{name}"


@lru_cache(maxsize=256)
def _policy_json(policy: BreakerPolicy) -> str:
    return json.dumps(asdict(policy))
