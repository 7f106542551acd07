"""The MCP server, by the SDK's own client over stdio, before the real server."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import close_old_connections
from mcp import Client, StdioServerParameters
from pytest_django.live_server_helper import LiveServer

from escalation.queue.models import Escalation
from tests.clients.conftest import decide_the_newest, run
from tests.clients.test_command import SOURCE, run_command

REFUND = {
    "reason": "approval_required",
    "title": "Refund 40",
    "kind": "approval",
    "action": {"name": "refund", "arguments": {"amount": 40}},
}
Ask = Callable[..., Awaitable[Any]]
Talk = Callable[[Callable[[Ask], Awaitable[Any]]], Any]


@asynccontextmanager
async def server_of(
    url: str, token: str, module: Sequence[str] = ("otherwise_client", "mcp"), mode: Any = "auto"
) -> AsyncIterator[Client]:
    known = {"PYTHONPATH": str(SOURCE), "OTHERWISE_URL": url, "OTHERWISE_TOKEN": token}
    command = StdioServerParameters(command=sys.executable, args=["-m", *module], env=known)
    async with Client(command, mode=mode) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answered: its structured content, or its text when it is an error."""
    answer = await client.call_tool(tool, arguments)
    return cast(Any, answer.content[0]).text if answer.is_error else answer.structured_content


@pytest.fixture
def talk(live_server: LiveServer, token: str, policy: object, settings: Any) -> Talk:
    """Call it with what a harness does; decisions are in effect at once."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0

    def talked(what: Callable[[Ask], Awaitable[Any]]) -> Any:
        async def connected() -> Any:
            async with server_of(live_server.url, token) as client:
                return await what(partial(call, client))

        return run(connected())

    return talked


async def decided(reviewer: User, verdict: str, **answer: Any) -> None:
    await sync_to_async(decide_the_newest)(reviewer, verdict, **answer)
    await sync_to_async(close_old_connections)()


def test_an_action_waits_for_its_approval(talk: Talk, alice: User) -> None:
    async def approved(ask: Ask) -> Any:
        raised = await ask("escalate", escalation=REFUND, key="refund-7")
        again = await ask("escalate", escalation=REFUND, key="refund-7")
        waiting = await ask("wait", id=raised["id"], timeout_s=0.2)
        await decided(alice, "edit", arguments={"amount": 30})
        settled = await ask("wait", id=raised["id"])
        hash_ = settled["content_hash"]
        noted = await ask("receipt", id=raised["id"], status="executed", content_hash=hash_)
        return raised["id"] == again["id"], waiting, settled, noted

    same, waiting, settled, noted = talk(approved)

    assert same
    assert (waiting["settled"], waiting["status"]) == (False, "waiting")
    assert "call `wait`" in waiting["next_step"]
    assert (settled["settled"], settled["verdict"], settled["value"]) == (True, "edit", {"amount": 30})
    assert noted["result"].startswith("Noted at")


def test_a_result_passes_its_gate_or_finds_a_human(talk: Talk) -> None:
    async def passed(ask: Ask) -> Any:
        sure = await ask("gate", result={"task": "2 + 2", "output": 4, "confidence": 0.95})
        unsure = await ask("gate", result={"task": "2 + 2", "output": 5, "confidence": 0.1})
        return sure, unsure, await ask("get", id=unsure["escalation"])

    sure, unsure, escalation = talk(passed)

    assert (sure["exit"], sure["output"], sure["escalation"]) == ("accepted", 4, None)
    assert (unsure["exit"], escalation["status"]) == ("human", "waiting")


def test_what_is_needed_no_more_is_withdrawn(talk: Talk) -> None:
    async def withdrawn(ask: Ask) -> Any:
        raised = await ask("escalate", escalation={"reason": "low_confidence", "title": "Late"})
        await ask("withdraw", id=raised["id"])
        return await ask("get", id=raised["id"])

    told = talk(withdrawn)

    assert (told["status"], Escalation.objects.get().status) == ("withdrawn", "withdrawn")


def test_a_model_reads_what_was_refused(talk: Talk) -> None:
    async def refused(ask: Ask) -> Any:
        return [
            await ask("get", id=9999),
            await ask("escalate", escalation={"reason": "low_confidence", "title": "Late", "titel": "x"}),
            await ask("escalate", escalation={"reason": "tired", "title": "Late"}),
        ]

    missing, misspelt, unknown = talk(refused)

    assert "no escalation 9999" in missing
    assert "/titel" in misspelt
    assert "reason" in unknown
    assert not Escalation.objects.exists()


def test_a_harness_of_an_older_protocol_finds_the_same_tools(live_server: LiveServer, token: str) -> None:
    async def listed() -> Any:
        async with server_of(live_server.url, token, ["otherwise_client.mcp"], "legacy") as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in run(listed())}

    assert set(tools) == {"gate", "escalate", "wait", "get", "withdraw", "receipt"}
    assert all(tool.description for tool in tools.values())
    assert "input_requested" in str(tools["escalate"].input_schema)


def test_without_an_address_it_says_so() -> None:
    code, said = run_command("mcp", url="", token="")

    assert (code, "OTHERWISE_URL" in said["detail"]) == (2, True)
