"""A circuit breaker as a value: calls are asked for and reported, and a new value comes back.

This is the rule itself. A process without Redis runs it as it stands; the Lua script that all processes
share (`agents/stores/breaker.lua`) is tested against it, event by event. Times are whole milliseconds on the
clock of whoever keeps the value; the random draw of the jitter is an argument.
"""

import math
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, NamedTuple, Self


class Mode(StrEnum):
    """Whether calls are let through: the forced modes are set by hand, and only by hand left."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    FORCED_CLOSED = "forced_closed"


FORCED: Final = frozenset({Mode.FORCED_OPEN, Mode.FORCED_CLOSED})


class Outcome(StrEnum):
    """What a call says about the dependency: it answered, it failed, or nothing at all."""

    SUCCESS = "success"
    FAILURE = "failure"
    IGNORED = "ignored"


class Cause(StrEnum):
    """Why a breaker is in its mode."""

    NEW = "new"
    CONSECUTIVE_FAILURES = "consecutive_failures"
    FAILURE_RATE = "failure_rate"
    SLOW_RATE = "slow_rate"
    PROBE_DUE = "probe_due"
    PROBE_FAILED = "probe_failed"
    PROBE_SUCCEEDED = "probe_succeeded"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens and for how long; `_s` and `recovery_timeout` are seconds, rates are shares of 1.

    It opens after `failure_threshold` failures in a row, or when of at least `minimum_calls` in the last
    `window_s` a share of `failure_rate` failed or of `slow_rate` took `slow_call_s` or longer. A probe not
    reported within `probe_lease_s` is lost. An upstream's Retry-After is obeyed up to `max_retry_after_s`.
    """

    failure_threshold: int = 3
    recovery_timeout: float = 60.0
    failure_rate: float = 0.5
    slow_call_s: float | None = None
    slow_rate: float = 0.8
    window_s: float = 120.0
    minimum_calls: int = 10
    max_open_s: float = 900.0
    max_retry_after_s: float = 3600.0
    probe_lease_s: float = 30.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        for limit in fields(self):
            number = isinstance(getattr(self, limit.name), int | float)
            self._require(limit.name, number or limit.name == "slow_call_s", "a number")
        for name in ("failure_threshold", "minimum_calls"):
            self._require(name, getattr(self, name) >= 1, "a whole number from 1 up")
        for name in ("recovery_timeout", "window_s", "max_open_s", "max_retry_after_s", "probe_lease_s"):
            self._require(name, 0.001 <= getattr(self, name) < math.inf, "seconds above 0")
        for name in ("failure_rate", "slow_rate"):
            self._require(name, 0 < getattr(self, name) <= 1, "a share above 0 and up to 1")
        self._require(
            "slow_call_s", self.slow_call_s is None or self.slow_call_s > 0, "seconds above 0, or None"
        )
        self._require("jitter", 0 <= self.jitter < 1, "a share from 0 to below 1")

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise ValueError(f"breaker policy: {name} is {getattr(self, name)!r}, give {what}")

    @property
    def slot_ms(self) -> int:
        """The grain of the sliding window: a twelfth of it."""
        return max(1, int(self.window_s * 1000) // 12)

    def is_slow(self, duration_ms: int) -> bool:
        """Whether a call that took this long counts as slow."""
        return self.slow_call_s is not None and duration_ms >= self.slow_call_s * 1000

    def open_ms(self, reopens: int, draw: float, retry_after_ms: int) -> int:
        """How long to stay open: doubled for each probe that failed, at least what the upstream asked for.

        The first time is exact; after that `draw`, uniform in [0, 1), spreads it by `jitter` to either side.
        """
        cap = max(self.max_open_s, self.recovery_timeout) * 1000
        spread = 1 + self.jitter * (2 * draw - 1) if reopens else 1.0
        grown = min(self.recovery_timeout * 1000 * 2.0 ** min(reopens, 20), cap) * spread
        asked = min(retry_after_ms, self.max_retry_after_s * 1000)
        return int(max(min(grown, cap), asked))


class Slot(NamedTuple):
    """The calls of one grain of the window, from `start` on."""

    start: int
    calls: int
    failures: int
    slow: int


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call; its report is heeded only while the breaker is still in `generation`."""

    token: str
    generation: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call must not be made; `retry_in_ms` is None when only a human's hand opens the way again."""

    retry_in_ms: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """How a permitted call went."""

    outcome: Outcome
    duration_ms: int = 0
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed, open or half-open memory of a dependency's failures; a new mode is a new `generation`."""

    mode: Mode = Mode.CLOSED
    cause: Cause = Cause.NEW
    since: int = 0
    generation: int = 0
    consecutive: int = 0
    reopens: int = 0
    open_until: int = 0
    probe: str = ""
    probe_until: int = 0
    window: tuple[Slot, ...] = ()

    def acquire(self, policy: BreakerPolicy, token: str, *, now: int) -> tuple[Self, Permit | Refusal]:
        """Ask to make one call; `token` names the asker, and asking again with it gives the same answer."""
        if self.mode in (Mode.CLOSED, Mode.FORCED_CLOSED):
            return self, Permit(token, self.generation)
        if self.mode is Mode.FORCED_OPEN:
            return self, Refusal(None)
        if self.mode is Mode.OPEN:
            if now < self.open_until:
                return self, Refusal(self.open_until - now)
            return self._moved(Mode.HALF_OPEN, Cause.PROBE_DUE, now)._probed_by(policy, token, now)
        if now < self.probe_until and self.probe != token:
            return self, Refusal(self.probe_until - now)
        return self._probed_by(policy, token, now)

    def report(self, policy: BreakerPolicy, permit: Permit, report: Report, *, now: int, draw: float) -> Self:
        """Learn how a permitted call went; an older generation or a lost probe changes nothing any more."""
        if permit.generation != self.generation:
            return self
        if self.mode is Mode.CLOSED and report.outcome is not Outcome.IGNORED:
            return self._counted(policy, report, now, draw)
        if self.mode is Mode.HALF_OPEN and permit.token == self.probe:
            return self._probe_reported(policy, report, now, draw)
        return self

    def set_by_hand(self, mode: Mode, *, now: int) -> Self:
        """Refuse or admit every call until further notice (a forced mode), or close and forget (CLOSED)."""
        return self._moved(mode, Cause.BY_HAND, now)

    def _probed_by(self, policy: BreakerPolicy, token: str, now: int) -> tuple[Self, Permit]:
        until = now + math.floor(policy.probe_lease_s * 1000)
        return replace(self, probe=token, probe_until=until), Permit(token, self.generation)

    def _counted(self, policy: BreakerPolicy, report: Report, now: int, draw: float) -> Self:
        failed = report.outcome is Outcome.FAILURE
        counted = replace(
            self,
            consecutive=self.consecutive + 1 if failed else 0,
            window=_slid(self.window, policy, now, failed, policy.is_slow(report.duration_ms)),
        )
        cause = counted._cause_to_open(policy)
        return counted if cause is None else counted._opened(policy, cause, 0, report, now, draw)

    def _cause_to_open(self, policy: BreakerPolicy) -> Cause | None:
        if self.consecutive >= policy.failure_threshold:
            return Cause.CONSECUTIVE_FAILURES
        calls = sum(slot.calls for slot in self.window)
        if calls < policy.minimum_calls:
            return None
        if sum(slot.failures for slot in self.window) / calls >= policy.failure_rate:
            return Cause.FAILURE_RATE
        if sum(slot.slow for slot in self.window) / calls >= policy.slow_rate:
            return Cause.SLOW_RATE
        return None

    def _probe_reported(self, policy: BreakerPolicy, report: Report, now: int, draw: float) -> Self:
        if report.outcome is Outcome.IGNORED:
            return replace(self, probe="", probe_until=0)
        if report.outcome is Outcome.FAILURE or policy.is_slow(report.duration_ms):
            return self._opened(policy, Cause.PROBE_FAILED, self.reopens + 1, report, now, draw)
        return self._moved(Mode.CLOSED, Cause.PROBE_SUCCEEDED, now)

    def _opened(
        self, policy: BreakerPolicy, cause: Cause, reopens: int, report: Report, now: int, draw: float
    ) -> Self:
        until = now + policy.open_ms(reopens, draw, report.retry_after_ms)
        return replace(self._moved(Mode.OPEN, cause, now), reopens=reopens, open_until=until)

    def _moved(self, mode: Mode, cause: Cause, now: int) -> Self:
        # Half-open remembers how often it was re-opened; every other move starts afresh.
        reopens = self.reopens if mode is Mode.HALF_OPEN else 0
        return type(self)(mode, cause, since=now, generation=self.generation + 1, reopens=reopens)


def _slid(
    window: tuple[Slot, ...], policy: BreakerPolicy, now: int, failed: bool, slow: bool
) -> tuple[Slot, ...]:
    """The window with one more call; slots past it, or ahead of a clock that was set back, are dropped."""
    start = now - now % policy.slot_ms
    kept = [slot for slot in window if start - 12 * policy.slot_ms < slot.start <= start]
    last = kept.pop() if kept and kept[-1].start == start else Slot(start, 0, 0, 0)
    return (*kept, Slot(start, last.calls + 1, last.failures + failed, last.slow + slow))
