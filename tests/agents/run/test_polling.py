"""A tool that is made to be asked again is not asked again too soon, and nobody sleeps over it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from agents import Agent, tool
from agents.llm.local.replies import Reply
from agents.models import Run, ToolCall
from agents.run.runner import advance
from tests.agents.conftest import Desk
from tests.agents.shop import answers
from tests.agents.test_patterns import dictate

pytestmark = pytest.mark.django_db


@dataclass
class Carrier:
    """What was asked of a carrier's tracking, and when."""

    asked: list[float] = field(default_factory=list)

    def agent(self, interval_s: float, name: str = "tracker") -> Agent:
        @tool(effect="read", polling_interval_s=interval_s)
        def track(parcel: str) -> str:
            """Say where a parcel is."""
            self.asked.append(time.monotonic())
            return f"{parcel} is on its way"

        @tool(effect="read")
        def weigh(parcel: str) -> str:
            """Say how heavy a parcel is."""
            return f"{parcel} weighs a pound"

        return Agent(model="claude-haiku-5-5", name=name, tools=[track, weigh])


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


def track() -> Reply:
    return Reply.calls("track", parcel="7")


def an_interval_passes(run: Run, seconds: float) -> None:
    """Let it be that much later for a run that waits."""
    later = timedelta(seconds=seconds)
    run.tool_calls.filter(started_at__isnull=False).update(started_at=F("started_at") - later)
    Run.objects.filter(pk=run.pk).update(wake_at=F("wake_at") - later)


def test_a_call_that_comes_too_early_waits_without_a_worker_and_then_runs(
    desk: Desk, carrier: Carrier
) -> None:
    run = desk.run(track(), track(), answers(), agent=carrier.agent(30))

    assert (run.state, run.lease_until, len(carrier.asked)) == (Run.State.WAITING_UPSTREAM, None, 1)
    assert run.detail == "track is called again when its interval is over."
    assert [call.state for call in run.tool_calls.all()] == [ToolCall.State.DONE, ToolCall.State.INTENT]
    assert Run.objects.filter(pk=run.pk, wake_at__gt=Now() + timedelta(seconds=20)).exists()
    assert advance(run.pk, run.step) is None
    an_interval_passes(run, 30)
    run = desk.wake(run)
    assert (run.state, len(carrier.asked), len(desk.asked(run))) == (Run.State.FINISHED, 2, 3)
    assert run.upstream_failures == 0


def test_woken_too_early_the_run_waits_for_the_rest_of_the_interval(desk: Desk, carrier: Carrier) -> None:
    run = desk.run(track(), track(), answers(), agent=carrier.agent(30))
    Run.objects.filter(pk=run.pk).update(wake_at=Now())

    run = desk.wake(run)

    assert (run.state, len(carrier.asked)) == (Run.State.WAITING_UPSTREAM, 1)


def test_after_the_interval_a_call_runs_at_once(desk: Desk, carrier: Carrier) -> None:
    run = desk.begin(track(), track(), answers(), agent=carrier.agent(30))
    advance(run.pk, 0)
    an_interval_passes(run, 30)

    assert desk.go_on(run).state == Run.State.FINISHED


def test_other_calls_of_the_same_turn_do_not_wait(desk: Desk, carrier: Carrier) -> None:
    both = track().and_calls("weigh", parcel="7")

    run = desk.run(track(), both, answers(), agent=carrier.agent(30))

    states = [(call.name, call.state) for call in run.tool_calls.all()]
    assert states == [("track", "done"), ("track", "intent"), ("weigh", "done")]


def test_two_calls_in_one_turn_are_an_interval_apart(desk: Desk, carrier: Carrier) -> None:
    twice = track().and_calls("track", parcel="8")

    run = desk.run(twice, answers(), agent=carrier.agent(30))
    an_interval_passes(run, 30)

    assert (desk.wake(run).state, len(carrier.asked)) == (Run.State.FINISHED, 2)


def test_one_run_does_not_wait_for_what_another_asked(desk: Desk, carrier: Carrier) -> None:
    agent = carrier.agent(30)
    desk.run(track(), answers(), agent=agent)

    assert desk.run(track(), answers(), agent=agent).state == Run.State.FINISHED


def test_a_program_that_runs_an_agent_itself_waits_itself(desk: Desk, carrier: Carrier) -> None:
    dictate(desk.api, track(), track(), answers("It is here.", 90))

    result = carrier.agent(0.3, name="").run("Where is it?")

    first, second = carrier.asked
    assert (result.output, second - first >= 0.3) == ("It is here.", True)
