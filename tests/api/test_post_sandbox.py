"""An agent elsewhere rehearses: the gate says what it would do, and nobody is asked."""

from __future__ import annotations

from typing import Any

import pytest

from escalation.delivery.models import Delivery
from escalation.gating.models import Agent, Drill, Gate, Outcome
from escalation.queue.models import Escalation
from tests.api.caller import Caller


def a_result(**fields: Any) -> dict[str, Any]:
    return {"task": {"message": "Where is it?"}, "output": {"reply": "Soon."}, "confidence": 0.9} | fields


@pytest.mark.parametrize(
    ("fields", "exit_", "reason"),
    [
        ({}, "accepted", None),
        ({"confidence": 0.1}, "human", "low_confidence"),
        ({"partial": True}, "human", None),
    ],
)
def test_the_gate_says_which_exit_it_would_be(
    fields: dict[str, Any], exit_: str, reason: str | None, support_triage: Caller
) -> None:
    answer = support_triage.post("/sandbox/outcomes/", a_result(**fields))

    shown = answer.json()
    assert (answer.status_code, shown["exit"], shown["drill"]) == (200, exit_, None)
    assert reason in (None, shown["reason"])


def test_nothing_is_stored_and_nobody_is_asked(support_triage: Caller) -> None:
    support_triage.post("/sandbox/outcomes/", a_result(confidence=0.1))

    assert not any(model.objects.exists() for model in (Outcome, Escalation, Delivery))


def test_a_draft_sees_what_it_would_meet_when_live(gate: Gate, support_triage: Caller) -> None:
    Agent.objects.update(state=Agent.State.DRAFT)

    assert support_triage.post("/sandbox/outcomes/", a_result()).json()["exit"] == "accepted"


@pytest.mark.parametrize(
    ("causes", "passed"), [(["model_unavailable"], True), (["error"], False), ([], False)]
)
def test_a_named_failure_is_a_drill_on_record(
    causes: list[str], passed: bool, gate: Gate, support_triage: Caller
) -> None:
    body = a_result(causes=causes, failure="model-down", code_version="2026.11")

    shown = support_triage.post("/sandbox/outcomes/", body).json()["drill"]

    drill = Drill.objects.get(pk=shown["id"])
    assert (shown["passed"], drill.passed, drill.code_version) == (passed, passed, "2026.11")
    assert (shown["expected_reason"], shown["expected_exits"]) == ("model_unavailable", ["human"])


def test_another_version_of_its_code_makes_its_drills_stale(gate: Gate, support_triage: Caller) -> None:
    body = a_result(causes=["model_unavailable"], failure="model-down", code_version="2")

    support_triage.post("/sandbox/outcomes/", body)

    assert sorted(Agent.objects.get().rehearsed().values()) == ["passed", "stale", "stale"]


def test_a_failure_that_its_pre_mortem_does_not_have_is_refused(support_triage: Caller) -> None:
    answer = support_triage.post("/sandbox/outcomes/", a_result(failure="loop"))

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["pointer"] == "/failure"
