from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.queue.models import Decision, Escalation, ReasonCode, ReviewQueue
from escalation.review.forms import GRANTS, ContinueForm
from tests.cast import RaiseEscalation
from tests.review.conftest import HTMX

CALL = {"name": "refund", "arguments": {"amount": 312.4, "currency": "USD", "notify": True, "lines": [1, 2]}}
QUESTION = {"kind": "question", "reason": "input_requested", "question": "Which?", "output": None}
OPTIONS = [{"value": 7, "label": "seven"}, {"value": None, "label": "none of them"}]


@pytest.fixture
def decide(as_alice: Client, alice: User) -> Any:
    """Claim as Alice and post a verdict; returns the response."""

    def post(escalation: Escalation, verdict: str, *, htmx: bool = False, **fields: Any) -> Any:
        escalation.claim(alice)
        sent = {"verdict": verdict, "version": escalation.version} | fields
        headers = HTMX if htmx else {}
        return as_alice.post(f"/escalations/{escalation.pk}/decision/", sent, headers=headers)

    return post


def test_accepting_is_one_post_and_leads_to_the_next(
    decide: Any, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation, next_one = an_escalation(), an_escalation()

    response = decide(escalation, "accept", seconds_spent="2.5")

    next_one.refresh_from_db()
    decision = Decision.objects.get()
    assert response["Location"] == f"/escalations/{next_one.pk}/?decided={escalation.pk}"
    assert (decision.verdict, decision.reviewer, decision.seconds_spent) == ("accept", alice, 2.5)
    assert next_one.claimed_by == alice


def test_htmx_gets_the_next_one_and_a_toast_with_undo(decide: Any, an_escalation: RaiseEscalation) -> None:
    escalation, next_one = an_escalation(title="the first"), an_escalation(title="the second")

    response = decide(escalation, "accept", htmx=True)

    text = response.content.decode()
    assert response["HX-Push-Url"] == f"/escalations/{next_one.pk}/"
    assert "the second" in text
    assert "Accepted" in text
    assert f'action="/escalations/{escalation.pk}/decision/"' in text
    assert f'name="leaving" value="{next_one.pk}"' in text


def test_after_the_last_one_the_queue_is_shown(decide: Any, an_escalation: RaiseEscalation) -> None:
    response = decide(an_escalation(), "accept", htmx=True)

    assert response["HX-Push-Url"] == "/queue/"
    assert b"All done" in response.content


def test_after_a_redirect_the_toast_is_there_too(
    as_alice: Client, decide: Any, an_escalation: RaiseEscalation
) -> None:
    response = decide(an_escalation(), "accept")

    text = as_alice.get(response["Location"]).content.decode()

    assert "Accepted" in text
    assert 'name="_method" value="delete"' in text


@pytest.mark.parametrize(
    ("facts", "sent", "kept"),
    [
        ({"output": "helo"}, {"verdict": "edit", "output": "hello\r\nyou"}, {"output": "hello\nyou"}),
        (
            {"output": {"total": 12, "paid": False, "note": "", "tags": ["a"]}},
            {
                "verdict": "edit",
                "field.total": "13",
                "field.paid": "true",
                "field.note": "late",
                "field.tags": '["a", "b"]',
                "cosmetic": "on",
            },
            {"output": {"total": 13, "paid": True, "note": "late", "tags": ["a", "b"]}, "cosmetic": True},
        ),
        ({"output": [1, 2]}, {"verdict": "edit", "output": "[]"}, {"output": []}),
        (
            {"kind": "approval", "reason": "approval_required", "action": CALL},
            {
                "verdict": "edit",
                "field.amount": "200.5",
                "field.currency": "USD",
                "field.notify": "true",
                "field.lines": "[1, 2]",
            },
            {"arguments": CALL["arguments"] | {"amount": 200.5}, "output": None},  # type: ignore[operator]
        ),
        (
            {},
            {"verdict": "reject", "reason_code": "wrong", "note": "no"},
            {"reason_code": "wrong", "note": "no"},
        ),
        ({}, {"verdict": "dismiss", "reason_code": "duplicate"}, {"reason_code": "duplicate"}),
        ({"output": "x"}, {"verdict": "answer", "text": "It is 42."}, {"answer": "It is 42."}),
        ({"output": {"a": 1}}, {"verdict": "answer", "text": '{"a": 2}'}, {"answer": {"a": 2}}),
        (QUESTION | {"options": OPTIONS}, {"verdict": "answer", "option": "0"}, {"answer": 7}),
        (QUESTION, {"verdict": "answer", "text": "the first"}, {"answer": "the first"}),
        (
            {"partial": True, "reason": "budget_exhausted"},
            {"verdict": "continue", "cost_usd": "0.5", "turns": "4"},
            {"grant": {"cost_usd": 0.5, "turns": 4}},
        ),
        ({}, {"verdict": "retry", "note": "ask for the order number"}, {"note": "ask for the order number"}),
    ],
)
def test_what_was_said_is_kept_with_its_types(
    decide: Any, an_escalation: RaiseEscalation, facts: Any, sent: Any, kept: Any
) -> None:
    response = decide(an_escalation(**facts), **sent)

    decision = Decision.objects.get()
    assert response.status_code == 302
    assert {name: getattr(decision, name) for name in kept} == kept


@pytest.mark.parametrize(
    ("usage", "offered"),
    [
        (
            {"cost_usd": 0.00413, "turns": 3, "input_tokens": 1000, "output_tokens": 20, "tool_calls": 0},
            {"cost_usd": 0.0042, "turns": 3, "tokens": 1020, "output_tokens": 20},
        ),
        ({"cost_usd": 1.5, "turns": 2.5}, {"cost_usd": 1.5, "turns": 3}),
        ({"cost_usd": "lots", "turns": True, "tool_calls": -1}, {}),
    ],
)
def test_a_partial_result_is_offered_as_much_again_as_it_used(
    an_escalation: RaiseEscalation, usage: Any, offered: dict[str, float]
) -> None:
    escalation = an_escalation(partial=True, reason="budget_exhausted", usage=usage)

    form = ContinueForm(escalation)

    assert {name: value for name in GRANTS if (value := form[name].initial) is not None} == offered


@pytest.mark.parametrize(
    ("facts", "sent", "said"),
    [
        ({}, {"verdict": "reject"}, "This field is required"),
        ({}, {"verdict": "reject", "reason_code": "other", "note": " "}, "Say what the reason is"),
        ({}, {"verdict": "reject", "reason_code": "because"}, "not one of the available choices"),
        ({"output": "same"}, {"verdict": "edit", "output": "same"}, "Nothing was changed"),
        ({"output": {"n": 1}}, {"verdict": "edit", "field.n": "1.5"}, "whole number"),
        ({"output": {"n": 1}}, {"verdict": "edit", "field.n": "nan"}, "whole number"),
        ({"output": [1]}, {"verdict": "edit", "output": "[1"}, "This is not JSON"),
        ({"output": [1]}, {"verdict": "edit", "output": "[NaN]"}, "NaN is not a JSON number"),
        ({"output": [1]}, {"verdict": "edit", "output": '[{"a": 1, "a": 2}]'}, "a key is there twice"),
        ({"output": [1]}, {"verdict": "edit", "output": '["\\u0000"]'}, "it holds a NUL"),
        ({"output": [1]}, {"verdict": "edit", "output": '["\\ud800"]'}, "This is not JSON"),
        ({"output": [1]}, {"verdict": "edit", "output": "[" * 100_000}, "This is not JSON"),
        ({"output": "a"}, {"verdict": "edit", "output": "b\0"}, "Null characters are not allowed"),
        ({"partial": True}, {"verdict": "continue"}, "Say how much more"),
        ({"partial": True}, {"verdict": "continue", "cost_usd": "-1"}, "greater than or equal to 0"),
        (
            {"partial": True},
            {"verdict": "continue", "turns": "1" + "0" * 12},
            "must be a whole number above 0",
        ),
        ({}, {"verdict": "retry"}, "This field is required"),
        ({}, {"verdict": "continue", "turns": "1"}, "Choose one of the verdicts"),
        ({}, {"verdict": "shrug"}, "Choose one of the verdicts"),
        (QUESTION, {"verdict": "accept"}, "Choose one of the verdicts"),
        (QUESTION | {"options": OPTIONS}, {"verdict": "answer", "option": "5"}, "not one of the available"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_decided(
    decide: Any, an_escalation: RaiseEscalation, facts: Any, sent: Any, said: str
) -> None:
    escalation = an_escalation(**facts)

    response = decide(escalation, **sent)

    escalation.refresh_from_db()
    assert response.status_code == 422
    assert said in response.content.decode()
    assert escalation.status == "claimed"


def test_what_was_typed_stays_in_the_form(decide: Any, an_escalation: RaiseEscalation) -> None:
    response = decide(an_escalation(), "reject", note="a long thought", htmx=True)

    assert b"a long thought" in response.content


def test_who_does_not_hold_it_cannot_decide_and_keeps_what_was_typed(
    as_bob: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    sent = {
        "verdict": "reject",
        "version": escalation.version,
        "reason_code": "wrong",
        "note": "a long thought",
    }

    response = as_bob.post(f"/escalations/{escalation.pk}/decision/", sent, headers=HTMX)

    text = response.content.decode()
    assert response.status_code == 409
    assert "Your decision was not saved" in text
    assert "alice holds it until" in text
    assert "a long thought" in text
    assert not Decision.objects.exists()


def test_a_page_that_is_out_of_date_decides_nothing(
    as_alice: Client, an_escalation: RaiseEscalation, alice: User
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    seen = escalation.version
    escalation.release(alice)
    escalation.claim(alice)

    response = as_alice.post(
        f"/escalations/{escalation.pk}/decision/", {"verdict": "accept", "version": seen}
    )

    assert response.status_code == 409
    assert not Decision.objects.exists()


def test_a_stranger_cannot_decide(as_mallory: Client, an_escalation: RaiseEscalation) -> None:
    response = as_mallory.post(f"/escalations/{an_escalation().pk}/decision/", {"verdict": "accept"})

    assert response.status_code == 404


def test_a_form_from_another_site_decides_nothing(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    response = strict.post(f"/escalations/{escalation.pk}/decision/", {"verdict": "accept", "version": 2})

    assert response.status_code == 403
    assert not Decision.objects.exists()


def test_the_reasons_of_the_review_queue_are_offered_and_asked_for_their_note(
    decide: Any, an_escalation: RaiseEscalation, queue: ReviewQueue
) -> None:
    ReasonCode.objects.create(queue=queue, verdict="reject", code="law", label="The law", needs_note=True)

    answer = decide(an_escalation(), "reject", reason_code="law")

    assert answer.status_code == 422
    assert "Say what the reason is." in answer.content.decode()
    assert "The law" in answer.content.decode()
    assert "Incomplete" not in answer.content.decode()
