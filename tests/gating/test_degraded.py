"""What stood in for an agent's own answer is marked, counted, and checked by humans like the rest."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from escalation.gating.models import Gate, Outcome, Result
from escalation.gating.models.policy import all_to_a_human
from escalation.invariants import all_invariants
from escalation.tuning.models import Label

ANSWER = {"reply": "We will call you."}
DOUBTFUL = Result({"message": "Where is it?"}, {"reply": "Hm."}, 0.1)


@pytest.fixture(autouse=True)
def _degraded(gate: Gate) -> None:
    exits = all_to_a_human() | {"low_confidence": ["default"]}
    gate.adopt(author=None, reason="to test", exits=exits, default_output=ANSWER, audit_rate=1.0)


def test_it_is_marked_and_the_check_shows_what_was_served() -> None:
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", DOUBTFUL)

    assert (outcome.exit, outcome.degraded, outcome.audited, outcome.served) == (
        "default",
        True,
        True,
        ANSWER,
    )
    assert outcome.output == {"reply": "Hm."}
    assert outcome.escalation is not None
    assert (outcome.escalation.reason, outcome.escalation.output) == ("audit", ANSWER)


@pytest.mark.parametrize(("verdict", "corrected"), [("accept", False), ("reject", True)])
def test_what_humans_say_of_it_corrects_it_and_teaches_nothing_of_confidence(
    verdict: str, corrected: bool, alice: User
) -> None:
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", DOUBTFUL)
    assert outcome.escalation is not None
    outcome.escalation.claim(alice)

    outcome.escalation.decide(alice, verdict, note="No.")

    outcome.refresh_from_db()
    assert (outcome.correction is not None) is corrected
    assert not Label.objects.exists()
    assert [rule.sentence for rule in all_invariants() if rule.breaches()] == []
