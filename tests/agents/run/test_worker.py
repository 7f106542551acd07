"""Real Celery workers, one of them killed in the middle of its work: nothing lost, nothing done twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agents.llm.local.replies import Reply
from agents.models import LedgerEntry, Run
from agents.run.bell import ring
from agents.tasks import sweep_runs
from escalation.gating.models import Outcome
from tests.agents.conftest import Desk
from tests.agents.night_shift import night_shift
from tests.agents.programs import environment, kill, programs_in_the_database, wait_until, worker
from tests.agents.shop import answers

pytestmark = pytest.mark.django_db(transaction=True)

RUNS, PROCESSES = 20, 2
ENDED = [Run.State.FINISHED, Run.State.WAITING_HUMAN]


def ended() -> int:
    return Run.objects.filter(state__in=ENDED).count()


def test_a_killed_worker_loses_no_run_and_repeats_no_letter(desk: Desk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = environment(desk.api, log, RUN_LEASE_S="3")
    runs = []
    for number in range(RUNS):
        letter = Reply.calls("post", what=f"letter-{number}")
        count = Reply.calls("count", what=f"sheet-{number}")
        runs.append(desk.begin(letter, count, answers(), answers(), agent=night_shift))
    for run in runs:
        ring(run)

    with worker(env) as first:
        wait_until(lambda: ended() >= 4)
        wait_until(programs_in_the_database)
        kill(first)
    wait_until(lambda: not programs_in_the_database())
    left = RUNS - ended()
    with worker(env):
        # As beat does, and nothing else: leases lapse, and what was asked of the killed one is asked again.
        wait_until(lambda: sweep_runs() >= 0 and ended() == RUNS)

    assert left > 0
    did = Counter(log.read_text().splitlines())
    letters = {what: times for what, times in did.items() if what.startswith("post")}
    # The model says each thing once: what it said to a process that was killed is not said again.
    assert len(letters) >= RUNS - PROCESSES
    assert set(letters.values()) == {1}
    assert Outcome.objects.count() == RUNS
    exits = Counter(Outcome.objects.values_list("exit", "reason"))
    assert set(exits) <= {("accepted", ""), ("human", "tool_failed")}
    for run in Run.objects.all():
        steps = run.steps.values_list("number", flat=True)
        assert list(steps) == list(range(len(steps)))
        assert LedgerEntry.objects.filter(run=run).spent() >= sum(step.micro_usd for step in run.steps.all())
