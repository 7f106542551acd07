"""The circuit breakers of all processes together, and of this one alone while Redis does not answer."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

from redis import Redis, RedisError

from agents.guards.breaker import (
    FORCED,
    Breaker,
    BreakerPolicy,
    Cause,
    Mode,
    Permit,
    Refusal,
    Report,
)
from agents.stores.breaker_keepers import Keeper, LocalKeeper, Orders, Reply
from agents.stores.breaker_redis import RedisKeeper
from agents.stores.connection import shared_client

# A Redis that failed is left alone for so long, lest every tool call waits for it again.
REST_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Hand:
    """Who set a breaker by hand, by their key in the database, and why."""

    actor_id: int | None = None
    reason: str = ""


NOBODY: Final = Hand()


@dataclass(frozen=True, slots=True)
class Transition:
    """A breaker went from one mode to another; `shared` is False when only this process saw it.

    `hand` is whose doing it was, None for the breaker's own. What a hand did is told even when the mode was
    the same before: a reset also forgets the failures of a closed breaker.
    """

    name: str
    before: Mode
    after: Mode
    cause: Cause
    at: datetime
    shared: bool
    hand: Hand | None = None


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
    """A breaker as the screens show it; the counts are those of the sliding window.

    `until` is when the next probe may begin, of an open or half-open one. `shared` is False when Redis does
    not answer, and this is what one process knows.
    """

    name: str
    mode: Mode
    cause: Cause
    since: datetime | None
    until: datetime | None
    consecutive_failures: int
    calls: int
    failures: int
    slow: int
    shared: bool

    @property
    def is_forced(self) -> bool:
        return self.mode in FORCED


class BreakersUnreachable(RuntimeError):
    """Redis does not answer, so a breaker could not be set by hand for all processes; nothing was changed."""


Listener: TypeAlias = Callable[[Transition], None]
T = TypeVar("T")


class Breakers:
    """Asks and tells breakers by name; every change of mode is returned and told to the listener.

    While Redis does not answer, breakers of this process alone apply the same rules, and the same orders:
    `orders` is asked for what a person forced whenever a keeper does not know a breaker, so that neither a
    Redis that forgot nor one that is away undoes it. What the listener raises, the caller sees; the breaker
    has moved all the same.
    """

    def __init__(
        self, client: Redis | None, on_transition: Listener | None = None, rest_s: float = REST_S
    ) -> None:
        self.on_transition = on_transition
        self.orders: Orders = lambda name: None
        self._shared = None if client is None else RedisKeeper(client, lambda name: self.orders(name))
        self._local = LocalKeeper(lambda name: self.orders(name))
        self._rest_s = rest_s
        self._rest_until = 0.0

    def acquire(self, name: str, policy: BreakerPolicy) -> Admission | Refused:
        """Ask to make one call; of all processes, one alone gets leave while the breaker is half-open."""
        token = os.urandom(8).hex()
        keeper, reply = self._ask(lambda keeper: keeper.acquire(name, policy, token))
        moved = reply.before is not reply.after
        transition = self._told(name, reply, keeper) if moved else None
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
        return None if reply is None else self._told(admission.name, reply, keeper)

    def force_open(self, name: str, hand: Hand = NOBODY) -> Transition:
        """Refuse every call until a human says otherwise; raises BreakersUnreachable, as do the next two."""
        return self._set(name, Mode.FORCED_OPEN, hand)

    def force_closed(self, name: str, hand: Hand = NOBODY) -> Transition:
        """Let every call through until a human says otherwise."""
        return self._set(name, Mode.FORCED_CLOSED, hand)

    def reset(self, name: str, hand: Hand = NOBODY) -> Transition:
        """Close the breaker and forget every failure."""
        return self._set(name, Mode.CLOSED, hand)

    def snapshot(self, name: str) -> Snapshot:
        """One breaker as it now stands; closed and empty if nobody ever asked for it."""
        keeper, breaker = self._ask(lambda keeper: keeper.load(name))
        return _snapshot(name, breaker, keeper is self._shared)

    def all(self, *more: str) -> list[Snapshot]:
        """Every breaker that was ever asked and those named, by name."""
        keeper, breakers = self._ask(
            lambda keeper: {name: keeper.load(name) for name in sorted({*keeper.names(), *more})}
        )
        return [_snapshot(name, breaker, keeper is self._shared) for name, breaker in breakers.items()]

    def _set(self, name: str, mode: Mode, hand: Hand) -> Transition:
        keeper: Keeper = self._shared or self._local
        try:
            reply = keeper.set(name, mode)
        except RedisError as error:
            raise BreakersUnreachable(
                f"Redis does not answer ({error}): {name} was not set to {mode}"
            ) from error
        return self._told(name, reply, keeper, hand)

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
        self._local.ask_for_orders_again()

    def _told(self, name: str, reply: Reply, keeper: Keeper, hand: Hand | None = None) -> Transition:
        moment = datetime.fromtimestamp(reply.now / 1000, UTC)
        shared = keeper is self._shared
        moved = Transition(name, reply.before, reply.after, reply.cause, moment, shared, hand)
        if self.on_transition is not None:
            self.on_transition(moved)
        return moved


def shared_breakers() -> Breakers:
    """The breakers on the server that Django's settings name; in plain Python, those of this process."""
    return _breakers_on(shared_client())


@lru_cache(maxsize=8)
def _breakers_on(client: Redis | None) -> Breakers:
    return Breakers(client)


def _snapshot(name: str, breaker: Breaker, shared: bool) -> Snapshot:
    waits = {Mode.OPEN: breaker.open_until, Mode.HALF_OPEN: breaker.probe_until}
    return Snapshot(
        name=name,
        mode=breaker.mode,
        cause=breaker.cause,
        since=_moment(breaker.since),
        until=_moment(waits.get(breaker.mode, 0)),
        consecutive_failures=breaker.consecutive,
        calls=sum(slot.calls for slot in breaker.window),
        failures=sum(slot.failures for slot in breaker.window),
        slow=sum(slot.slow for slot in breaker.window),
        shared=shared,
    )


def _moment(ms: int) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC) if ms else None
