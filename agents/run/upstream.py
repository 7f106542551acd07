"""One model call as the runner makes it: paid for, behind the model's own breaker, metered afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agents.guards.breaker import BreakerPolicy, Outcome, Report
from agents.guards.budget import Budget
from agents.llm.pricing import Price
from agents.llm.turn import Turn, TurnRequest
from agents.models import Run
from agents.run.metered import Answered, Tokens
from agents.run.purse import reserve, settle
from agents.run.stage import breakers_of, stage_of
from agents.stores.breaker import Refused
from agents.stores.budget import BudgetUnavailable, Exhausted, Reservation

POLICY = BreakerPolicy(failure_threshold=5, recovery_timeout=30)
# How long to wait after the n-th failure in a row; after the last the run ends without the model.
PAUSES_S = (2, 5, 15, 30, 60, 120)
LONGEST_PAUSE_S = 240.0
LONGEST_CALL_S = 200.0


@dataclass(frozen=True, slots=True)
class NotAsked:
    """No answer, and nothing in the transcript: `passing` is whether the same request may succeed later."""

    why: str
    passing: bool
    retry_after_s: float = 0.0

    @property
    def told(self) -> str:
        """`why` for a human, with the wait that was asked for where it is past our patience."""
        return f"{self.why} (wait {self.retry_after_s:.0f} s)" if self._too_long else self.why

    def pause_s(self, failures: int) -> float | None:
        """How long to wait after so many failures in a row; None when patience is over, or would not help.

        A wish to wait for hours is the end of our patience, not a reason to hold the run for as long.
        """
        if not self.passing or failures >= len(PAUSES_S) or self._too_long:
            return None
        return max(PAUSES_S[failures], self.retry_after_s)

    @property
    def _too_long(self) -> bool:
        return self.passing and self.retry_after_s > LONGEST_PAUSE_S


@dataclass(frozen=True, slots=True)
class Terms:
    """What one call may use: micro-dollars to hold and to hold back, tokens of the prompt, and seconds."""

    wanted: int
    holdback: int
    input_tokens: int
    within_s: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """One call to be made for a run: the request, the model's price, and the terms."""

    run: Run
    budget: Budget
    request: TurnRequest
    price: Price
    terms: Terms

    @property
    def most(self) -> Tokens:
        """The tokens that the call can be billed for at most."""
        return Tokens(self.terms.input_tokens, self.request.max_tokens)


def ask(question: Question) -> Answered | NotAsked | Exhausted:
    """Make one model call within its terms, or say why none was made; what fails upstream is not raised."""
    breakers = breakers_of(question.run)
    admission = breakers.acquire(f"model:{question.request.model}", POLICY)
    if isinstance(admission, Refused):
        retry_in_s = admission.retry_in_s or 0
        return NotAsked("the circuit to the model's API is open", passing=True, retry_after_s=retry_in_s)
    begun, health, wish_s = time.monotonic(), Outcome.IGNORED, 0.0
    try:
        answer = _paid(question)
        health = _health(answer)
        wish_s = answer.retry_after_s if isinstance(answer, NotAsked) else 0.0
        return answer
    except BudgetUnavailable as error:
        return NotAsked(f"the budget cannot be checked, so no call is made: {error}", passing=True)
    finally:
        took_s = time.monotonic() - begun
        breakers.report(admission, Report(health, int(took_s * 1000), int(wish_s * 1000)))


def _paid(question: Question) -> Answered | NotAsked | Exhausted:
    run, terms = question.run, question.terms
    wants = {"wanted": terms.wanted, "holdback": terms.holdback}
    held = reserve(run, question.budget, model=question.request.model, most=question.most, **wants)
    if isinstance(held, Exhausted):
        return held
    begun = time.monotonic()
    turn = _turn(question)
    seconds = time.monotonic() - begun
    if turn.error is not None and turn.cut is None:
        _settle(question, held, 0, None, turn.error.kind)
        why = f"the model's API answered: {turn.error.message}"
        return NotAsked(why, turn.error.is_passing, turn.error.retry_after_s or 0)
    # A cut stream reports too few tokens: all that it may have used is charged.
    used = question.most if turn.cut else Tokens.of(turn.usage)
    micro_usd = held.granted_micro_usd if turn.cut else question.price.cost(turn.usage)
    _settle(question, held, micro_usd, used, turn.cut or "")
    return Answered(turn, micro_usd, used, seconds)


def _turn(question: Question) -> Turn:
    # The SDK takes a second and a half to load: only those pay it who ask a model.
    from agents.llm.messages import one_turn

    deadline_s = min(LONGEST_CALL_S, question.terms.within_s or LONGEST_CALL_S)
    stage = stage_of(question.run)
    if stage is None:
        return one_turn(question.request, deadline_s=deadline_s)
    return stage.ask(question.request, step=question.run.step, deadline_s=deadline_s)


def _settle(question: Question, held: Reservation, micro_usd: int, used: Tokens | None, detail: str) -> None:
    model = question.request.model
    settle(question.run, held, model=model, micro_usd=micro_usd, used=used, detail=detail)


def _health(answer: Answered | NotAsked | Exhausted) -> Outcome:
    if isinstance(answer, Exhausted):
        return Outcome.IGNORED
    failed = answer.passing if isinstance(answer, NotAsked) else answer.turn.cut not in (None, "deadline")
    return Outcome.FAILURE if failed else Outcome.SUCCESS
