"""One model call as the runner makes it: paid for beforehand, behind the model's own breaker, metered afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agents.guards.breaker import BreakerPolicy, Outcome, Report
from agents.guards.budget import Budget
from agents.llm.messages import one_turn
from agents.llm.pricing import Price
from agents.llm.turn import Turn, TurnRequest
from agents.models import Run
from agents.purse import reserve, settle
from agents.stores.breaker import Admission, Refused, shared_breakers
from agents.stores.budget import BudgetUnavailable, Exhausted

POLICY = BreakerPolicy(failure_threshold=5, recovery_timeout=30)
# How long to wait after the n-th failure in a row; after the last the run ends without the model.
PAUSES_S = (2, 5, 15, 30, 60, 120)
LONGEST_CALL_S = 200.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The model was asked: its turn, what it cost in micro-dollars, and how long it took."""

    turn: Turn
    micro_usd: int
    seconds: float


@dataclass(frozen=True, slots=True)
class NotAsked:
    """No answer, and nothing in the transcript: `passing` is whether the same request may succeed later."""

    why: str
    passing: bool
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What one call may use: micro-dollars to hold and to hold back, and seconds."""

    wanted: int
    holdback: int
    within_s: float | None


def ask(run: Run, budget: Budget, request: TurnRequest, price: Price, terms: Terms) -> Answered | NotAsked | Exhausted:
    """Make one model call within `terms`, or say why none was made. Never raises for what fails upstream."""
    admission = shared_breakers().acquire(f"model:{run.model}", POLICY)
    if isinstance(admission, Refused):
        return NotAsked("the circuit to the model's API is open", passing=True, retry_after_s=admission.retry_in_s or 0)
    begun = time.monotonic()
    try:
        answer = _paid(run, budget, request, price, terms)
    except BudgetUnavailable as error:
        _report(admission, Outcome.IGNORED, begun)
        return NotAsked(f"the budget cannot be checked, so no call is made: {error}", passing=True)
    _report(admission, _health(answer), begun)
    return answer


def _paid(run: Run, budget: Budget, request: TurnRequest, price: Price, terms: Terms) -> Answered | NotAsked | Exhausted:
    held = reserve(run, budget, wanted=terms.wanted, holdback=terms.holdback)
    if isinstance(held, Exhausted):
        return held
    begun = time.monotonic()
    turn = one_turn(request, deadline_s=min(LONGEST_CALL_S, terms.within_s or LONGEST_CALL_S))
    seconds = time.monotonic() - begun
    refused = turn.error is not None and turn.cut is None
    # A cut stream reports too few tokens: what was held is charged.
    micro_usd = 0 if refused else held.granted_micro_usd if turn.cut else price.cost(turn.usage)
    settle(run, held, micro_usd, _tokens(turn), detail=turn.cut or (turn.error.kind if turn.error else ""))
    if refused and turn.error is not None:
        why = f"the model's API answered: {turn.error.message}"
        return NotAsked(why, passing=turn.error.is_passing, retry_after_s=turn.error.retry_after_s or 0)
    return Answered(turn, micro_usd, seconds)


def _tokens(turn: Turn) -> dict[str, int]:
    return {"input_tokens": turn.usage.prompt_tokens, "output_tokens": turn.usage.output_tokens}


def _health(answer: Answered | NotAsked | Exhausted) -> Outcome:
    if isinstance(answer, Exhausted):
        return Outcome.IGNORED
    failed = answer.passing if isinstance(answer, NotAsked) else answer.turn.cut not in (None, "deadline")
    return Outcome.FAILURE if failed else Outcome.SUCCESS


def _report(admission: Admission, outcome: Outcome, begun: float) -> None:
    shared_breakers().report(admission, Report(outcome, int((time.monotonic() - begun) * 1000), 0))
