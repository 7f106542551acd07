"""The timeline of a run says where it met a breaker that changed its mode, and whose doing that was."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from agents import Critic
from agents.llm.local.faults import Fault
from agents.llm.local.replies import Reply
from agents.models import Run
from agents.run.work import Work
from agents.stores.breaker import Hand, shared_breakers
from agents.web.breaker_lines import trace_with_breakers
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def look_up() -> Reply:
    return Reply.calls("look_up", order="7")


def told(run: Run) -> list[str]:
    """The lines of a run's timeline, by kind and name."""
    run.refresh_from_db()
    return [f"{line['kind']} {line['name']}" for line in trace_with_breakers(Work.on(run))]


def test_a_run_without_trouble_has_no_such_line(desk: Desk) -> None:
    run = desk.run(look_up(), answers())

    assert told(run) == ["model turn 1", "tool look_up", "model turn 2"]


def test_the_call_that_opened_the_circuit_is_followed_by_it(desk: Desk, shop: Shop) -> None:
    shop.trouble = ConnectionError("down")
    calls = [Reply.calls("look_up", order=str(number)) for number in range(4)]

    run = desk.run(*calls, answers())

    assert told(run)[4:8] == [
        "model turn 3",
        "tool look_up",
        "breaker tool:look_up: closed → open",
        "model turn 4",
    ]


def test_before_a_refused_call_stands_why_and_by_whom(desk: Desk, olga: User) -> None:
    shared_breakers().force_open("tool:look_up", Hand(olga.pk, "it is being moved"))

    run = desk.run(look_up(), answers())

    lines = trace_with_breakers(Work.on(run))
    assert told(run) == [
        "model turn 1",
        "breaker tool:look_up: closed → forced open",
        "tool look_up",
        "model turn 2",
    ]
    assert lines[1]["output"] == "olga: it is being moved"


def test_what_happened_to_a_tool_that_it_did_not_call_is_not_told(desk: Desk) -> None:
    shared_breakers().force_open("tool:refund")

    run = desk.run(look_up(), answers())

    assert told(run) == ["model turn 1", "tool look_up", "model turn 2"]


def test_a_run_that_waits_for_the_model_says_that_its_circuit_opened(desk: Desk) -> None:
    for _ in range(4):
        desk.run(Fault("overloaded"))

    run = desk.run(Fault("overloaded"))

    assert told(run) == ["breaker model:claude-haiku-5-5: closed → open"]


def test_a_critic_s_model_has_a_circuit_of_its_own(desk: Desk, shop: Shop) -> None:
    agent = shop.agent(critic=Critic(model="claude-opus-5-5"))
    run = desk.begin(answers(), agent=agent)
    shared_breakers().force_open("model:claude-opus-5-5")

    run = desk.go_on(run)

    assert told(run) == ["model turn 1", "breaker model:claude-opus-5-5: closed → forced open"]
    shared_breakers().reset("model:claude-opus-5-5")
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    desk.wake(run)
    assert told(run)[-1] == "critic what is wrong with the answer"


def test_the_run_page_shows_it(desk: Desk, olga: User, settings: Settings) -> None:
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    shared_breakers().force_open("tool:look_up", Hand(olga.pk, "it is being moved"))
    run = desk.run(look_up(), answers())
    client = Client()
    client.force_login(desk.alice)

    page = client.get(f"/runs/{run.pk}/").text

    assert "tool:look_up: closed → forced open" in page
    assert "olga: it is being moved" in page
