"""A result passes a gate: it takes exactly one exit, and both are on record."""

import math
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from escalation.gating.exceptions import UnknownGate
from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.gating.models.policy import all_to_a_human
from escalation.gating.rules import rule
from escalation.queue.exceptions import KeyReused
from escalation.queue.models import Escalation, ReviewQueue
from tests.racing import race

TASK = {"message": "Where is my order?"}
ANSWER = {"reply": "It is on its way."}


@rule("a-short-reply")
def a_short_reply(task: Any, output: Any) -> Any:
    return {"reply": "Soon."} if "order" in task["message"] else None


@rule("a-broken-rule")
def a_broken_rule(task: Any, output: Any) -> Any:
    return task["no such field"]


def passed(confidence: float | None = 0.9, **facts: Any) -> Outcome:
    result = Result(**({"task": TASK, "output": ANSWER, "confidence": confidence} | facts))
    return Outcome.objects.pass_gate("support-triage", "default", result)[0]


def adopt(gate: Gate, **changes: Any) -> None:
    gate.adopt(author=None, reason="for this test", **changes)


def exits_for(reason: str, *handlers: str) -> dict[str, list[str]]:
    return all_to_a_human() | {reason: list(handlers)}


def test_a_confident_result_is_accepted_and_no_human_hears_of_it(gate: Gate) -> None:
    outcome = passed(0.75)

    assert (outcome.exit, outcome.served, outcome.degraded) == ("accepted", ANSWER, False)
    assert (outcome.reason, outcome.escalation) == ("", None)


def test_a_doubtful_result_goes_to_a_human_with_the_numbers(gate: Gate, queue: ReviewQueue) -> None:
    outcome = passed(0.62)

    escalation = outcome.escalation
    assert escalation is not None
    assert (outcome.exit, outcome.reason, outcome.served) == ("human", "low_confidence", None)
    assert escalation.detail == "confidence 0.62 is under 0.75"
    assert (escalation.confidence, escalation.threshold, escalation.policy_version) == (0.62, 0.75, 1)
    assert (escalation.queue, escalation.title, escalation.output) == (queue, "Where is my order?", ANSWER)


def test_the_outcome_keeps_what_was_in_force(gate: Gate) -> None:
    adopt(gate, threshold=0.5, audit_rate=0.125)

    outcome = passed(0.62)

    assert (outcome.exit, outcome.policy.version) == ("accepted", 2)
    assert (outcome.threshold, outcome.audit_rate) == (0.5, 0.125)


@pytest.mark.parametrize("confidence", [None, math.nan, math.inf, -0.1, True])
def test_a_confidence_that_is_none_goes_to_a_human(confidence: float | None, gate: Gate) -> None:
    outcome = passed(confidence)

    assert (outcome.exit, outcome.reason, outcome.confidence) == ("human", "no_confidence", None)


def test_a_guards_cause_comes_before_a_high_confidence(gate: Gate) -> None:
    outcome = passed(0.99, causes=["breaker_open"], detail="orders API: circuit open since 14:02")

    assert (outcome.exit, outcome.reason) == ("human", "breaker_open")
    assert outcome.escalation is not None
    assert outcome.escalation.detail == "orders API: circuit open since 14:02"


def test_a_partial_result_goes_to_a_human_whatever_the_policy_says(gate: Gate) -> None:
    adopt(gate, exits=exits_for("output_invalid", "default"), default_output=ANSWER)

    outcome = passed(0.99, partial=True, causes=["output_invalid"], completed=["page 1"], missing=["page 2"])

    escalation = outcome.escalation
    assert escalation is not None
    assert (outcome.exit, outcome.reason) == ("human", "output_invalid")
    assert (escalation.partial, escalation.completed, escalation.missing) == (True, ["page 1"], ["page 2"])


@pytest.mark.parametrize("state", ["draft", "paused"])
def test_an_agent_that_is_not_live_goes_to_a_human(state: str, agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(state=state)

    outcome = passed(0.99)

    assert (outcome.exit, outcome.reason) == ("human", "not_live")


def test_a_rule_answers_in_place_of_a_human(gate: Gate) -> None:
    adopt(gate, exits=exits_for("low_confidence", "rule:a-short-reply", "human"))

    outcome = passed(0.1)

    assert (outcome.exit, outcome.served, outcome.degraded) == ("rule", {"reply": "Soon."}, True)
    assert (outcome.exit_detail, outcome.escalation) == ("rule a-short-reply", None)


def test_a_rule_with_nothing_to_say_leaves_it_to_the_next(gate: Gate) -> None:
    adopt(gate, exits=exits_for("low_confidence", "rule:a-short-reply", "human"))

    outcome = passed(0.1, task={"message": "Hello"})

    assert outcome.exit == "human"


def test_a_rule_that_breaks_loses_nothing(gate: Gate) -> None:
    adopt(gate, exits=exits_for("low_confidence", "rule:a-broken-rule", "human"))

    outcome = passed(0.1)

    assert outcome.exit == "human"


def test_the_last_accepted_answer_to_the_same_task_is_served(gate: Gate) -> None:
    adopt(gate, exits=exits_for("breaker_open", "cached", "human"))
    earlier = passed(0.9)

    outcome = passed(0.9, output={"reply": "?"}, causes=["breaker_open"])

    assert (outcome.exit, outcome.served) == ("cached", ANSWER)
    assert outcome.exit_detail.startswith(f"outcome {earlier.pk} of ")


@pytest.mark.parametrize(
    ("changes", "task"), [({}, {"message": "Another question"}), ({"cache_ttl_s": 0}, TASK)]
)
def test_another_or_a_stale_answer_is_not_served(changes: dict[str, Any], task: Any, gate: Gate) -> None:
    adopt(gate, exits=exits_for("breaker_open", "cached", "human"), **changes)
    passed(0.9)

    outcome = passed(0.9, task=task, causes=["breaker_open"])

    assert outcome.exit == "human"


def test_an_overturned_answer_is_not_served(gate: Gate, alice: User) -> None:
    adopt(gate, audit_rate=1.0, exits=exits_for("breaker_open", "cached", "human"))
    audit = passed(0.9).escalation
    assert audit is not None
    audit.claim(alice)
    audit.decide(alice, "reject")

    outcome = passed(0.9, causes=["breaker_open"])

    assert outcome.exit == "human"


def test_the_safe_default_of_the_policy_is_served(gate: Gate) -> None:
    adopt(gate, exits=exits_for("model_unavailable", "cached", "default"), default_output={"reply": "Later."})

    outcome = passed(None, output=None, causes=["model_unavailable"])

    assert (outcome.exit, outcome.served, outcome.degraded) == ("default", {"reply": "Later."}, True)


def test_an_audit_is_drawn_without_a_word_to_the_agent(gate: Gate) -> None:
    adopt(gate, audit_rate=1.0)

    outcome = passed(0.9)

    assert (outcome.exit, outcome.served, outcome.reason, outcome.audited) == ("accepted", ANSWER, "", True)
    assert outcome.escalation is not None
    assert (outcome.escalation.reason, outcome.escalation.is_blind) == ("audit", True)


def test_the_coin_is_tossed_for_every_result(gate: Gate) -> None:
    draws = [passed(confidence).audit_draw for confidence in (0.1, 0.1, 0.9, 0.9)]

    assert len(set(draws)) == 4
    assert all(0 <= draw < 1 for draw in draws)


def test_a_deadline_of_the_policy_is_the_escalations(gate: Gate) -> None:
    adopt(gate, deadline_s=600)

    escalation = passed(0.1).escalation

    assert escalation is not None
    assert escalation.deadline_at - escalation.raised_at == timedelta(seconds=600)


def test_the_same_key_and_body_is_the_same_outcome(gate: Gate) -> None:
    result = Result(task=TASK, output=ANSWER, confidence=0.1)
    first, _ = Outcome.objects.pass_gate("support-triage", "default", result, key="7", request_hash="a")

    again, is_new = Outcome.objects.pass_gate("support-triage", "default", result, key="7", request_hash="a")

    assert (again, is_new) == (first, False)
    assert Escalation.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(gate: Gate) -> None:
    result = Result(task=TASK, output=ANSWER, confidence=0.1)
    Outcome.objects.pass_gate("support-triage", "default", result, key="7", request_hash="a")

    with pytest.raises(KeyReused):
        Outcome.objects.pass_gate("support-triage", "default", result, key="7", request_hash="b")

    assert (Outcome.objects.count(), Escalation.objects.count()) == (1, 1)


def test_an_unknown_gate_takes_nothing(gate: Gate) -> None:
    with pytest.raises(UnknownGate):
        Outcome.objects.pass_gate("support-triage", "nowhere", Result(TASK, ANSWER))

    assert not Outcome.objects.exists()


@pytest.mark.parametrize(
    ("task", "title"),
    [
        ({"id": 7, "message": "  Where is\nmy order? "}, "Where is my order?"),
        ("Where?", "Where?"),
        ("\nINVOICE\nno. 7\n \nTo the Buyer", "INVOICE no. 7"),
        ("Page 1\fPage 2", "Page 1"),
        ({"id": 7}, "Untitled"),
        (None, "Untitled"),
        ("x" * 300, "x" * 197 + "…"),
    ],
)
def test_a_title_is_found_in_the_task(task: Any, title: str, gate: Gate) -> None:
    escalation = passed(0.1, task=task).escalation

    assert escalation is not None
    assert escalation.title == title


@pytest.mark.django_db(transaction=True)
def test_eight_times_the_same_key_at_once_is_one_outcome(gate: Gate) -> None:
    result = Result(task=TASK, output=ANSWER, confidence=0.1)

    outcomes = race(
        *[lambda: Outcome.objects.pass_gate("support-triage", "default", result, key="7", request_hash="a")]
        * 8
    )

    assert {outcome.pk for outcome, _ in outcomes} == set(Outcome.objects.values_list("pk", flat=True))
    assert sorted(is_new for _, is_new in outcomes) == [False] * 7 + [True]
    assert Escalation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_accepted_after_a_pause(agent: Agent) -> None:
    begun = Event()

    def pause() -> None:
        with transaction.atomic():
            agent.pause(None, "stop")
            begun.set()
            time.sleep(0.3)  # so that a result arrives while the pause is not yet committed

    def arrive() -> Outcome:
        begun.wait(timeout=60)
        return passed(0.9)

    _, outcome = race(pause, arrive)

    assert (outcome.exit, outcome.reason) == ("human", "not_live")


def until_waiting(number: int) -> None:
    """Come back once so many wait for their turn."""
    waiting = """
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    for _ in range(6000):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0] == number:
                return
        time.sleep(0.01)
    raise AssertionError(f"{number} were expected to wait")


@pytest.mark.django_db(transaction=True)
def test_a_pause_gets_its_turn_however_many_results_come(gate: Gate) -> None:
    passing = Event()

    def patient(act: Callable[[], Any]) -> Callable[[], Any]:
        def wait_and_act() -> Any:
            passing.wait(timeout=60)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '60s'")
            return act()

        return wait_and_act

    def under_way() -> None:
        with transaction.atomic():
            gate.lets_pass_until_we_commit()
            passing.set()
            until_waiting(2)

    def arrive() -> Outcome:
        until_waiting(1)
        return passed(0.9)

    *_, outcome = race(under_way, patient(lambda: gate.agent.pause(None, "stop")), patient(arrive))

    assert (outcome.exit, outcome.reason) == ("human", "not_live")


@pytest.mark.django_db(transaction=True)
def test_results_pass_while_a_threshold_is_looked_into(gate: Gate) -> None:
    with transaction.atomic():
        gate.hold()

        (outcome,) = race(lambda: passed(0.9))

    assert outcome.exit == "accepted"
