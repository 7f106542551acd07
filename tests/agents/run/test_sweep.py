"""The sweeper asks again for every run whose message was lost or whose time has come, and for no other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from agents import registry, tasks
from agents.agent import UNNAMED
from agents.llm.local.faults import Fault
from agents.models import Run
from agents.registry import register
from agents.run.bell import ring
from agents.run.runner import ABANDONED, advance
from agents.tasks import sweep_runs
from escalation.celery import app
from tests.agents.conftest import Desk
from tests.agents.shop import answers

pytestmark = pytest.mark.django_db(transaction=True)

A_MOMENT_AGO = Now() - timedelta(seconds=1)
LONG_AGO = Now() - timedelta(hours=1)
LATER = Now() + timedelta(hours=1)


def rung(redis_client: Any) -> int:
    """How many messages the broker holds for the workers."""
    return int(redis_client.llen("runs"))


def test_a_run_that_nobody_was_asked_to_advance_is_asked_for(desk: Desk, redis_client: Any) -> None:
    run = desk.begin()

    assert (sweep_runs(), rung(redis_client)) == (1, 1)
    assert sweep_runs() == 0
    run.refresh_from_db()
    assert run.rung_at is not None


@pytest.mark.parametrize(
    ("facts", "asked_for"),
    [
        ({"rung_at": A_MOMENT_AGO}, 0),
        ({"rung_at": LONG_AGO}, 1),
        ({"state": "running", "lease_until": LATER}, 0),
        ({"state": "running", "lease_until": A_MOMENT_AGO}, 1),
        ({"state": "waiting_upstream", "wake_at": LATER}, 0),
        ({"state": "waiting_upstream", "wake_at": A_MOMENT_AGO}, 1),
        ({"state": "waiting_human"}, 0),
        ({"state": "waiting_human", "wake_at": A_MOMENT_AGO}, 1),
        ({"state": "finished"}, 0),
        ({"state": "stopped", "wake_at": A_MOMENT_AGO}, 0),
        ({"gated": False}, 0),
    ],
)
def test_only_what_should_go_on_is_asked_for(desk: Desk, facts: dict[str, Any], asked_for: int) -> None:
    Run.objects.filter(pk=desk.begin().pk).update(**facts)

    assert sweep_runs() == asked_for


def test_a_run_is_asked_for_at_once_when_its_lease_lapses_and_then_in_a_while(desk: Desk) -> None:
    run = desk.begin()
    five_seconds_ago = Now() - timedelta(seconds=5)
    Run.objects.filter(pk=run.pk).update(state="running", rung_at=five_seconds_ago, lease_until=A_MOMENT_AGO)

    assert (sweep_runs(), sweep_runs()) == (1, 0)


def test_while_many_wait_their_turn_few_are_asked_for_again_the_longest_unheard_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MOST_RINGS", 4)
    monkeypatch.setattr(tasks, "FEWEST_RINGS", 1)
    runs = [desk.begin() for _ in range(7)]
    for run, seconds in zip(runs, [0, 0, 0, 0, 30, 50, 40], strict=True):
        rung = Now() - timedelta(seconds=seconds)
        Run.objects.filter(pk=run.pk).update(created_at=rung, rung_at=rung)

    assert sweep_runs() == 1
    assert Run.objects.latest("rung_at") == runs[5]


@pytest.mark.parametrize(
    ("free_for_s", "rung_s_ago", "asked_for"),
    [(30, 19, 0), (30, 21, 1), (100, 40, 0), (100, 51, 1), (3600, 299, 0), (3600, 301, 1)],
)
def test_the_longer_a_run_has_waited_the_less_often_it_is_asked_for(
    desk: Desk, free_for_s: float, rung_s_ago: float, asked_for: int
) -> None:
    run = desk.begin()
    since, rung = (Now() - timedelta(seconds=seconds) for seconds in (free_for_s, rung_s_ago))
    Run.objects.filter(pk=run.pk).update(created_at=since, rung_at=rung)

    assert sweep_runs() == asked_for


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"state": "running", "lease_until": LONG_AGO}, "stopped"),
        ({"state": "queued", "lease_until": LONG_AGO}, "stopped"),
        ({"state": "queued", "created_at": LONG_AGO}, "stopped"),
        ({"state": "waiting_upstream", "wake_at": LONG_AGO}, "stopped"),
        ({"state": "running", "lease_until": A_MOMENT_AGO}, "running"),
        ({"state": "queued", "created_at": A_MOMENT_AGO}, "queued"),
        ({"state": "waiting_upstream", "wake_at": LATER}, "waiting_upstream"),
        ({"state": "waiting_human", "wake_at": LONG_AGO}, "waiting_human"),
        ({"state": "finished", "lease_until": LONG_AGO}, "finished"),
        ({"state": "running", "lease_until": LONG_AGO, "gated": True}, "running"),
    ],
)
def test_a_run_whose_program_has_ended_is_stopped(desk: Desk, facts: dict[str, Any], state: str) -> None:
    run = desk.begin()
    Run.objects.filter(pk=run.pk).update(**({"gated": False} | facts))

    sweep_runs()

    run.refresh_from_db()
    assert (run.state, run.detail) == (state, ABANDONED if state == "stopped" else "")


def test_after_a_step_the_next_is_asked_for_soon(desk: Desk) -> None:
    run = desk.run(Fault("overloaded"))
    Run.objects.filter(pk=run.pk).update(wake_at=A_MOMENT_AGO)

    assert sweep_runs() == 1


@pytest.fixture
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("CELERY_BROKER_URL", "redis+socket:///nowhere/redis.sock")
        app._after_fork()  # forgets its connections
        yield
    app._after_fork()


@pytest.mark.usefixtures("_no_broker")
def test_without_a_broker_nothing_is_lost_and_nobody_waits(desk: Desk, redis_client: Any) -> None:
    run = desk.begin(answers())
    begun = time.monotonic()

    ring(run)

    assert (time.monotonic() - begun < 60, rung(redis_client)) == (True, 0)
    assert desk.go_on(run).state == Run.State.FINISHED


def test_a_run_of_an_agent_that_this_worker_does_not_know_is_left_to_others(desk: Desk) -> None:
    run = desk.begin(answers())
    known = registry._agents.pop(run.agent)

    left = advance(run.pk, run.step)

    assert left is not None
    assert (left.state, left.lease_until, left.lost) == (Run.State.WAITING_UPSTREAM, None, 0)
    assert "no agent is named 'shop-desk'" in left.detail
    register(known)
    Run.objects.filter(pk=run.pk).update(wake_at=A_MOMENT_AGO)
    assert desk.wake(run).state == Run.State.FINISHED


def test_a_nameless_agent_s_run_is_left_to_its_program(desk: Desk) -> None:
    run = desk.begin()
    Run.objects.filter(pk=run.pk).update(agent=UNNAMED)

    assert (sweep_runs(), advance(run.pk, run.step)) == (0, None)
