"""Those that failed alike are one row, and are decided with one request."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.queue.models import Decision, Escalation, ReviewQueue
from tests.cast import RaiseEscalation


@pytest.fixture
def five_alike(an_escalation: RaiseEscalation) -> list[Escalation]:
    """Five that timed out alike, and one that did not."""
    alike = [an_escalation(title=f"timed out {n}", fingerprint="orders: timeout") for n in range(5)]
    an_escalation(title="another")
    return alike


def rows(client: Client, query: str = "") -> list[tuple[str, int]]:
    listed = client.get(f"/queue/{query}").context["list"]
    return [(row.title, row.alike) for row in listed.escalations]


def test_they_are_one_row_with_their_number(as_alice: Client, five_alike: list[Escalation]) -> None:
    assert rows(as_alice) == [("timed out 0", 5), ("another", 0)]


def test_their_row_unfolds(as_alice: Client, five_alike: list[Escalation]) -> None:
    assert len(rows(as_alice, f"?alike={five_alike[0].pk}")) == 5


@pytest.mark.parametrize("named", ["0", "99999", "x", "-1"])
def test_a_group_that_is_not_there_is_said_or_empty(as_alice: Client, named: str, queue: ReviewQueue) -> None:
    assert as_alice.get(f"/queue/?alike={named}").status_code == 200


def test_what_sleeps_or_is_held_leads_no_group(
    as_alice: Client, five_alike: list[Escalation], bob: User
) -> None:
    for row in five_alike[:2]:
        row.claim(bob)
    five_alike[0].snooze(bob, seconds=60)

    assert rows(as_alice) == [("timed out 1", 3), ("timed out 2", 3), ("another", 0)]


def test_a_blind_check_is_like_nothing_else(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    for reason in ("audit", "low_confidence", "audit"):
        an_escalation(title=reason, reason=reason, fingerprint="same")

    assert rows(as_alice) == [("audit", 0), ("low_confidence", 1), ("audit", 0)]


def test_all_are_decided_with_one_request_and_undone_with_one(
    as_alice: Client, five_alike: list[Escalation], bob: User
) -> None:
    five_alike[4].claim(bob)
    sent = {"verdict": "dismiss", "dismiss-reason_code": "duplicate", "alike": five_alike[0].pk}

    told = as_alice.post("/queue/decisions/", sent).context["told"]

    assert len(told.many) == 4
    assert set(Decision.objects.values_list("verdict", "reason_code")) == {("dismiss", "duplicate")}
    as_alice.post("/queue/decisions/", {"_method": "delete", "chosen": told.many})
    assert rows(as_alice)[0][1] == 4


def test_how_many_are_left_is_the_progress(as_alice: Client, five_alike: list[Escalation]) -> None:
    left = as_alice.get(f"/queue/alike/{five_alike[0].pk}/")

    assert left.content == b"5"


def test_mallory_decides_none_of_them(as_mallory: Client, five_alike: list[Escalation]) -> None:
    answer = as_mallory.post("/queue/decisions/", {"verdict": "accept", "alike": five_alike[0].pk})

    assert answer.status_code == 404
    assert not Decision.objects.exists()


def test_what_was_decided_before_is_shown_beside_the_next(
    as_alice: Client, five_alike: list[Escalation], bob: User
) -> None:
    five_alike[0].claim(bob)
    five_alike[0].decide(bob, "dismiss", reason_code="duplicate")

    page = as_alice.get(f"/escalations/{five_alike[1].pk}/")

    assert page.context["page"].alike == [five_alike[0]]
    assert b"Decided before" in page.content
