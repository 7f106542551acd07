"""The loop, one turn at a time: ask the guards, take a step, record it, then finish, suspend or go on."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from agents import ending, upstream
from agents.agent import Agent
from agents.guards.loop import Call, Nudge, check_loop, fingerprint
from agents.guards.turn_plan import Finalise, Needs, Position, StopNow, TakeTurn, TurnPlan, plan_turn
from agents.guards.verdict import Reason, Stop
from agents.llm.pricing import Price, price_of
from agents.llm.turn import Turn, estimate_input_tokens
from agents.models import Run, Step, ToolCall
from agents.purse import shared_left
from agents.registry import UnknownAgent
from agents.resuming import resume
from agents.stores.budget import BudgetUnavailable, Exhausted
from agents.toolbox import UNAVAILABLE, carry_out
from agents.transcript import BUDGET_SPENT, Message, opening, reply
from agents.waiting import hold, wait_for_upstream
from agents.work import TakenOver, Work
from escalation.gating.models import Agent as AgentRow

log = structlog.get_logger()

NOT_NOW = timedelta(seconds=30)
MOST_LOST = 3  # workers that may vanish in one step before a human sees the run
NEEDS = Needs()


def advance(run_id: int, step: int, agent: Agent | None = None) -> Run | None:
    """Take one turn of a run: at most one model call and its tools. Doing it twice does nothing the second time.

    Returns the run as it now is, or None when it is not ours to advance. `agent` is its definition where it has no
    name to be found by.
    """
    run = Run.objects.take(run_id, step)
    if run is None:
        return None
    try:
        work = Work.on(run, agent)
        _guarded(work)
    except TakenOver as error:
        log.warning("run_taken_over", run=run.pk, why=str(error))
    except UnknownAgent as error:  # this worker's code is older or newer than the run: another may know it
        run.write(state=Run.State.WAITING_UPSTREAM, lease_until=None, wake_at=Now() + NOT_NOW, detail=str(error))
    run.refresh_from_db()
    return run


def _guarded(work: Work) -> None:
    try:
        _advance(work)
    except (TakenOver, OperationalError):
        raise
    except SoftTimeLimitExceeded:
        ending.partially(work, "the step took longer than a worker may")
    except Exception as error:  # the run is kept and a human sees it: nothing is lost
        log.exception("run_failed", run=work.run.pk)
        ending.for_cause(work, Reason.ERROR, f"{type(error).__name__}: {error}")


def _advance(work: Work) -> None:
    if work.run.lost > MOST_LOST:
        ending.for_cause(work, Reason.ERROR, f"{work.run.lost} workers were lost in this step; it is set aside")
        return
    if _is_paused(work.run):
        work.write(state=Run.State.WAITING_UPSTREAM, lease_until=None, wake_at=Now() + NOT_NOW, detail="The agent is paused.")
        return
    if work.run.awaits_answer:
        with transaction.atomic():
            resume(work)
    if work.run.state != Run.State.RUNNING:
        return
    if work.unfinished:
        _use_tools(work)
    else:
        _take_turn(work)


def _is_paused(run: Run) -> bool:
    return run.gated and AgentRow.objects.filter(slug=run.agent, state=AgentRow.State.PAUSED).exists()


def _take_turn(work: Work) -> None:
    price = price_of(work.run.model)
    if price is None:
        ending.for_cause(work, Reason.ERROR, f"no price is known for {work.run.model}: no call is made")
        return
    looping = check_loop(_turns(work), work.run.nudges)
    if isinstance(looping, Stop):
        ending.for_cause(work, looping.reason, looping.detail)
        return
    nudge = looping.text if isinstance(looping, Nudge) else ""
    sent = _next_message(work, nudge)
    try:
        plan = plan_turn(_position(work, sent, price), NEEDS)
    except BudgetUnavailable as error:
        _wait_or_end(work, upstream.NotAsked(f"the budget cannot be checked: {error}", passing=True))
        return
    if nudge:
        work.write(nudges=work.run.nudges + 1)
    _follow(work, plan, sent, price)


def _next_message(work: Work, nudge: str) -> list[Message]:
    if not work.steps:
        return opening(work.run.task)
    last = work.last_step
    answered = work.calls_of(last) if last is not None and last.kept else []
    return reply(answered, *work.run.say, nudge)


def _position(work: Work, sent: list[Message], price: Price) -> Position:
    request = work.request(sent, max_tokens=NEEDS.turn_tokens)
    return Position(
        transcript_tokens=estimate_input_tokens(request),
        spend=work.spend(),
        budget=work.budget,
        price=price.worst,
        shared_micro_usd=shared_left(work.run, work.budget),
    )


def _follow(work: Work, plan: TurnPlan, sent: list[Message], price: Price) -> None:
    if isinstance(plan, StopNow):
        ending.partially(work, plan.detail)
        return
    final = isinstance(plan, Finalise)
    if final:
        sent = _with_text(sent, BUDGET_SPENT)
    request = work.request(sent, max_tokens=plan.max_tokens, allow_tools=not final)
    holdback = plan.holdback_micro_usd if isinstance(plan, TakeTurn) else 0
    terms = upstream.Terms(plan.reserve_micro_usd, holdback, plan.within_s)
    answer = upstream.ask(work.run, work.budget, request, price, terms)
    if isinstance(answer, upstream.NotAsked):
        _wait_or_end(work, answer)
    elif isinstance(answer, Exhausted):
        ending.partially(work, f"only {answer.left_micro_usd} µ$ were left in {answer.scope.key}")
    else:
        step = work.record(
            sent,
            answer.turn,
            kept=answer.turn.cut is None,
            final=final,
            cost=answer.micro_usd,
            seconds=answer.seconds,
        )
        _react(work, step, answer.turn, plan)


def _with_text(sent: list[Message], text: str) -> list[Message]:
    block = {"type": "text", "text": text}
    if not sent:
        return [{"role": "user", "content": [block]}]
    return [*sent[:-1], sent[-1] | {"content": [*sent[-1]["content"], block]}]


def _wait_or_end(work: Work, refusal: upstream.NotAsked) -> None:
    failures = work.run.upstream_failures
    if not refusal.passing or failures >= len(upstream.PAUSES_S) or not work.run.gated:
        ending.for_cause(work, Reason.MODEL_UNAVAILABLE, refusal.why)
        return
    # A wish to wait for hours is the end of our patience, not a reason to hold the run for as long.
    pause = max(upstream.PAUSES_S[failures], refusal.retry_after_s)
    if pause > upstream.PAUSES_S[-1] * 2:
        ending.for_cause(work, Reason.MODEL_UNAVAILABLE, f"{refusal.why} (wait {pause:.0f} s)")
    else:
        wait_for_upstream(work, seconds=pause, detail=refusal.why)


def _react(work: Work, step: Step, turn: Turn, plan: TurnPlan) -> None:
    if turn.cut:
        _after_a_cut(work, turn)
    elif isinstance(plan, Finalise):
        ending.partially(work, plan.detail, text=turn.text)
    elif turn.stop_reason == "tool_use":
        _use_tools(work)
    elif turn.stop_reason == "end_turn":
        ending.with_answer(work, turn.text)
    elif turn.stop_reason == "max_tokens" and plan.max_tokens < NEEDS.turn_tokens:
        ending.partially(work, f"the {plan.max_tokens} tokens that the budget still bought were too few", text=turn.text)
    elif turn.stop_reason in ("max_tokens", "model_context_window_exceeded"):
        ending.partially(work, f"the answer was cut off: {turn.stop_reason}", text=turn.text, cause=Reason.OUTPUT_INVALID)
    elif turn.stop_reason == "refusal":
        category = (turn.stop_details or {}).get("category") or "no category given"
        ending.for_cause(work, Reason.MODEL_REFUSED, f"the model refused ({category})")
    else:
        ending.for_cause(work, Reason.ERROR, f"the model stopped for a reason unknown here: {turn.stop_reason!r}")


def _after_a_cut(work: Work, turn: Turn) -> None:
    earlier = work.steps[-2] if len(work.steps) > 1 else None
    if earlier is not None and earlier.cut:
        ending.partially(work, f"the model's answer was cut twice ({turn.cut})", cause=Reason.OUTPUT_INVALID)
    else:
        work.next_step()


def _use_tools(work: Work) -> None:
    carry_out(work)
    calls = work.calls_of(work.last_step)
    held = [call for call in calls if call.state == ToolCall.State.HELD]
    if unknown := [call for call in calls if call.state == ToolCall.State.UNKNOWN]:
        ending.for_cause(work, Reason.TOOL_FAILED, f"nobody knows whether {unknown[0].name} ran: {unknown[0].error}")
    elif _keeps_calling_what_is_down(work):
        ending.for_cause(work, Reason.BREAKER_OPEN, _open_circuits(work))
    elif held:
        hold(work, held[0])
    else:
        work.next_step()


def _keeps_calling_what_is_down(work: Work) -> bool:
    return len([call for call in work.calls if call.error == UNAVAILABLE]) >= 2


def _open_circuits(work: Work) -> str:
    names = sorted({call.name for call in work.calls if call.error == UNAVAILABLE})
    return f"circuit open and no fresh answer kept: {', '.join(names)}"


def _turns(work: Work) -> list[tuple[Call, ...]]:
    return [tuple(_as_call(work, call) for call in work.calls_of(step)) for step in work.steps if step.kept]


def _as_call(work: Work, call: ToolCall) -> Call:
    tool = work.agent.tool_named(call.name)
    return Call(
        tool=call.name,
        arguments=fingerprint(call.arguments),
        result=fingerprint(call.error or call.output),
        is_error=bool(call.error),
        polling=tool is not None and tool.polling_interval_s is not None,
    )
