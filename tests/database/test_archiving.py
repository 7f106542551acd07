"""What docs/scaling.md says of archiving: old settled rows go, and what is left is whole."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from pytest_django import Settings

from escalation.delivery.models import Delivery
from escalation.gating.models import Gate, Outcome, Result
from escalation.invariants import all_invariants
from escalation.queue.models import Escalation, Event
from escalation.tuning.models import Label
from tests.cast import RaiseEscalation

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_statements_take_old_settled_rows_and_leave_the_live_queue_whole(
    alice: User, gate: Gate, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.UNDO_WINDOW = timedelta(0)
    for confidence in (0.9, 0.1):
        Outcome.objects.pass_gate("support-triage", "default", Result("task", {"reply": "Hm."}, confidence))
    old = an_escalation(callback_url="https://agent.example/told")
    old.claim(alice)
    old.decide(alice, "accept")
    labelled = Escalation.objects.exclude(pk=old.pk).get()
    labelled.claim(alice)
    labelled.decide(alice, "reject", reason_code="wrong")
    Delivery.objects.update(status="delivered")
    begun_long_ago(old, labelled)
    waiting = an_escalation()
    begun_long_ago(waiting)

    archive()

    assert list(Escalation.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert (Label.objects.count(), Outcome.objects.count(), Event.objects.count()) == (0, 1, 1)
    assert {found.sentence: found.breaches() for found in all_invariants() if found.breaches()} == {}
    assert Escalation.objects.claim_next(alice) == waiting


def begun_long_ago(*rows: Escalation) -> None:
    """Raised two years ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE queue_escalation SET raised_at = raised_at - interval '2 years' WHERE id = ANY(%s)",
            [[row.pk for row in rows]],
        )


def archive() -> None:
    """Run what the page says, in the one transaction that it asks for."""
    found = re.search(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in found[1].split(";"):
            if statement.strip() not in ("", "BEGIN", "COMMIT"):
                cursor.execute(statement)
