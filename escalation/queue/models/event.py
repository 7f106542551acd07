from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from escalation.queue.models.moments import DatabaseMoment


class Event(models.Model):
    """One line of an escalation's history. Written with the move it tells of, never edited."""

    class Kind(models.TextChoices):
        RAISED = "raised"
        CLAIMED = "claimed"
        RELEASED = "released"
        SNOOZED = "snoozed"
        DECIDED = "decided"
        UNDONE = "undone"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"
        MOVED = "moved"
        HANDED = "handed"
        REMINDED = "reminded"  # no move, as none that follows: see Event.NO_MOVES
        WIDENED = "widened"
        NOTED = "noted"
        WATCHED = "watched"
        UNWATCHED = "unwatched"

    escalation = models.ForeignKey("queue.Escalation", on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    # Nobody: an agent or the clock moved it.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = DatabaseMoment(db_default=Now())
    data = models.JSONField(default=dict)

    # Only word of it goes further.
    NO_MOVES = (Kind.REMINDED, Kind.WIDENED, Kind.NOTED, Kind.WATCHED, Kind.UNWATCHED)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["actor"], condition=Q(actor__isnull=False), name="events_of_a_person")
        ]

    def __str__(self) -> str:
        return f"escalation {self.escalation_id} {self.kind}"
