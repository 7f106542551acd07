"""When nobody came in time, the escalation's own timeout exit is taken."""

from typing import Any

import pytest

from escalation.gating.exits import at_the_deadline
from escalation.gating.models import Gate, Outcome, Policy, Result
from escalation.gating.rules import rule
from escalation.queue.models import Escalation
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


def escalated(gate: Gate, **facts: Any) -> Escalation:
    """A result that its gate put to a human, past the deadline of its policy."""
    result = Result(task="Where?", output={"reply": "There."}, confidence=0.2, **facts)
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", result)
    assert outcome.escalation is not None
    Escalation.objects.filter(pk=outcome.escalation.pk).update(deadline_at="2026-01-01T00:00Z")
    return outcome.escalation


def adopt(gate: Gate, *on_timeout: str, **changes: Any) -> Policy:
    terms: dict[str, Any] = {"deadline_s": 60, "on_timeout": list(on_timeout), "default_output": "Later."}
    return gate.adopt(author=None, reason="in time", **(terms | changes))


@pytest.mark.parametrize(
    ("on_timeout", "exit_", "output", "detail"),
    [
        (["rule:apologise", "human"], "rule", {"reply": "Sorry."}, "rule apologise"),
        (["rule:break-down", "cached", "default"], "default", "Later.", "the policy's safe default"),
    ],
)
def test_a_gates_escalation_takes_the_exits_of_its_policy(
    gate: Gate, on_timeout: list[str], exit_: str, output: Any, detail: str
) -> None:
    adopt(gate, *on_timeout)
    escalation = escalated(gate)
    adopt(gate, "human", default_output="Another.")

    Escalation.objects.expire_overdue()

    escalation.refresh_from_db()
    assert escalation.status == "expired"
    assert escalation.resolution == {"exit": exit_, "output": output, "detail": detail}


@pytest.mark.parametrize("on_timeout", [["human"], ["cached", "human"]])
def test_where_the_policy_ends_in_a_human_it_waits_on_and_everybody_knows(
    gate: Gate, on_timeout: list[str]
) -> None:
    adopt(gate, *on_timeout)
    escalation = escalated(gate)

    dealt_with = [Escalation.objects.expire_overdue() for _ in range(2)]

    escalation.refresh_from_db()
    assert (dealt_with, escalation.status, escalation.circle) == ([1, 0], "waiting", 3)
    assert escalation.resolution is None
    assert list(escalation.events.values_list("kind", "data__circle")) == [
        ("raised", None),
        ("widened", "everybody"),
    ]


def test_an_audit_that_nobody_did_asks_for_no_stand_in(gate: Gate) -> None:
    adopt(gate, "default", threshold=0.1, audit_rate=1.0)

    escalation = escalated(gate)

    assert (escalation.reason, escalation.on_timeout) == ("audit", None)


@pytest.mark.parametrize(
    ("handlers", "reason", "partial", "expected"),
    [
        (["rule:x", "default"], "low_confidence", False, ["rule:x", "default"]),
        (["rule:x", "default"], "budget_exhausted", True, ["default"]),
        (["rule:x", "default"], "not_live", False, ["human"]),
    ],
)
def test_the_handlers_that_are_tried(
    handlers: list[str], reason: str, partial: bool, expected: list[str]
) -> None:
    assert list(at_the_deadline(handlers, reason, partial=partial)) == expected
