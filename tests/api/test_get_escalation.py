"""An agent reads what became of its question, and may wait for it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now

from escalation.api.waiting import watch
from escalation.queue.models import Escalation
from escalation.queue.models.reason import BLIND_REASONS
from tests.api.caller import Caller, a_body
from tests.cast import RaiseEscalation


def test_a_decision_is_read_as_the_webhook_tells_it(support_triage: Caller, decided: Escalation) -> None:
    shown = support_triage.get(f"/escalations/{decided.pk}/").json()

    decision = shown["decision"]
    assert (shown["status"], shown["claimed_by"]) == ("decided", None)
    assert (decision["verdict"], decision["output"], decision["reviewer"]) == ("accept", "yes", "alice")
    assert decision["content_hash"] == shown["content_hash"]


def test_until_the_undo_window_is_over_an_agent_sees_a_claim(
    support_triage: Caller, as_alice: Caller, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "reject")

    shown = support_triage.get(f"/escalations/{escalation.pk}/").json()

    assert (shown["status"], shown["decision"], shown["claimed_by"]) == ("claimed", None, "alice")
    assert as_alice.get(f"/escalations/{escalation.pk}/").json()["decision"]["verdict"] == "reject"


def test_another_agents_escalation_does_not_exist(invoices: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    answer = invoices.get(f"/escalations/{escalation.pk}/")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert escalation.title not in answer.text


@pytest.mark.parametrize("reason", BLIND_REASONS)
def test_an_agent_never_learns_of_a_blind_check(
    support_triage: Caller, an_escalation: RaiseEscalation, reason: str
) -> None:
    escalation = an_escalation(reason=reason)

    answers = [support_triage.get(f"/escalations/{escalation.pk}/"), support_triage.get("/escalations/9999/")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(f"escalation {escalation.pk} ", "escalation 9999 ") == answers[1].text


def test_a_blind_checks_reviewer_sees_no_confidence(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(reason="audit", confidence=0.9)

    shown = as_alice.get(f"/escalations/{escalation.pk}/").json()

    assert (shown["confidence"], shown["threshold"]) == (None, None)


@pytest.mark.parametrize("id", ["0", "9223372036854775808", "9" * 23, "-1", "1.5", "%00", "..%2f", "ABC"])
def test_no_such_id_is_404(support_triage: Caller, id: str) -> None:
    answer = support_triage.get(f"/escalations/{id}/")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("wait", ["0", "61", "-1", "1.5", "x", "", "null", "\uff11"])
def test_a_wait_is_1_to_60_seconds(support_triage: Caller, decided: Escalation, wait: str) -> None:
    answer = support_triage.get(f"/escalations/{decided.pk}/", wait=wait)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?wait")


def test_there_is_no_waiting_for_what_is_settled(support_triage: Caller, decided: Escalation) -> None:
    began = time.monotonic()

    answer = support_triage.get(f"/escalations/{decided.pk}/", wait=60)

    assert answer.json()["status"] == "decided"
    assert time.monotonic() - began < 50


@pytest.mark.django_db(transaction=True)
def test_nothing_happens_and_the_answer_comes_when_the_time_is_over(support_triage: Caller) -> None:
    posted = support_triage.post("/escalations/", a_body()).json()
    began = time.monotonic()

    answer = support_triage.get(f"/escalations/{posted['id']}/", wait=1)

    assert answer.json()["status"] == "waiting"
    assert 1 <= time.monotonic() - began < 50


def decide_soon(escalation_id: int, alice: User) -> threading.Thread:
    def decide() -> None:
        time.sleep(0.5)
        escalation = Escalation.objects.get(pk=escalation_id)
        escalation.claim(alice)
        escalation.decide(alice, "accept")
        connection.close()

    thread = threading.Thread(target=decide)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_who_waits_learns_of_the_decision_when_its_undo_window_is_over(
    support_triage: Caller, alice: User, settings: Any
) -> None:
    settings.UNDO_WINDOW = timedelta(seconds=1)
    posted = support_triage.post("/escalations/", a_body()).json()
    reviewer = decide_soon(posted["id"], alice)

    shown = support_triage.get(f"/escalations/{posted['id']}/", wait=60).json()

    learned = now()
    reviewer.join()
    effective_at = Escalation.objects.get().decision.effective_at  # type: ignore[union-attr]
    assert (shown["status"], shown["decision"]["verdict"]) == ("decided", "accept")
    assert effective_at <= learned < effective_at + timedelta(seconds=30)


@pytest.mark.django_db(transaction=True)
def test_who_waits_learns_of_a_withdrawal(support_triage: Caller, token: str) -> None:
    posted = support_triage.post("/escalations/", a_body()).json()
    path = f"/escalations/{posted['id']}/"

    def withdraw() -> None:
        Caller(token).delete(path)
        connection.close()

    withdrawal = threading.Timer(0.5, withdraw)
    withdrawal.start()

    shown = support_triage.get(path, wait=60).json()

    withdrawal.join()
    assert shown["status"] == "withdrawn"


def sessions() -> int:
    """How many sessions the database serves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.django_db(transaction=True)
def test_many_who_wait_hold_one_connection_between_them(support_triage: Caller, token: str) -> None:
    posted = support_triage.post("/escalations/", a_body()).json()
    path = f"/escalations/{posted['id']}/"
    before = sessions()

    def wait() -> None:
        Caller(token).get(path, wait=60)
        connection.close()

    waiting = [threading.Thread(target=wait) for _ in range(10)]
    for thread in waiting:
        thread.start()
    held_at = time.monotonic() + 50
    while len(watch._bells) < len(waiting) or sessions() > before + 1:
        assert time.monotonic() < held_at, "those who wait hold connections"
        time.sleep(0.05)
    support_triage.delete(path)
    for thread in waiting:
        thread.join()
