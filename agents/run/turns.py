"""The first half of a step: plan one model call within the budget, make it, record it, and react."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from agents.guards.budget import describe_stop, nearly_spent, usd
from agents.guards.loop import Nudge
from agents.guards.turn_plan import (
    Finalise,
    Needs,
    Position,
    StopNow,
    TakeTurn,
    TurnPlan,
    plan_report,
    plan_turn,
)
from agents.guards.verdict import Reason, Stop
from agents.llm.pricing import Price, price_of
from agents.llm.turn import Turn
from agents.run import ending, upstream
from agents.run.acting import check_repetition, use_tools
from agents.run.calling import position, waited_for
from agents.run.metered import Answered
from agents.run.resuming import GRANTED
from agents.run.work import NOT_RUN_BUDGET, Work
from agents.stores.budget import BudgetUnavailable, Exhausted
from agents.transcript import (
    BUDGET_SPENT,
    NEARLY_SPENT,
    ROOM_FOR_RESULTS,
    Message,
    asked_in,
    of_the_budget,
    opening,
    reply,
    with_text,
)

BYTES_PER_TOKEN = 3
NEEDS = Needs(growth_tokens=ROOM_FOR_RESULTS // BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class _Next:
    """What the next call is made of: where the run stands, the model's price, and the messages to add."""

    at: Position
    price: Price
    sent: list[Message]
    nudged: bool


def take_turn(work: Work) -> None:
    """Ask the model once, if price, loop guard and budget let it; then go on, wait, or end."""
    price = price_of(work.run.model)
    if price is None:
        ending.for_cause(work, Reason.ERROR, f"No price is known for {work.run.model}, so no call is made.")
        return
    looping = check_repetition(work)
    if isinstance(looping, Stop):
        ending.for_cause(work, looping.reason, looping.detail)
        return
    nudge = looping.text if isinstance(looping, Nudge) else ""
    sent = _next_message(work, nudge)
    try:
        at = _position(work, sent, price)
    except BudgetUnavailable as error:
        _wait_or_end(work, upstream.NotAsked(f"the budget cannot be checked: {error}", passing=True))
        return
    _follow(work, _plan(work, at), _Next(at, price, sent, nudged=bool(nudge)))


def _next_message(work: Work, nudge: str) -> list[Message]:
    last = work.last_said
    if last is None:
        return opening(work.agent.opening(work.run.task), *work.run.say)
    return reply(work.calls_of(last), *work.run.say, nudge)


def _position(work: Work, sent: list[Message], price: Price) -> Position:
    # The longest that the request can get: with the words that ask for a report.
    request = work.request(with_text(sent, BUDGET_SPENT), max_tokens=NEEDS.turn_tokens)
    return position(work, request, price)


def _plan(work: Work, at: Position) -> TurnPlan:
    last = work.last_said
    if last is None or work.run.say:
        return plan_turn(at, NEEDS)
    spent = at.budget.tool_calls is not None and at.spend.tool_calls >= at.budget.tool_calls
    if spent and any(call.error == NOT_RUN_BUDGET for call in work.calls_of(last)):
        return plan_report(at, NEEDS, describe_stop(at.spend, at.budget, "tool_calls"))
    # It was the budget that cut it: at its full length a cut answer ends the run.
    if last.stop_reason == "max_tokens":
        return plan_report(
            at, NEEDS, f"the {last.usage['output_tokens']} tokens that it still bought were too few"
        )
    return plan_turn(at, NEEDS)


def _follow(work: Work, plan: TurnPlan, call: _Next) -> None:
    if isinstance(plan, StopNow):
        ending.partially(work, plan.detail)
        return
    final = isinstance(plan, Finalise)
    sent = with_text(call.sent, BUDGET_SPENT) if final else _with_warning(work, call)
    answer = upstream.ask(_question(work, plan, sent, call))
    if isinstance(answer, Answered):
        # The answer and what follows from it are one: a worker lost in between would leave an answer unread.
        with transaction.atomic():
            work.record(sent, answer, final=final, nudged=call.nudged)
            _react(work, answer.turn, plan)
        if work.unfinished:
            use_tools(work)
    elif isinstance(plan, Finalise):
        why = answer.why if isinstance(answer, upstream.NotAsked) else "its price was taken by other runs"
        ending.partially(work, f"{plan.detail}; no report could be asked for: {why}")
    elif isinstance(answer, Exhausted):  # other runs were faster: what is left may still buy the report
        left = usd(max(0, answer.left_micro_usd))
        report = plan_report(call.at, NEEDS, f"only {left} were left in {answer.scope.key}")
        _follow(work, report, call)
    else:
        _wait_or_end(work, answer)


def _with_warning(work: Work, call: _Next) -> list[Message]:
    used = nearly_spent(call.at.spend, call.at.budget)
    if used is None or not call.sent or _was_warned(work):
        return call.sent
    return with_text(call.sent, of_the_budget(used))


def _was_warned(work: Work) -> bool:
    """Whether the model was told that the budget comes to an end, since it was last granted more."""
    told = (text for text in reversed(asked_in(work.said)) if text.startswith((NEARLY_SPENT, GRANTED)))
    return next(told, GRANTED) != GRANTED


def _question(work: Work, plan: TakeTurn | Finalise, sent: list[Message], call: _Next) -> upstream.Question:
    works = isinstance(plan, TakeTurn)
    request = work.request(sent, max_tokens=plan.max_tokens, allow_tools=works)
    holdback = plan.holdback_micro_usd if isinstance(plan, TakeTurn) else 0
    tokens = call.at.transcript_tokens
    terms = upstream.Terms(plan.reserve_micro_usd, holdback, tokens, plan.within_s)
    return upstream.Question(work.run, work.budget, request, call.price, terms)


def _wait_or_end(work: Work, refusal: upstream.NotAsked) -> None:
    if not waited_for(work, refusal):
        ending.for_cause(work, Reason.MODEL_UNAVAILABLE, refusal.told)


def _react(work: Work, turn: Turn, plan: TakeTurn | Finalise) -> None:
    # Everything that is not known to be good is not: a new stop reason fails closed.
    if isinstance(plan, Finalise):
        ending.partially(work, plan.detail, text=turn.text)
    elif turn.cut:
        _after_a_cut(work, turn)
    elif turn.tool_uses:
        _end_if_unanswerable(work, turn)
    elif turn.stop_reason == "end_turn":
        ending.with_answer(work, turn.text)
    elif turn.stop_reason == "max_tokens" and plan.max_tokens < NEEDS.turn_tokens:
        work.next_step()
    elif turn.stop_reason in ("max_tokens", "model_context_window_exceeded"):
        detail = f"the answer was cut off: {turn.stop_reason}"
        ending.partially(work, detail, text=turn.text, cause=Reason.OUTPUT_INVALID)
    elif turn.stop_reason == "refusal":
        category = (turn.stop_details or {}).get("category") or "no category given"
        ending.for_cause(work, Reason.MODEL_REFUSED, f"The model refused ({category}).")
    else:
        detail = f"The model stopped for a reason unknown here: {turn.stop_reason!r}."
        ending.for_cause(work, Reason.ERROR, detail)


def _end_if_unanswerable(work: Work, turn: Turn) -> None:
    # Else nothing follows yet: the calls are committed before the first of them runs.
    if work.last_step is not None and not work.last_step.kept:
        ending.for_cause(work, Reason.OUTPUT_INVALID, work.unanswerable(turn) or "")


def _after_a_cut(work: Work, turn: Turn) -> None:
    earlier = work.said[-2] if len(work.said) > 1 else None
    if earlier is not None and earlier.cut:
        detail = f"the model's answer was cut twice ({turn.cut})"
        ending.partially(work, detail, text=turn.text, cause=Reason.OUTPUT_INVALID)
    else:
        work.next_step()
