"""Filters under a name: one's own, or shared with a review queue."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.queue.models import ReviewQueue
from escalation.review.models import SavedView
from tests.cast import RaiseEscalation


def save(client: Client, query: str = "reason=tool_failed", queue: str = "") -> int:
    sent = {"name": "broken", "query": query, "queue": queue}
    return client.post("/views/", sent).status_code


def names(client: Client) -> list[tuple[str, str]]:
    return [(view.name, number) for view, number, _ in client.get("/views/").context["saved"]]


def test_a_view_is_listed_with_how_many_it_lets_through(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    an_escalation(reason="tool_failed")
    an_escalation()

    save(as_alice)

    assert names(as_alice) == [("broken", "1")]
    assert SavedView.objects.get().query == "reason=tool_failed"


@pytest.mark.parametrize(("shared_with", "seen_by_bob"), [("", []), ("support", [("broken", "0")])])
def test_a_view_is_ones_own_until_it_is_shared(
    as_alice: Client, as_bob: Client, queue: ReviewQueue, shared_with: str, seen_by_bob: list[object]
) -> None:
    save(as_alice, queue=shared_with)

    assert names(as_bob) == seen_by_bob


def test_nobody_shares_with_a_queue_that_they_do_not_belong_to(
    as_mallory: Client, queue: ReviewQueue
) -> None:
    assert save(as_mallory, queue="support") == 404
    assert not SavedView.objects.exists()


def test_the_same_name_is_the_same_view(as_alice: Client, queue: ReviewQueue) -> None:
    save(as_alice)
    save(as_alice, "partial=true")

    assert SavedView.objects.get().query == "partial=true"


def test_what_no_filter_knows_is_not_kept(as_alice: Client, queue: ReviewQueue) -> None:
    save(as_alice, "reason=tool_failed&after=1&<script>=1")

    assert SavedView.objects.get().query == "reason=tool_failed"


def test_its_owner_and_leads_drop_it_and_nobody_else(
    as_alice: Client, as_bob: Client, queue: ReviewQueue, bob: User
) -> None:
    save(as_alice, queue="support")
    address = f"/views/{SavedView.objects.get().pk}/"

    assert as_bob.post(address, {"_method": "delete"}).status_code == 404
    queue.memberships.filter(user=bob).update(role="lead")
    assert as_bob.post(address, {"_method": "delete"}).status_code == 302
    assert not SavedView.objects.exists()
