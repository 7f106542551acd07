"""A proposal is what the labels support; Olga applies it or not, and both stay on record."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import Error, transaction

from escalation.gating.models import Gate
from escalation.tuning.exceptions import ProposalClosed
from escalation.tuning.models import GateTarget, Proposal, Settlement
from escalation.tuning.tasks import propose_thresholds
from tests.tuning.seen import decided, passed, seen_enough


@pytest.fixture
def proposal(gate: Gate, alice: User) -> Proposal:
    """Accept from 0.6 on, with all evidence in."""
    seen_enough(gate, alice)
    return Proposal.objects.make_now(gate)


def test_it_is_the_lowest_threshold_with_its_evidence(proposal: Proposal) -> None:
    assert (proposal.status, proposal.threshold, proposal.labels) == ("ok", 0.6, 210)
    assert (proposal.outcomes, proposal.evidence) == (230, 150)
    assert proposal.coverage == pytest.approx(210 / 230)
    assert proposal.coverage_now == pytest.approx(150 / 230)
    assert proposal.risk == 0
    assert proposal.risk_upper == pytest.approx(1 - proposal.level ** (1 / 210))


def test_the_schedule_looks_once_until_labels_have_doubled(gate: Gate, alice: User) -> None:
    seen_enough(gate, alice)

    made = [propose_thresholds(), propose_thresholds()]

    assert made == [1, 0]
    assert Proposal.objects.get().look == 0
    assert Proposal.objects.get().level == pytest.approx(0.05)


def test_a_look_out_of_turn_is_a_preview(proposal: Proposal) -> None:
    again = Proposal.objects.make_now(proposal.gate)

    assert proposal.look == 0
    assert proposal.level == pytest.approx(0.05)
    assert (again.look, again.level) == (None, 0.10)


def test_it_never_applies_itself(gate: Gate, alice: User) -> None:
    seen_enough(gate, alice)

    propose_thresholds()

    assert gate.policy is not None
    assert (gate.policy.version, gate.policy.threshold) == (2, 0.75)


def test_applied_it_is_a_new_version_of_the_policy(proposal: Proposal, olga: User) -> None:
    policy = proposal.apply(olga, "the labels say so")

    assert (policy.version, policy.threshold, policy.audit_rate) == (3, 0.6, 1.0)
    assert (policy.author, policy.reason) == (olga, "the labels say so")
    settlement = Settlement.objects.get(proposal=proposal)
    assert (settlement.kind, settlement.actor, settlement.policy) == ("applied", olga, policy)


def test_it_is_not_applied_over_another_policy(proposal: Proposal, olga: User) -> None:
    proposal.gate.adopt(author=olga, reason="meanwhile", deadline_s=60)

    with pytest.raises(ProposalClosed, match="version 2, which is not in force any more"):
        proposal.apply(olga, "too late")

    assert not Settlement.objects.exists()


def test_it_is_settled_once(proposal: Proposal, olga: User) -> None:
    proposal.dismiss(olga, "not before the holidays")

    with pytest.raises(ProposalClosed, match="dismissed by olga"):
        proposal.apply(olga, "or yes")
    with pytest.raises(ProposalClosed, match="dismissed by olga"):
        proposal.dismiss(olga, "again")

    assert proposal.gate.policy is not None
    assert proposal.gate.policy.version == 2


def test_a_newer_proposal_takes_its_place(proposal: Proposal, olga: User) -> None:
    Proposal.objects.make_now(proposal.gate)

    with pytest.raises(ProposalClosed, match="newer proposal"):
        proposal.apply(olga, "the old one")


def test_a_new_prompt_makes_it_void(proposal: Proposal, olga: User) -> None:
    passed(0.9, prompt_version="p2")

    with pytest.raises(ProposalClosed, match="prompt has changed"):
        proposal.apply(olga, "for the old prompt")


def test_what_ops_tolerate_decides(gate: Gate, alice: User, olga: User) -> None:
    seen_enough(gate, alice)
    GateTarget.objects.create(gate=gate, alpha=0.15, delta=0.10, author=olga, reason="nothing much at stake")

    assert Proposal.objects.make_now(gate).threshold == 0.3


def test_what_waits_too_much_vouches_for_nothing(gate: Gate, alice: User) -> None:
    seen_enough(gate, alice)
    for _ in range(40):
        passed(0.5)

    proposal = Proposal.objects.make_now(gate)

    assert (proposal.status, proposal.threshold, proposal.look) == ("audit_backlog", None, None)
    assert proposal.details["not_used"] == ["policy v2: 80 of 120 escalations decided"]


def test_without_audits_nothing_is_vouched_for(gate: Gate, alice: User) -> None:
    decided(0.3, alice)
    passed(0.9)

    assert Proposal.objects.make_now(gate).status == "unaudited_stratum"


def test_before_any_result_it_says_how_many_are_needed(gate: Gate) -> None:
    proposal = Proposal.objects.make_now(gate)

    assert (proposal.status, proposal.missing) == ("too_few_outcomes", 200)


@pytest.mark.parametrize("row", ["proposal", "settlement", "gatetarget"])
def test_what_was_found_is_not_edited(row: str, proposal: Proposal, olga: User) -> None:
    proposal.dismiss(olga, "no")
    target = GateTarget.objects.create(gate=proposal.gate, alpha=0.1, delta=0.1, reason="-")
    rows = {"proposal": proposal, "settlement": proposal.settlement, "gatetarget": target}

    with pytest.raises(Error, match="never edited"), transaction.atomic():
        rows[row].save()


def test_the_command_proposes_at_each_gate(gate: Gate, alice: User) -> None:
    seen_enough(gate, alice)
    said = StringIO()

    call_command("propose_thresholds", stdout=said)

    assert said.getvalue().startswith("support-triage/default: Accept from 0.6 on: at most 1.42% of what")
    assert Proposal.objects.get().threshold == 0.6


def test_the_command_knows_its_gates(gate: Gate) -> None:
    with pytest.raises(CommandError, match="no gate nowhere/at-all"):
        call_command("propose_thresholds", "nowhere/at-all")
