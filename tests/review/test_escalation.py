from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Policy
from escalation.queue.models import Membership, ReviewQueue
from tests.cast import RaiseEscalation


def page(client: Client, pk: int) -> str:
    response = client.get(f"/escalations/{pk}/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_says_why_it_is_here_before_anything_else(
    as_alice: Client, policy: Policy, an_escalation: RaiseEscalation
) -> None:
    text = page(as_alice, an_escalation(policy_version=1).pk)

    assert "Confidence 0.62 is under the threshold 0.75." in text
    assert "policy v1" in text
    assert text.index("Why it is here") < text.index("What was asked") < text.index("What the agent produced")


def test_a_partial_result_shows_what_is_done_and_what_is_missing(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    facts: dict[str, Any] = {
        "reason": "budget_exhausted",
        "partial": True,
        "usage": {"cost_usd": 0.4, "turns": 6},
    }
    escalation = an_escalation(
        completed=["page 1", "page 2", "page 3"], missing=["page 4", "page 5"], **facts
    )

    text = page(as_alice, escalation.pk)

    assert "Stopped at $0.40 after 6 turns, its budget spent: 3 of 5 parts are done." in text
    assert "page 3" in text
    assert "page 5" in text


def test_an_approval_shows_the_whole_call(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    long = "x" * 100_000
    call = {"name": "refund_payment", "arguments": {"amount": 312.4, "notify": True, "reason": long}}

    text = page(as_alice, an_escalation(kind="approval", reason="approval_required", action=call).pk)

    assert "refund_payment" in text
    assert "312.4" in text
    assert long in text


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("a **bold** claim", "<strong>bold</strong>"),
        ({"total": 12.5}, "<dt>total</dt>"),
        ([{"item": "hinge", "count": 2}, {"item": "board"}], '<th scope="col">item</th>'),
        ([1, [2, {"a": None}]], "[1, [2, {&quot;a&quot;: null}]]"),
    ],
    ids=["text", "object", "rows", "anything else"],
)
def test_each_type_of_output_is_shown_in_its_own_way(
    as_alice: Client, an_escalation: RaiseEscalation, output: Any, shown: str
) -> None:
    assert shown in page(as_alice, an_escalation(output=output).pk)


def test_the_steps_are_shown_with_what_they_cost(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    step = {
        "kind": "tool",
        "name": "find_order",
        "seconds": 0.21,
        "input": {"order": "A1"},
        "error": "timed out",
    }
    model = {
        "kind": "model",
        "name": "a-model",
        "tokens": 1300,
        "cost_usd": 0.0051,
        "at": "2026-11-22T09:12:01Z",
    }

    text = page(as_alice, an_escalation(trace=[step, model, "garbage", None]).pk)

    for shown in ("find_order", "210 ms", "timed out", "1,300 tok", "$0.0051", "garbage"):
        assert shown in text


def test_the_agents_own_words_are_marked_as_such(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    text = page(as_alice, an_escalation(explanation="Trust me.").pk)

    assert "Written by the agent, not checked by anybody" in text


@pytest.mark.parametrize("reason", ["audit", "second_review", "gold"])
def test_a_blind_check_shows_nothing_of_what_was_thought_of_it(
    as_alice: Client, policy: Policy, an_escalation: RaiseEscalation, bob: User, reason: str
) -> None:
    said = {"kind": "model", "name": "turn 1", "output": '{"answer": "yes", "confidence": 0.9137}'}
    critic = {"kind": "critic", "name": "critic", "output": '{"confidence": 0.9137}'}
    looked = {"kind": "tool", "name": "find_order", "output": {"state": "sent"}}
    facts: dict[str, Any] = {"detail": "drawn at 0.05", "confidence": 0.9137, "trace": [said, critic, looked]}
    escalation = an_escalation(reason=reason, policy_version=1, **facts)
    escalation.claim(bob)
    escalation.decide(bob, "reject", reason_code="wrong", note="bob says no")

    text = page(as_alice, escalation.pk).split("<main")[1].split("</main>")[0]

    for hidden in ("0.91", "drawn at", "policy v1", "bob says no", "Reject", "reject", "critic"):
        assert hidden not in text
    assert "find_order" in text


def test_hidden_characters_are_written_out_and_announced(
    as_alice: Client, an_escalation: RaiseEscalation
) -> None:
    text = page(as_alice, an_escalation(output="pay \u202eecila\u202c now").pk)

    assert "⟨U+202E⟩" in text
    assert "Hidden characters" in text


def test_its_history_names_who_did_what(as_alice: Client, an_escalation: RaiseEscalation, bob: User) -> None:
    escalation = an_escalation()
    escalation.claim(bob)
    escalation.release(bob)

    text = page(as_alice, escalation.pk)

    assert "by bob" in text
    assert "Released" in text


def test_others_see_who_holds_it_and_cannot_decide(
    as_bob: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    text = page(as_bob, escalation.pk)

    assert "<strong>alice</strong> holds this until" in text
    assert "/decision/" not in text


def test_a_viewer_may_look_and_not_touch(
    as_mallory: Client, mallory: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    Membership.objects.create(queue=escalation.queue, user=mallory, role=Membership.Role.VIEWER)

    text = page(as_mallory, escalation.pk)
    response = as_mallory.post(f"/escalations/{escalation.pk}/claim/")

    assert "You may look at this queue, but not decide in it." in text
    assert response.status_code == 403


def test_what_is_in_no_queue_of_mine_is_not_there(as_mallory: Client, an_escalation: RaiseEscalation) -> None:
    assert as_mallory.get(f"/escalations/{an_escalation().pk}/").status_code == 404


def test_a_number_beyond_all_numbers_is_not_there(as_alice: Client, queue: ReviewQueue) -> None:
    assert as_alice.get(f"/escalations/{10**30}/").status_code == 404


def test_the_page_takes_at_most_8_queries(
    as_alice: Client,
    policy: Policy,
    an_escalation: RaiseEscalation,
    alice: User,
    django_assert_max_num_queries: Any,
) -> None:
    escalation = an_escalation(policy_version=1)
    escalation.claim(alice)

    with django_assert_max_num_queries(8):
        as_alice.get(f"/escalations/{escalation.pk}/")
