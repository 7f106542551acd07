"""Each category is judged by itself, and one that is wrong too often goes to humans."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.tuning.drift import proves_more
from escalation.tuning.models import Draft, GateRails, GateTarget, Proposal
from escalation.tuning.models.category import escalate_what_is_wrong_too_often
from escalation.tuning.risk import risk_at
from escalation.tuning.strata import window_at
from tests.tuning.seen import decided


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

    raised = escalate_what_is_wrong_too_often(sorted_gate)

    assert raised is not None
    assert raised.categories == {"refund": ACCEPTS_NOTHING, "address": None}
    assert "of 35 audited results about refund, 15 were wrong" in raised.reason
    assert escalate_what_is_wrong_too_often(sorted_gate) is None


def test_ops_may_want_to_be_told_and_no_more(sorted_gate: Gate, alice: User) -> None:
    GateRails.objects.create(gate=sorted_gate, on_alarm="tell", reason="we look ourselves")
    decided(0.9, alice, number=30, right=False, category="refund")

    assert escalate_what_is_wrong_too_often(sorted_gate) is None
    assert [one.too_often for one in risk_at(sorted_gate).categories] == [False, True]


def test_two_people_change_the_threshold_of_a_category_too(sorted_gate: Gate, olga: User, bob: User) -> None:
    GateRails.objects.create(gate=sorted_gate, four_eyes=True, author=olga, reason="-")
    bob.groups.add(Group.objects.get(name="ops"))

    with pytest.raises(ValidationError, match="Two people"):
        sorted_gate.adopt(author=olga, reason="alone", categories={"refund": 0.2, "address": None})
    Draft.objects.write(sorted_gate, olga, 0.9, "dear", category="refund").put_in_force(bob)

    assert in_force(sorted_gate).categories == {"refund": 0.9, "address": None}


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_one_more_error_never_proves_less(right: int, wrong: int) -> None:
    before, after = (proves_more(0.05, right + n, n, 0.05) for n in (wrong, wrong + 1))

    assert after >= before


@pytest.mark.parametrize(
    ("seen", "hits", "proved"), [(0, 0, False), (20, 1, False), (100, 6, False), (60, 12, True)]
)
def test_a_share_is_proved_by_what_is_far_from_it(seen: int, hits: int, proved: Any) -> None:
    assert proves_more(0.05, seen, hits, 0.05) is proved
