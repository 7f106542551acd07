"""Leads see how far reviewers agree, with how sure it is, and settle what is disputed."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from escalation.queue.models import Check, Membership, ReviewQueue
from escalation.review.insights.models import DailyCount
from escalation.review.insights.quality import Look, qualities
from tests.cast import RaiseEscalation


def look(first: str, second: str, *, gold: bool = False, people: tuple[str, str] = ("alice", "bob")) -> Look:
    return Look("Support", people[0], first, people[1], second, gold)


def test_a_pair_is_one_whoever_was_first() -> None:
    looks = [look("accept", "accept"), look("reject", "accept", people=("bob", "alice"))]

    (quality,) = qualities(looks, [])

    (pair,) = quality.pairs
    assert (pair.people, pair.number, pair.agreed, pair.is_few) == (("alice", "bob"), 2, 1, True)
    assert (quality.looks, quality.agreed) == (2, 1)


def test_gold_is_counted_for_who_was_asked_and_not_as_agreement() -> None:
    looks = [look("accept", "accept", gold=True), look("accept", "reject", gold=True)]

    (quality,) = qualities(looks, [("Support", "bob", "accept", 8.0), ("Support", "bob", "accept", 1.0)])

    (bob,) = quality.people
    assert (quality.looks, bob.gold_right, bob.gold_seen, bob.pace.median_s) == (0, 1, 2, 4.5)
    assert bob.gold_interval == pytest.approx((0.0126, 0.987), abs=0.001)
    assert bob.pace.longest_fast_run == 1


@pytest.fixture
def dispute(queue: ReviewQueue, alice: User, bob: User, an_escalation: RaiseEscalation) -> Check:
    """Alice accepted, Bob rejected; Bob leads the review queue."""
    queue.second_review_share = 1.0
    queue.save()
    Membership.objects.filter(user=bob).update(role="lead")
    first = an_escalation()
    for escalation, reviewer, verdict in ((first, alice, "accept"), (None, bob, "reject")):
        row = escalation or Check.objects.get().escalation
        row.claim(reviewer)
        row.decide(reviewer, verdict, seconds_spent=9.0)
    return Check.objects.get()


def test_a_lead_sees_the_dispute_and_settles_it(dispute: Check, as_bob: Client, bob: User) -> None:
    page = as_bob.get("/insights/quality/").content.decode()

    answer = as_bob.post(
        f"/insights/quality/{dispute.pk}/settlement/", {"stands": "first", "note": "It is fine."}
    )

    dispute.refresh_from_db()
    assert "0 of 1 second reviews agree" in page
    assert "Two reviewers, two verdicts" in page
    assert (answer.status_code, dispute.stands, dispute.settled_by) == (302, "first", bob)
    assert "Two reviewers" not in as_bob.get("/insights/quality/").content.decode()


def test_agreement_is_a_chart_too(dispute: Check, as_bob: Client) -> None:
    DailyCount.objects.count_on(now().date())

    *_, today = as_bob.get("/insights/agreement.csv?days=7").content.decode().split()

    assert today == f"{now().date()},0,1"


def test_what_is_not_said_is_asked_for(dispute: Check, as_bob: Client) -> None:
    answer = as_bob.post(f"/insights/quality/{dispute.pk}/settlement/", {})

    assert answer.status_code == 422
    assert "Say which one stands." in answer.content.decode()


def test_it_is_no_reviewers_business(dispute: Check, as_alice: Client, as_mallory: Client) -> None:
    path = f"/insights/quality/{dispute.pk}/settlement/"

    answers = [client.get("/insights/quality/").status_code for client in (as_alice, as_mallory)]
    posted = [client.post(path, {"stands": "first"}).status_code for client in (as_alice, as_mallory)]

    assert (answers, posted) == ([403, 403], [404, 404])
