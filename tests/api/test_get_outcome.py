"""An agent reads an outcome, and whether a human overturned it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.gating.models import Gate
from escalation.queue.models import Escalation
from escalation.tuning.models import Calibration
from tests.api.caller import Caller

RESULT = {"task": "2 + 2", "output": "5", "confidence": 0.9}


@pytest.fixture
def audited(support_triage: Caller, gate: Gate, alice: User) -> Any:
    """An accepted outcome that was drawn for an audit, which Alice holds."""
    gate.adopt(author=None, reason="audit everything", audit_rate=1.0)
    posted = support_triage.post("/outcomes/", RESULT).json()
    Escalation.objects.get().claim(alice)
    return posted


def test_an_overturned_outcome_shows_its_correction(
    support_triage: Caller, audited: Any, alice: User, settings: Any
) -> None:
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    Escalation.objects.get().decide(alice, "edit", output="4", note="arithmetic")

    shown = support_triage.get(f"/outcomes/{audited['id']}/").json()

    correction = shown["correction"]
    assert (correction["verdict"], correction["output"], correction["note"]) == ("edit", "4", "arithmetic")
    assert (shown["exit"], shown["output"], shown["escalation"]) == ("accepted", "5", None)


def test_until_the_undo_window_is_over_there_is_none(
    support_triage: Caller, audited: Any, alice: User
) -> None:
    Escalation.objects.get().decide(alice, "reject")

    assert support_triage.get(f"/outcomes/{audited['id']}/").json() == audited


def test_a_confirmed_one_stays_as_it_was(
    support_triage: Caller, audited: Any, alice: User, settings: Any
) -> None:
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    Escalation.objects.get().decide(alice, "accept")

    assert support_triage.get(f"/outcomes/{audited['id']}/").json() == audited


def test_another_agents_does_not_exist(support_triage: Caller, invoices: Caller) -> None:
    posted = support_triage.post("/outcomes/", RESULT).json()

    answer = invoices.get(f"/outcomes/{posted['id']}/")

    assert answer.status_code == 404


def test_it_says_what_its_confidence_has_meant(support_triage: Caller, gate: Gate) -> None:
    knots = [[0.5, 0.4], [0.95, 0.85]]
    Calibration.objects.create(gate=gate, version=1, method="isotonic", labels=300, knots=knots)

    posted = support_triage.post("/outcomes/", RESULT | {"confidence": 0.95}).json()
    beyond = support_triage.post("/outcomes/", RESULT | {"confidence": 0.99}).json()

    assert (posted["calibrated_confidence"], beyond["calibrated_confidence"]) == (0.85, None)
