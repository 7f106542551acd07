"""A change of policy is a new version; the old ones stay."""

import math
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import Error, transaction

from escalation.gating.exceptions import PolicyChanged, UnknownGate
from escalation.gating.exits import ONLY_HUMAN
from escalation.gating.models import Agent, Gate, Policy
from escalation.gating.models.policy import HANDLED, all_to_a_human
from escalation.queue.models import ReviewQueue
from tests.racing import race


def test_the_new_version_carries_the_change_and_the_rest(gate: Gate, olga: User) -> None:
    adopted = gate.adopt(author=olga, reason="too many escalations", threshold=0.6)

    assert (adopted.version, adopted.threshold, adopted.budget) == (2, 0.6, {"cost_usd": 0.4})
    assert (adopted.author, adopted.reason, gate.policy) == (olga, "too many escalations", adopted)


def test_the_old_version_stays_as_it_was(gate: Gate, olga: User) -> None:
    gate.adopt(author=olga, reason="too many escalations", threshold=0.6)

    assert gate.policies.get(version=1).threshold == 0.75


def test_the_threshold_is_kept_to_the_last_bit(gate: Gate) -> None:
    exact = 0.1 + 0.2

    gate.adopt(author=None, reason="exactly so", threshold=exact)

    assert Policy.objects.in_force("support-triage", "default").threshold == exact


def test_no_version_is_ever_edited(policy: Policy) -> None:
    policy.threshold = 0.1

    with pytest.raises(Error, match="rows of gating_policy are never edited"), transaction.atomic():
        policy.save()


DEFAULTS = {reason: ["human"] if reason in ONLY_HUMAN else ["default"] for reason in HANDLED}
BAD_TERMS = [
    ({"threshold": 1.01}, "threshold"),
    ({"threshold": -0.01}, "threshold"),
    ({"threshold": math.nan}, "threshold"),
    ({"audit_rate": 2.0}, "audit_rate"),
    ({"audit_rate": math.nan}, "audit_rate"),
    ({"reason": ""}, "reason"),
    ({"exits": {}}, "exits"),
    ({"exits": all_to_a_human() | {"error": ["cached"]}}, "exits"),
    ({"exits": all_to_a_human() | {"error": ["rule:no-such-rule", "human"]}}, "exits"),
    ({"exits": ["human"]}, "exits"),
    ({"exits": all_to_a_human() | {"error": ["default"]}}, "default_output"),
    ({"budget": {"wishes": 3}}, "budget"),
    ({"budget": {"cost_usd": 0}}, "budget"),
    ({"budget": {"turns": 1.5}}, "budget"),
    ({"budget": {"tokens": True}}, "budget"),
    ({"budget": {"wall_clock_s": math.inf}}, "budget"),
    ({"budget": [3]}, "budget"),
]


@pytest.mark.parametrize(("changes", "field"), BAD_TERMS)
def test_a_policy_that_cannot_be_meant_is_refused_at_its_field(
    changes: dict[str, Any], field: str, gate: Gate
) -> None:
    with pytest.raises(ValidationError) as refusal:
        gate.adopt(**({"author": None, "reason": "why not"} | changes))

    assert list(refusal.value.message_dict) == [field]
    assert gate.policies.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": {}},
        {"budget": {"tool_calls": 0, "turns": 1, "wall_clock_s": 0.5}},
        {
            "exits": DEFAULTS,
            "default_output": {"reply": "A colleague will answer."},
        },
        {"exits": DEFAULTS, "default_output": False},
    ],
)
def test_what_can_be_meant_is_adopted(changes: dict[str, Any], gate: Gate) -> None:
    adopted = gate.adopt(author=None, reason="why not", **changes)

    stored = Policy.objects.get(pk=adopted.pk)
    assert {name: getattr(stored, name) for name in changes} == changes


def test_a_change_made_from_an_overtaken_version_is_refused(gate: Gate, olga: User) -> None:
    gate.adopt(author=olga, reason="first", made_from=1, threshold=0.6)

    with pytest.raises(PolicyChanged) as refusal:
        gate.adopt(author=olga, reason="second", made_from=1, threshold=0.9)

    assert refusal.value.in_force == 2
    assert gate.policies.count() == 2


def test_the_first_policy_is_made_from_none(queue: ReviewQueue) -> None:
    gate = Gate.objects.create(agent=Agent.objects.create(slug="new", name="New"))

    adopted = gate.adopt(author=None, reason="first", made_from=0, threshold=0.5, queue=queue)

    assert adopted.version == 1


@pytest.mark.parametrize(("agent_slug", "gate_slug"), [("nobody", "default"), ("support-triage", "nowhere")])
def test_an_unknown_gate_has_no_policy_in_force(agent_slug: str, gate_slug: str, policy: Policy) -> None:
    with pytest.raises(UnknownGate):
        Policy.objects.in_force(agent_slug, gate_slug)


@pytest.mark.django_db(transaction=True)
def test_changes_at_the_same_moment_get_numbers_without_gap_or_twin(gate: Gate) -> None:
    race(*[lambda: gate.adopt(author=None, reason="at once")] * 6)

    assert sorted(gate.policies.values_list("version", flat=True)) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_made_from_one_version_one_is_refused(gate: Gate) -> None:
    adopted = race(*[lambda: gate.adopt(author=None, reason="at once", made_from=1)] * 2)

    assert sorted(type(one).__name__ for one in adopted) == ["Policy", "PolicyChanged"]
