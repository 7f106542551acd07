"""Where breakers are kept: what every keeper does, and the one that keeps them in this process alone."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from agents.guards.breaker import FORCED, Breaker, BreakerPolicy, Cause, Mode, Permit, Refusal, Report

# A breaker's name -> the mode that a person forced it into and that still holds; None if nobody did.
Orders: TypeAlias = Callable[[str], Mode | None]


class Reply(NamedTuple):
    """What a keeper answers to every request: the verdict on a call, and the modes around it; times in ms."""

    answer: Permit | Refusal
    before: Mode
    after: Mode
    cause: Cause
    now: int


class Keeper(Protocol):
    """Keeps breakers by name and applies the rule of `agents.guards.breaker`, one request at a time.

    A breaker that it does not know, it first asks its orders for: what was forced by hand stays so.
    """

    def acquire(self, name: str, policy: BreakerPolicy, token: str) -> Reply:
        """Ask to make one call."""

    def report(
        self, name: str, policy: BreakerPolicy, permit: Permit, report: Report, draw: float
    ) -> Reply | None:
        """Learn how a permitted call went; None when that changed no mode."""

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

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._obeyed: set[str] = set()
        self._breakers: dict[str, Breaker] = {}
        self._lock = threading.Lock()

    def acquire(self, name: str, policy: BreakerPolicy, token: str) -> Reply:
        """Ask to make one call."""
        self._obey(name)
        with self._lock:
            before, now = self._kept(name), self.clock()
            after, answer = before.acquire(policy, token, now=now)
            return self._keep(name, before, after, answer, now)

    def report(
        self, name: str, policy: BreakerPolicy, permit: Permit, report: Report, draw: float
    ) -> Reply | None:
        """Learn how a permitted call went; None when that changed no mode."""
        with self._lock:
            before, now = self._kept(name), self.clock()
            after = before.report(policy, permit, report, now=now, draw=draw)
            reply = self._keep(name, before, after, permit, now)
            return None if before.mode is after.mode else reply

    def set(self, name: str, mode: Mode) -> Reply:
        """Put the breaker into a mode by hand; CLOSED forgets every failure."""
        with self._lock:
            self._obeyed.add(name)
            before, now = self._kept(name), self.clock()
            after = before.set_by_hand(mode, now=now)
            return self._keep(name, before, after, Permit("", after.generation), now)

    def load(self, name: str) -> Breaker:
        """The breaker as it now stands."""
        self._obey(name)
        return self._kept(name)

    def names(self) -> list[str]:
        """Every breaker that was ever asked, sorted."""
        return sorted(self._breakers)

    def clock(self) -> int:
        """Milliseconds since 1970 on this host's clock."""
        return time.time_ns() // 1_000_000

    def ask_for_orders_again(self) -> None:
        """Let what was forced or reset since be heard at the next request."""
        self._obeyed.clear()

    def _obey(self, name: str) -> None:
        if name in self._obeyed:
            return
        order = self._orders(name)
        mode = self._kept(name).mode
        if order is not None and order is not mode:
            self.set(name, order)
        elif order is None and mode in FORCED:
            self.set(name, Mode.CLOSED)
        self._obeyed.add(name)

    def _kept(self, name: str) -> Breaker:
        return self._breakers.get(name, Breaker())

    def _keep(self, name: str, before: Breaker, after: Breaker, answer: Permit | Refusal, now: int) -> Reply:
        self._breakers[name] = after
        return Reply(answer, before.mode, after.mode, after.cause, now)
