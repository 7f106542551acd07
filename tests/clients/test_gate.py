"""A result passes the gate, or what a human says takes its place."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from otherwise_client import NotAccepted, Otherwise

from escalation.gating.models import Outcome
from tests.clients.conftest import DecideSoon, decide_the_newest


def test_a_confident_result_is_accepted(support_triage: Otherwise) -> None:
    outcome = support_triage.gate(
        "Where is my order?", {"reply": "On its way."}, confidence=0.9, external_id="o-1"
    )

    assert (outcome.exit, outcome.output, outcome.escalation) == ("accepted", {"reply": "On its way."}, None)
    assert (outcome.confidence, outcome.threshold, outcome.external_id) == (0.9, 0.75, "o-1")
    assert support_triage.settle(outcome) == {"reply": "On its way."}


def test_an_unsure_one_is_what_the_human_makes_of_it(
    support_triage: Otherwise, decide_soon: DecideSoon
) -> None:
    outcome = support_triage.gate("Where is my order?", {"reply": "Lost."}, confidence=0.4)
    decide_soon("edit", output={"reply": "On its way."})

    output = support_triage.settle(outcome, timeout_s=20)

    assert (outcome.exit, outcome.reason) == ("human", "low_confidence")
    assert output == {"reply": "On its way."}


def test_a_rejected_one_is_not_gone_on_with(support_triage: Otherwise, alice: User) -> None:
    outcome = support_triage.gate("Where is my order?", {"reply": "Lost."}, confidence=0.4)
    decide_the_newest(alice, "reject", note="It is at the depot.")

    with pytest.raises(NotAccepted, match=r"reject by alice: It is at the depot\.") as refused:
        support_triage.settle(outcome, timeout_s=20)

    assert refused.value.decision is not None
    assert refused.value.decision.verdict == "reject"


def test_a_correction_is_read_with_the_outcome(support_triage: Otherwise, alice: User) -> None:
    outcome = support_triage.gate("2 + 2", 5, confidence=0.4)
    decide_the_newest(alice, "edit", output=4)

    correction = support_triage.outcome(outcome.id).correction

    assert correction is not None
    assert (correction.verdict, correction.output) == ("edit", 4)


def test_what_json_cannot_say_is_not_sent(support_triage: Otherwise) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        support_triage.gate("task", {"mean": float("nan")}, confidence=0.9)

    assert not Outcome.objects.exists()
