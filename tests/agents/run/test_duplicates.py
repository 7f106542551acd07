"""Messages that come twice, workers that vanish or come back too late: nothing happens twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now

from agents.llm.local.faults import Fault
from agents.llm.local.replies import Reply
from agents.models import LedgerEntry, Run, Step, ToolCall
from agents.run.runner import MOST_LOST, advance
from agents.run.work import TakenOver, Work
from agents.tasks import advance_run
from escalation.gating.models import Outcome
from escalation.gating.models.policy import all_to_a_human
from tests.agents.conftest import Desk, Meanwhile
from tests.agents.night_shift import night_shift
from tests.agents.programs import (
    environment,
    kill,
    programs_in_the_database,
    step_elsewhere,
    stepping,
    wait_until,
)
from tests.agents.shop import Shop, answers
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

LETTERS = Reply.calls("write_letter", text="Dear customer").and_calls("write_letter", text="Yours")


def let_the_lease_run_out(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))


def taken_over(run: Run) -> None:
    """What happens when this worker stalls for so long that another takes its run."""
    let_the_lease_run_out(run)
    assert Run.objects.take(run.pk, run.step) is not None


def test_the_same_message_three_times_is_one_step(desk: Desk, shop: Shop) -> None:
    run = desk.begin(LETTERS, answers())

    for _ in range(3):
        advance_run(run.pk, 0)

    assert (run.steps.count(), len(desk.asked(run)), shop.letters) == (1, 1, ["Dear customer", "Yours"])


def test_of_two_workers_at_once_one_takes_the_step(desk: Desk, shop: Shop) -> None:
    run = desk.begin(LETTERS, answers())

    won = race(*[lambda: advance(run.pk, 0)] * 4)

    assert sum(isinstance(one, Run) for one in won) == 1
    assert (run.steps.count(), len(desk.asked(run)), shop.letters) == (1, 1, ["Dear customer", "Yours"])


def test_of_two_workers_at_once_one_resumes(desk: Desk, shop: Shop) -> None:
    run = desk.run(Reply.calls("refund", order="7", euros=80), answers())
    desk.decide(run, "accept")

    won = race(*[lambda: advance(run.pk, run.step)] * 4)

    assert sum(isinstance(one, Run) for one in won) == 1
    assert len(shop.refunds) == 1


def test_of_two_workers_that_both_believe_they_hold_the_run_one_starts_the_call(
    desk: Desk, shop: Shop
) -> None:
    run = desk.run(Reply.calls("refund", order="7", euros=80))
    desk.decide(run, "accept")
    held = Run.objects.take(run.pk, run.step)
    assert held is not None
    both = [(Work.on(held), run.tool_calls.get()) for _ in range(2)]

    won = race(*[lambda on=on: on[0].change(on[1], state=ToolCall.State.STARTED) for on in both])

    assert {type(one) for one in won} == {TakenOver, type(None)}


def test_a_worker_that_lost_its_run_in_a_tool_writes_nothing_more(desk: Desk, shop: Shop) -> None:
    run = desk.begin(LETTERS)
    shop.meanwhile = lambda: taken_over(run)

    after = advance(run.pk, 0)

    assert after is not None
    assert (after.state, after.epoch, after.step) == (Run.State.RUNNING, 2, 0)
    assert shop.letters == ["Dear customer"]
    assert [call.state for call in run.tool_calls.all()] == [ToolCall.State.STARTED, ToolCall.State.INTENT]


def test_the_worker_that_took_over_runs_no_write_that_may_have_run(desk: Desk, shop: Shop) -> None:
    run = desk.begin(LETTERS)
    shop.meanwhile = lambda: taken_over(run)
    advance(run.pk, 0)
    let_the_lease_run_out(run)

    run = desk.go_on(run)

    assert desk.waits_for(run).reason == "tool_failed"
    assert shop.letters == ["Dear customer"]
    assert [call.state for call in run.tool_calls.all()] == ["unknown", "refused"]


def test_a_worker_that_lost_its_run_in_a_model_call_writes_no_step_but_the_bill(desk: Desk) -> None:
    run = desk.begin(Meanwhile(act=lambda: taken_over(run)))

    advance(run.pk, 0)

    assert Step.objects.filter(run=run).count() == 0
    assert LedgerEntry.objects.get(run=run, kind="settled").micro_usd > 0
    run.refresh_from_db()
    assert (run.state, run.epoch) == (Run.State.RUNNING, 2)


def test_a_worker_that_lost_its_run_does_not_end_it(desk: Desk) -> None:
    run = desk.begin(answers())
    held = Run.objects.take(run.pk, 0)
    assert held is not None
    late = Work.on(held)
    taken_over(run)

    with pytest.raises(TakenOver):
        late.next_step()
    with pytest.raises(TakenOver):
        late.afresh()

    assert Outcome.objects.count() == 0


class TestAWorkerKilledInATool:
    @pytest.fixture
    def log(self, tmp_path: Path) -> Path:
        return tmp_path / "log"

    def killed_in(self, tool: str, desk: Desk, log: Path) -> Run:
        run = desk.begin(Reply.calls(tool, what="it"), answers(), agent=night_shift)
        env = environment(desk.api, log, NIGHT_SHIFT_DIES_IN=tool)
        assert step_elsewhere(run.pk, 0, env) == -9
        assert run.tool_calls.get().state == ToolCall.State.STARTED
        let_the_lease_run_out(run)
        return run

    def test_what_it_read_is_read_again(self, desk: Desk, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NIGHT_SHIFT_LOG", str(log))
        run = self.killed_in("count", desk, log)

        run = desk.go_on(run)

        assert (run.state, run.steps.count()) == (Run.State.FINISHED, 2)
        assert log.read_text().splitlines() == ["count it", "count it"]

    def test_what_it_wrote_is_not_written_again_and_a_human_is_asked(
        self, desk: Desk, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NIGHT_SHIFT_LOG", str(log))
        run = self.killed_in("post", desk, log)

        run = desk.go_on(run)

        escalation = desk.waits_for(run)
        assert (escalation.reason, run.tool_calls.get().state) == ("tool_failed", "unknown")
        assert "may have run or not" in escalation.detail
        assert log.read_text().splitlines() == ["post it"]
        assert LedgerEntry.objects.filter(run=run, kind="settled").count() == 1


def test_a_worker_killed_in_a_model_call_has_it_charged_in_full_and_the_run_goes_on(
    desk: Desk, tmp_path: Path
) -> None:
    run = desk.begin(Fault("slow_first_byte", seconds=60), answers(), agent=night_shift)
    with stepping(run.pk, 0, environment(desk.api, tmp_path / "log")) as worker:
        wait_until(lambda: desk.asked(run))
        kill(worker)
    wait_until(lambda: not programs_in_the_database())
    let_the_lease_run_out(run)

    run = desk.go_on(run)

    lost = LedgerEntry.objects.filter(run=run).earliest("id")
    assert (run.state, lost.kind, run.ledger.filter(reservation=lost.reservation).count()) == (
        Run.State.FINISHED,
        "reserved",
        1,
    )
    assert Work.on(run).spend().micro_usd == lost.micro_usd + run.steps.get().micro_usd
    assert run.outcome is not None
    assert (run.outcome.usage["turns"], run.steps.count()) == (2, 1)


def test_a_worker_killed_between_an_answer_and_its_exit_leaves_neither(desk: Desk, tmp_path: Path) -> None:
    run = desk.begin(answers(confidence=5), answers(confidence=5), agent=night_shift)
    desk.employ(night_shift, exits=all_to_a_human() | {"low_confidence": ["rule:night-shift-dies", "human"]})

    died = step_elsewhere(run.pk, 0, environment(desk.api, tmp_path / "log", NIGHT_SHIFT_DIES_IN="gate"))

    assert (died, run.steps.count(), Outcome.objects.count()) == (-9, 0, 0)
    wait_until(lambda: not programs_in_the_database())
    let_the_lease_run_out(run)
    assert desk.waits_for(desk.go_on(run)).reason == "low_confidence"
    assert (run.steps.count(), Outcome.objects.count(), len(desk.asked(run))) == (1, 1, 2)
    assert LedgerEntry.objects.filter(run=run).spent() == 2 * run.steps.get().micro_usd


def test_a_call_whose_worker_vanished_is_charged_in_full_and_counts_as_a_turn(desk: Desk) -> None:
    run = desk.begin(answers())
    held = Run.objects.take(run.pk, 0)
    assert held is not None
    LedgerEntry.objects.create(
        run=run,
        agent=run.agent,
        step=0,
        reservation="lost",
        kind="reserved",
        micro_usd=2_000,
        usage={"input_tokens": 1_000, "output_tokens": 4_096},
        model=run.model,
    )

    spend = Work.on(held).spend()

    assert (spend.micro_usd, spend.tokens, spend.output_tokens, spend.turns) == (2_000, 5_096, 4_096, 1)


def test_a_step_in_which_workers_keep_vanishing_is_set_aside(desk: Desk) -> None:
    run = desk.begin()
    for _ in range(MOST_LOST):
        assert Run.objects.take(run.pk, 0) is not None
        let_the_lease_run_out(run)

    run = desk.go_on(run)

    escalation = desk.waits_for(run)
    assert (escalation.reason, desk.asked(run)) == ("error", [])
    assert escalation.detail == "3 workers were lost in this step, so it is set aside."


def test_vanished_workers_are_forgotten_with_the_step(desk: Desk, shop: Shop) -> None:
    run = desk.begin(Reply.calls("look_up", order="7"), answers())
    for _ in range(MOST_LOST - 1):
        assert Run.objects.take(run.pk, 0) is not None
        let_the_lease_run_out(run)

    run = advance(run.pk, 0) or run

    assert (run.step, run.lost) == (1, 0)


def test_an_error_in_the_middle_of_it_is_seen_by_a_human(desk: Desk, shop: Shop) -> None:
    run = desk.begin(Reply.calls("look_up", order="7"), answers())
    rows = Run.objects.filter(pk=run.pk)
    shop.meanwhile = lambda: rows.update(budget={"nonsense": 1})

    run = desk.go_on(run)

    assert desk.waits_for(run).reason == "error"
    assert desk.waits_for(run).detail.startswith("InvalidBudget: ")


def migrate(change: str) -> None:
    """Change the table of runs over another connection, as a deploy does while workers are at work."""

    def elsewhere() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE agents_run {change}")

    assert race(elsewhere) == [None]


def test_a_worker_at_work_takes_runs_though_a_migration_added_a_column(desk: Desk) -> None:
    runs = [desk.begin(answers()) for _ in range(8)]
    # So often that the connection keeps the statement prepared.
    for run in runs[1:]:
        Run.objects.take(run.pk, 0)
    migrate("ADD COLUMN added_meanwhile int")

    try:
        taken = Run.objects.take(runs[0].pk, 0)
    finally:
        migrate("DROP COLUMN added_meanwhile")

    assert taken is not None
