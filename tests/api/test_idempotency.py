"""The same key never makes two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from escalation.gating.models import Outcome
from escalation.queue.models import Escalation
from tests.api.caller import Caller, a_body


def test_the_same_request_gets_the_first_answer_again(support_triage: Caller) -> None:
    first = support_triage.post("/escalations/", a_body(output={"a": 1, "b": 2}), key="k-1")

    again = support_triage.post("/escalations/", a_body(output={"b": 2, "a": 1}), key="k-1")

    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert again.json() == first.json()
    assert Escalation.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(support_triage: Caller) -> None:
    support_triage.post("/escalations/", a_body(), key="k-1")

    answer = support_triage.post("/escalations/", a_body(title="Something else"), key="k-1")

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert Escalation.objects.count() == 1


def test_true_and_1_are_different_bodies(support_triage: Caller) -> None:
    support_triage.post("/escalations/", a_body(output=1), key="k-1")

    answer = support_triage.post("/escalations/", a_body(output=True), key="k-1")

    assert answer.status_code == 422


def test_a_key_belongs_to_one_agent(support_triage: Caller, invoices: Caller) -> None:
    support_triage.post("/escalations/", a_body(), key="k-1")

    answer = invoices.post("/escalations/", a_body(), key="k-1")

    assert (answer.status_code, Escalation.objects.count()) == (201, 2)


def test_without_a_key_every_request_is_new(support_triage: Caller) -> None:
    support_triage.post("/escalations/", a_body())

    support_triage.post("/escalations/", a_body())

    assert Escalation.objects.count() == 2


def test_a_refused_request_does_not_use_its_key_up(support_triage: Caller) -> None:
    support_triage.post("/escalations/", a_body(confidence=2), key="k-1")

    answer = support_triage.post("/escalations/", a_body(confidence=0.2), key="k-1")

    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256, "a b", "a\tb", "é"])
def test_a_key_is_1_to_255_visible_characters(support_triage: Caller, key: str) -> None:
    answer = support_triage.post("/escalations/", a_body(), key=key)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "Idempotency-Key")
    assert not Escalation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_hundred_equal_requests_at_once_make_one_row(support_triage: Caller) -> None:
    def post(_: int) -> Any:
        try:
            return Caller(support_triage.token).post("/escalations/", a_body(), key="k-1")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(post, range(100)))

    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Escalation.objects.count() == 1


def test_an_outcome_is_recorded_once(support_triage: Caller) -> None:
    body = {"task": "t", "output": "o", "confidence": 0.9}
    first = support_triage.post("/outcomes/", body, key="k-1")

    again = support_triage.post("/outcomes/", body, key="k-1")

    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert Outcome.objects.count() == 1


def test_another_outcome_under_the_same_key_is_refused(support_triage: Caller) -> None:
    support_triage.post("/outcomes/", {"task": "t", "output": "o"}, key="k-1")

    answer = support_triage.post("/outcomes/", {"task": "t", "output": "p"}, key="k-1")

    assert (answer.status_code, Outcome.objects.count()) == (422, 1)
