"""Two thousand runs, a model that fails in one of twenty requests, and workers that are killed at work."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Count

from agents.guards.budget import Budget
from agents.llm.local.faults import AT_RANDOM, Entry, Fault
from agents.llm.local.replies import Reply
from agents.models import LedgerEntry, Run, Step
from agents.run.bell import ring
from agents.tasks import sweep_runs
from escalation.gating.models import Outcome
from escalation.invariants import all_invariants
from tests.agents.conftest import Desk
from tests.agents.night_shift import night_shift
from tests.agents.programs import environment, kill, worker
from tests.agents.shop import answers

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]

RUNS = int(os.environ.get("SOAK_RUNS", "2000"))
FAULTS = 0.05
KILLED = 2  # processes, of four


def with_faults(script: list[Reply], chance: random.Random) -> Iterator[Entry]:
    """What the model answers, with a failure in front of one in twenty."""
    for reply in script:
        if chance.random() < FAULTS:
            yield Fault(chance.choice(AT_RANDOM))
        yield reply


def settled() -> int:
    return Run.objects.filter(state__in=[*Run.OVER, Run.State.WAITING_HUMAN]).count()


def sweep_until(number: int) -> None:
    """Do what beat does until so many runs have come to an end."""
    while settled() < number:
        sweep_runs()
        time.sleep(2)


def test_every_run_comes_to_one_end_and_no_letter_goes_out_twice(desk: Desk, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    log = tmp_path / "log"
    env = environment(desk.api, log, NIGHT_SHIFT_TAKES_S="0", RUN_LEASE_S="5", DAILY_BUDGET_USD="1000")
    desk.employ(night_shift, budget=Budget(cost_usd=Decimal("0.40"), turns=20).as_mapping())
    for number in range(RUNS):
        run = desk.begin(agent=night_shift)
        letter, sheet = Reply.calls("post", what=f"{number}"), Reply.calls("count", what=f"{number}")
        confidence = chance.choice([5, 60, 90, 95])
        script = [letter, sheet, answers(confidence=confidence)]
        desk.api.script(f"run-{run.pk}", [*with_faults(script, chance), *[answers()] * 3])
        ring(run)

    with ExitStack() as at_work:
        # Four processes; two of them are killed with whatever they hold.
        first, _ = [at_work.enter_context(worker(env)) for _ in range(2)]
        sweep_until(RUNS // 5)
        kill(first)
        sweep_until(RUNS)

    did = Counter(log.read_text().splitlines())
    assert {times for what, times in did.items() if what.startswith("post")} == {1}
    exits = dict(Outcome.objects.values_list("exit").annotate(number=Count("pk")))
    assert (sum(exits.values()), set(exits)) == (RUNS, {"accepted", "human"})
    assert exits["accepted"] > RUNS // 3
    breaches = {found.sentence: found.breaches()[:3] for found in all_invariants()}
    assert {sentence: found for sentence, found in breaches.items() if found} == {}
    # Each answer was charged with its cost; besides, only what killed processes had paid for and not kept.
    answered = Counter(Step.objects.filter(cut="").values_list("run", "number", "micro_usd"))
    charged = Counter(
        LedgerEntry.objects.filter(kind="settled", detail="").values_list("run", "step", "micro_usd")
    )
    assert answered - charged == Counter()
    assert (charged - answered).total() <= KILLED
    still_open = LedgerEntry.objects.standing().filter(kind="reserved").count()
    assert still_open <= KILLED
