"""What the clock does to an escalation that waits: a reminder, a wider circle, its timeout exit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now

from escalation.queue.exceptions import StaysOpen, TransitionRefused
from escalation.queue.hours import due, worked

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation
    from escalation.queue.models.review_queue import ReviewQueue

# Of the time that is allowed: a reminder after half of it, the wider circle when a fifth is left.
REMINDED_AFTER, WIDENED_AFTER = 0.5, 0.8


class Circle(models.IntegerChoices):
    """How far word has gone that an escalation waits."""

    QUEUE = 0, "its review queue"
    REMINDED = 1, "its review queue, reminded"
    WIDER = 2, "leads and on-call"
    EVERYBODY = 3, "everybody, past its deadline"


@dataclass(frozen=True, slots=True)
class Allowed:
    """How long from now until the deadline, and until the reminder; None for none."""

    limit: timedelta | None = None
    notice: timedelta | None = None


def allowed(queue: ReviewQueue, deadline_s: float | None) -> Allowed:
    """A deadline in the working hours of a review queue, counted from now by the database's clock."""
    if deadline_s is None:
        return Allowed()
    moment, hours = queue.clock()
    seconds = timedelta(seconds=deadline_s)
    limit, notice = (due(moment, seconds * share, hours) - moment for share in (1, REMINDED_AFTER))
    return Allowed(limit, notice)


def widen(escalation: Escalation) -> bool:
    """Tell more people, as the time asks for; False when somebody holds or ended it meanwhile."""
    try:
        if escalation.circle == Circle.QUEUE:
            escalation.widen(Circle.REMINDED, next_at=Now() + _until_wider(escalation))
        else:
            escalation.widen(Circle.WIDER)
    except TransitionRefused:
        return False
    return True


def _until_wider(escalation: Escalation) -> timedelta:
    """How long until the wider circle: after three fifths of the working time that is left."""
    moment, hours = escalation.queue.clock()
    assert escalation.deadline_at  # only what has a deadline has a reminder
    left = worked(moment, escalation.deadline_at, hours)
    share = (WIDENED_AFTER - REMINDED_AFTER) / (1 - REMINDED_AFTER)
    return due(moment, left * share, hours) - moment


def expire(escalation: Escalation) -> bool:
    """Take its timeout exit, or let everybody know when that is to stay; False when it ended otherwise."""
    try:
        escalation.expire()
    except StaysOpen:
        escalation.widen(Circle.EVERYBODY)
    except TransitionRefused:  # somebody claimed or decided it meanwhile: theirs is the better end
        return False
    return True
