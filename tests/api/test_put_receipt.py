"""An agent says what it did with what was approved."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.queue.models import Escalation
from tests.api.caller import Caller
from tests.cast import RaiseEscalation


def receipt_for(escalation: Escalation, **fields: Any) -> dict[str, Any]:
    return {"status": "executed", "detail": "refund 77", "content_hash": escalation.content_hash} | fields


def test_it_stands_with_the_escalation(support_triage: Caller, decided: Escalation) -> None:
    answer = support_triage.put(f"/escalations/{decided.pk}/receipt/", receipt_for(decided))

    shown = support_triage.get(f"/escalations/{decided.pk}/").json()
    assert (answer.status_code, answer.json()["status"]) == (200, "executed")
    assert shown["receipt"] == answer.json()


def test_it_may_be_put_again(support_triage: Caller, decided: Escalation) -> None:
    support_triage.put(f"/escalations/{decided.pk}/receipt/", receipt_for(decided, status="failed"))

    answer = support_triage.put(f"/escalations/{decided.pk}/receipt/", receipt_for(decided))

    assert (answer.status_code, answer.json()["status"]) == (200, "executed")


def test_for_something_else_than_was_approved_it_is_refused(
    support_triage: Caller, decided: Escalation
) -> None:
    answer = support_triage.put(
        f"/escalations/{decided.pk}/receipt/", receipt_for(decided, content_hash="0" * 64)
    )

    decided.refresh_from_db()
    assert (answer.status_code, decided.receipt) == (409, None)
    assert "nothing with this content_hash stands approved" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "edit", "approved"),
    [
        ({"output": {"b": 1, "a": 2}}, {"output": {"b": 1, "a": 3}}, '{"a":3,"b":1}'),
        (
            {"kind": "approval", "action": {"name": "refund", "arguments": {"amount": 40}}},
            {"arguments": {"amount": 30}},
            '{"arguments":{"amount":30},"name":"refund"}',
        ),
    ],
)
def test_after_an_edit_it_is_for_what_the_human_made_of_it(
    support_triage: Caller,
    alice: User,
    an_escalation: RaiseEscalation,
    settings: Any,
    asked: Any,
    edit: Any,
    approved: str,
) -> None:
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    escalation = an_escalation(**asked)
    escalation.claim(alice)
    escalation.decide(alice, "edit", **edit)
    address = f"/escalations/{escalation.pk}/"
    shown = support_triage.get(address).json()["decision"]["content_hash"]

    for_the_edited = receipt_for(escalation, content_hash=shown)
    answers = [support_triage.put(f"{address}receipt/", r) for r in (receipt_for(escalation), for_the_edited)]

    assert shown == hashlib.sha256(approved.encode()).hexdigest()
    assert [answer.status_code for answer in answers] == [409, 200]


def test_for_what_was_rejected_it_is_refused(
    support_triage: Caller, alice: User, an_escalation: RaiseEscalation, settings: Any
) -> None:
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "reject")

    answer = support_triage.put(f"/escalations/{escalation.pk}/receipt/", receipt_for(escalation))

    assert answer.status_code == 409


def test_before_the_undo_window_is_over_it_is_refused(
    support_triage: Caller, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    answer = support_triage.put(f"/escalations/{escalation.pk}/receipt/", receipt_for(escalation))

    assert answer.status_code == 409


def test_another_agent_has_none_to_give(invoices: Caller, decided: Escalation) -> None:
    answer = invoices.put(f"/escalations/{decided.pk}/receipt/", receipt_for(decided))

    assert answer.status_code == 404
