"""Pydantic AI: deferred tool calls wait for a human, and run with the arguments that were approved.

Needs `pip install pydantic-ai-slim`. The model here is Pydantic AI's FunctionModel, so no key is needed; name
yours in its place.
"""

from pydantic_ai import (
    Agent,
    DeferredToolRequests,
    DeferredToolResults,
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolApproved,
    ToolCallPart,
    ToolDenied,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from otherwise_client import Otherwise

otherwise = Otherwise()


def scripted(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Calls the tool once, then repeats what it returned: what a model would do, without one."""
    returned = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
    if returned:
        return ModelResponse(parts=[TextPart(str(returned[0].content))])
    return ModelResponse(parts=[ToolCallPart("refund", {"order": "A-1182", "amount": 40})])


agent = Agent(FunctionModel(scripted), output_type=[str, DeferredToolRequests])


@agent.tool_plain(requires_approval=True)
def refund(order: str, amount: float) -> str:
    """Pay a customer back."""
    return f"Paid {amount:.2f} for {order}"


def ask_for(call: ToolCallPart) -> ToolApproved | ToolDenied:
    """Put one tool call to a human, and wait for the answer."""
    arguments = call.args_as_dict()
    raised = otherwise.escalate(
        "approval_required",
        f"Run {call.tool_name}?",
        kind="approval",
        action={"name": call.tool_name, "arguments": arguments},
        # The same tool call never asks twice.
        key=call.tool_call_id,
    )
    print("waiting for", raised.url)
    settled = otherwise.wait(raised.id)
    if settled.was_accepted:
        return ToolApproved(override_args=settled.value)
    return ToolDenied(settled.decision.note if settled.decision else settled.status)


def main() -> None:
    result = agent.run_sync("Order A-1182 came broken; give the 40 back.")
    while isinstance(result.output, DeferredToolRequests):
        approvals = {call.tool_call_id: ask_for(call) for call in result.output.approvals}
        result = agent.run_sync(
            message_history=result.all_messages(),
            deferred_tool_results=DeferredToolResults(approvals=approvals),
        )
    print("agent:", result.output)


if __name__ == "__main__":
    main()
