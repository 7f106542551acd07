"""The two-phase stop: does the budget still buy a turn and a final report, the report alone, or neither?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from agents.guards.budget import Budget, Spend, describe_stop, exceeded_limit, usd

# (input tokens, output tokens) -> the most that one call with them can cost, in micro-USD: no cache hit, and
# the dearest band. It must not fall when either number grows.
Price: TypeAlias = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Needs:
    """What one turn and the final report need, in tokens and seconds.

    `growth_tokens` is what the turn's tool results may add to the transcript: the runner cuts them to that.
    """

    turn_tokens: int = 4096
    least_turn_tokens: int = 1024
    report_tokens: int = 2000
    least_report_tokens: int = 256
    growth_tokens: int = 2000
    least_turn_s: float = 5.0
    report_s: float = 20.0


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """Work on: at most `max_tokens` out and `within_s` seconds; `holdback_micro_usd` stays for the report."""

    max_tokens: int
    reserve_micro_usd: int
    holdback_micro_usd: int
    within_s: float | None


@dataclass(frozen=True, slots=True)
class Finalise:
    """Ask for the final report now, within the same bounds; `detail` says which limit ended the work."""

    max_tokens: int
    reserve_micro_usd: int
    within_s: float | None
    detail: str


@dataclass(frozen=True, slots=True)
class StopNow:
    """Not even the final report can be paid: put the PARTIAL result together from what is stored."""

    detail: str


TurnPlan: TypeAlias = TakeTurn | Finalise | StopNow


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands before its next model call.

    `transcript_tokens` is an upper estimate of the input as it now is. `shared_micro_usd` is the least that
    the scopes it shares with other runs (its agent's day, everything's day) have left; None: no such limit.
    """

    transcript_tokens: int
    spend: Spend
    budget: Budget
    price: Price
    shared_micro_usd: int | None = None

    @property
    def seconds_left(self) -> float | None:
        """What is left of the wall clock; None: no limit."""
        return None if self.budget.wall_clock_s is None else self.budget.wall_clock_s - self.spend.active_s


def plan_turn(at: Position, needs: Needs) -> TurnPlan:
    """What the next model call may be, from the transcript as it now is and what is left of every limit.

    A working turn is begun only if the final report can still be paid after it, though the turn used all it
    may; the report sends the whole transcript again, so its cost is computed afresh before every turn.
    """
    turn = _most(needs.turn_tokens, lambda out: _limit_broken_by(at, needs, out, report=True) is None)
    if turn >= needs.least_turn_tokens:
        return _take_turn(at, needs, turn)
    detail = _describe(at, _limit_broken_by(at, needs, needs.least_turn_tokens, report=True) or "tokens")
    return plan_report(at, needs, detail)


def plan_report(at: Position, needs: Needs, detail: str = "") -> Finalise | StopNow:
    """A call that no other need follow, if it can be paid; `detail` says why there is none but it."""
    report = _most(needs.report_tokens, lambda out: _limit_broken_by(at, needs, out, report=False) is None)
    if report >= needs.least_report_tokens:
        return Finalise(report, at.price(at.transcript_tokens, report), at.seconds_left, detail)
    limit = _limit_broken_by(at, needs, needs.least_report_tokens, report=False) or "tokens"
    return StopNow(detail or _describe(at, limit))


def _most(at_most: int, fits: Callable[[int], bool]) -> int:
    """The greatest number up to `at_most` that fits (what fits, fits when smaller too); 0 if none does."""
    if fits(at_most):  # nearly always
        return at_most
    low, high = 0, at_most - 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _limit_broken_by(at: Position, needs: Needs, out: int, *, report: bool) -> str | None:
    """The name of the first limit that a call with `out` tokens, and the `report` after it, would break."""
    cost = _call(at, at.transcript_tokens, out, needs.least_turn_s)
    if report:
        cost += _call(
            at, at.transcript_tokens + out + needs.growth_tokens, needs.report_tokens, needs.report_s
        )
    if at.shared_micro_usd is not None and cost.micro_usd > at.shared_micro_usd:
        return "shared_micro_usd"
    return exceeded_limit(at.spend, at.budget, cost)


def _call(at: Position, tokens_in: int, tokens_out: int, seconds: float) -> Spend:
    money = at.price(tokens_in, tokens_out)
    return Spend(money, tokens_in + tokens_out, tokens_out, turns=1, active_s=seconds)


def _take_turn(at: Position, needs: Needs, tokens: int) -> TakeTurn:
    after = at.transcript_tokens + tokens + needs.growth_tokens
    left = at.seconds_left
    return TakeTurn(
        max_tokens=tokens,
        reserve_micro_usd=at.price(at.transcript_tokens, tokens),
        holdback_micro_usd=at.price(after, needs.report_tokens),
        within_s=None if left is None else left - needs.report_s,
    )


def _describe(at: Position, limit: str) -> str:
    if limit == "shared_micro_usd":
        left = usd(at.shared_micro_usd or 0)
        return f"stopped at {usd(at.spend.micro_usd)}: a budget shared with other runs has only {left} left"
    return describe_stop(at.spend, at.budget, limit)
