"""What moves at a gate raises the audit rate, what goes wrong closes the gate, and both are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.tuning.models import Alarm, GateRails, Proposal, Watch
from escalation.tuning.strata import window_at
from tests.tuning.seen import decided, passed, passed_often


def watched() -> int:
    """Feed every watch five minutes later: what is newer may still be joined by something older."""
    return Watch.objects.feed_all(now() + timedelta(minutes=5))


def in_force(gate: Gate) -> Policy:
    policy = gate.policy
    assert policy is not None
    return policy


@pytest.fixture
def audited(gate: Gate) -> Gate:
    """Every accepted result is audited from 0.75 on."""
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    return gate


def many_wrong(reviewer: User) -> None:
    decided(0.9, reviewer, number=40)
    decided(0.9, reviewer, right=False, number=20)


def test_each_observation_is_seen_once(audited: Gate, alice: User) -> None:
    decided(0.9, alice, number=30)
    decided(0.3, alice, number=10)

    seen = [watched(), watched()]

    watch = Watch.objects.get()
    assert seen == [40 + 30, 0]
    assert (watch.remembered("errors").seen, watch.remembered("errors").hits) == (30, 0)


def test_what_can_still_be_undone_waits(audited: Gate, alice: User) -> None:
    decided(0.9, alice)

    Watch.objects.feed_all(now())
    before = Watch.objects.get().remembered("errors").seen
    watched()

    assert (before, Watch.objects.get().remembered("errors").seen) == (0, 1)


def test_too_many_wrong_audits_close_the_gate(audited: Gate, alice: User) -> None:
    many_wrong(alice)

    watched()

    alarm, policy = Alarm.objects.get(), in_force(audited)
    assert (alarm.kind, alarm.policy, alarm.acknowledged_at) == ("errors", policy, None)
    assert (policy.threshold, policy.author) == (ACCEPTS_NOTHING, None)
    assert "audited results are wrong; 5% is tolerated" in policy.reason
    assert passed(1.0).exit == "human"


def test_after_an_alarm_only_what_comes_next_counts(audited: Gate, alice: User) -> None:
    many_wrong(alice)
    watched()

    window = window_at(audited)
    proposal = Proposal.objects.make_now(audited)

    assert (window.outcomes, window.labels) == (0, 0)
    assert proposal.status == "too_few_outcomes"


def test_the_fallback_of_ops_comes_into_force(audited: Gate, alice: User, olga: User) -> None:
    GateRails.objects.create(gate=audited, on_alarm="fall_back", fallback=0.95, author=olga, reason="nights")
    many_wrong(alice)

    watched()

    assert in_force(audited).threshold == 0.95


def test_ops_may_want_to_be_told_and_no_more(audited: Gate, alice: User, olga: User) -> None:
    GateRails.objects.create(gate=audited, on_alarm="tell", author=olga, reason="we look ourselves")
    many_wrong(alice)

    watched()

    assert Alarm.objects.get().policy is None
    assert in_force(audited).threshold == 0.75


def test_receivers_are_told(audited: Gate, alice: User) -> None:
    Endpoint.objects.create(agent=audited.agent, url="https://hooks.example/", events=["drift.detected"])
    many_wrong(alice)

    watched()

    told = Delivery.objects.get(event="drift.detected").payload
    assert (told["agent"], told["gate"], told["kind"]) == ("support-triage", "default", "errors")
    assert (told["threshold"], told["policy_version"]) == (ACCEPTS_NOTHING, in_force(audited).version)
    assert "audited results are wrong" in told["detail"]


def test_more_escalations_than_usual_raise_the_audit_rate_for_a_while(gate: Gate, alice: User) -> None:
    decided(0.3, alice, number=20)
    passed_often(0.9, 230)
    watched()
    decided(0.3, alice, number=300)

    watched()

    assert set(Alarm.objects.values_list("kind", flat=True)) == {"rising"}
    assert (in_force(gate).threshold, in_force(gate).audit_rate) == (0.75, 0.5)
    assert Watch.objects.get().rate_before == 0.0


def test_a_warning_that_goes_on_is_told_once(gate: Gate, alice: User) -> None:
    decided(0.3, alice, number=20)
    passed_often(0.9, 230)
    watched()
    decided(0.3, alice, number=300)
    watched()
    Watch.objects.update(raised_for=5)
    decided(0.3, alice, number=300)

    watched()

    assert Alarm.objects.filter(kind="rising").count() == 1
    assert Watch.objects.get().raised_for > 5


def test_when_it_is_calm_again_the_audit_rate_is_what_it_was(gate: Gate) -> None:
    passed_often(0.9, 1)
    watched()
    gate.adopt(author=None, reason="a warning", audit_rate=0.5)
    Watch.objects.update(rate_before=0.1, raised_for=20)
    passed_often(0.9, 25)

    watched()

    assert in_force(gate).audit_rate == 0.1
    assert Watch.objects.get().rate_before is None


def test_another_threshold_or_prompt_is_watched_anew(audited: Gate, alice: User) -> None:
    decided(0.9, alice, number=5)
    watched()
    audited.adopt(author=None, reason="stricter", threshold=0.8)
    watched()
    passed(0.9, prompt_version="p2")

    watched()

    watches = [(w.threshold, w.prompt_version, w.ended_at is None) for w in Watch.objects.order_by("id")]
    assert watches == [(0.75, "p1", False), (0.8, "p1", False), (0.8, "p2", True)]


def test_a_gate_that_cannot_change_its_policy_hides_no_other(
    audited: Gate, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    exits = in_force(audited).exits | {"low_confidence": ["rule:gone", "human"]}
    Policy.objects.bulk_create([_with_exits(in_force(audited), exits)])
    many_wrong(alice)

    watched()

    assert not Alarm.objects.exists()
    assert "the watch at support-triage/default failed" in caplog.text


def test_an_alarm_is_acknowledged_once(audited: Gate, alice: User, olga: User, bob: User) -> None:
    many_wrong(alice)
    watched()
    alarm = Alarm.objects.get()

    alarm.acknowledge(olga)
    alarm.acknowledge(bob)

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == olga


def _with_exits(policy: Policy, exits: dict[str, list[str]]) -> Policy:
    """The next version, as if the rule that it names had been taken away since."""
    terms = policy.terms_as_dict() | {"exits": exits}
    return Policy(gate=policy.gate, version=policy.version + 1, reason="-", **terms)
