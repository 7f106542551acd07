"""Olga asks what another threshold would have done, and puts it in force with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from escalation.gating.models import Gate, Outcome
from escalation.tuning.whatif import PAGE, WhatIf
from tests.tuning.seen import decided, passed, seen_enough


def asked(gate: Gate, client: Client, **said: str) -> WhatIf | None:
    answer = client.get(f"/admin/tuning/label/risk/{gate.pk}/", said)
    assert answer.status_code == 200
    found: WhatIf | None = answer.context["what_if"]
    return found


def test_a_candidate_stands_beside_the_threshold_in_force(gate: Gate, alice: User, as_olga: Client) -> None:
    seen_enough(gate, alice)

    found = asked(gate, as_olga, threshold="0.3")

    assert found is not None
    assert found.in_force is not None
    assert (found.in_force.accepted.number, found.in_force.escalated.number) == (150, 80)
    assert (found.in_force.slipped.number, found.in_force.needless.number) == (0, 60)
    assert (found.candidate.accepted.number, found.candidate.escalated.number) == (230, 0)
    assert (found.candidate.slipped.number, found.candidate.slipped.labels) == (20, 230)
    assert found.candidate.slipped.low < 20 < found.candidate.slipped.high
    assert found.candidate.needless.number is None


def test_an_audit_stands_for_those_that_nobody_looked_at(gate: Gate, alice: User, as_olga: Client) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    decided(0.9, alice, number=3)
    decided(0.9, alice, right=False)
    for _ in range(4):
        passed(0.9)

    found = asked(gate, as_olga, threshold="0.9")

    assert found is not None
    assert (found.candidate.slipped.number, found.candidate.slipped.labels) == (2, 4)


def test_what_changes_sides_is_listed_page_by_page(gate: Gate, alice: User, as_olga: Client) -> None:
    decided(0.6, alice, number=PAGE + 5)
    decided(0.3, alice)

    first = asked(gate, as_olga, threshold="0.5")
    assert first is not None
    second = asked(gate, as_olga, threshold="0.5", before=str(first.next))

    assert second is not None
    assert first.accepts_more
    assert (len(first.moved), len(second.moved), second.next) == (PAGE, 5, None)
    listed = {outcome.pk for found in (first, second) for outcome in found.moved}
    assert listed == set(Outcome.objects.filter(confidence=0.6).values_list("pk", flat=True))


def test_only_the_chosen_days_are_replayed(gate: Gate, alice: User, as_olga: Client) -> None:
    decided(0.6, alice, number=3)
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()

    now, later = asked(gate, as_olga, threshold="0.5"), asked(gate, as_olga, threshold="0.5", since=tomorrow)

    assert now is not None
    assert later is not None
    assert (now.candidate.accepted.of, later.candidate.accepted.of) == (3, 0)


@pytest.mark.parametrize("threshold", ["", "1.5", "nan", "high"])
def test_what_is_no_threshold_is_told_so(threshold: str, gate: Gate, as_olga: Client) -> None:
    answer = as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/", {"threshold": threshold})

    assert answer.status_code == 200
    assert answer.context["what_if"] is None
    assert 'class="errorlist"' in answer.content.decode()


def test_the_candidate_is_carried_to_the_form(gate: Gate, alice: User, as_olga: Client) -> None:
    decided(0.6, alice)
    page = as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/", {"threshold": "0.61"}).content.decode()
    path = f"/admin/tuning/label/risk/{gate.pk}/threshold/?threshold=0.61"
    assert path in page

    form = as_olga.get(path).content.decode()

    assert 'value="0.61"' in form
    assert 'name="made_from" value="1"' in form


def test_it_is_put_in_force_with_a_reason(gate: Gate, olga: User, as_olga: Client) -> None:
    said = {"threshold": "0.61", "reason": "reviewers were swamped", "made_from": "1"}

    as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/threshold/", said)

    policy = gate.policy
    assert policy is not None
    assert (policy.version, policy.threshold, policy.reason) == (2, 0.61, "reviewers were swamped")
    assert policy.author == olga


def test_from_an_old_page_it_is_refused(gate: Gate, as_olga: Client) -> None:
    gate.adopt(author=None, reason="meanwhile", deadline_s=60)
    said = {"threshold": "0.61", "reason": "reviewers were swamped", "made_from": "1"}

    answer = as_olga.post(f"/admin/tuning/label/risk/{gate.pk}/threshold/", said)

    assert "version 2 was adopted meanwhile" in answer.content.decode()
    assert gate.policy is not None
    assert gate.policy.threshold == 0.75


def test_it_needs_no_script_and_no_inline_style(gate: Gate, alice: User, as_olga: Client) -> None:
    decided(0.6, alice)

    answer = as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/", {"threshold": "0.5"})

    assert " style=" not in answer.content.decode()
    assert "unsafe" not in answer["Content-Security-Policy"]
