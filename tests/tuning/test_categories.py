"""Each category is judged by itself, and one that is wrong too often goes to humans."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st

from escalation.delivery.models import Channel, Delivery, Endpoint, Notification
from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.tuning.drift import evidence_of_more
from escalation.tuning.models import Alarm, Draft, GateRails, GateTarget, Proposal, Watch
from escalation.tuning.risk import risk_at
from escalation.tuning.strata import window_at
from tests.tuning.seen import decided, passed


@pytest.fixture
def sorted_gate(gate: Gate) -> Gate:
    """Everything is audited; results are about refunds or addresses, and go by the threshold of all."""
    categories = {"refund": None, "address": None}
    gate.adopt(author=None, reason="audit all", audit_rate=1.0, categories=categories)
    return gate


def in_force(gate: Gate) -> Policy:
    policy = gate.policy
    assert policy is not None
    return policy


def well_known(reviewer: User) -> None:
    """Addresses are right from 0.6 on; refunds are wrong below 0.9."""
    decided(0.95, reviewer, number=150, category="address")
    decided(0.6, reviewer, number=80, category="address")
    decided(0.95, reviewer, number=150, category="refund")
    decided(0.6, reviewer, number=80, right=False, category="refund")


def test_a_category_has_a_window_of_its_own(sorted_gate: Gate, alice: User) -> None:
    decided(0.9, alice, number=3, category="refund")
    decided(0.9, alice, number=2)

    window = window_at(sorted_gate)

    assert (window.outcomes, window.of("refund").outcomes, window.of("address").outcomes) == (5, 3, 0)
    assert [s.weight for s in window.of("refund").strata] == [1.0]


def test_each_category_with_enough_labels_gets_a_proposal_of_its_own(sorted_gate: Gate, alice: User) -> None:
    well_known(alice)

    Proposal.objects.make_due()

    found = Proposal.objects.values_list("category", "status", "threshold")
    assert set(found) == {("", "ok", 0.95), ("address", "ok", 0.6), ("refund", "ok", 0.95)}


def test_a_proposal_for_a_category_changes_that_category_alone(
    sorted_gate: Gate, alice: User, olga: User
) -> None:
    well_known(alice)
    Proposal.objects.make_due()
    refund, address = (Proposal.objects.get(category=name) for name in ("refund", "address"))

    refund.apply(olga, "the labels say so")
    address.apply(olga, "the labels say so")

    policy = in_force(sorted_gate)
    assert policy.categories == {"refund": 0.95, "address": 0.6}
    assert (policy.threshold, policy.version) == (0.75, 4)


def test_strictly_the_doubt_is_shared_by_all_categories(sorted_gate: Gate, olga: User) -> None:
    GateTarget.objects.create(gate=sorted_gate, alpha=0.05, delta=0.1, strict=True, author=olga, reason="-")

    asked = [Proposal.objects.make_now(sorted_gate, olga, category).delta for category in ("", "refund")]

    assert asked == [0.1, 0.05]


def test_what_is_wrong_too_often_is_escalated(sorted_gate: Gate, alice: User) -> None:
    decided(0.9, alice, number=60, category="address")
    decided(0.9, alice, number=20, category="refund")
    decided(0.9, alice, number=15, right=False, category="refund")

    (alarm,) = Proposal.objects.escalate_due(now())

    raised = in_force(sorted_gate)
    assert raised.categories == {"refund": ACCEPTS_NOTHING, "address": None}
    assert "15 of the last 35 audited results about refund are wrong; 5% is tolerated." in raised.reason
    assert (alarm.policy, alarm.effect) == (
        raised,
        "Nothing about refund is accepted without a person at present.",
    )
    assert Proposal.objects.escalate_due(now()) == []


def test_receivers_and_people_are_told_of_a_category_as_of_a_gate(
    sorted_gate: Gate, alice: User, olga: User
) -> None:
    Endpoint.objects.create(agent=sorted_gate.agent, url="https://hooks.example/", events=["drift.detected"])
    Channel.objects.create(user=olga, address="olga@example.com", topics=["drift"])
    decided(0.9, alice, number=30, right=False, category="refund")

    Proposal.objects.escalate_due(now())

    told = Delivery.objects.get(event="drift.detected").payload
    assert (told["gate"], told["category"], told["threshold"]) == ("default", "refund", ACCEPTS_NOTHING)
    assert told["policy_version"] == in_force(sorted_gate).version
    facts = Notification.objects.filter(topic="drift").values_list("facts__about", flat=True)
    assert list(facts) == ["support-triage/default, refund"]


def test_ops_may_want_to_be_told_and_no_more(sorted_gate: Gate, alice: User) -> None:
    GateRails.objects.create(gate=sorted_gate, on_alarm="tell", reason="we look ourselves")
    decided(0.9, alice, number=30, right=False, category="refund")

    told = [len(Proposal.objects.escalate_due(now())) for _ in range(2)]

    assert told == [1, 0]
    assert (Alarm.objects.get().policy, in_force(sorted_gate).version) == (None, 2)
    assert [one.too_often for one in risk_at(sorted_gate).categories] == [False, True]


def test_an_alarm_at_the_gate_closes_every_category(sorted_gate: Gate, alice: User) -> None:
    sorted_gate.adopt(author=None, reason="low", categories={"refund": 0.5, "address": None})
    decided(0.9, alice, number=30, right=False, category="refund")

    Watch.objects.feed_all(now() + timedelta(minutes=1))

    assert in_force(sorted_gate).categories == {"refund": ACCEPTS_NOTHING, "address": None}
    assert passed(1.0, category="refund").exit == "human"


def test_two_people_change_the_threshold_of_a_category_too(sorted_gate: Gate, olga: User, bob: User) -> None:
    GateRails.objects.create(gate=sorted_gate, four_eyes=True, author=olga, reason="-")
    bob.groups.add(Group.objects.get(name="ops"))

    with pytest.raises(ValidationError, match="Two people"):
        sorted_gate.adopt(author=olga, reason="alone", categories={"refund": 0.2, "address": None})
    Draft.objects.write(sorted_gate, olga, 0.9, "dear", category="refund").put_in_force(bob)

    assert in_force(sorted_gate).categories == {"refund": 0.9, "address": None}


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_one_more_error_never_proves_less(right: int, wrong: int) -> None:
    before, after = (evidence_of_more(0.05, right + n, n) for n in (wrong, wrong + 1))

    assert after >= before


@pytest.mark.parametrize(
    ("seen", "hits", "proved"), [(0, 0, False), (20, 1, False), (100, 6, False), (60, 12, True)]
)
def test_a_share_is_proved_by_what_is_far_from_it(seen: int, hits: int, proved: Any) -> None:
    assert (evidence_of_more(0.05, seen, hits) >= 1 / 0.05) is proved
