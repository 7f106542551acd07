"""Failures on demand: scripted for one run, or at random for all of them."""

import random
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from agents.llm.local.errors import ApiError, invalid
from agents.llm.local.replies import Reply

KINDS = {
    "rate_limited": "429, with Retry-After when `retry_after_s` is given",
    "overloaded": "529",
    "internal_error": "500",
    "spend_limit": "429 with the code of a spend limit that was reached",
    "slow_first_byte": "`seconds` of silence, then the answer",
    "ping_only": "a stream that begins and then only pings, for `seconds`",
    "polite_eof": "a stream that ends in mid-text as if it were whole",
    "reset": "a stream whose connection is reset in mid-text",
    "error_event": "a stream with an overloaded_error in mid-text",
    "truncated_call": "a tool call cut inside its arguments, stopped by max_tokens",
    "refusal": "no content, stopped by refusal",
    "invalid_output": "JSON that ends in the middle, stopped as if it were whole",
    "confidence_out_of_range": "the answer with a confidence of 170",
    "no_confidence": "the answer without its confidence",
    "low_confidence": "the answer with a confidence of 5",
    "same_call": "the last tool call again, with the same arguments",
    "huge_usage": "the answer, billed as ten million output tokens",
}
AT_RANDOM = ("overloaded", "internal_error", "rate_limited", "polite_eof", "reset", "error_event", "refusal")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail, for the next `times` requests."""

    kind: str
    times: int = 1
    retry_after_s: float | None = None
    seconds: float = 5.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault {self.kind!r}. Faults are: {', '.join(KINDS)}.")

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Read a fault from the admin endpoint's JSON; invalid request for anything it does not know."""
        try:
            return cls(**entry)
        except (TypeError, ValueError) as error:
            raise invalid(str(error)) from error

    def raise_error(self) -> None:
        """Answer with this fault's error, if it is one that comes before the stream."""
        if self.kind == "rate_limited":
            headers = {} if self.retry_after_s is None else {"retry-after": f"{self.retry_after_s:g}"}
            raise ApiError("rate_limit_error", "This request would exceed your rate limit.", headers=headers)
        if self.kind == "overloaded":
            raise ApiError("overloaded_error", "Overloaded")
        if self.kind == "internal_error":
            raise ApiError("api_error", "Internal server error")
        if self.kind == "spend_limit":
            code = {"error_code": "enforced_spend_limit_reached"}
            raise ApiError("rate_limit_error", "You have reached your API usage limit.", details=code)


Entry = Fault | Reply | None  # None: the model's own answer


class Faults:
    """Who fails next. A run's script goes first, one entry a request; then chance, at `rate`."""

    def __init__(self, rate: float = 0.0, seed: int | None = None) -> None:
        self._rate = rate
        self._random = random.Random(seed)
        self._scripts: defaultdict[str, deque[Entry]] = defaultdict(deque)
        self._lock = threading.Lock()

    def script(self, user_id: str, entries: Iterable[Entry]) -> None:
        """Say what the next requests of one run meet, in order, after what was said before."""
        with self._lock:
            self._scripts[user_id].extend(entries)

    def armed(self) -> dict[str, int]:
        """How many entries wait for each run."""
        with self._lock:
            return {user_id: len(script) for user_id, script in self._scripts.items() if script}

    def clear(self, user_id: str | None = None) -> None:
        """Forget one run's script, or all of them."""
        with self._lock:
            if user_id is None:
                self._scripts.clear()
            else:
                self._scripts.pop(user_id, None)

    def draw(self, user_id: str) -> Entry:
        """Take what this request meets."""
        with self._lock:
            script = self._scripts.get(user_id)
            if script:
                return self._take(script)
            if self._rate and self._random.random() < self._rate:
                return Fault(self._random.choice(AT_RANDOM), retry_after_s=1.0)
            return None

    def put_back(self, user_id: str, fault: Fault) -> None:
        """Keep a fault for a later request: it found nothing to spoil in this one."""
        with self._lock:
            if fault.times > 1:
                self._scripts[user_id].popleft()
            self._scripts[user_id].appendleft(fault)

    @staticmethod
    def _take(script: deque[Entry]) -> Entry:
        entry = script.popleft()
        if isinstance(entry, Fault) and entry.times > 1:
            script.appendleft(replace(entry, times=entry.times - 1))
        return entry
