"""An agent elsewhere puts a result through a gate."""

from __future__ import annotations

from typing import Any

import pytest

from escalation.gating.models import Gate, Outcome
from escalation.queue.models import Escalation
from tests.api.caller import Caller


def a_result(**fields: Any) -> dict[str, Any]:
    return {"task": {"message": "Where is it?"}, "output": {"reply": "Soon."}, "confidence": 0.9} | fields


def test_a_confident_result_is_accepted(support_triage: Caller) -> None:
    answer = support_triage.post("/outcomes/", a_result())

    shown = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, shown["url"])
    assert (shown["exit"], shown["output"], shown["degraded"]) == ("accepted", {"reply": "Soon."}, False)
    assert (shown["threshold"], shown["policy_version"], shown["reason"]) == (0.75, 1, None)


def test_a_doubtful_one_goes_to_a_human(support_triage: Caller) -> None:
    shown = support_triage.post("/outcomes/", a_result(confidence=0.6, title="Late parcel")).json()

    escalation = Escalation.objects.get()
    assert (shown["exit"], shown["output"], shown["reason"]) == ("human", None, "low_confidence")
    assert shown["escalation"]["id"] == escalation.pk
    assert support_triage.get(f"/escalations/{escalation.pk}/").json()["title"] == "Late parcel"


def test_the_next_result_meets_the_new_threshold(support_triage: Caller, gate: Gate) -> None:
    support_triage.post("/outcomes/", a_result())
    gate.adopt(author=None, reason="more care", threshold=0.95)

    shown = support_triage.post("/outcomes/", a_result()).json()

    assert (shown["exit"], shown["threshold"], shown["policy_version"]) == ("human", 0.95, 2)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"confidence": None}, "no_confidence"),
        ({"partial": True, "missing": ["page 3"]}, "budget_exhausted"),
        ({"causes": ["tool_failed", "evidence_missing"]}, "tool_failed"),
    ],
)
def test_what_else_stops_a_result(support_triage: Caller, fields: Any, reason: str) -> None:
    shown = support_triage.post("/outcomes/", a_result(**fields)).json()

    assert (shown["exit"], shown["reason"]) == ("human", reason)


def test_the_answer_to_an_audited_result_is_that_to_any_other(support_triage: Caller, gate: Gate) -> None:
    plain = support_triage.post("/outcomes/", a_result()).json()
    gate.adopt(author=None, reason="audit everything", audit_rate=1.0)

    audited = support_triage.post("/outcomes/", a_result()).json()

    assert Escalation.objects.get().reason == "audit"
    its_own = ("id", "url", "passed_at", "policy_version")
    assert {k: v for k, v in audited.items() if k not in its_own} == {
        k: v for k, v in plain.items() if k not in its_own
    }
    assert support_triage.get(f"/outcomes/{audited['id']}/").json() == audited


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (a_result(gate="refunds"), "/gate"),
        (a_result(confidence=1.5), "/confidence"),
        (a_result(causes=["audit"]), "/causes/0"),
        (a_result(causes=["bored"]), "/causes/0"),
        (a_result(reason="error"), "/reason"),
        ({"task": 1}, "/output"),
    ],
)
def test_what_is_not_in_the_contract_is_refused(support_triage: Caller, body: Any, pointer: str) -> None:
    answer = support_triage.post("/outcomes/", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert not Outcome.objects.exists()


def test_another_agents_name_does_not_exist_for_this_token(support_triage: Caller, invoices: Caller) -> None:
    answer = support_triage.post("/outcomes/", a_result(agent="invoices"))

    assert (answer.status_code, Outcome.objects.exists()) == (404, False)
