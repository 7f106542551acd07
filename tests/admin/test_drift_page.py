"""Olga sees what is watched at a gate, and when and why an alarm sounded."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from escalation.gating.models import Gate
from escalation.tuning.models import Proposal, Watch
from tests.tuning.seen import decided, passed


def watched() -> None:
    Watch.objects.feed_all(now() + timedelta(minutes=1))


def looked_at(gate: Gate, client: Client) -> str:
    return client.get(f"/admin/tuning/alarm/gate/{gate.pk}/").content.decode()


def test_what_led_to_an_alarm_stays_in_sight(gate: Gate, alice: User, as_olga: Client) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    decided(0.9, alice, number=40)
    watched()
    decided(0.9, alice, right=False, number=20)
    watched()
    passed(0.9)
    watched()

    page = looked_at(gate, as_olga)

    _, reached, limit = Watch.objects.earliest("pk").trail[-1]
    assert reached >= limit
    assert "Of the watch at 0.75, from" in page
    assert "accepts nothing, audit rate 100%" in page


def test_an_alarm_about_a_category_says_which(gate: Gate, alice: User, as_olga: Client) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0, categories={"refund": None})
    decided(0.9, alice, right=False, number=30, category="refund")
    Proposal.objects.escalate_due(now())

    page = looked_at(gate, as_olga)

    assert "30 of the last 30 audited results about refund are wrong; 5% is tolerated." in page
    assert "Nothing about refund is accepted without a person at present." in page
    assert "refund: too many audited results are wrong" in page
