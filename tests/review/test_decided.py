"""The page of what was decided: by whom, what it changed, and what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Policy
from escalation.queue.models import Escalation
from tests.cast import RaiseEscalation


@pytest.fixture
def edited(an_escalation: RaiseEscalation, policy: Policy, bob: User, settings: Any) -> Escalation:
    """Bob changed one field of two, and the agent sent what he had made of it."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    row = an_escalation(output={"reply": "On its way", "tone": "curt"})
    row.claim(bob)
    decision = row.decide(
        bob,
        "edit",
        output={"reply": "It is on its way", "tone": "curt"},
        seconds_spent=12.4,
        note="More kind",
    )
    row.keep_receipt(status="executed", detail="mail 77 sent", content_hash=decision.approved_hash)
    return row


def test_it_says_who_when_how_long_and_what_became_of_it(as_alice: Client, edited: Escalation) -> None:
    text = as_alice.get(f"/escalations/{edited.pk}/").content.decode()

    for said in (
        "Edited and accepted",
        "by <strong>bob</strong>",
        "after 12.4 s",
        "More kind",
        "the result was wrong",
        "executed",
        "mail 77 sent",
    ):
        assert said in text


def test_it_shows_what_was_changed_and_no_more(as_alice: Client, edited: Escalation) -> None:
    response = as_alice.get(f"/escalations/{edited.pk}/")

    assert [change.where for change in response.context["page"].decided.changes] == ["reply"]
    assert "<del>On its way</del><ins>It is on its way</ins>" in response.content.decode()


def test_a_cosmetic_edit_is_marked_and_says_that_the_result_was_right(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    row = an_escalation(output="helo")
    row.claim(bob)
    row.decide(bob, "edit", output="hello", cosmetic=True)

    text = as_alice.get(f"/escalations/{row.pk}/").content.decode()

    assert "Cosmetic only" in text
    assert "the result was right" in text


def test_a_reason_is_said_in_the_words_in_which_it_was_offered(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    row = an_escalation()
    row.claim(bob)
    row.decide(bob, "reject", reason_code="not_asked")

    assert "Reason: Not what was asked" in as_alice.get(f"/escalations/{row.pk}/").content.decode()


def test_what_was_changed_in_a_call_is_shown_by_argument(
    as_alice: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    call = {"name": "refund", "arguments": {"amount": 312.4, "currency": "USD"}}
    row = an_escalation(kind="approval", reason="approval_required", action=call, output=None)
    row.claim(bob)
    row.decide(bob, "edit", arguments={"amount": 200, "currency": "USD"})

    found = as_alice.get(f"/escalations/{row.pk}/").context["page"].decided.changes

    assert [(each.where, each.before, each.after) for each in found] == [("amount", "312.4", "200")]


def test_of_a_blind_check_only_its_author_sees_the_edit(
    as_alice: Client, as_bob: Client, an_escalation: RaiseEscalation, bob: User
) -> None:
    row = an_escalation(reason="audit", output="helo")
    row.claim(bob)
    row.decide(bob, "edit", output="hello")

    pages = [client.get(f"/escalations/{row.pk}/").context["page"] for client in (as_alice, as_bob)]

    assert [page.decided and len(page.decided.changes) for page in pages] == [None, 1]


def test_the_page_takes_at_most_8_queries(
    as_alice: Client, edited: Escalation, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8):
        as_alice.get(f"/escalations/{edited.pk}/")
