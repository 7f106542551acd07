"""`@circuit_breaker`: a function that is not called while what it depends on is down."""

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar, overload

from agents.guards.breaker import BreakerPolicy, Outcome, Report
from agents.guards.failures import classify_failure, retry_after_s
from agents.stores.answers import Cached, answer_key, shared_answers
from agents.stores.breaker import Admission, Breakers, Refused, shared_breakers

__all__ = ["Cached", "Circuit", "CircuitOpen", "circuit_breaker"]

P = ParamSpec("P")
R = TypeVar("R")
Classify: TypeAlias = Callable[[BaseException], Outcome]
DEFAULT_POLICY: Final = BreakerPolicy()


class CircuitOpen(Exception):
    """The call was not made, since what it depends on fails; do not call again before `retry_in_s` is over.

    `retry_in_s` is None when the circuit was opened by hand, and only a hand closes it.
    """

    def __init__(self, refused: Refused) -> None:
        self.name = refused.name
        self.state = refused.mode
        self.cause = refused.cause
        self.retry_in_s = refused.retry_in_s
        until = "it is reset by hand" if self.retry_in_s is None else f"{self.retry_in_s:.0f} s have passed"
        super().__init__(f"{self.name} is not called until {until}: circuit {self.state} ({self.cause})")


@overload
def circuit_breaker(
    failure_threshold: int = 3,
    recovery_timeout: float = 60,
    *,
    name: str = "",
    policy: BreakerPolicy | None = None,
    classify: Classify = classify_failure,
    cache_ttl_s: None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def circuit_breaker(
    failure_threshold: int = 3,
    recovery_timeout: float = 60,
    *,
    name: str = "",
    policy: BreakerPolicy | None = None,
    classify: Classify = classify_failure,
    cache_ttl_s: float,
) -> Callable[[Callable[P, R]], Callable[P, R | Cached[R]]]: ...
def circuit_breaker(
    failure_threshold: int = 3,
    recovery_timeout: float = 60,
    *,
    name: str = "",
    policy: BreakerPolicy | None = None,
    classify: Classify = classify_failure,
    cache_ttl_s: float | None = None,
) -> Callable[[Callable[P, R]], Callable[P, Any]]:
    """Stop calling a function that failed `failure_threshold` times in a row, for `recovery_timeout` seconds.

    Then one call, over all processes, may try again. A call that is not made raises CircuitOpen; with
    `cache_ttl_s` it returns the last good answer to the same arguments, as `Cached(value, age_s)`, if it is
    that fresh. The breaker's `name` is the function's qualified name unless given. A `policy` takes the place
    of the two numbers; `classify` says what an exception counts for. Raises TypeError on coroutines and
    generators.
    """
    if callable(failure_threshold):
        raise TypeError("write @circuit_breaker() with brackets above the function")
    rule = policy or BreakerPolicy(failure_threshold=failure_threshold, recovery_timeout=recovery_timeout)

    def decorate(function: Callable[P, R]) -> Callable[P, Any]:
        circuit = Circuit(name or _qualified_name(function), rule, classify, cache_ttl_s)

        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Cached[R]:
            return circuit.call(function, *args, **kwargs)

        return guarded

    return decorate


@dataclass(frozen=True, slots=True)
class Circuit:
    """One breaker between this process and a dependency; the decorator and the runner go through it."""

    name: str
    policy: BreakerPolicy = DEFAULT_POLICY
    classify: Classify = classify_failure
    cache_ttl_s: float | None = None
    breakers: Callable[[], Breakers] = shared_breakers

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | Cached[R]:
        """Make the call and report how it went; raises CircuitOpen when it is not made and none is cached."""
        key = None if self.cache_ttl_s is None else answer_key(self.name, args, kwargs)
        breakers = self.breakers()
        admission = breakers.acquire(self.name, self.policy)
        if isinstance(admission, Refused):
            return self._cached(key, admission)
        begun = time.monotonic()
        try:
            answer = function(*args, **kwargs)
        except BaseException as error:
            wait_s = retry_after_s(error, datetime.now(UTC))
            _report(breakers, admission, self.classify(error), begun, wait_s)
            raise
        _report(breakers, admission, Outcome.SUCCESS, begun)
        if key is not None and self.cache_ttl_s is not None:
            shared_answers().remember(key, answer, self.cache_ttl_s)
        return answer

    def _cached(self, key: str | None, refused: Refused) -> Cached[Any]:
        if key is not None and self.cache_ttl_s is not None:
            cached = shared_answers().recall(key, self.cache_ttl_s)
            if cached is not None:
                return cached
        raise CircuitOpen(refused)


def _report(
    breakers: Breakers, admission: Admission, outcome: Outcome, begun: float, wait_s: float = 0.0
) -> None:
    duration_ms = int((time.monotonic() - begun) * 1000)
    breakers.report(admission, Report(outcome, duration_ms, int(wait_s * 1000)))


def _qualified_name(function: Callable[..., object]) -> str:
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(
            f"circuit_breaker cannot guard {function.__qualname__}: it only begins when called, so that its "
            "failures would not be seen; guard the plain function inside it that makes the call"
        )
    return f"{function.__module__}.{function.__qualname__}"
