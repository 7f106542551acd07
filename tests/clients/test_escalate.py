"""A question, a result or an action before a human, and the way back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from otherwise_client import Otherwise, Refused

from escalation.queue.models import Escalation
from tests.clients.conftest import DecideSoon, decide_the_newest


def test_a_question_is_answered(support_triage: Otherwise, decide_soon: DecideSoon) -> None:
    raised = support_triage.escalate(
        "input_requested",
        "Which warehouse?",
        kind="question",
        question="From which warehouse should it go?",
        options=[{"value": "north", "label": "North"}, {"value": "south", "label": "South"}],
    )
    decide_soon("answer", answer="south")

    settled = support_triage.wait(raised.id, timeout_s=20)

    assert (raised.status, raised.is_settled, raised.was_accepted) == ("waiting", False, False)
    assert (settled.status, settled.was_accepted, settled.value) == ("decided", True, "south")


def test_an_action_runs_as_approved_and_is_receipted(support_triage: Otherwise, alice: User) -> None:
    raised = support_triage.escalate(
        "approval_required",
        "Refund 40",
        kind="approval",
        action={"name": "refund", "arguments": {"amount": 40}},
    )
    decide_the_newest(alice, "edit", arguments={"amount": 30})
    decision = support_triage.wait(raised.id).decision
    assert decision is not None

    receipt = support_triage.receipt(raised.id, "executed", decision.content_hash, "refund 77")

    settled = support_triage.get(raised.id)
    assert (settled.value, settled.receipt) == ({"amount": 30}, receipt)
    assert (receipt.status, receipt.detail) == ("executed", "refund 77")


def test_a_receipt_for_something_else_is_refused(support_triage: Otherwise, alice: User) -> None:
    raised = support_triage.escalate("low_confidence", "Late", output="yes")
    decide_the_newest(alice, "accept")

    with pytest.raises(Refused) as refused:
        support_triage.receipt(raised.id, "executed", "0" * 64)

    assert refused.value.current is not None
    assert refused.value.current.status == "decided"


def test_all_of_them_are_listed_page_after_page(support_triage: Otherwise) -> None:
    raised = [
        support_triage.escalate("low_confidence", f"Number {n}", tags=["even"] * (n % 2 == 0))
        for n in range(5)
    ]

    listed = list(support_triage.escalations(status="waiting", limit=2))
    even = list(support_triage.escalations(tag="even", partial=False))

    assert [row.id for row in listed] == [one.id for one in reversed(raised)]
    assert [row.title for row in even] == ["Number 4", "Number 2", "Number 0"]


def test_it_is_withdrawn(support_triage: Otherwise) -> None:
    raised = support_triage.escalate("low_confidence", "Late")

    support_triage.withdraw(raised.id)

    assert Escalation.objects.get().status == "withdrawn"
    assert support_triage.wait(raised.id).was_accepted is False


def test_what_is_decided_is_not_withdrawn(support_triage: Otherwise, alice: User) -> None:
    raised = support_triage.escalate("low_confidence", "Late")
    decide_the_newest(alice, "accept")

    with pytest.raises(Refused) as refused:
        support_triage.withdraw(raised.id)

    assert refused.value.current is not None
    assert refused.value.current.decision is not None
