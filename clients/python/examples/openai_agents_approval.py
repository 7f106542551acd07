"""OpenAI Agents SDK: a tool that runs only as a human approved it, and tells what it did.

Needs `pip install openai-agents`. The model here is scripted, so no key is needed; leave `model` out for
yours.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, set_tracing_disabled
from agents.items import TResponseStreamEvent
from agents.tool_context import ToolContext
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from otherwise_client import AsyncOtherwise

otherwise = AsyncOtherwise()


@function_tool
async def refund(context: ToolContext[Any], order: str, amount: float) -> str:
    """Pay a customer back."""
    raised = await otherwise.escalate(
        "approval_required",
        f"Refund {amount:.2f} for {order}",
        kind="approval",
        action={"name": "refund", "arguments": {"order": order, "amount": amount}},
        # The same tool call never asks twice.
        key=context.tool_call_id,
    )
    print("waiting for", raised.url)
    settled = await otherwise.wait(raised.id)
    if settled.decision is None or not settled.was_accepted:
        return f"Not approved. {settled.decision.note if settled.decision else ''}"
    paid = f"Paid {settled.value['amount']:.2f} for {settled.value['order']}"  # perhaps edited
    await otherwise.receipt(raised.id, "executed", settled.decision.content_hash, paid)
    return paid


class Scripted(Model):
    """Calls the tool once, then repeats what it returned: what a model would do, without one."""

    async def get_response(self, system_instructions: Any, input: Any, *_: Any, **__: Any) -> ModelResponse:
        returned = [one["output"] for one in input if one.get("type") == "function_call_output"]
        output = _said(returned[-1]) if returned else _called()
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[TResponseStreamEvent]:
        raise RuntimeError("This model is scripted, and does not stream.")


def _called() -> ResponseFunctionToolCall:
    arguments = json.dumps({"order": "A-1182", "amount": 40})
    return ResponseFunctionToolCall(
        type="function_call", name="refund", arguments=arguments, call_id=f"call_{uuid4().hex}"
    )


def _said(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id="msg_1", type="message", role="assistant", status="completed", content=[content]
    )


async def main() -> None:
    set_tracing_disabled(True)
    agent = Agent(name="Refunds", tools=[refund], model=Scripted())
    result = await Runner.run(agent, "Order A-1182 came broken; give the 40 back.")
    print("agent:", result.final_output)
    await otherwise.close()


if __name__ == "__main__":
    asyncio.run(main())
