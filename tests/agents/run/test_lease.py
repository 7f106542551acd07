"""A run belongs to whoever gives a sign of life: not to the dead, but to the slow while they work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.models.functions import Now
from pytest_django import Settings

from agents.llm.local.faults import Fault
from agents.llm.local.replies import Reply
from agents.models import Run
from agents.run.runner import ABANDONED, advance
from agents.tasks import sweep_runs
from tests.agents.conftest import Desk
from tests.agents.night_shift import night_shift
from tests.agents.programs import ROOT, environment, step_elsewhere, wait_until
from tests.agents.shop import Shop, answers
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = timedelta(seconds=4)
LONGER_S = 6


@pytest.fixture(autouse=True)
def _short_lease(settings: Settings) -> None:
    settings.RUN_LEASE = SHORT


@contextmanager
def a_rival_for(run: Run) -> Iterator[list[Run]]:
    """Another worker that tries to take the step of a run again and again, once somebody holds it."""
    over, taken = threading.Event(), list[Run]()

    def try_to_take() -> None:
        while not over.wait(0.1):
            if Run.objects.filter(pk=run.pk, epoch__gt=0).exists() and (won := Run.objects.take(run.pk, 0)):
                taken.append(won)
        connection.close()

    thread = threading.Thread(target=try_to_take)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def test_a_run_in_a_slow_tool_is_not_taken_over(desk: Desk, shop: Shop) -> None:
    run = desk.begin(Reply.calls("write_letter", text="Dear customer"), answers())
    shop.meanwhile = lambda: time.sleep(LONGER_S)

    with a_rival_for(run) as taken:
        after = advance(run.pk, 0)

    assert after is not None
    assert (taken, after.epoch, after.step) == ([], 1, 1)
    assert shop.letters == ["Dear customer"]


def test_a_run_in_a_slow_model_call_is_not_taken_over(desk: Desk) -> None:
    run = desk.begin(Fault("slow_first_byte", seconds=LONGER_S))

    with a_rival_for(run) as taken:
        after = advance(run.pk, 0)

    assert after is not None
    assert (taken, after.epoch, run.steps.count()) == ([], 1, 1)


def test_a_short_turn_costs_no_connection_and_leaves_no_thread(desk: Desk, settings: Settings) -> None:
    run = desk.begin(answers())
    settings.RUN_LEASE = timedelta(seconds=20)
    opened: list[Any] = []
    connection_created.connect(note := lambda **how: opened.append(how))

    advance(run.pk, 0)

    connection_created.disconnect(note)
    assert opened == []
    assert [thread.name for thread in threading.enumerate() if "lease" in thread.name] == []


def test_a_sign_of_life_from_one_who_lost_the_run_changes_nothing(desk: Desk) -> None:
    run = desk.begin(answers())
    late = Run.objects.take(run.pk, 0)
    assert late is not None
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - SHORT)
    assert race(late.keep) == [True]  # nobody else was there
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - SHORT)
    assert Run.objects.take(run.pk, 0) is not None
    before = Run.objects.values().get(pk=run.pk)

    assert late.keep() is False

    assert Run.objects.values().get(pk=run.pk) == before


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NIGHT_SHIFT_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def rows_of(run: Run) -> list[Any]:
    """Everything that stands in the database about a run."""
    found: list[Any] = [Run.objects.filter(pk=run.pk), run.steps, run.tool_calls, run.ledger]
    return [list(rows.order_by("pk").values()) for rows in found]


def test_a_worker_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(desk: Desk, log: Path) -> None:
    run = desk.begin(Reply.calls("count", what="it"), answers(), agent=night_shift)
    env = environment(desk.api, log, RUN_LEASE_S="2", NIGHT_SHIFT_TAKES_S="5")
    command = [sys.executable, "-m", "tests.agents.night_shift", str(run.pk), "0"]
    with subprocess.Popen(command, env=env, cwd=ROOT) as frozen:
        wait_until(log.exists)
        os.kill(frozen.pid, signal.SIGSTOP)
        wait_until(lambda: Run.objects.advanceable().filter(pk=run.pk).exists())
        run = desk.go_on(run)
        before = rows_of(run)

        os.kill(frozen.pid, signal.SIGCONT)
        frozen.wait(timeout=120)

    assert (run.state, run.steps.count()) == (Run.State.FINISHED, 2)
    assert rows_of(run) == before
    assert log.read_text().splitlines() == ["count it", "count it"]


def test_a_run_whose_program_was_killed_does_not_stay_for_ever(desk: Desk, log: Path) -> None:
    run = desk.begin(Reply.calls("count", what="it"), agent=night_shift)
    Run.objects.filter(pk=run.pk).update(gated=False)  # as agent.run() begins one
    env = environment(desk.api, log, RUN_LEASE_S="2", NIGHT_SHIFT_DIES_IN="count")
    assert step_elsewhere(run.pk, 0, env) == -signal.SIGKILL

    wait_until(lambda: sweep_runs() == 0 and Run.objects.get(pk=run.pk).is_over)

    run.refresh_from_db()
    assert (run.state, run.detail, run.lease_until) == (Run.State.STOPPED, ABANDONED, None)
    assert run.ended_at is not None
