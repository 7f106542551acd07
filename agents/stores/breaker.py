"""The circuit breakers of all processes together, and of this one alone while Redis does not answer."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

from redis import Redis, RedisError

from agents.guards.breaker import Breaker, BreakerPolicy, Cause, Mode, Permit, Refusal, Report
from agents.stores.breaker_keepers import Keeper, LocalKeeper, RedisKeeper, Reply
from agents.stores.connection import shared_client

# A Redis that failed is left alone for so long, lest every tool call waits for it again.
REST_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Transition:
    """A breaker went from one mode to another; `shared` is False when only this process saw it."""

    name: str
    before: Mode
    after: Mode
    cause: Cause
    at: datetime
    shared: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to make one call; give it back with `Breakers.report`, whatever happened."""

    name: str
    policy: BreakerPolicy
    permit: Permit
    shared: bool
    transition: Transition | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The call must not be made; `retry_in_s` is None when only a human's hand opens the way again."""

    name: str
    mode: Mode
    cause: Cause
    retry_in_s: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A breaker as the screens show it; the counts are those of the sliding window."""

    name: str
    mode: Mode
    cause: Cause
    since: datetime | None
    retry_in_s: float | None
    consecutive_failures: int
    calls: int
    failures: int
    slow: int
    shared: bool


class BreakersUnreachable(RuntimeError):
    """Redis does not answer, so a breaker could not be set by hand for all processes; nothing was changed."""


Listener: TypeAlias = Callable[[Transition], None]
T = TypeVar("T")


class Breakers:
    """Asks and tells breakers by name; every change of mode is returned and told to the listener.

    While Redis does not answer, breakers of this process alone apply the same rules. What the listener
    raises, the caller sees; the breaker has moved all the same.
    """

    def __init__(
        self, client: Redis | None, on_transition: Listener | None = None, rest_s: float = REST_S
    ) -> None:
        self._shared = None if client is None else RedisKeeper(client)
        self._local = LocalKeeper()
        self._rest_s = rest_s
        self._rest_until = 0.0
        self.on_transition = on_transition

    def acquire(self, name: str, policy: BreakerPolicy) -> Admission | Refused:
        """Ask to make one call; of all processes, one alone gets leave while the breaker is half-open."""
        token = uuid.uuid4().hex
        keeper, reply = self._ask(lambda keeper: keeper.acquire(name, policy, token))
        transition = self._noted(name, reply, keeper)
        if isinstance(reply.answer, Refusal):
            retry_in = reply.answer.retry_in_ms
            return Refused(name, reply.after, reply.cause, None if retry_in is None else retry_in / 1000)
        return Admission(name, policy, reply.answer, keeper is self._shared, transition)

    def report(self, admission: Admission, report: Report) -> Transition | None:
        """Tell how an admitted call went; a report that Redis does not take is lost, without an error."""
        keeper = self._shared if admission.shared else self._local
        if keeper is None or (keeper is self._shared and self._resting()):
            return None
        try:
            reply = keeper.report(
                admission.name, admission.policy, admission.permit, report, draw=random.random()
            )
        except RedisError:
            self._rest()
            return None
        return self._noted(admission.name, reply, keeper)

    def force_open(self, name: str) -> Transition | None:
        """Refuse every call until a human says otherwise."""
        return self._set(name, Mode.FORCED_OPEN)

    def force_closed(self, name: str) -> Transition | None:
        """Let every call through until a human says otherwise."""
        return self._set(name, Mode.FORCED_CLOSED)

    def reset(self, name: str) -> Transition | None:
        """Close the breaker and forget every failure."""
        return self._set(name, Mode.CLOSED)

    def snapshot(self, name: str) -> Snapshot:
        """One breaker as it now stands; closed and empty if nobody ever asked for it."""
        keeper, (breaker, now) = self._ask(lambda keeper: (keeper.load(name), keeper.clock()))
        return _snapshot(name, breaker, now, keeper is self._shared)

    def all(self) -> list[Snapshot]:
        """Every breaker that was ever asked, by name."""
        keeper, (breakers, now) = self._ask(
            lambda keeper: ({name: keeper.load(name) for name in keeper.names()}, keeper.clock())
        )
        return [_snapshot(name, b, now, keeper is self._shared) for name, b in breakers.items()]

    def _set(self, name: str, mode: Mode) -> Transition | None:
        keeper: Keeper = self._shared or self._local
        try:
            return self._noted(name, keeper.set(name, mode), keeper)
        except RedisError as error:
            raise BreakersUnreachable(
                f"Redis does not answer ({error}): {name} was not set to {mode}"
            ) from error

    def _ask(self, question: Callable[[Keeper], T]) -> tuple[Keeper, T]:
        if self._shared is not None and not self._resting():
            try:
                return self._shared, question(self._shared)
            except RedisError:
                self._rest()
        return self._local, question(self._local)

    def _resting(self) -> bool:
        return time.monotonic() < self._rest_until

    def _rest(self) -> None:
        self._rest_until = time.monotonic() + self._rest_s

    def _noted(self, name: str, reply: Reply, keeper: Keeper) -> Transition | None:
        if reply.before == reply.after:
            return None
        moment = datetime.fromtimestamp(reply.now / 1000, UTC)
        moved = Transition(name, reply.before, reply.after, reply.cause, moment, keeper is self._shared)
        if self.on_transition is not None:
            self.on_transition(moved)
        return moved


def shared_breakers() -> Breakers:
    """The breakers on the server that Django's settings name; in plain Python, those of this process."""
    return _breakers_on(shared_client())


@lru_cache(maxsize=8)
def _breakers_on(client: Redis | None) -> Breakers:
    return Breakers(client)


def _snapshot(name: str, breaker: Breaker, now: int, shared: bool) -> Snapshot:
    waits = {Mode.OPEN: breaker.open_until, Mode.HALF_OPEN: breaker.probe_until}
    until = waits.get(breaker.mode)
    return Snapshot(
        name=name,
        mode=breaker.mode,
        cause=breaker.cause,
        since=datetime.fromtimestamp(breaker.since / 1000, UTC) if breaker.since else None,
        retry_in_s=None if until is None else max(0, until - now) / 1000,
        consecutive_failures=breaker.consecutive,
        calls=sum(slot.calls for slot in breaker.window),
        failures=sum(slot.failures for slot in breaker.window),
        slow=sum(slot.slow for slot in breaker.window),
        shared=shared,
    )
