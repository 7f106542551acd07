"""A second look at a decision is not for whoever decided: they do not see that it is there."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.queue.models import Check, Decision, Escalation
from tests.cast import RaiseEscalation
from tests.review.test_queue import titles


@pytest.fixture
def second_look(an_escalation: RaiseEscalation, alice: User) -> Escalation:
    """Alice decided, and somebody else is asked the same."""
    first = an_escalation(title="looked at twice")
    first.claim(alice)
    first.decide(alice, "accept")
    check = Check.objects.seed(Decision.objects.get())
    assert check
    return check.escalation


def test_who_decided_neither_sees_nor_counts_it(as_alice: Client, second_look: Escalation) -> None:
    page = as_alice.get("/queue/")

    assert page.context["list"].escalations == []
    assert [mine.waiting for mine in page.context["queues"]] == [0]
    assert as_alice.get(f"/escalations/{second_look.pk}/").status_code == 404
    assert titles(as_alice, "?order=newest") == []
    assert b"1 new" not in as_alice.get("/queue/news/?shown=&newest=0").content


def test_everybody_else_sees_and_counts_it(as_bob: Client, second_look: Escalation) -> None:
    page = as_bob.get("/queue/")

    assert [row.title for row in page.context["list"].escalations] == ["looked at twice"]
    assert [mine.waiting for mine in page.context["queues"]] == [1]
    assert as_bob.post(f"/escalations/{second_look.pk}/claim/").status_code == 302
