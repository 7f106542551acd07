"""Nobody decided in time."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Escalation
from tests.cast import RaiseEscalation


def test_past_its_deadline_it_expires(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=0)

    escalation.expire()

    assert escalation.status == "expired"


def test_before_its_deadline_it_does_not(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=60)

    with pytest.raises(TransitionRefused):
        escalation.expire()


def test_without_a_deadline_it_waits_for_ever(an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    with pytest.raises(TransitionRefused):
        escalation.expire()


def test_what_a_human_holds_does_not_expire(alice: User, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation(deadline_s=0)
    escalation.claim(alice)

    with pytest.raises(TransitionRefused):
        escalation.expire()


def test_what_a_human_left_lying_expires(
    alice: User, an_escalation: RaiseEscalation, settings: Settings
) -> None:
    settings.CLAIM_LEASE = timedelta(0)
    escalation = an_escalation(deadline_s=0)
    escalation.claim(alice)

    escalation.expire()

    assert (escalation.status, escalation.claimed_by) == ("expired", None)


def test_beat_expires_all_that_are_overdue_and_nothing_else(
    alice: User, an_escalation: RaiseEscalation
) -> None:
    overdue, held, patient = (
        an_escalation(deadline_s=0),
        an_escalation(deadline_s=0),
        an_escalation(deadline_s=60),
    )
    held.claim(alice)

    expired = Escalation.objects.expire_overdue()

    assert expired == 1
    statuses = dict(Escalation.objects.values_list("pk", "status"))
    assert statuses == {overdue.pk: "expired", held.pk: "claimed", patient.pk: "waiting"}


def test_beat_takes_the_longest_overdue_first(an_escalation: RaiseEscalation) -> None:
    later, earlier = an_escalation(deadline_s=-1), an_escalation(deadline_s=-60)

    Escalation.objects.expire_overdue(limit=1)

    later.refresh_from_db()
    earlier.refresh_from_db()
    assert (later.status, earlier.status) == ("waiting", "expired")
