"""Whether a run goes round in circles: told once, stopped the second time.

Step repetition is the commonest way in which agents fail (15.7 % in MAST, arXiv 2503.13657). The patterns are
those of the OpenHands stuck detector; only calls and results are compared, since the words around them vary.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from agents.guards.verdict import PROCEED, Proceed, Reason, Stop


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call and what came of it, as digests; `polling` marks tools made to be asked again."""

    tool: str
    arguments: str
    result: str = ""
    is_error: bool = False
    polling: bool = False

    @property
    def asked(self) -> tuple[str, str]:
        """What the model asked for, whatever came of it."""
        return self.tool, self.arguments


# What one turn of the model called, in order; an empty turn is one in which it only talked.
Turn: TypeAlias = tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class LoopPolicy:
    """How many repetitions at the end of a run are a loop."""

    same_result: int = 4
    same_error: int = 3
    same_call: int = 6
    ping_pong: int = 6
    monologue: int = 3


@dataclass(frozen=True, slots=True)
class Nudge:
    """Tell the model, once, that it repeats itself; `text` goes into its next message."""

    text: str


DEFAULT_LOOP_POLICY: Final = LoopPolicy()


def check_loop(
    turns: Sequence[Turn], nudges: int, policy: LoopPolicy = DEFAULT_LOOP_POLICY
) -> Proceed | Nudge | Stop:
    """Look for a loop at the end of `turns`: the first is worth a nudge, after that the run is stopped."""
    found = _find_loop(turns, policy)
    if found is None:
        return PROCEED
    if nudges:
        return Stop(Reason.LOOP_DETECTED, f"{found}, though it was told so before")
    return Nudge(
        f"You are repeating yourself: {found}. The same step will not give a new answer. "
        "Try another way, or finish with what you have and say what is missing."
    )


def fingerprint(value: object) -> str:
    """A digest of arguments or of a result that does not depend on the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def polling_wait_s(last_asked_s: float | None, now_s: float, min_interval_s: float) -> float:
    """How long a polling tool must not be asked yet, in seconds; 0 when it may. Both moments on one clock."""
    if last_asked_s is None:
        return 0.0
    return max(0.0, min_interval_s - max(0.0, now_s - last_asked_s))


def _find_loop(turns: Sequence[Turn], policy: LoopPolicy) -> str | None:
    silent = _run_length([not turn for turn in turns], True)
    if silent >= policy.monologue:
        return f"{silent} turns in a row without calling a tool"
    calls = [call for turn in turns for call in turn if not call.polling]
    if not calls:
        return None
    last = calls[-1]
    outcome = "the same error" if last.is_error else "the same result"
    enough = policy.same_error if last.is_error else policy.same_result
    alike = _run_length(calls, last)
    if alike >= enough:
        return f"{last.tool} was called {alike} times in a row with the same arguments and {outcome}"
    asked = _run_length([call.asked for call in calls], last.asked)
    if asked >= policy.same_call:
        return f"{last.tool} was called {asked} times in a row with the same arguments"
    return _find_ping_pong(calls[-policy.ping_pong :], policy)


def _find_ping_pong(calls: Sequence[Call], policy: LoopPolicy) -> str | None:
    if len(calls) < policy.ping_pong or calls[0] == calls[1]:
        return None
    if any(call != calls[number % 2] for number, call in enumerate(calls)):
        return None
    return f"{calls[0].tool} and {calls[1].tool} were called in turn {len(calls)} times with the same results"


def _run_length(values: Sequence[object], wanted: object) -> int:
    """How many values at the end equal `wanted`."""
    different = next((n for n, value in enumerate(reversed(values)) if value != wanted), None)
    return len(values) if different is None else different
