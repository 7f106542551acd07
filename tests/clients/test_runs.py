"""Runs through the client: hand over a task, follow it to its end, stop it."""

from __future__ import annotations

import pytest
from otherwise_client import AsyncOtherwise, Forbidden, Otherwise, StillRunning
from pytest_django.live_server_helper import LiveServer

from agents.models import Run
from escalation.api.models import Token
from escalation.gating.models import Agent
from tests.agents.conftest import Desk, desk, messages_api, shop
from tests.agents.shop import answers
from tests.clients.conftest import run as awaited
from tests.clients.test_command import run_command

__all__ = ["desk", "messages_api", "shop"]
TASK = {"message": "Where is it?"}


@pytest.fixture
def runs_token(desk: Desk) -> str:
    """A token of the shop's agent, which works here."""
    agent = desk.shop.agent()
    desk.employ(agent)
    employed, _ = Agent.objects.get_or_create(slug=agent.name)
    return Token.objects.issue(agent=employed, scopes=["runs"])[1]


def test_a_task_is_handed_over_once(live_server: LiveServer, runs_token: str) -> None:
    with Otherwise(live_server.url, runs_token) as client:
        first = client.start_run(TASK, key="mail-7", priority="high", metadata={"mail": 7})
        again = client.start_run(TASK, key="mail-7", priority="high", metadata={"mail": 7})

    assert (first.status, first.task, first.priority, first.metadata) == ("queued", TASK, "high", {"mail": 7})
    assert (again.id, Run.objects.count()) == (first.id, 1)


def test_its_end_is_waited_for(live_server: LiveServer, runs_token: str, desk: Desk) -> None:
    with Otherwise(live_server.url, runs_token) as client:
        started = client.start_run(TASK)
        run = Run.objects.get()
        desk.api.script(f"run-{run.pk}", [answers(confidence=95)])
        desk.go_on(run)

        ended = client.wait_for_run(started.id, timeout_s=60)

    run.refresh_from_db()
    assert (ended.status, ended.exit, ended.result) == ("finished", "accepted", run.result)
    assert ended.spend["output_tokens"] > 0


def test_it_is_stopped_without_a_result(live_server: LiveServer, runs_token: str) -> None:
    async def stopped() -> tuple[str, str]:
        async with AsyncOtherwise(live_server.url, runs_token) as client:
            started = await client.start_run(TASK)
            with pytest.raises(StillRunning) as late:
                await client.wait_for_run(started.id, timeout_s=0)
            await client.stop_run(started.id)
            await client.stop_run(started.id)
            return late.value.run.status, (await client.run(started.id)).status

    assert awaited(stopped()) == ("queued", "stopped")


def test_a_token_without_the_scope_starts_nothing(support_triage: Otherwise) -> None:
    with pytest.raises(Forbidden, match="scope runs"):
        support_triage.start_run(TASK)


def test_the_command_line_does_the_same(live_server: LiveServer, runs_token: str) -> None:
    def otherwise(*arguments: str, body: object = None) -> tuple[int, dict[str, object]]:
        return run_command("run", *arguments, body=body, url=live_server.url, token=runs_token)

    code, started = otherwise("start", "--key", "mail-7", body={"task": TASK})
    waited = otherwise("wait", str(started["id"]), "--timeout", "0.1")
    stopped = otherwise("stop", str(started["id"]))
    ended = otherwise("get", str(started["id"]))

    assert (code, started["status"]) == (0, "queued")
    assert (waited[0], waited[1]["status"]) == (20, "queued")
    assert stopped[0] == 0
    assert (ended[0], ended[1]["status"]) == (23, "stopped")
