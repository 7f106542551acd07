"""What a confidence has meant so far stands beside it, and not where a blind eye is wanted."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Gate
from escalation.tuning.models import Calibration
from tests.tuning.seen import decided, passed

SAID = "0.30 has meant right in 25 of 100 so far."


@pytest.fixture
def learned(gate: Gate, alice: User) -> Gate:
    """A quarter of 240 results at 0.3 was right."""
    decided(0.3, alice, number=60)
    decided(0.3, alice, number=180, right=False)
    Calibration.objects.make(gate)
    return gate


def page_of(confidence: float, client: Client, **facts: str) -> str:
    escalation = passed(confidence, **facts).escalation
    assert escalation is not None
    return client.get(f"/escalations/{escalation.pk}/").content.decode()


def test_it_stands_with_the_confidence(learned: Gate, as_alice: Client) -> None:
    assert SAID in page_of(0.3, as_alice)


def test_another_prompt_has_no_past(learned: Gate, as_alice: Client) -> None:
    assert "has meant right" not in page_of(0.3, as_alice, prompt_version="p2")


def test_nothing_is_said_where_nobody_looked(learned: Gate, as_alice: Client) -> None:
    assert "has meant right" not in page_of(0.6, as_alice)


def test_a_blind_check_is_told_nothing(learned: Gate, as_alice: Client) -> None:
    learned.adopt(author=None, reason="accept it all, look at it all", threshold=0.2, audit_rate=1.0)

    assert "has meant right" not in page_of(0.3, as_alice)


def test_a_version_comes_with_new_labels(learned: Gate, alice: User) -> None:
    assert Calibration.objects.make(learned) is None
    decided(0.3, alice, number=240)

    made = Calibration.objects.make(learned)

    assert made is not None
    assert made.version == 2
    assert made.fitted.of(0.3) == pytest.approx(300 / 480)
