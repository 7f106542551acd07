"""The command finds each breach that is planted, and no other; a database that was used is clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from pytest_django import Settings

from agents.models import LedgerEntry, Run, Step, ToolCall
from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Gate, Outcome, Result
from escalation.invariants import all_invariants
from escalation.queue.models import Decision, Escalation, Event
from escalation.tuning.models import GateRails, Label
from tests.cast import RaiseEscalation

pytestmark = pytest.mark.django_db


def broken() -> list[str]:
    """The sentences that do not hold."""
    return [invariant.sentence for invariant in all_invariants() if invariant.breaches()]


def sql(query: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)


RULES = [
    ("queue_escalation", "decided_means_one_standing_decision"),
    ("gating_outcome", "a_partial_result_is_never_accepted_without_a_human"),
    ("gating_outcome", "the_human_exit_has_an_escalation"),
    ("agents_toolcall", "one_tool_call_per_run_and_use"),
]
TRIGGERS = ["gating_policy", "agents_ledgerentry"]


@contextmanager
def lawless() -> Iterator[None]:
    """While it lasts, the database lets all pass; its constraints come back with the test's rollback."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    for table, rule in RULES:
        sql(f"ALTER TABLE {table} DROP CONSTRAINT {rule}")
    for table in TRIGGERS:
        sql(f"ALTER TABLE {table} DISABLE TRIGGER never_edited")
    yield
    for table in TRIGGERS:
        sql(f"ALTER TABLE {table} ENABLE TRIGGER never_edited")


@pytest.fixture
def used(gate: Gate, alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings) -> None:
    """A database in which everything has happened once."""
    settings.UNDO_WINDOW = timedelta(minutes=5)
    endpoint = Endpoint.objects.create(agent=gate.agent, url="https://agent.example/hook")
    Endpoint.objects.filter(pk=endpoint.pk).update(changed_at=Now() - timedelta(hours=1))
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    for confidence, partial in ((0.9, False), (0.1, False), (None, False), (0.9, True)):
        result = Result(task="Where?", output="There.", confidence=confidence, partial=partial)
        Outcome.objects.pass_gate("support-triage", "default", result)
    for reviewer in (alice, bob):
        escalation = Escalation.objects.claim_next(reviewer)
        assert escalation is not None
        escalation.decide(reviewer, "accept")
        if reviewer == bob:
            escalation.undo(bob)
            escalation.release(bob)
    told = an_escalation(callback_url="https://agent.example/answers")
    told.claim(alice)
    told.snooze(alice, seconds=0)
    told.claim(bob)
    told.decide(bob, "reject")
    an_escalation().withdraw()
    an_escalation(deadline_s=0).expire()
    a_run(gate)


def a_run(gate: Gate) -> Run:
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", Result("Where?", "There.", 0.9))
    run = Run.objects.create(
        agent="support-triage",
        task="Where?",
        model="local",
        prompt_version="p1",
        budget={"cost_usd": 0.01},
        state="finished",
        outcome=outcome,
        ended_at=Now(),
    )
    step = Step.objects.create(run=run, number=0, sent=[], chain="")
    ToolCall.objects.create(
        run=run, step=step, tool_use_id="t1", name="look_up", arguments={}, effect="read", state="done"
    )
    entries = {"run": run, "agent": run.agent, "step": 0, "reservation": "r1", "model": "local"}
    LedgerEntry.objects.create(kind="reserved", micro_usd=9_000, **entries)
    LedgerEntry.objects.create(kind="settled", micro_usd=4_000, **entries)
    return run


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_used_is_clean(used: None) -> None:
    out = StringIO()

    call_command("check_invariants", stdout=out)

    assert out.getvalue().count("ok      ") == len(list(all_invariants())) == len(out.getvalue().splitlines())


def decided() -> Escalation:
    return Escalation.objects.filter(status="decided", reason="low_confidence").latest("pk")


def lose_the_decision() -> None:
    # Of a question, so that neither label nor delivery is touched.
    Escalation.objects.filter(pk=a_dismissed_question().pk).update(decision=None)


def a_dismissed_question() -> Escalation:
    reviewer = User.objects.get(username="alice")
    question, _ = Escalation.objects.raise_once(
        agent="nobody", kind="question", reason="input_requested", title="?"
    )
    question.claim(reviewer)
    question.decide(reviewer, "dismiss")
    return question


def lose_an_event() -> None:
    Event.objects.filter(kind="withdrawn").delete()


def claim_from_under_somebody() -> None:
    held = Escalation.objects.filter(status="waiting").earliest("pk")
    alice, bob = User.objects.get(username="alice"), User.objects.get(username="bob")
    held.claim(alice)
    Escalation.objects.filter(pk=held.pk).update(claimed_by=bob, version=held.version + 1)
    Event.objects.create(escalation=held, kind="claimed", actor=bob, data={"lease_s": 300})


def expire_what_somebody_holds() -> None:
    held = Escalation.objects.filter(status="waiting").earliest("pk")
    held.claim(User.objects.get(username="alice"))
    Escalation.objects.filter(pk=held.pk).update(
        status="expired", claimed_by=None, claimed_until=None, version=held.version + 1
    )
    Event.objects.create(escalation=held, kind="expired")


def accept_a_partial_result() -> None:
    Outcome.objects.filter(partial=True).update(exit="accepted", reason="", escalation=None)


def accept_while_paused() -> None:
    Outcome.objects.filter(exit="accepted").update(passed_at=Now() - timedelta(days=1))


def lose_the_escalation_of_an_outcome() -> None:
    Outcome.objects.filter(reason="no_confidence").update(escalation=None)


def skip_a_version() -> None:
    sql("UPDATE gating_policy SET version = 7 WHERE version = 2")


def lose_a_label() -> None:
    Label.objects.filter(decision=decided().decision).delete()


def label_an_undone_decision() -> None:
    undone = Decision.objects.get(pk=Event.objects.get(kind="undone").data["decision"])
    Label.objects.write_for(undone)


def switch_four_eyes_off_alone() -> None:
    for four_eyes in (True, False):
        GateRails.objects.create(gate=Gate.objects.get(), four_eyes=four_eyes, reason="-")


def lose_a_delivery() -> None:
    Delivery.objects.filter(endpoint=None, event="escalation.decided").delete()


def leave_out_an_endpoint() -> None:
    Delivery.objects.filter(decision=decided().decision, endpoint__isnull=False).delete()


def send_an_undone_decision() -> None:
    Delivery.objects.filter(status="cancelled").update(status="pending")


def deliver_without_trying() -> None:
    Delivery.objects.filter(status="pending").update(status="delivered", delivered_at=Now())


def end_a_run_nowhere() -> None:
    Run.objects.update(outcome=None)


def forget_a_run() -> None:
    Run.objects.create(
        agent="support-triage",
        task="?",
        model="local",
        prompt_version="",
        state="waiting_human",
        escalation=decided(),
    )


def overspend() -> None:
    run = Run.objects.get()
    Run.objects.update(budget={"cost_usd": 0.003})
    assert LedgerEntry.objects.filter(run=run).spent() == 4_000


def overspend_the_day() -> None:
    Run.objects.update(budget={})
    LedgerEntry.objects.filter(kind="settled").update(micro_usd=50_000_001)


def call_a_tool_twice() -> None:
    call = ToolCall.objects.get()
    call.pk = None
    call.save(force_insert=True)


def keep_a_doubtful_write_from_humans() -> None:
    ToolCall.objects.update(effect="write", state="unknown")


ONE_DECISION = "An escalation is decided exactly when one decision on it stands."
EVENTS = "Every move has exactly one event, and the last one says where the escalation is."
HELD = "What a human holds, nobody else claims or decides, and nothing automatic changes."
TOLD = "Every decision has one delivery for each subscribed endpoint, and one for its callback address."
BREACHES: list[tuple[Callable[[], Any], str]] = [
    (lose_the_decision, ONE_DECISION),
    (lose_an_event, EVENTS),
    (claim_from_under_somebody, HELD),
    (expire_what_somebody_holds, HELD),
    (
        lose_the_escalation_of_an_outcome,
        "Every outcome took exactly one exit, and a human has every one that needs a human.",
    ),
    (accept_a_partial_result, "A PARTIAL result is never accepted without a human."),
    (accept_while_paused, "The result of an agent that is not live is never accepted without a human."),
    (skip_a_version, "The versions of a gate's policy have neither gap nor twin."),
    (lose_a_label, "Every whole result that was judged has exactly one label, of the decision that stands."),
    (
        label_an_undone_decision,
        "An undone or overruled decision has no label, and none that says nothing.",
    ),
    (switch_four_eyes_off_alone, "Where two people change a threshold, nobody alone changes that."),
    (lose_a_delivery, TOLD),
    (leave_out_an_endpoint, TOLD),
    (send_an_undone_decision, "A decision's delivery is cancelled exactly when the decision was undone."),
    (deliver_without_trying, "What was delivered was tried, and says when."),
    (end_a_run_nowhere, "Every run that is over, or waits for a human, has exactly one exit."),
    (forget_a_run, "No run waits for a human who has answered."),
    (overspend, "No run spends more than its budget."),
    (overspend_the_day, "No day's runs together spend more than the daily budget."),
    (call_a_tool_twice, "A tool use has at most one call."),
    (keep_a_doubtful_write_from_humans, "A write of which nobody knows whether it happened went to a human."),
]


@pytest.mark.parametrize(("plant", "sentence"), BREACHES)
def test_a_planted_breach_is_found_and_no_other(plant: Callable[[], Any], sentence: str, used: None) -> None:
    with lawless():
        plant()

    found = broken()

    assert found == [sentence]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("queue_event", "No event and no decision is ever edited."),
        ("queue_decision", "No event and no decision is ever edited."),
        ("gating_policy", "No policy and no change of an agent's state is ever edited."),
        ("gating_agentevent", "No policy and no change of an agent's state is ever edited."),
        ("tuning_label", "No label is ever edited."),
        ("agents_step", "No step, ledger entry or breaker event is ever edited."),
        ("agents_ledgerentry", "No step, ledger entry or breaker event is ever edited."),
        ("agents_breakerevent", "No step, ledger entry or breaker event is ever edited."),
    ],
)
def test_a_trigger_that_sleeps_is_found(table: str, sentence: str) -> None:
    sql(f"ALTER TABLE {table} DISABLE TRIGGER never_edited")

    assert broken() == [sentence]


def test_a_ledger_that_differs_from_redis_is_found(used: None) -> None:
    assert broken() == []  # Redis has its account of the run from now on
    with lawless():
        LedgerEntry.objects.filter(kind="settled").update(micro_usd=5_000)

    found = broken()

    assert found == ["The ledger agrees with what Redis remembers of runs that are over."]


def test_every_invariant_has_a_breach_here() -> None:
    triggers = {sentence for sentence in all_sentences() if "ever edited" in sentence}
    redis = {"The ledger agrees with what Redis remembers of runs that are over."}

    assert {sentence for _, sentence in BREACHES} | triggers | redis == all_sentences()


def all_sentences() -> set[str]:
    return {invariant.sentence for invariant in all_invariants()}


@pytest.mark.django_db(transaction=True)
def test_the_command_names_what_is_broken_and_fails(used: None) -> None:
    lose_an_event()
    escalation, out = Escalation.objects.get(status="withdrawn"), StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("check_invariants", stdout=out)

    assert end.value.code == 1
    assert f"BROKEN  {EVENTS} (escalation {escalation.pk})" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_an_answer_without_a_row_is_found(an_escalation: RaiseEscalation, tmp_path: Path) -> None:
    stored, out = an_escalation(), StringIO()
    answered = tmp_path / "answered.txt"
    answered.write_text(
        f"Location: /api/v1/escalations/{stored.pk}/\nhttp://127.0.0.1:8000/api/v1/outcomes/404/\n"
    )

    with pytest.raises(SystemExit):
        call_command("check_invariants", "--answered", str(answered), stdout=out)

    assert "BROKEN  What producers were told is stored, is stored. (/outcomes/404/)" in out.getvalue()
