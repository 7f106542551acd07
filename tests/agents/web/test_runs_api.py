"""`/api/v1/runs/`: an agent elsewhere hands over a task, follows the run to its result, and stops it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from agents import registry
from agents.models import Run
from escalation.api.models import Token
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from tests.agents.conftest import Desk
from tests.agents.shop import answers
from tests.api.caller import Caller

TASK = {"task": {"message": "Where is it?"}}


@pytest.fixture
def caller(desk: Desk) -> Caller:
    """Calls as the shop's agent, which works here."""
    agent = desk.shop.agent()
    desk.employ(agent)
    return calling_as(agent.name)


def calling_as(slug: str, *scopes: str) -> Caller:
    agent, _ = Agent.objects.get_or_create(slug=slug)
    return Caller(Token.objects.issue(agent=agent, scopes=list(scopes) or ["runs"])[1])


def work_on(desk: Desk, posted: Any, *script: Any) -> Run:
    """Take the steps of the run that was posted, with a model that says what is dictated."""
    run = Run.objects.get(pk=posted.json()["id"])
    desk.api.script(f"run-{run.pk}", script)
    return desk.go_on(run)


@pytest.mark.django_db
def test_a_task_becomes_a_run_that_waits_for_a_worker(caller: Caller) -> None:
    answer = caller.post("/runs/", TASK | {"priority": "high", "metadata": {"mail": 7}})

    told = answer.json()
    run = Run.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, told["url"])
    assert (told["id"], told["status"], told["result"], told["exit"]) == (run.pk, "queued", None, None)
    assert (run.task, run.priority, run.metadata, run.gated) == (TASK["task"], 2, {"mail": 7}, True)
    assert run.rung_at is not None


@pytest.mark.django_db
def test_nothing_is_no_task(caller: Caller) -> None:
    answer = caller.post("/runs/", {"task": None})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/task")


@pytest.mark.django_db
def test_its_result_its_exit_and_what_it_cost_are_read_when_it_is_over(caller: Caller, desk: Desk) -> None:
    posted = caller.post("/runs/", TASK)
    run = work_on(desk, posted, answers(confidence=95))

    told = caller.get(f"/runs/{run.pk}/").json()

    assert (told["status"], told["exit"], told["reason"]) == ("finished", "accepted", None)
    assert (told["result"], told["result"] is None) == (run.result, False)
    assert (told["spend"]["turns"], told["spend"]["cost_usd"] > 0) == (1, True)
    assert [step["kind"] for step in told["steps"]] == ["model"]
    assert told["ended_at"] is not None


@pytest.mark.django_db
def test_while_a_human_is_asked_it_says_where(caller: Caller, desk: Desk) -> None:
    run = work_on(desk, caller.post("/runs/", TASK), answers(confidence=5))

    told = caller.get(f"/runs/{run.pk}/").json()

    assert (told["status"], told["result"], told["reason"]) == ("waiting_human", None, "low_confidence")
    assert told["escalation"]["id"] == desk.waits_for(run).pk


@pytest.mark.django_db
def test_the_same_key_starts_one_run(caller: Caller) -> None:
    first = caller.post("/runs/", TASK, key="mail-7")

    again = caller.post("/runs/", TASK, key="mail-7")
    other = caller.post("/runs/", {"task": "another"}, key="mail-7")

    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 422)
    assert (again["Idempotent-Replayed"], again.json()["id"]) == ("true", first.json()["id"])
    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_equal_requests_at_once_one_starts_a_run(caller: Caller) -> None:
    answered: list[int] = []

    def post() -> None:
        answered.append(Caller(caller.token).post("/runs/", TASK, key="mail-7").status_code)
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answered) == [200] * 7 + [202]
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_delete_stops_it_and_takes_back_what_it_asked(caller: Caller, desk: Desk) -> None:
    run = work_on(desk, caller.post("/runs/", TASK), answers(confidence=5))

    gone = caller.delete(f"/runs/{run.pk}/")

    told = caller.get(f"/runs/{run.pk}/").json()
    assert (gone.status_code, told["status"], told["result"]) == (204, "stopped", None)
    assert Escalation.objects.get().status == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_a_wait_ends_with_the_run(caller: Caller) -> None:
    run = caller.post("/runs/", TASK).json()

    def stop() -> None:
        Caller(caller.token).delete(f"/runs/{run['id']}/")
        connection.close()

    timer = threading.Timer(0.5, stop)
    timer.start()
    told = caller.get(f"/runs/{run['id']}/", wait=60).json()
    timer.join()

    assert told["status"] == "stopped"


@pytest.mark.django_db
def test_another_agents_run_is_not_there(caller: Caller) -> None:
    run = caller.post("/runs/", TASK).json()
    stranger = calling_as("invoices")

    assert stranger.get(f"/runs/{run['id']}/").status_code == 404
    assert stranger.delete(f"/runs/{run['id']}/").status_code == 404
    assert Run.objects.get().state == Run.State.QUEUED


@pytest.mark.django_db
def test_an_agent_that_does_not_work_here_is_told_so(desk: Desk) -> None:
    answer = calling_as("invoices").post("/runs/", TASK)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "/agent")
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_a_run_is_read_when_its_agents_definition_is_gone(caller: Caller, desk: Desk) -> None:
    run = work_on(desk, caller.post("/runs/", TASK), answers(confidence=95))
    del registry._agents[run.agent]

    assert caller.get(f"/runs/{run.pk}/").json()["status"] == "finished"


@pytest.mark.django_db
def test_a_token_without_the_scope_is_refused(caller: Caller, desk: Desk) -> None:
    other = calling_as(desk.shop.agent().name, "outcomes")

    assert other.post("/runs/", TASK).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/task"),
        (TASK | {"prority": "high"}, "/prority"),
        (TASK | {"priority": 2}, "/priority"),
        (b'{"task": "a\\u0000"}', "/task"),
        (b'{"task": NaN}', "/task"),
    ],
)
def test_a_body_that_breaks_the_contract_is_told_where(caller: Caller, body: Any, pointer: str) -> None:
    answer = caller.post("/runs/", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
