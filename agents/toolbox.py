"""Carrying out the tool calls of one step: each row is committed before its tool runs, so that a crash leaves a trace."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from pydantic import ValidationError

from agents.asking import ASK
from agents.circuit import Cached, Circuit, CircuitOpen
from agents.guards.budget import grant_tool_calls
from agents.models import ToolCall
from agents.tools import Tool
from agents.work import Work

NOT_RUN_BUDGET = "Not run: the budget for tool calls is spent."
UNAVAILABLE = "Unavailable: its circuit is open. Do not call it again; work without it."
MOST_SHOWN = 8_000  # characters of a tool's answer that the model is shown


def carry_out(work: Work) -> None:
    """Run what may run of the present step's calls, and hold what needs a human."""
    step = work.last_step
    waiting = [call for call in work.calls_of(step) if call.state in ToolCall.OPEN]
    begun = [call for call in waiting if call.state == ToolCall.State.STARTED]
    for call in begun:
        _take_up(work, call)
    fresh = [call for call in waiting if call.state == ToolCall.State.INTENT]
    allowed = grant_tool_calls(len(fresh), work.spend(), work.budget)
    for call in fresh[:allowed]:
        _carry_out(work, call)
    for call in fresh[allowed:]:
        _close(call, ToolCall.State.REFUSED, error=NOT_RUN_BUDGET)


def _take_up(work: Work, call: ToolCall) -> None:
    # A worker died inside this call. What it read may be read again; what it wrote nobody knows.
    tool = work.agent.tool_named(call.name)
    if tool is not None and tool.effect != "write":
        _run(tool, call)
        return
    _close(call, ToolCall.State.UNKNOWN, error="The worker was lost in this call: it may have run or not.")


def _carry_out(work: Work, call: ToolCall) -> None:
    if call.name == ASK and work.agent.may_ask:
        _close(call, ToolCall.State.HELD)
        return
    tool = work.agent.tool_named(call.name)
    if tool is None:
        _close(call, ToolCall.State.REFUSED, error=f"There is no tool {call.name!r}.")
        return
    if problem := _misfit(tool, call):
        _close(call, ToolCall.State.REFUSED, error=problem)
    elif call.approved_arguments is None and tool.needs_approval(call.arguments):
        _close(call, ToolCall.State.HELD)
    else:
        _run(tool, call)


def _misfit(tool: Tool, call: ToolCall) -> str | None:
    try:
        tool.parameters.model_validate(_arguments(call))
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        return f"The arguments do not fit: {'; '.join(problems)}"
    return None


def _run(tool: Tool, call: ToolCall) -> None:
    _close(call, ToolCall.State.STARTED)
    circuit = Circuit(f"tool:{tool.name}", tool.breaker, cache_ttl_s=tool.cache_ttl_s)
    begun = time.monotonic()
    try:
        answer = circuit.call(partial(tool.invoke, idempotency_key=call.idempotency_key), _arguments(call))
    except CircuitOpen:
        _close(call, ToolCall.State.REFUSED, error=UNAVAILABLE)
    except Exception as error:  # noqa: BLE001  a tool may raise anything; the model is told, and the run goes on
        call.seconds = time.monotonic() - begun
        _close(call, ToolCall.State.FAILED, error=f"{type(error).__name__}: {error}"[:MOST_SHOWN])
    else:
        call.seconds = time.monotonic() - begun
        _answered(call, answer)


def _answered(call: ToolCall, answer: Any) -> None:
    if isinstance(answer, Cached):
        call.cached_age_s, answer = answer.age_s, answer.value
    call.output = answer
    _close(call, ToolCall.State.DONE)


def _arguments(call: ToolCall) -> dict[str, Any]:
    return dict(call.arguments if call.approved_arguments is None else call.approved_arguments)


def _close(call: ToolCall, state: ToolCall.State, *, error: str = "") -> None:
    call.state, call.error = state, error
    call.save(update_fields=["state", "error", "output", "seconds", "cached_age_s"])
