"""What was seen at a gate, sorted by the chance that a human looked at it."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.gating.models import Agent, Gate, Outcome, Result
from escalation.gating.models.policy import all_to_a_human
from escalation.queue.models import Escalation
from escalation.tuning.strata import Window, window_at


def passed(confidence: float | None, **facts: Any) -> Outcome:
    defaults: dict[str, Any] = {
        "task": "Where?",
        "output": "There.",
        "model": "claude",
        "prompt_version": "p1",
    }
    result = Result(confidence=confidence, **(defaults | facts))
    return Outcome.objects.pass_gate("support-triage", "default", result)[0]


def decide(escalation: Escalation | None, reviewer: User, verdict: str = "accept") -> None:
    assert escalation is not None
    escalation.claim(reviewer)
    escalation.decide(reviewer, verdict)


def weights(window: Window) -> list[tuple[int, int, float]]:
    return [(s.total, s.known, s.weight) for s in window.strata]


def test_an_unused_gate_has_an_empty_window(gate: Gate) -> None:
    window = window_at(gate)

    assert (window.outcomes, window.strata, window.left_out) == (0, [], [])


def test_each_way_is_a_stratum_with_its_realised_weight(gate: Gate, alice: User) -> None:
    gate.adopt(author=None, reason="audits", audit_rate=1.0)
    doubtful, confident = [passed(0.3) for _ in range(3)], [passed(0.9) for _ in range(4)]
    decide(doubtful[0].escalation, alice, "reject")
    decide(doubtful[1].escalation, alice)
    decide(confident[0].escalation, alice)

    window = window_at(gate)

    assert sorted(weights(window)) == [(3, 2, 1.5), (4, 1, 4.0)]
    assert sorted(int(s.wrong.sum()) for s in window.strata) == [0, 1]
    assert (window.outcomes, window.accepted, window.labels, window.audits, window.undecided) == (
        7,
        4,
        3,
        1,
        1,
    )


def test_a_period_without_audits_is_left_out_whole(gate: Gate, alice: User) -> None:
    decide(passed(0.3).escalation, alice)
    passed(0.9)

    window = window_at(gate)

    assert window.strata == []
    assert window.left_out == ["policy v1: none of 1 accepted results audited"]


def test_other_numbers_begin_another_period_and_the_same_ones_do_not(gate: Gate, alice: User) -> None:
    decide(passed(0.3).escalation, alice)
    gate.adopt(author=None, reason="a bigger budget", budget={"turns": 9})
    decide(passed(0.3).escalation, alice)
    gate.adopt(author=None, reason="stricter", threshold=0.8)
    decide(passed(0.3).escalation, alice)

    window = window_at(gate)

    assert sorted(weights(window)) == [(1, 1, 1.0), (2, 2, 1.0)]


@pytest.mark.parametrize(
    "facts",
    [
        {"confidence": None},
        {"confidence": 0.9, "partial": True},
        {"confidence": 0.9, "causes": ["tool_failed"]},
    ],
)
def test_what_the_confidence_did_not_decide_stays_out(facts: dict[str, Any], gate: Gate) -> None:
    passed(**facts)

    assert window_at(gate).outcomes == 0


def test_a_degraded_result_stays_out(gate: Gate) -> None:
    exits = all_to_a_human() | {"low_confidence": ["default"]}
    gate.adopt(author=None, reason="no humans at night", exits=exits, default_output="Later.")
    passed(0.3)

    assert window_at(gate).outcomes == 0


def test_what_a_draft_did_in_shadow_counts(agent: Agent, gate: Gate, alice: User) -> None:
    Agent.objects.filter(pk=agent.pk).update(state="draft")
    decide(passed(0.9).escalation, alice)

    assert weights(window_at(gate)) == [(1, 1, 1.0)]


def test_a_new_prompt_begins_a_new_window(gate: Gate, alice: User) -> None:
    decide(passed(0.3).escalation, alice)
    passed(0.4, prompt_version="p2")

    window = window_at(gate)

    assert (window.prompt_version, window.outcomes, window.labels) == ("p2", 1, 0)


def test_an_undone_decision_is_not_seen(gate: Gate, alice: User) -> None:
    escalation = passed(0.3).escalation
    decide(escalation, alice)
    assert escalation is not None
    escalation.undo(alice)

    window = window_at(gate)

    assert (window.labels, window.undecided) == (0, 1)
