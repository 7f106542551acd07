"""Carrying out the tool calls of one step: each row is committed before its tool runs."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Q
from django.db.models.functions import Now
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from agents.asking import ASK, ASK_A_HUMAN
from agents.breakers.circuit import Cached, Circuit, CircuitOpen
from agents.guards.breaker import Outcome
from agents.guards.budget import grant_tool_calls
from agents.guards.failures import classify_failure, http_status
from agents.guards.loop import polling_wait_s
from agents.models import ToolCall
from agents.run.stage import stage_of
from agents.run.work import MAY_HAVE_RUN, NOT_RUN_BUDGET, Work
from agents.statements import Moment
from agents.storable import storable, storable_text
from agents.tools import Tool
from escalation.gating.models import Agent as AgentRow
from escalation.gating.models import Gate

UNAVAILABLE = "Unavailable: its circuit is open. Do not call it again; work without it."
LONGEST_ERROR = 2_000  # characters

# Errors that come before anything is sent. By name, since a tool may use any library.
NEVER_SENT = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionRefusedError", "gaierror"}
)


def carry_out(work: Work) -> None:
    """Run what may run of the present step's calls, and hold what needs a human. Raises TakenOver."""
    calls = work.calls_of(work.last_step)
    for call in calls:
        if call.state == ToolCall.State.STARTED:
            _take_up(work, call)
    fresh = [call for call in calls if call.state == ToolCall.State.INTENT]
    allowed = grant_tool_calls(len(fresh), work.spend(), work.budget)
    for number, call in enumerate(fresh):
        if any(call.state == ToolCall.State.UNKNOWN for call in calls) or stopped_by_hand(work, call):
            return  # a human looks first
        if number < allowed:
            _carry_out(work, call)
        else:
            work.change(call, state=ToolCall.State.REFUSED, error=NOT_RUN_BUDGET)


def stopped_by_hand(work: Work, *calls: ToolCall) -> bool:
    """Whether the agent or its gate was paused since the step began, and these calls would change something.

    Without `calls`: those of the present step that have not run yet.
    """
    open_calls = calls or [
        call for call in work.calls_of(work.last_step) if call.state == ToolCall.State.INTENT
    ]
    if not work.run.gated or work.run.drill_id or all(call.effect == "read" for call in open_calls):
        return False
    paused = Q(paused=True) | Q(agent__state=AgentRow.State.PAUSED)
    return Gate.objects.filter(paused, agent__slug=work.run.agent, slug=work.run.gate).exists()


def _take_up(work: Work, call: ToolCall) -> None:
    # A worker died inside this call. What it read may be read again; what it wrote nobody knows.
    tool = work.agent.tool_named(call.name)
    if tool is not None and tool.effect != "write":
        _run(work, tool, call)
    else:
        work.change(call, state=ToolCall.State.UNKNOWN, error=MAY_HAVE_RUN)


def _carry_out(work: Work, call: ToolCall) -> None:
    asks = call.name == ASK and work.agent.may_ask
    tool = work.agent.tool_named(call.name)
    if problem := _misfit_question(call) if asks else _misfit(tool, call):
        work.change(call, state=ToolCall.State.REFUSED, error=storable_text(problem))
    elif tool is None or (call.approved_arguments is None and tool.needs_approval(_checked(tool, call))):
        work.change(call, state=ToolCall.State.HELD)
    elif not too_early_s(work, call):
        _run(work, tool, call)


def too_early_s(work: Work, call: ToolCall) -> float:
    """How long a call of a polling tool must not run yet, in seconds; 0 when it may, and for other tools."""
    tool = work.agent.tool_named(call.name)
    asked = [each.started_at for each in work.calls if each.name == call.name and each.started_at]
    if tool is None or tool.polling_interval_s is None or not asked:
        return 0.0
    # The database's clock took all of these moments.
    now = ToolCall.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=call.pk)
    return polling_wait_s(max(asked).timestamp(), now.timestamp(), tool.polling_interval_s)


def _misfit_question(call: ToolCall) -> str | None:
    errors = Draft202012Validator(ASK_A_HUMAN["input_schema"]).iter_errors(call.arguments)
    problem = next((f"The question does not fit: {error.message}" for error in errors), None)
    return problem or (None if call.arguments["question"].strip() else "The question is empty.")


def _misfit(tool: Tool | None, call: ToolCall) -> str | None:
    if tool is None:
        return f"There is no tool {call.name!r}."
    try:
        _checked(tool, call)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        return f"The arguments do not fit: {'; '.join(problems)}"
    return None


def _checked(tool: Tool, call: ToolCall) -> dict[str, Any]:
    return tool.checked(_arguments(call))


def _run(work: Work, tool: Tool, call: ToolCall) -> None:
    work.change(call, state=ToolCall.State.STARTED, started_at=Moment())
    begun = time.monotonic()
    try:
        answer = _answer(work, tool, call)
    except CircuitOpen:
        work.change(call, state=ToolCall.State.REFUSED, error=UNAVAILABLE)
    except Exception as error:  # a tool may raise anything; the model is told, and the run goes on
        state = ToolCall.State.UNKNOWN if _may_have_run(tool, error) else ToolCall.State.FAILED
        text = storable_text(f"{type(error).__name__}: {error}"[:LONGEST_ERROR])
        work.change(call, state=state, error=text, seconds=time.monotonic() - begun)
        if isinstance(error, SoftTimeLimitExceeded):
            raise
    else:
        age_s, value = (answer.age_s, answer.value) if isinstance(answer, Cached) else (None, answer)
        seconds = time.monotonic() - begun
        work.change(
            call, state=ToolCall.State.DONE, output=storable(value), cached_age_s=age_s, seconds=seconds
        )


def _answer(work: Work, tool: Tool, call: ToolCall) -> Any:
    stage = stage_of(work.run)
    if stage is not None:
        return stage.circuit(tool).call(partial(stage.answer, tool), _arguments(call))
    circuit = Circuit(f"tool:{tool.name}", tool.breaker, cache_ttl_s=tool.cache_ttl_s)
    invoke = partial(tool.invoke, idempotency_key=call.idempotency_key, task=work.run.task)
    return circuit.call(invoke, _arguments(call))


def _may_have_run(tool: Tool, error: Exception) -> bool:
    """Whether a call that failed may have had its effect all the same: it timed out, or broke off."""
    if tool.effect == "read" or NEVER_SENT & {cls.__name__ for cls in type(error).__mro__}:
        return False
    status = http_status(error)
    if status is not None:
        return status >= 500
    return isinstance(error, SoftTimeLimitExceeded) or classify_failure(error) is Outcome.FAILURE


def _arguments(call: ToolCall) -> dict[str, Any]:
    return dict(call.arguments if call.approved_arguments is None else call.approved_arguments)
