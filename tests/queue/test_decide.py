"""A human answers, and the answer is recorded once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue import signals
from escalation.queue.exceptions import DecisionInvalid, TransitionRefused
from escalation.queue.models import Decision, Event
from tests.cast import RaiseEscalation


def test_a_decision_ends_the_claim(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    decision = escalation.decide(alice, "accept", note="Right.", seconds_spent=4.5)

    assert (escalation.status, escalation.decision, escalation.claimed_by) == ("decided", decision, None)
    assert (decision.reviewer, decision.note, decision.seconds_spent) == (alice, "Right.", 4.5)


def test_a_decision_leaves_one_event_that_names_it(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    decision = escalation.decide(alice, "reject")

    last = escalation.events.last()
    assert last is not None
    assert (last.kind, last.actor, last.data) == (
        "decided",
        alice,
        {"verdict": "reject", "decision": decision.pk},
    )


def test_agents_learn_of_it_when_the_undo_window_is_over(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta(seconds=30)
    escalation = an_escalation()
    escalation.claim(alice)

    decision = escalation.decide(alice, "accept")

    assert decision.effective_at - decision.decided_at == timedelta(seconds=30)


def test_an_accepted_output_is_the_agents_own(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(output={"reply": "Yes"})
    escalation.claim(alice)

    decision = escalation.decide(alice, "accept")

    assert (decision.output, decision.original_output) == ({"reply": "Yes"}, {"reply": "Yes"})


def test_accepted_arguments_are_the_agents_own(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(kind="approval", action={"name": "refund", "arguments": {"cents": 900}})
    escalation.claim(alice)

    decision = escalation.decide(alice, "accept")

    assert decision.arguments == {"cents": 900}


def test_an_edit_keeps_before_and_after(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(output={"reply": "Yes"})
    escalation.claim(alice)

    decision = escalation.decide(alice, "edit", output={"reply": "No"})

    assert (decision.output, decision.original_output) == ({"reply": "No"}, {"reply": "Yes"})


def test_who_does_not_hold_it_cannot_decide(alice: User, bob: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.decide(bob, "accept")

    assert not Decision.objects.exists()


def test_without_a_claim_nobody_can_decide(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    with pytest.raises(TransitionRefused):
        escalation.decide(alice, "accept")


def test_a_lapsed_lease_still_decides_while_nobody_else_took_it(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.CLAIM_LEASE = timedelta(0)
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.decide(alice, "accept")

    assert escalation.status == "decided"


def test_a_lost_claim_does_not_decide(
    alice: User, bob: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.CLAIM_LEASE = timedelta(0)
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.claim(bob)

    with pytest.raises(TransitionRefused):
        escalation.decide(alice, "accept")


def test_a_version_that_was_overtaken_is_refused(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.decide(alice, "accept", version=1)


def test_the_version_that_was_read_decides(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.decide(alice, "accept", version=2)

    assert escalation.version == 3


ARGUMENTS = {"kind": "approval", "action": {"name": "refund", "arguments": {"cents": 900}}}
REFUSED = [
    ({"kind": "question"}, "accept", {}, "verdict"),
    (ARGUMENTS, "answer", {"answer": "Yes"}, "verdict"),
    ({}, "bless", {}, "verdict"),
    ({}, "edit", {}, "output"),
    ({"output": {"n": 1}}, "edit", {"output": {"n": 1}}, "output"),
    ({"output": {"n": 1}}, "accept", {"output": {"n": True}}, "output"),
    (ARGUMENTS, "edit", {"output": {"cents": 1}}, "arguments"),
    (ARGUMENTS, "edit", {"arguments": {"cents": 900}}, "arguments"),
    (ARGUMENTS, "accept", {"arguments": {"cents": 90000}}, "arguments"),
    ({}, "reject", {"cosmetic": True}, "cosmetic"),
    ({}, "answer", {}, "answer"),
    ({"partial": False}, "continue", {"grant": {"turns": 3}}, "verdict"),
    ({"partial": True}, "continue", {}, "grant"),
    ({"partial": True}, "continue", {"grant": {"wishes": 3}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"turns": 0}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"turns": True}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"turns": 2.5}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"output_tokens": 1000.0}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"wall_clock_s": 0}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"cost_usd": 0.0000001}}, "grant"),
    ({"partial": True}, "continue", {"grant": {"cost_usd": float("nan")}}, "grant"),
]


CENTS = {"type": "object", "properties": {"cents": {"type": "integer"}}}
REFUSED += [
    (ARGUMENTS | {"answer_schema": CENTS}, "edit", {"arguments": {"cents": "1"}}, "arguments"),
    ({"answer_schema": {"type": "object"}}, "edit", {"output": "No"}, "output"),
    (
        {"kind": "question", "question": "Which?", "answer_schema": {"enum": [1, 2]}},
        "answer",
        {"answer": 3},
        "answer",
    ),
]


@pytest.mark.parametrize(("facts", "verdict", "answer", "field"), REFUSED)
def test_what_does_not_fit_is_refused_at_its_field(
    facts: dict[str, Any],
    verdict: str,
    answer: dict[str, Any],
    field: str,
    alice: User,
    an_escalation: RaiseEscalation,
) -> None:
    escalation = an_escalation(**facts)
    escalation.claim(alice)

    with pytest.raises(DecisionInvalid) as refusal:
        escalation.decide(alice, verdict, **answer)

    assert list(refusal.value.errors) == [field]


@pytest.mark.parametrize(
    ("facts", "verdict", "answer"),
    [
        ({}, "edit", {"output": {"reply": "No"}, "cosmetic": True}),
        ({}, "retry", {"note": "In French, please."}),
        ({}, "dismiss", {}),
        ({"kind": "question", "question": "Which?"}, "answer", {"answer": "The blue one"}),
        (ARGUMENTS, "edit", {"arguments": {"cents": 1}}),
        (ARGUMENTS | {"answer_schema": CENTS}, "edit", {"arguments": {"cents": 1}}),
        ({"partial": True}, "continue", {"grant": {"cost_usd": 0.25, "turns": 4}}),
    ],
)
def test_what_fits_is_recorded(
    facts: dict[str, Any], verdict: str, answer: dict[str, Any], alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation(**facts)
    escalation.claim(alice)

    decision = escalation.decide(alice, verdict, **answer)

    stored = Decision.objects.get(pk=decision.pk)
    assert {name: getattr(stored, name) for name in answer} == answer


def test_a_listener_that_fails_takes_everything_back(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    def fail(**_: Any) -> None:
        raise RuntimeError("the outbox is full")

    signals.decided.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            escalation.decide(alice, "accept")
    finally:
        signals.decided.disconnect(fail)

    escalation.refresh_from_db()
    assert (escalation.status, Decision.objects.count()) == ("claimed", 0)
    assert not escalation.events.filter(kind=Event.Kind.DECIDED).exists()
