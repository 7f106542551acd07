"""An agent looks at its webhooks, and has dead ones sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils.timezone import now

from escalation.delivery.models import Delivery, Endpoint
from tests.api.caller import Caller
from tests.cast import RaiseEscalation


@pytest.fixture
def dead(support_triage: Caller, alice: User, an_escalation: RaiseEscalation, settings: Any) -> list[int]:
    """Three that were given up, of the last three hours, the oldest first."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    for _ in range(3):
        escalation = an_escalation(callback_url="https://hooks.example.com/")
        escalation.claim(alice)
        escalation.decide(alice, "accept")
    Delivery.objects.update(status="dead", attempts=9, last_answer="HTTP 500")
    ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    for age, pk in zip((3, 2, 1), ids, strict=True):
        Delivery.objects.filter(pk=pk).update(created_at=Now() - timedelta(hours=age))
    return ids


def test_the_dead_are_listed_with_what_went_wrong(support_triage: Caller, dead: list[int]) -> None:
    listed = support_triage.get("/deliveries/", status="dead", limit=2, total=1).json()

    row = listed["results"][0]
    assert ([each["id"] for each in listed["results"]], listed["total"]) == (dead[:0:-1], 3)
    assert (row["event"], row["attempts"], row["last_answer"]) == ("escalation.decided", 9, "HTTP 500")
    assert row["webhook_id"] == Delivery.objects.get(pk=dead[2]).webhook_id
    assert row["next_attempt_at"] is None


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        (lambda ids: {}, [0, 1, 2]),
        (lambda ids: {"deliveries": [ids[1], 10**9]}, [1]),
        (lambda ids: {"deliveries": []}, []),
        (lambda ids: {"since": (now() - timedelta(minutes=150)).isoformat()}, [1, 2]),
        (lambda ids: {"until": (now() - timedelta(minutes=90)).isoformat()}, [0, 1]),
    ],
)
def test_all_some_or_a_span_of_them_leave_again(
    support_triage: Caller, dead: list[int], asked: Any, again: list[int]
) -> None:
    answer = support_triage.post("/redeliveries/", asked(dead))

    pending = Delivery.objects.filter(status="pending").order_by("pk")
    assert (answer.status_code, answer.json()) == (200, {"restarted": len(again)})
    assert list(pending.values_list("pk", "attempts")) == [(dead[n], 0) for n in again]


def test_those_of_another_agent_are_not_there(invoices: Caller, dead: list[int]) -> None:
    listed, answer = invoices.get("/deliveries/"), invoices.post("/redeliveries/", {"deliveries": dead})

    assert (listed.json()["results"], answer.json()) == ([], {"restarted": 0})


def test_a_decision_is_not_given_away_before_its_undo_window_is_over(
    support_triage: Caller, agent: Any, alice: User, an_escalation: RaiseEscalation
) -> None:
    Endpoint.objects.create(agent=agent, url="https://hooks.example.com/")
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "reject")
    early = support_triage.get("/deliveries/").json()["results"]
    escalation.undo(alice)

    undone = support_triage.get("/deliveries/").json()["results"]

    assert Delivery.objects.get().status == "cancelled"
    assert (early, undone) == ([], [])


def test_a_reviewer_has_none(as_alice: Caller) -> None:
    assert (as_alice.get("/deliveries/").status_code, as_alice.post("/redeliveries/").status_code) == (
        403,
        403,
    )
