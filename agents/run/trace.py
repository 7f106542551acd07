"""What a run did, as the timeline that reviewers read (`trace` in the REST contract)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from agents.guards.budget import MICRO, Spend
from agents.guards.evidence import Reading
from agents.models import Step, ToolCall
from agents.run.work import NOT_RUN, NOT_RUN_BUDGET, Work
from agents.storable import storable
from escalation.queue.content import canonical

ASIDES: Final[dict[str, str]] = {
    Step.Aside.SAMPLE: "the same question again",
    Step.Aside.CRITIC: "what is wrong with the answer",
}


def trace(work: Work) -> list[dict[str, Any]]:
    """Every model call and tool call in order, with tokens, cost in US dollars and seconds."""
    lines = []
    for step in work.steps:
        lines.append(_of_step(step))
        lines += [_of_call(call) for call in work.calls_of(step)]
    return storable(lines)  # type: ignore[no-any-return]


def usage(spend: Spend) -> dict[str, Any]:
    """What was spent, under the names of the REST contract."""
    return {
        "input_tokens": spend.tokens - spend.output_tokens,
        "output_tokens": spend.output_tokens,
        "cost_usd": spend.micro_usd / MICRO,
        "seconds": round(spend.active_s, 3),
        "tool_calls": spend.tool_calls,
        "turns": spend.turns,
    }


def evidence(work: Work, cited: Sequence[str]) -> list[dict[str, Any]]:
    """The answers of the tool calls that a result rests on, for the reviewer to check it against."""
    answered = {call.tool_use_id: call for call in work.calls if call.state == ToolCall.State.DONE}
    calls = [answered[tool_use_id] for tool_use_id in cited if tool_use_id in answered]
    found = [{"title": titled(call), "text": _text(call.output)} for call in calls]
    return storable(found)  # type: ignore[no-any-return]


def titled(call: ToolCall) -> str:
    """A call in one line, with the arguments that it ran with."""
    return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in _arguments(call).items())})"


def readings(work: Work) -> list[Reading]:
    """What each tool call answered, for quotations to be checked against."""
    done = [call for call in work.calls if call.state == ToolCall.State.DONE]
    return [Reading(call.arguments, _text(call.output)) for call in done]


def _of_step(step: Step) -> dict[str, Any]:
    return {
        "kind": "critic" if step.aside == Step.Aside.CRITIC else "model",
        "name": _name(step),
        "at": step.at.isoformat(),
        "seconds": round(step.seconds, 3),
        "output": step.text or None,
        "error": f"cut: {step.cut}" if step.cut else None,
        "tokens": sum(step.usage.get(name, 0) for name in ("input_tokens", "output_tokens")),
        "cost_usd": step.micro_usd / MICRO,
    }


def _name(step: Step) -> str:
    if step.aside:
        return ASIDES[step.aside]
    return "final report" if step.final_report else f"turn {step.number + 1}"


def _of_call(call: ToolCall) -> dict[str, Any]:
    # An earlier answer that stood in is told, and is no failure.
    age_s = call.cached_age_s
    note = "" if age_s is None else f" (answered from {age_s / 60:.0f} min ago: circuit open)"
    unspent = call.error in (NOT_RUN, NOT_RUN_BUDGET)
    return {
        "kind": "tool",
        "name": f"{call.name}{note}",
        "at": call.step.at.isoformat(),
        "seconds": round(call.seconds, 3),
        "input": _arguments(call),
        # That there was no money left for a call, or no time, is no failure of the call.
        "output": call.error if unspent else call.output,
        "error": None if unspent else call.error or None,
        "state": call.state,
    }


def _arguments(call: ToolCall) -> dict[str, Any]:
    return dict(call.arguments if call.approved_arguments is None else call.approved_arguments)


def _text(output: Any) -> str:
    """A tool's answer for a reader: a line for each field, a paragraph for each entry of a list."""
    if isinstance(output, list):
        return "\n\n".join(map(_text, output))
    if isinstance(output, dict):
        return "\n".join(f"{name}: {_text(value)}" for name, value in output.items())
    return output if isinstance(output, str) else canonical(output)
