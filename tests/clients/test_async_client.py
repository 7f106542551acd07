"""The client that awaits does what the one that blocks does."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from otherwise_client import AsyncOtherwise, NotFound, Otherwise, StillWaiting, Unavailable
from pytest_django.live_server_helper import LiveServer

from escalation.gating.models import Outcome
from escalation.queue.models import Escalation
from tests.clients.conftest import DecideSoon, run
from tests.clients.front import Front, Own

PUBLIC = [name for name in vars(Otherwise) if not name.startswith("_")]


@pytest.mark.parametrize("name", ["__init__", *PUBLIC])
def test_both_clients_speak_the_same_words(name: str) -> None:
    blocking = inspect.signature(getattr(Otherwise, name)).parameters
    awaiting = inspect.signature(getattr(AsyncOtherwise, name)).parameters

    assert [(one.name, one.kind, one.default) for one in blocking.values()] == [
        (one.name, one.kind, one.default) for one in awaiting.values()
    ]


def test_neither_client_can_more_than_the_other() -> None:
    assert [name for name in vars(AsyncOtherwise) if not name.startswith("_")] == PUBLIC


def test_what_is_sure_passes_and_what_is_not_is_decided(
    front: Front, token: str, decide_soon: DecideSoon
) -> None:
    async def work() -> list[Any]:
        async with AsyncOtherwise(front.url, token) as client:

            @client.gated(timeout_s=120)
            async def add(left: int, right: int, confidence: float) -> tuple[int, float]:
                return left + right, confidence

            sure = await add(2, 2, 0.9)
            unsure = asyncio.create_task(add(2, 3, 0.3))
            await asyncio.sleep(0.1)
            decide_soon("edit", output=6)
            return [sure, await unsure]

    assert run(work()) == [4, 6]


def test_many_wait_at_once(front: Front, token: str, decide_soon: DecideSoon) -> None:
    async def work() -> list[Any]:
        async with AsyncOtherwise(front.url, token) as client:
            raised = await client.escalate("low_confidence", "Late", output="yes")
            decide_soon("accept")
            settled = await asyncio.gather(*(client.wait(raised.id, timeout_s=120) for _ in range(5)))
            return [one.value for one in settled]

    assert run(work()) == ["yes"] * 5


def test_an_answer_that_was_lost_is_given_again(front: Front, token: str) -> None:
    front.script = ["lost", "unreached", Own(503, {"Retry-After": "1"})]

    async def work() -> int:
        async with AsyncOtherwise(front.url, token) as client:
            return (await client.gate("2 + 2", 4, confidence=0.9)).id

    assert run(work()) == Outcome.objects.get().pk
    assert (len(front.seen), len(set(front.keys))) == (4, 1)
    assert front.seen[3].at - front.seen[2].at >= 1


def test_it_is_raised_listed_read_and_withdrawn(front: Front, token: str) -> None:
    async def work() -> list[Any]:
        async with AsyncOtherwise(front.url, token) as client:
            raised = [await client.escalate("low_confidence", f"Number {n}") for n in range(3)]
            await client.withdraw(raised[0].id)
            listed = [row.title async for row in client.escalations(limit=1, status="waiting")]
            return [*listed, (await client.get(raised[0].id)).status]

    assert run(work()) == ["Number 2", "Number 1", "withdrawn"]


def test_an_approval_is_receipted(front: Front, token: str, decide_soon: DecideSoon) -> None:
    async def work() -> str:
        async with AsyncOtherwise(front.url, token) as client:
            raised = await client.escalate(
                "approval_required", "Refund", kind="approval", action={"name": "refund", "arguments": {}}
            )
            decide_soon("accept")
            decision = (await client.wait(raised.id)).decision
            assert decision is not None
            return (await client.receipt(raised.id, "failed", decision.content_hash, "no money")).detail

    assert run(work()) == "no money"
    assert Escalation.objects.get().receipt["status"] == "failed"  # type: ignore[index]


def test_errors_are_the_same(live_server: LiveServer, token: str) -> None:
    async def work() -> None:
        async with AsyncOtherwise(live_server.url, token) as client:
            with pytest.raises(NotFound):
                await client.outcome(9999)
            raised = await client.escalate("low_confidence", "Late")
            with pytest.raises(StillWaiting):
                await client.wait(raised.id, timeout_s=0)
        async with AsyncOtherwise("http://127.0.0.1:1", token, tries=1) as nobody:
            with pytest.raises(Unavailable):
                await nobody.get(1)

    run(work())
