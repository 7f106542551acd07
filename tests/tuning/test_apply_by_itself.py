"""A proposal comes into force by itself only where ops let it, and within their rails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils.timezone import now

from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Gate, Policy
from escalation.tuning.models import Alarm, GateRails, Proposal, Settlement, Watch
from tests.tuning.seen import decided, seen_enough


def let(gate: Gate, **rails: Any) -> None:
    """Let proposals at a gate apply themselves, with a wide step and at once unless `rails` say otherwise."""
    terms = {"auto_apply": True, "largest_step": 0.5, "smallest_evidence": 50, "cooling_h": 0.0}
    GateRails.objects.create(gate=gate, reason="-", **(terms | rails))


def applied(gate: Gate, hours: float = 0) -> list[Policy]:
    """Look, and apply what may be, so many hours later."""
    Proposal.objects.make_due()
    return Proposal.objects.apply_due(now() + timedelta(hours=hours))


def test_it_is_applied_and_signed_by_the_system(gate: Gate, alice: User) -> None:
    let(gate)
    seen_enough(gate, alice)

    (policy,) = applied(gate)

    settlement = Settlement.objects.get()
    assert (policy.threshold, policy.author, settlement.actor) == (0.6, None, None)
    assert policy.reason == f"Proposal {settlement.proposal_id}, applied by itself."


def test_it_is_applied_once(gate: Gate, alice: User) -> None:
    let(gate)
    seen_enough(gate, alice)
    applied(gate)

    assert applied(gate) == []


def test_one_change_goes_one_step_at_most(gate: Gate, alice: User) -> None:
    let(gate, largest_step=0.1)
    seen_enough(gate, alice)

    (policy,) = applied(gate)

    assert policy.threshold == pytest.approx(0.65)


def test_a_step_that_the_labels_do_not_vouch_for_waits_for_a_person(gate: Gate, alice: User) -> None:
    gate.adopt(author=None, reason="too bold", threshold=0.2)
    let(gate, largest_step=0.1)
    seen_enough(gate, alice)

    assert applied(gate) == []


@pytest.mark.parametrize(
    "rails", [{"auto_apply": False}, {"smallest_evidence": 1000}, {"cooling_h": 2.0}], ids=str
)
def test_outside_the_rails_it_waits_for_a_person(rails: dict[str, Any], gate: Gate, alice: User) -> None:
    let(gate, **rails)
    seen_enough(gate, alice)

    assert applied(gate) == []


def test_after_the_cooling_time_it_is_applied(gate: Gate, alice: User) -> None:
    let(gate, cooling_h=2.0)
    seen_enough(gate, alice)

    assert [policy.threshold for policy in applied(gate, hours=3)] == [0.6]


def test_while_an_alarm_waits_to_be_seen_nothing_is_applied(gate: Gate, alice: User, olga: User) -> None:
    let(gate)
    seen_enough(gate, alice)
    watch = Watch.objects.create(gate=gate, threshold=0.75)
    counts = {"seen": 9, "hits": 9, "recent": 9, "recent_hits": 9}
    alarm = Alarm.objects.create(watch=watch, kind="errors", tolerated=0.05, reached=1.0, limit=1.0, **counts)

    before = applied(gate)
    alarm.acknowledge(olga)
    after = applied(gate)

    assert (before, [policy.threshold for policy in after]) == ([], [0.6])


def test_a_preview_is_never_applied(gate: Gate, alice: User) -> None:
    let(gate)
    seen_enough(gate, alice)
    Proposal.objects.make_now(gate)
    Proposal.objects.make_now(gate)

    assert Proposal.objects.apply_due(now()) == []


def test_receivers_are_told(gate: Gate, alice: User) -> None:
    Endpoint.objects.create(agent=gate.agent, url="https://hooks.example/", events=["proposal.applied"])
    let(gate)
    seen_enough(gate, alice)

    applied(gate)

    told = Delivery.objects.get(event="proposal.applied").payload
    assert (told["gate"], told["threshold"], told["policy_version"]) == ("default", 0.6, 3)


def test_what_two_people_must_see_cannot_apply_itself(gate: Gate) -> None:
    with pytest.raises(IntegrityError, match="what_two_people_must_see"):
        let(gate, four_eyes=True)


def test_a_later_look_takes_nothing_back(gate: Gate, alice: User) -> None:
    let(gate)
    seen_enough(gate, alice)
    applied(gate)
    decided(0.6, alice, number=300, right=False)
    decided(0.9, alice, number=400)

    later = applied(gate)

    newest = Proposal.objects.first()
    assert newest is not None
    assert (newest.look, newest.threshold, newest.standing(), later) == (1, 0.9, 0.6, [])
