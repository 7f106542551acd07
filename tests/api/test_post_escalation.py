"""An agent elsewhere puts a question to a human."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from escalation.api.shapes.fields import GivenReason
from escalation.gating.models import Gate
from escalation.queue.models import Escalation, Event, Reason, ReviewQueue
from escalation.queue.models.reason import BLIND_REASONS
from tests.api.caller import Caller, a_body

EVERYTHING: dict[str, Any] = {
    "agent": "support-triage",
    "gate": "default",
    "kind": "approval",
    "reason": "approval_required",
    "title": "Refund 120 €",
    "task": {"message": "My parcel never came", "lines": [1, 2.5, None, True]},
    "output": {"reply": "You get your money back."},
    "confidence": 0.81,
    "threshold": 0.9,
    "partial": True,
    "completed": ["looked the order up"],
    "missing": ["the carrier's answer"],
    "action": {"name": "refund", "arguments": {"order": "A-17", "amount": 120}},
    "question": "May I?",
    "options": [{"value": 1, "label": "yes"}],
    "answer_schema": {"type": "object"},
    "explanation": "The parcel is **lost**.",
    "trace": [{"kind": "tool", "name": "order", "at": "2026-11-22T09:00:00Z", "seconds": 0.2, "output": {}}],
    "usage": {"input_tokens": 900, "output_tokens": 80, "cost_usd": 0.01, "turns": 2},
    "evidence": [{"title": "Order", "text": "sent on Monday", "url": "https://shop.example/A-17"}],
    "priority": "high",
    "queue": "support",
    "deadline_s": 3600,
    "on_timeout": {"handler": "default", "output": {"reply": "We will come back to you."}},
    "tags": ["refund"],
    "metadata": {"customer": "c-9"},
    "external_id": "parcel-17",
    "fingerprint": "lost-parcel",
    "callback_url": "https://hooks.example.com/otherwise",
}


def test_a_question_waits_for_a_human(support_triage: Caller) -> None:
    answer = support_triage.post("/escalations/", a_body(output={"reply": "soon"}))

    row = Escalation.objects.get()
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/api/v1/escalations/{row.pk}/")
    assert answer.json() | {"id": row.pk, "status": "waiting", "decision": None} == answer.json()
    assert Event.objects.get().kind == "raised"


def test_every_field_of_the_contract_comes_back_as_it_was_sent(support_triage: Caller) -> None:
    posted = support_triage.post("/escalations/", EVERYTHING)

    read = support_triage.get(f"/escalations/{posted.json()['id']}/").json()
    assert posted.status_code == 201, posted.json()
    assert read == posted.json()
    kept = {name: value for name, value in EVERYTHING.items() if name != "deadline_s"}
    assert {name: read[name] for name in kept} == kept


def test_the_policy_in_force_fills_what_is_absent(support_triage: Caller, gate: Gate) -> None:
    gate.adopt(author=None, reason="a deadline", deadline_s=600)

    answer = support_triage.post("/escalations/", a_body()).json()

    row = Escalation.objects.get()
    assert (answer["threshold"], answer["queue"], answer["policy_version"]) == (0.75, "support", 2)
    assert row.deadline_at == row.raised_at + timedelta(minutes=10)


def test_what_the_body_says_goes_before_the_policy(support_triage: Caller) -> None:
    ReviewQueue.objects.create(slug="legal", name="Legal")

    answer = support_triage.post("/escalations/", a_body(threshold=0.0, queue="legal")).json()

    assert (answer["threshold"], answer["queue"]) == (0.0, "legal")


def test_an_agent_without_a_gate_may_still_ask(support_triage: Caller, gate: Gate) -> None:
    Gate.objects.filter(pk=gate.pk).update(slug="elsewhere")

    answer = support_triage.post("/escalations/", a_body())

    assert (answer.status_code, answer.json()["queue"], answer.json()["threshold"]) == (201, "default", None)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"gate": "defualt"}, "/gate"),
        ({"queue": "suport"}, "/queue"),
        ({"kind": "approval"}, "/action"),
        ({"kind": "question"}, "/question"),
        ({"on_timeout": {"handler": "rule", "name": "nobody-wrote-it"}}, "/on_timeout/name"),
        ({"answer_schema": {"type": "nonsense"}}, "/answer_schema"),
        ({"answer_schema": {"$ref": "http://127.0.0.1/schema"}}, "/answer_schema"),
        ({"callback_url": "https://127.0.0.1/hook"}, "/callback_url"),
        ({"callback_url": "http://hooks.example.com/"}, "/callback_url"),
    ],
)
def test_what_cannot_be_followed_is_refused(support_triage: Caller, fields: Any, pointer: str) -> None:
    answer = support_triage.post("/escalations/", a_body(**fields))

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Escalation.objects.exists()


def test_another_agents_name_does_not_exist_for_this_token(support_triage: Caller, invoices: Caller) -> None:
    answer = support_triage.post("/escalations/", a_body(agent="invoices"))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "/agent")
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("reason", BLIND_REASONS)
def test_no_agent_can_raise_a_blind_check(support_triage: Caller, reason: str) -> None:
    answer = support_triage.post("/escalations/", a_body(reason=reason))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/reason")
    assert "it is one of low_confidence, no_confidence, " in answer.json()["errors"][0]["detail"]


def test_every_other_reason_can_be_given() -> None:
    given = set(GivenReason.__args__)  # type: ignore[attr-defined]

    assert given == {reason.value for reason in Reason if reason not in BLIND_REASONS}


def test_a_reviewer_posts_no_escalations(as_alice: Caller) -> None:
    answer = as_alice.post("/escalations/", a_body())

    assert answer.status_code == 403
