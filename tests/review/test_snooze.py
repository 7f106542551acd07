from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from tests.cast import RaiseEscalation


def test_snoozing_puts_it_to_sleep_and_shows_the_next(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    tired, next_one = an_escalation(), an_escalation()
    tired.claim(alice)

    response = as_alice.post(f"/escalations/{tired.pk}/snooze/", {"seconds": "3600"})

    tired.refresh_from_db()
    assert response["Location"] == f"/escalations/{next_one.pk}/"
    assert tired.status == "waiting"
    assert tired.snoozed_until is not None


def test_only_the_offered_rests_can_be_chosen(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    response = as_alice.post(f"/escalations/{escalation.pk}/snooze/", {"seconds": "1e9"})

    escalation.refresh_from_db()
    assert response.status_code == 422
    assert escalation.status == "claimed"


def test_what_one_does_not_hold_cannot_be_snoozed(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    response = as_alice.post(f"/escalations/{an_escalation().pk}/snooze/", {"seconds": "900"})

    assert response.status_code == 409
