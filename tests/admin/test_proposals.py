"""Olga reads what the labels vouch for, applies it with a reason or dismisses it, and sets the target."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Gate
from escalation.tuning.certificate import Target
from escalation.tuning.models import GateTarget, Proposal, Settlement
from tests.tuning.seen import seen_enough


@pytest.fixture
def proposal(gate: Gate, alice: User) -> Proposal:
    """Accept from 0.6 on; 0.75 is in force by version 2."""
    seen_enough(gate, alice)
    return Proposal.objects.make_now(gate)


def page_of(gate: Gate, client: Client) -> str:
    return client.get(f"/admin/tuning/label/risk/{gate.pk}/").content.decode()


def test_a_button_makes_one(gate: Gate, alice: User, olga: User, as_olga: Client) -> None:
    seen_enough(gate, alice)

    answer = as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/propose/", follow=True)

    page = answer.content.decode()
    assert Proposal.objects.get().asked_by == olga
    assert "Accept from 0.6 on: at most 1.42% of what is accepted is wrong, with 95% confidence" in page
    assert "91.3% of results would be accepted (87% to 94.3%) instead of 65.2%." in page
    assert "Put 0.6 in force" in page


def test_when_nothing_can_be_vouched_for_the_page_says_so_plainly(gate: Gate, as_olga: Client) -> None:
    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/propose/")

    page = page_of(gate, as_olga)

    assert "Fewer than 200 results say nothing of a threshold." in page
    assert "200 more results are needed." in page
    assert 'id="settle-reason"' not in page


def test_applied_with_a_reason_it_is_in_force(proposal: Proposal, as_olga: Client) -> None:
    answer = as_olga.post(
        f"/admin/tuning/label/proposals/{proposal.pk}/apply/", {"reason": "the labels say so"}, follow=True
    )

    policy = proposal.gate.policy
    assert policy is not None
    assert (policy.version, policy.threshold, policy.reason) == (3, 0.6, "the labels say so")
    assert "Version 3 is in force." in answer.content.decode()
    assert "applied by olga: the labels say so" in page_of(proposal.gate, as_olga).lower()


def test_without_a_reason_nothing_is_applied(proposal: Proposal, as_olga: Client) -> None:
    answer = as_olga.post(f"/admin/tuning/label/proposals/{proposal.pk}/apply/", {"reason": " "}, follow=True)

    assert "Say why: it stays in the history." in answer.content.decode()
    assert not Settlement.objects.exists()


def test_over_another_policy_it_is_refused(proposal: Proposal, as_olga: Client) -> None:
    proposal.gate.adopt(author=None, reason="meanwhile", deadline_s=60)

    answer = as_olga.post(
        f"/admin/tuning/label/proposals/{proposal.pk}/apply/", {"reason": "too late"}, follow=True
    )

    assert "Nothing was changed. It was made under version 2" in answer.content.decode()
    assert not Settlement.objects.exists()


def test_dismissed_it_stays_in_the_history(proposal: Proposal, as_olga: Client) -> None:
    as_olga.post(f"/admin/tuning/label/proposals/{proposal.pk}/dismiss/", {"reason": "not now"})

    page = page_of(proposal.gate, as_olga)

    assert "dismissed by olga: not now" in page.lower()
    assert 'id="settle-reason"' not in page


def test_the_target_of_a_gate_is_set_with_a_reason(gate: Gate, as_olga: Client) -> None:
    said = {"alpha": "0.02", "confidence": "0.95", "reason": "refunds cost money"}

    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/target/", said)

    assert GateTarget.objects.of(gate) == Target(0.02, 0.05)


@pytest.mark.parametrize("said", [{"alpha": "0"}, {"alpha": "1.5"}, {"confidence": "1"}, {"reason": ""}])
def test_what_is_no_target_is_refused(said: dict[str, str], gate: Gate, as_olga: Client) -> None:
    good = {"alpha": "0.02", "confidence": "0.95", "reason": "refunds cost money"}

    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/target/", good | said)

    assert not GateTarget.objects.exists()


@pytest.mark.parametrize("act", ["propose", "target", "threshold"])
def test_reviewers_change_nothing(act: str, gate: Gate, as_alice: Client) -> None:
    answer = as_alice.post(f"/admin/tuning/label/risk/{gate.pk}/{act}/", {"reason": "mine"})

    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
    assert not Proposal.objects.exists()


def test_who_may_only_read_is_refused(gate: Gate, mallory: User) -> None:
    mallory.is_staff = True
    mallory.save()
    client = Client()
    client.force_login(mallory)

    answers = [client.post(f"/admin/tuning/label/risk/{gate.pk}/{act}/") for act in ("propose", "threshold")]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_looking_changes_nothing(gate: Gate, as_olga: Client) -> None:
    assert as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/propose/").status_code == 405
    assert not Proposal.objects.exists()
