"""Where ops ask for two people, nobody changes a threshold alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from escalation.gating.exceptions import PolicyChanged
from escalation.gating.models import Gate
from escalation.invariants import all_invariants
from escalation.tuning.exceptions import DraftClosed
from escalation.tuning.models import Draft, GateRails, Proposal
from tests.tuning.seen import seen_enough


@pytest.fixture
def guarded(gate: Gate, olga: User) -> Gate:
    """Two people change a threshold here."""
    GateRails.objects.create(gate=gate, four_eyes=True, author=olga, reason="refunds are dear")
    return gate


@pytest.fixture
def bob_of_ops(bob: User, olga: User) -> User:
    bob.groups.add(Group.objects.get(name="ops"))
    return bob


def test_one_person_alone_is_refused(guarded: Gate, olga: User) -> None:
    with pytest.raises(ValidationError, match="Two people change a threshold here"):
        guarded.adopt(author=olga, reason="quickly", threshold=0.5)


def test_another_persons_draft_is_put_in_force(guarded: Gate, olga: User, bob_of_ops: User) -> None:
    draft = Draft.objects.write(guarded, olga, 0.6, "the labels say so")

    policy = draft.put_in_force(bob_of_ops)

    assert (policy.threshold, policy.author, policy.reason) == (0.6, bob_of_ops, "the labels say so")
    draft.refresh_from_db()
    assert (draft.policy, draft.ended_by) == (policy, bob_of_ops)


def test_ones_own_draft_is_not(guarded: Gate, olga: User) -> None:
    draft = Draft.objects.write(guarded, olga, 0.6, "the labels say so")

    with pytest.raises(DraftClosed, match="another person"):
        draft.put_in_force(olga)

    assert guarded.policy is not None
    assert guarded.policy.version == 1


def test_a_draft_is_dealt_with_once(guarded: Gate, olga: User, bob_of_ops: User) -> None:
    draft = Draft.objects.write(guarded, olga, 0.6, "-")
    draft.refuse(bob_of_ops)

    with pytest.raises(DraftClosed, match="meanwhile"):
        draft.put_in_force(bob_of_ops)


def test_a_draft_for_an_old_version_is_refused(guarded: Gate, olga: User, bob_of_ops: User) -> None:
    draft = Draft.objects.write(guarded, olga, 0.6, "-")
    guarded.adopt(author=olga, reason="more time", deadline_s=60)

    with pytest.raises(PolicyChanged):
        draft.put_in_force(bob_of_ops)

    assert Draft.objects.waiting().get() == draft


def test_a_newer_draft_takes_the_place_of_the_older(guarded: Gate, olga: User) -> None:
    Draft.objects.write(guarded, olga, 0.6, "-")
    newer = Draft.objects.write(guarded, olga, 0.7, "-")

    assert Draft.objects.waiting().get() == newer


def test_everything_else_and_the_system_go_on_as_before(guarded: Gate, olga: User) -> None:
    guarded.adopt(author=olga, reason="more time", deadline_s=60)

    policy = guarded.adopt(author=None, reason="an alarm", threshold=0.9)

    assert policy.version == 3


def test_a_proposal_needs_two_as_well(guarded: Gate, alice: User, olga: User) -> None:
    seen_enough(guarded, alice)
    proposal = Proposal.objects.make_now(guarded)

    with pytest.raises(ValidationError, match="Two people"):
        proposal.apply(olga, "the labels say so")


def test_nobody_switches_it_off_alone(guarded: Gate, olga: User) -> None:
    GateRails(gate=guarded, reason="it is slow").set(olga)

    assert GateRails.objects.of(guarded).four_eyes
    with pytest.raises(DraftClosed, match="another person"):
        waiting(guarded).second(olga)


def test_a_second_person_switches_it_off(guarded: Gate, olga: User, bob_of_ops: User) -> None:
    GateRails(gate=guarded, reason="it is slow").set(olga)

    waiting(guarded).second(bob_of_ops)

    holds = GateRails.objects.of(guarded)
    assert (holds.four_eyes, holds.author, holds.drafted_by) == (False, bob_of_ops, olga)
    assert GateRails.objects.waiting_at(guarded) is None
    assert [each.sentence for each in all_invariants() if each.breaches()] == []


def test_what_was_replaced_meanwhile_does_not_come_to_hold(
    guarded: Gate, olga: User, bob_of_ops: User
) -> None:
    GateRails(gate=guarded, reason="it is slow").set(olga)
    older = waiting(guarded)
    GateRails(gate=guarded, four_eyes=True, on_alarm="tell", reason="-").set(olga)

    with pytest.raises(DraftClosed, match="meanwhile"):
        older.second(bob_of_ops)


def waiting(gate: Gate) -> GateRails:
    found = GateRails.objects.waiting_at(gate)
    assert found is not None
    return found


def test_the_database_holds_it_too(guarded: Gate, olga: User) -> None:
    draft = Draft.objects.write(guarded, olga, 0.6, "-")

    with pytest.raises(IntegrityError, match="put_in_force_by_another_person"):
        Draft.objects.filter(pk=draft.pk).update(ended_by=olga, policy=guarded.policy)
