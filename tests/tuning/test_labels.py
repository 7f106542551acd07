"""A decision says of a confidence whether it was right; an undone one says nothing."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import Error, transaction

from escalation.gating.models import Gate, Outcome, Result
from escalation.queue.models import Escalation
from escalation.tuning.models import Label
from tests.cast import RaiseEscalation


def passed(confidence: float | None, **facts: Any) -> Escalation:
    defaults = {"task": "Where is my order?", "output": {"reply": "On its way."}}
    result = Result(confidence=confidence, model="claude", prompt_version="p1", **(defaults | facts))
    escalation = Outcome.objects.pass_gate("support-triage", "default", result)[0].escalation
    assert escalation is not None
    return escalation


def test_a_label_keeps_the_numbers_of_its_time(gate: Gate, alice: User) -> None:
    escalation = passed(0.62)
    escalation.claim(alice)

    decision = escalation.decide(alice, "accept")

    label = Label.objects.get(decision=decision)
    assert (label.agent, label.gate, label.outcome) == ("support-triage", "default", escalation.outcome)
    assert (label.confidence, label.threshold, label.policy_version) == (0.62, 0.75, 1)
    assert (label.source, label.inclusion_probability) == ("escalated", 1.0)
    assert (label.model, label.prompt_version) == ("claude", "p1")


def test_an_audits_label_keeps_its_chance_to_be_drawn(gate: Gate, alice: User) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    audit = passed(0.9)
    audit.claim(alice)

    decision = audit.decide(alice, "reject")

    label = Label.objects.get(decision=decision)
    assert (label.source, label.inclusion_probability, label.correct) == ("audit", 1.0, False)


@pytest.mark.parametrize(
    ("verdict", "answer", "correct"),
    [
        ("accept", {}, [True]),
        ("edit", {"output": {"reply": "Lost."}}, [False]),
        ("edit", {"output": {"reply": "On its way!"}, "cosmetic": True}, [True]),
        ("reject", {}, [False]),
        ("answer", {"answer": "Lost."}, [False]),
        ("retry", {"note": "Look again."}, []),
        ("dismiss", {}, []),
    ],
)
def test_what_each_verdict_says(
    verdict: str, answer: dict[str, Any], correct: list[bool], gate: Gate, alice: User
) -> None:
    escalation = passed(0.62)
    escalation.claim(alice)

    escalation.decide(alice, verdict, **answer)

    assert list(Label.objects.values_list("correct", flat=True)) == correct


@pytest.mark.parametrize(
    ("facts", "verdict", "answer"),
    [
        ({"partial": True}, "accept", {}),
        ({"partial": True}, "continue", {"grant": {"turns": 2}}),
        ({"kind": "question", "question": "Which order?"}, "answer", {"answer": "The blue one"}),
        ({"kind": "approval", "action": {"name": "refund", "arguments": {}}}, "accept", {}),
    ],
)
def test_what_is_no_whole_result_says_nothing_of_its_confidence(
    facts: dict[str, Any], verdict: str, answer: dict[str, Any], alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation(**facts)
    escalation.claim(alice)

    escalation.decide(alice, verdict, **answer)

    assert not Label.objects.exists()


def test_an_undone_decision_leaves_no_label(gate: Gate, alice: User) -> None:
    escalation = passed(0.62)
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    escalation.undo(alice)

    assert not Label.objects.exists()


def test_undoing_from_an_old_page_leaves_no_label_either(gate: Gate, alice: User) -> None:
    escalation = passed(0.62)
    loaded_before = Escalation.objects.get(pk=escalation.pk)
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    loaded_before.undo(alice)

    assert not Label.objects.exists()


def test_deciding_otherwise_after_an_undo_leaves_the_second_label(gate: Gate, alice: User) -> None:
    escalation = passed(0.62)
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    escalation.undo(alice)

    escalation.decide(alice, "reject")

    assert [label.correct for label in Label.objects.all()] == [False]


def test_no_label_is_ever_edited(gate: Gate, alice: User) -> None:
    escalation = passed(0.62)
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    with pytest.raises(Error, match="rows of tuning_label are never edited"), transaction.atomic():
        Label.objects.update(correct=False)
