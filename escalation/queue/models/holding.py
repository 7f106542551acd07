"""Who may take an escalation: the conditions that the moves carry in their UPDATE."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Now

from escalation.queue.models.deadline import Circle

# What is handed to a colleague waits for them so long; then it is anybody's again.
HANDED = timedelta(hours=1)

WAITING, CLAIMED = Q(status="waiting"), Q(status="claimed")


def claimable() -> Q:
    """Waiting and not asleep, or claimed by somebody who has not begun with it or is gone."""
    return (WAITING & (Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=Now()))) | _free()


def unheld() -> Q:
    """Waiting, asleep or not, or claimed by somebody who has not begun with it or is gone."""
    return WAITING | _free()


def overdue() -> Q:
    """Past its deadline, held by nobody, and not known to wait for a human all the same."""
    return unheld() & Q(deadline_at__lte=Now(), circle__lt=Circle.EVERYBODY)


def held_by(reviewer: User) -> Q:
    """Claimed by `reviewer`; a lease that ran out still holds while nobody else has taken it."""
    return CLAIMED & Q(claimed_by=reviewer)


def _free() -> Q:
    # A claim whose lease has run out, or one that nobody has looked at yet.
    return CLAIMED & (Q(claimed_until__lte=Now()) | Q(claimed_ahead=True))
