from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.delivery.payloads import of_decision
from escalation.queue.models import Escalation, Note, ReviewQueue
from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX


@pytest.fixture
def held(an_escalation: RaiseEscalation, alice: User) -> Escalation:
    escalation = an_escalation(title="mine")
    escalation.claim(alice)
    return escalation


def test_a_note_is_shown_as_markdown_and_nothing_of_it_runs(as_bob: Client, held: Escalation) -> None:
    sent = {"text": "It is **his**. <script>alert(1)</script>"}

    part = as_bob.post(f"/escalations/{held.pk}/notes/", sent, headers=HTMX).content.decode()

    assert "<strong>his</strong>" in part
    assert "<script>" not in part
    assert 'id="notes"' in part
    assert "<main" not in part


def test_an_empty_note_is_refused(as_bob: Client, held: Escalation) -> None:
    assert as_bob.post(f"/escalations/{held.pk}/notes/", {"text": "  "}).status_code == 422
    assert not Note.objects.exists()


def test_no_note_reaches_the_agent(held: Escalation, alice: User, bob: User) -> None:
    Note.objects.write(held, bob, "between us")

    told = of_decision(held.decide(alice, "accept"))

    assert "between us" not in str(told)


def test_what_is_watched_is_listed_even_when_it_is_decided(
    as_alice: Client, as_bob: Client, held: Escalation, alice: User
) -> None:
    as_bob.post(f"/escalations/{held.pk}/watch/", headers=HTMX)
    held.decide(alice, "accept")

    listed = as_bob.get("/queue/?show=watched").context["list"].escalations

    assert [row.title for row in listed] == ["mine"]
    assert as_alice.get("/queue/?show=watched").context["list"].escalations == []
    as_bob.post(f"/escalations/{held.pk}/watch/", {"_method": "delete"}, headers=HTMX)
    assert as_bob.get("/queue/?show=watched").context["list"].escalations == []


@pytest.mark.parametrize(("to", "status"), [("queue:refunds", "waiting"), ("person:bob", "claimed")])
def test_what_is_moved_leads_to_the_next(
    as_alice: Client, held: Escalation, an_escalation: RaiseEscalation, bob: User, to: str, status: str
) -> None:
    ReviewQueue.objects.create(slug="refunds", name="Refunds")
    following = an_escalation()

    answer = as_alice.post(f"/escalations/{held.pk}/place/", {"to": to})

    held.refresh_from_db()
    assert held.status == status
    assert answer["Location"] == f"/escalations/{following.pk}/"


def test_whoever_only_looks_moves_nothing(as_mallory: Client, held: Escalation, mallory: User) -> None:
    held.queue.memberships.create(user=mallory, role="viewer")

    assert as_mallory.post(f"/escalations/{held.pk}/place/", {"to": "person:bob"}).status_code == 403
    assert as_mallory.post(f"/escalations/{held.pk}/notes/", {"text": "hm"}).status_code == 302


def test_nobody_elses_line_is_noted_or_watched(as_mallory: Client, held: Escalation) -> None:
    for what in ("notes", "watch", "place"):
        assert as_mallory.post(f"/escalations/{held.pk}/{what}/", {"text": "hm"}).status_code == 404
