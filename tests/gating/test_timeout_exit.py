"""When nobody came in time, the escalation's own timeout exit is taken."""

from typing import Any

import pytest

from escalation.gating.models import Gate, Outcome, Result
from escalation.gating.rules import rule
from tests.cast import RaiseEscalation

NO_ANSWER = {
    "exit": None,
    "output": None,
    "detail": "the deadline passed and no timeout exit yielded an answer",
}


@rule("apologise")
def apologise(task: Any, output: Any) -> Any:
    return {"reply": "Sorry."}


@rule("break-down")
def break_down(task: Any, output: Any) -> Any:
    raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("on_timeout", "resolution"),
    [
        (None, NO_ANSWER),
        (
            {"handler": "default", "output": {"reply": "Later."}},
            {
                "exit": "default",
                "output": {"reply": "Later."},
                "detail": "the safe default given with the escalation",
            },
        ),
        (
            {"handler": "rule", "name": "apologise"},
            {"exit": "rule", "output": {"reply": "Sorry."}, "detail": "rule apologise"},
        ),
        ({"handler": "rule", "name": "break-down"}, NO_ANSWER),
        ({"handler": "rule", "name": "no-such-rule"}, NO_ANSWER),
        ({"handler": "cached"}, NO_ANSWER),
    ],
)
def test_what_the_agent_is_told(
    on_timeout: dict[str, Any] | None, resolution: dict[str, Any], gate: Gate, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation(deadline_s=0, on_timeout=on_timeout)

    escalation.expire()

    escalation.refresh_from_db()
    assert escalation.resolution == resolution


def test_the_last_accepted_answer_to_the_same_task(gate: Gate, an_escalation: RaiseEscalation) -> None:
    task = {"message": "Where is my order?"}
    result = Result(task=task, output={"reply": "There."}, confidence=0.9)
    accepted, _ = Outcome.objects.pass_gate("support-triage", "default", result)
    escalation = an_escalation(deadline_s=0, task=task, on_timeout={"handler": "cached"})

    escalation.expire()

    expected = {"exit": "cached", "output": {"reply": "There."}, "detail": f"outcome {accepted.pk}"}
    assert escalation.resolution == expected


def test_an_agent_that_no_gate_knows_still_expires(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=0, agent="unknown", on_timeout={"handler": "cached"})

    escalation.expire()

    assert escalation.resolution == NO_ANSWER
