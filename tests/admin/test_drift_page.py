"""Olga sees when and why results were not what they were, and says that she has seen it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from escalation.gating.models import Gate
from escalation.tuning.models import Alarm, Watch
from tests.tuning.seen import decided


@pytest.fixture
def alarm(gate: Gate, alice: User) -> Alarm:
    """Twenty of sixty audited results were wrong, and nothing is accepted any more."""
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    decided(0.9, alice, number=40)
    decided(0.9, alice, right=False, number=20)
    Watch.objects.feed_all(now() + timedelta(minutes=1))
    return Alarm.objects.get()


def test_before_any_result_nothing_is_watched(gate: Gate, as_olga: Client) -> None:
    assert "Nothing yet" in as_olga.get(f"/admin/tuning/alarm/gate/{gate.pk}/").content.decode()


def test_it_says_when_why_and_what_came_into_force(alarm: Alarm, as_olga: Client) -> None:
    page = as_olga.get(f"/admin/tuning/alarm/gate/{alarm.watch.gate_id}/").content.decode()

    assert alarm.sentence in page
    assert "accepts nothing, audit rate 100%" in page
    assert "I have seen it" in page


def test_every_page_of_ops_warns_until_somebody_has_seen_it(alarm: Alarm, as_olga: Client) -> None:
    banner = "support-triage/default: too many audited results are wrong."
    before = as_olga.get("/admin/").content.decode()

    as_olga.post(f"/admin/tuning/alarm/{alarm.pk}/acknowledge/")

    assert banner in before
    assert banner not in as_olga.get("/admin/").content.decode()
    assert Alarm.objects.get().acknowledged_by is not None


def test_reviewers_of_the_queue_learn_why_more_waits(
    alarm: Alarm, as_alice: Client, mallory: User, as_olga: Client
) -> None:
    said = "too many accepted results turned out to be wrong"
    mallorys = Client()
    mallorys.force_login(mallory)

    assert said in as_alice.get("/queue/").content.decode()
    assert said not in as_olga.get("/queue/").content.decode()
    assert said not in mallorys.get("/queue/").content.decode()


def test_reviewers_do_not_acknowledge(alarm: Alarm, as_alice: Client) -> None:
    as_alice.post(f"/admin/tuning/alarm/{alarm.pk}/acknowledge/")

    assert Alarm.objects.get().acknowledged_at is None
