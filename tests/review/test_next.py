from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX


def test_the_next_one_is_the_most_urgent_and_is_claimed(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    an_escalation(priority=0)
    urgent = an_escalation(priority=3)

    response = as_alice.post("/queue/next/")

    urgent.refresh_from_db()
    assert response["Location"] == f"/escalations/{urgent.pk}/"
    assert urgent.claimed_by == alice


def test_htmx_is_shown_the_next_one_at_once(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(title="read me")

    response = as_alice.post("/queue/next/", headers=HTMX)

    assert response["HX-Push-Url"] == f"/escalations/{escalation.pk}/"
    assert b"read me" in response.content


def test_a_stream_keeps_to_its_filters(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    an_escalation(priority=3)
    wanted = an_escalation(reason="tool_failed")

    response = as_alice.post("/queue/next/", {"reason": "tool_failed", "queue": "\0"})

    assert response["Location"] == f"/escalations/{wanted.pk}/?reason=tool_failed"


def test_skipping_gives_back_what_was_held(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    first, second = an_escalation(), an_escalation()
    first.claim(alice)

    as_alice.post("/queue/next/", {"leaving": str(first.pk)})

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("waiting", "claimed")


def test_where_nothing_waits_the_queue_is_shown(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    assert as_alice.post("/queue/next/")["Location"] == "/queue/"


def test_looking_claims_nothing(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    as_alice.get("/queue/next/")

    escalation.refresh_from_db()
    assert escalation.status == "waiting"
