"""A deadline counts working hours; before it come a reminder and a wider circle."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now

from escalation.invariants import all_invariants
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Escalation, ReviewQueue
from escalation.queue.models.deadline import Circle
from tests.cast import RaiseEscalation


def let_notices_come(*escalations: Escalation) -> None:
    Escalation.objects.filter(pk__in=[each.pk for each in escalations]).update(notice_at=now())


def test_a_deadline_passes_over_the_hours_in_which_nobody_works(
    queue: ReviewQueue, an_escalation: RaiseEscalation
) -> None:
    today = now().date()
    queue.closed = [
        {"from": f"{today - timedelta(days=1)}", "until": f"{today + timedelta(days=2)}", "note": ""}
    ]
    queue.save()

    escalation = an_escalation(deadline_s=3600)

    first_day = datetime.combine(today + timedelta(days=3), datetime.min.time(), now().tzinfo)
    assert escalation.deadline_at is not None
    assert escalation.notice_at is not None
    assert abs(escalation.deadline_at - first_day - timedelta(hours=1)) < timedelta(seconds=30)
    assert abs(escalation.notice_at - first_day - timedelta(minutes=30)) < timedelta(seconds=30)


def test_a_reminder_then_the_wider_circle_then_no_more(an_escalation: RaiseEscalation) -> None:
    escalation, circles = an_escalation(deadline_s=1000), []

    for _ in range(3):
        let_notices_come(escalation)
        Escalation.objects.widen_what_waits()
        escalation.refresh_from_db()
        circles.append((escalation.circle, escalation.notice_at is not None))
        Escalation.objects.filter(notice_at=None).update(notice_at=None)

    assert circles[:2] == [(Circle.REMINDED, True), (Circle.WIDER, False)]
    assert list(escalation.events.values_list("kind", flat=True)) == ["raised", "reminded", "widened"]


def test_the_wider_circle_is_due_when_a_fifth_of_the_time_is_left(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=1000)
    let_notices_come(escalation)

    Escalation.objects.widen_what_waits()

    escalation.refresh_from_db()
    assert escalation.notice_at is not None
    # It was reminded at once, so that three fifths of the whole are still to come.
    assert abs(escalation.notice_at - now() - timedelta(seconds=600)) < timedelta(seconds=60)


def test_nobody_is_reminded_of_what_somebody_holds(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=1000)
    let_notices_come(escalation)
    escalation.claim(alice)

    assert Escalation.objects.widen_what_waits() == 0
    with pytest.raises(TransitionRefused):
        escalation.widen(Circle.WIDER)


def test_a_reminder_leaves_what_a_reviewer_saw_as_it_is(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=1000)
    seen = escalation.version
    escalation.widen(Circle.REMINDED)

    escalation.claim_and_decide(alice, "accept", version=seen)

    assert escalation.status == "decided"
    assert [each.sentence for each in all_invariants() if each.breaches()] == []


def test_reminders_are_found_by_their_index(an_escalation: RaiseEscalation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        waiting = Escalation.objects.filter(Escalation.unheld(), notice_at__lte=now())
        plan = waiting.order_by("notice_at")[:500].explain()

    assert "open_by_notice" in plan
