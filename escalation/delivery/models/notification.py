from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from celery import current_app
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from escalation.delivery.models.channel import Channel
from escalation.delivery.news import News
from escalation.delivery.pacing import WINDOW
from escalation.queue.models import ReviewQueue
from escalation.queue.models.moments import DatabaseMoment

MOST_IN_ONE = 50


class NotificationQuerySet(models.QuerySet["Notification"]):
    def tell(
        self,
        topic: str,
        key: str,
        facts: dict[str, Any],
        *,
        path: str = "/queue/",
        queue: ReviewQueue | None = None,
        people: Iterable[User] = (),
    ) -> int:
        """Write one row for each channel of `queue` and of `people` that wants this topic; returns how many.

        Call it in the transaction of what happened. The same `key` is told to a channel once, however often
        it is written.
        """
        wanting = Channel.objects.of(queue, [person.pk for person in people])
        wanting = wanting.filter(enabled=True, topics__contains=topic)
        rows = [
            self.model(channel=channel, topic=topic, key=key, facts=facts, path=path) for channel in wanting
        ]
        self.bulk_create(rows, ignore_conflicts=True)
        for row in rows:
            ring(row.channel_id)
        return len(rows)

    def due(self) -> NotificationQuerySet:
        return self.filter(status="pending", due_at__lte=Now(), channel__enabled=True)

    def waiting_for(self, channel: Channel) -> list[Notification]:
        """What a channel has to say, in the order in which it happened; a message's fill."""
        return list(self.filter(channel=channel, status="pending").order_by("pk")[:MOST_IN_ONE])

    def sent_lately(self, channel: Channel, moment: datetime) -> list[datetime]:
        """When the messages of the last hour left; a digest is one."""
        lately = self.filter(channel=channel, status="sent", sent_at__gt=moment - WINDOW)
        moments: Iterable[datetime | None] = lately.values_list("sent_at", flat=True).distinct()
        return [at for at in moments if at]

    def put_off(self, channel: Channel, until: Any) -> None:
        self.filter(channel=channel, status="pending").update(due_at=until)

    def end(self, rows: Iterable[Notification], status: str) -> None:
        """They left, or were given up."""
        pending = self.filter(pk__in=[row.pk for row in rows], status="pending")
        pending.update(status=status, sent_at=Now() if status == "sent" else None)


class Notification(models.Model):
    """One piece of news for one channel: it leaves at least once, and in a normal run exactly once."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        DEAD = "dead"  # every try failed

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notifications")
    topic = models.CharField(max_length=20)
    key = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    path = models.CharField(max_length=500, default="/")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    created_at = DatabaseMoment(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "key"], name="one_notification_per_channel_and_key")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="pending"), name="due_notifications"),
            models.Index(fields=["channel", "sent_at"], name="sent_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} to {self.channel} ({self.status})"

    @property
    def news(self) -> News:
        return News(self.topic, self.facts, self.path, f"{self.key}:{self.channel_id}")


def ring(channel_id: int) -> None:
    """Ask for a message after the commit; if the bell is lost, the sweep comes within seconds."""
    transaction.on_commit(
        lambda: current_app.send_task("delivery.send_news", [channel_id], retry=False), robust=True
    )
