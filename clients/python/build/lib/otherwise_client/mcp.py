"""`otherwise mcp`: the client as tools of a Model Context Protocol server, over stdin and stdout.

For agents whose harness speaks MCP. Needs the extra: `pip install "otherwise-client[mcp]"`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from otherwise_client.answers import Escalation, Outcome
from otherwise_client.async_client import AsyncOtherwise
from otherwise_client.errors import OtherwiseError, StillWaiting
from otherwise_client.fields import Kind, Priority, Reason

P = ParamSpec("P")
T = TypeVar("T")

INSTRUCTIONS = """\
Put what you are unsure of, and what must not run without a human, before a human. Call `escalate`, then
`wait` until `settled` is true, and do what `next_step` says. Never go on as if there were an answer while
there is none. With a result and a confidence, call `gate`: the server decides whether a human must look.
"""
# Many harnesses give a tool call a minute.
WAIT_S = 50.0
REPORT_EVERY_S = 10.0

NEXT_STEPS = {
    "accept": "Go on with `value`.",
    "edit": "Go on with `value`: the human changed it.",
    "answer": "Go on with `value`: it is the human's answer.",
    "reject": "Do not go on with this. `note` may say why.",
    "dismiss": "No answer is needed; leave it.",
    "continue": "Go on with the work; you may use the budget that was granted. See `note`.",
    "retry": "Do it again, and heed `note`.",
}
Key = Annotated[
    str | None, Field(description="The same key never makes two: give one when you may call this again.")
]


class Produced(BaseModel, extra="allow"):
    """A result, with any other field of `POST /outcomes/`."""

    task: Any = Field(description="What you were asked.")
    output: Any = Field(description="What you made of it.")
    confidence: float | None = Field(None, ge=0, le=1, description="How sure you are that it is right.")
    gate: str = "default"
    partial: bool = Field(False, description="Whether it is only a part of what was asked.")
    completed: list[str] = []
    missing: list[str] = []
    causes: list[Reason] = Field([], description="What went wrong on the way.")


class Choice(BaseModel):
    value: Any
    label: str


class Call(BaseModel):
    name: str
    arguments: dict[str, Any]


class Asked(BaseModel, extra="allow"):
    """What to put before a human, with any other field of `POST /escalations/` (task, trace, evidence, …)."""

    reason: Reason
    title: str = Field(max_length=200, description="What the human sees in the list.")
    kind: Kind = Field(
        "result", description="result: is `output` right? approval: may `action` run? question"
    )
    output: Any = Field(None, description="With kind result: what you produced.")
    question: str = Field("", description="With kind question: what you need to know.")
    options: list[Choice] = Field([], description="With kind question: answers to choose from.")
    action: Call | None = Field(None, description="With kind approval: what will run.")
    explanation: str = Field("", description="Markdown: why, in your words.")
    priority: Priority = "normal"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What has become of an escalation, and what to do now."""

    id: int
    status: str
    settled: bool
    next_step: str
    url: str
    value: Any = None
    verdict: str | None = None
    note: str = ""
    reviewer: str | None = None
    content_hash: str | None = None

    @classmethod
    def of(cls, seen: Escalation) -> Answer:
        decision = seen.decision
        return cls(
            id=seen.id,
            status=seen.status,
            settled=seen.is_settled,
            next_step=_next_step(seen),
            url=seen.url,
            value=seen.value,
            verdict=decision.verdict if decision else None,
            note=decision.note if decision else "",
            reviewer=decision.reviewer if decision else None,
            content_hash=decision.content_hash if decision else None,
        )


@dataclass(frozen=True, kw_only=True)
class Passed:
    """The exit that a result took at its gate, and what to do now."""

    exit: str
    next_step: str
    output: Any
    degraded: bool
    detail: str
    escalation: int | None

    @classmethod
    def of(cls, outcome: Outcome) -> Passed:
        escalation = outcome.escalation.id if outcome.escalation else None
        waits = f"A human must decide: call `wait` with the id {escalation}, and do not use the output yet."
        return cls(
            exit=outcome.exit,
            next_step="Go on with `output`." if escalation is None else waits,
            output=outcome.output,
            degraded=outcome.degraded,
            detail=outcome.detail,
            escalation=escalation,
        )


def main(base_url: str | None = None, token: str | None = None, tries: int = 8) -> None:
    """Serve until stdin ends; address and token default to OTHERWISE_URL and OTHERWISE_TOKEN."""
    asyncio.run(_serve(base_url, token, tries))


async def _serve(base_url: str | None, token: str | None, tries: int) -> None:
    async with AsyncOtherwise(base_url, token, tries=tries) as client:
        await server(client).run_stdio_async()


def server(client: AsyncOtherwise) -> MCPServer:
    """A server whose tools call as `client`."""
    served = MCPServer("otherwise", title="Otherwise", instructions=INSTRUCTIONS, log_level="WARNING")
    tools, reads = Tools(client), ToolAnnotations(read_only_hint=True)
    for tool, hints in (
        (tools.gate, None),
        (tools.escalate, None),
        (tools.wait, reads),
        (tools.get, reads),
        (tools.withdraw, ToolAnnotations(destructive_hint=True, idempotent_hint=True)),
        (tools.receipt, ToolAnnotations(destructive_hint=False, idempotent_hint=True)),
    ):
        served.add_tool(tool, annotations=hints)
    return served


def telling(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Let the model read what the server refused, instead of a crash."""

    @wraps(tool)
    async def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await tool(*args, **kwargs)
        except (OtherwiseError, ValueError) as error:
            raise ToolError(str(error)) from error

    return told


class Tools:
    """What a model may call. Each docstring is what it reads of the tool."""

    def __init__(self, client: AsyncOtherwise) -> None:
        self._client = client

    @telling
    async def gate(self, result: Produced, key: Key = None) -> Passed:
        """Put a result through a gate: the server says whether it may be used or a human must look first."""
        sent = result.model_dump(exclude_unset=True)
        return Passed.of(await self._client.gate(sent.pop("task"), sent.pop("output"), key=key, **sent))

    @telling
    async def escalate(self, escalation: Asked, key: Key = None) -> Answer:
        """Put a question, a result or an action before a human. Then call `wait` with the id."""
        sent = escalation.model_dump(exclude_unset=True)
        raised = await self._client.escalate(sent.pop("reason"), sent.pop("title"), key=key, **sent)
        return Answer.of(raised)

    @telling
    async def wait(
        self, context: Context, id: int, timeout_s: Annotated[float, Field(ge=0, le=3600)] = WAIT_S
    ) -> Answer:
        """Wait for the human. When the time is over and `settled` is false, call it again."""
        began = time.monotonic()
        while True:
            passed_s = time.monotonic() - began
            left_s = timeout_s - passed_s
            try:
                return Answer.of(await self._client.wait(id, max(0.0, min(REPORT_EVERY_S, left_s))))
            except StillWaiting as late:
                if left_s <= REPORT_EVERY_S:
                    return Answer.of(late.escalation)
            # A harness that hears of progress may wait longer than it otherwise would.
            await context.report_progress(time.monotonic() - began, timeout_s, "A human has not decided yet.")

    @telling
    async def get(self, id: int) -> Answer:
        """Read an escalation as it is now, without waiting."""
        return Answer.of(await self._client.get(id))

    @telling
    async def withdraw(self, id: int) -> str:
        """Say that no answer is needed any more."""
        await self._client.withdraw(id)
        return f"Escalation {id} is withdrawn."

    @telling
    async def receipt(
        self,
        id: int,
        status: Literal["executed", "failed"],
        content_hash: Annotated[str, Field(description="The one that came with the decision.")],
        detail: str = "",
    ) -> str:
        """Say what you did with what was approved."""
        kept = await self._client.receipt(id, status, content_hash, detail)
        return f"Noted at {kept.at.isoformat()}."


def _next_step(seen: Escalation) -> str:
    if seen.decision:
        return NEXT_STEPS[seen.decision.verdict]
    if seen.status == "expired":
        return (
            "Nobody came in time: go on with `value`." if seen.was_accepted else "Nobody came in time. Stop."
        )
    if seen.status == "withdrawn":
        return "It was withdrawn: there will be no answer."
    return "No human has decided yet: call `wait` with this id, and do not go on before."


if __name__ == "__main__":
    main()
