from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client

from escalation.queue.models import Escalation
from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX


def test_claiming_shows_what_can_be_decided(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    response = as_alice.post(f"/escalations/{escalation.pk}/claim/", headers=HTMX)

    assert response.status_code == 200
    assert b"You hold this" in response.content
    assert f"/escalations/{escalation.pk}/decision/".encode() in response.content


def test_without_htmx_claiming_redirects_to_the_page(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    pk = an_escalation().pk

    assert as_alice.post(f"/escalations/{pk}/claim/")["Location"] == f"/escalations/{pk}/"


def test_what_somebody_else_holds_cannot_be_claimed(
    as_bob: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    response = as_bob.post(f"/escalations/{escalation.pk}/claim/", headers=HTMX)

    assert response.status_code == 409
    assert b"You could not claim this" in response.content
    assert b"alice holds it until" in response.content


def test_the_heartbeat_keeps_the_claim(as_alice: Client, an_escalation: RaiseEscalation, alice: User) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    Escalation.objects.filter(pk=escalation.pk).update(claimed_until=Now() + timedelta(seconds=5))

    response = as_alice.put(f"/escalations/{escalation.pk}/claim/", headers=HTMX)

    left = int(response.content.split(b'data-seconds-left="')[1].split(b'"')[0])
    assert left > 290


def test_a_heartbeat_after_the_claim_was_lost_says_so_and_replaces_nothing_else(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, bob: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    Escalation.objects.filter(pk=escalation.pk).update(claimed_until=Now() - timedelta(seconds=1))
    escalation.claim(bob)

    response = as_alice.put(f"/escalations/{escalation.pk}/claim/", headers=HTMX)

    assert response.status_code == 409
    assert response.content.strip().startswith(b'<div id="lease"')
    assert b"bob holds it until" in response.content


def test_giving_back_leads_to_the_queue(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    response = as_alice.post(f"/escalations/{escalation.pk}/claim/", {"_method": "delete"})

    escalation.refresh_from_db()
    assert response["Location"] == "/queue/"
    assert escalation.status == "waiting"


def test_what_one_does_not_hold_cannot_be_given_back(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    response = as_alice.delete(f"/escalations/{an_escalation().pk}/claim/")

    assert response.status_code == 409


def test_a_stranger_cannot_claim(as_mallory: Client, an_escalation: RaiseEscalation) -> None:
    assert as_mallory.post(f"/escalations/{an_escalation().pk}/claim/").status_code == 404


def test_a_lead_takes_what_somebody_holds_and_its_holder_is_told_by_whom(
    as_alice: Client, as_bob: Client, an_escalation: RaiseEscalation, alice: User, bob: User
) -> None:
    escalation = an_escalation(output="It is on its way.")
    escalation.claim(bob)
    escalation.queue.memberships.filter(user=alice).update(role="lead")
    assert b"Take it from bob" in as_alice.get(f"/escalations/{escalation.pk}/").content

    answer = as_alice.post(
        f"/escalations/{escalation.pk}/holder/", {"_method": "delete", "holder": "bob"}, headers=HTMX
    )

    assert b"Claim it and decide" in answer.content
    beat = as_bob.put(f"/escalations/{escalation.pk}/claim/", headers=HTMX)
    assert beat.status_code == 409
    assert b"alice took it from you" in beat.content
    sent = {"verdict": "answer", "version": 2, "text": "my long answer"}
    refused = as_bob.post(f"/escalations/{escalation.pk}/decision/", sent, headers=HTMX)
    assert refused.status_code == 409
    assert b"alice took it from you" in refused.content
    assert b"my long answer" in refused.content


def test_a_reviewer_is_not_offered_to_take_and_may_not(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    escalation = an_escalation()
    escalation.claim(bob)

    page = as_alice.get(f"/escalations/{escalation.pk}/")

    assert b"Take it from" not in page.content
    sent = {"_method": "delete", "holder": "bob"}
    assert as_alice.post(f"/escalations/{escalation.pk}/holder/", sent).status_code == 403
