from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.cast import RaiseEscalation

UNDO = {"_method": "delete"}


def test_undoing_brings_it_back_as_ones_claim(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    response = as_alice.post(f"/escalations/{escalation.pk}/decision/", UNDO)

    escalation.refresh_from_db()
    assert response["Location"] == f"/escalations/{escalation.pk}/"
    assert (escalation.status, escalation.claimed_by) == ("claimed", alice)


def test_undoing_gives_back_the_one_that_came_next(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation, next_one = an_escalation(), an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    next_one.claim(alice)

    as_alice.post(f"/escalations/{escalation.pk}/decision/", UNDO | {"leaving": str(next_one.pk)})

    next_one.refresh_from_db()
    assert next_one.status == "waiting"


def test_after_the_window_it_is_too_late(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta(0)
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    response = as_alice.post(f"/escalations/{escalation.pk}/decision/", UNDO)

    assert response.status_code == 409
    assert b"It is too late to undo this" in response.content


@pytest.mark.parametrize("leaving", ["x", "-1", "9" * 40, "\u0661"])
def test_a_garbled_page_number_gives_nothing_back(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User, leaving: Any
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    response = as_alice.post(f"/escalations/{escalation.pk}/decision/", UNDO | {"leaving": leaving})

    assert response.status_code == 302


def test_nobody_undoes_what_somebody_else_said(
    as_bob: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    response = as_bob.post(f"/escalations/{escalation.pk}/decision/", UNDO)

    escalation.refresh_from_db()
    assert response.status_code == 409
    assert escalation.status == "decided"
