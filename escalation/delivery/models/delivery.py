from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from escalation.delivery.models.endpoint import Endpoint, callback_secret, new_secret
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Decision, Escalation
from escalation.queue.models.moments import DatabaseMoment

# How long to wait after each try: about 5 s, 1 m, 5 m, 30 m, 2 h, 6 h, 12 h, 24 h, then dead.
SCHEDULE_S = (5, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400)
# How long one try may hold a delivery before another worker may take it.
TRY_LEASE = timedelta(seconds=30)
# How much later than the database's clock a bell rings: one that came early would find nothing due.
SETTLING_S = 0.1


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> DeliveryQuerySet:
        return self.filter(status=Delivery.Status.PENDING, next_attempt_at__lte=Now())

    def enqueue(
        self, escalation: Escalation, event: str, payload: dict[str, Any], decision: Decision | None = None
    ) -> None:
        """Write one row for each endpoint that wants to know, in the transaction of what happened."""
        start = decision.effective_at if decision else Now()
        common = {"escalation": escalation, "event": event, "payload": payload, "decision": decision}
        subscribed = Endpoint.objects.filter(
            agent__slug=escalation.agent, enabled=True, events__contains=event
        )
        rows = [
            Delivery(endpoint=e, url=e.url, secret=e.secret, next_attempt_at=start, **common)
            for e in subscribed
        ]
        if escalation.callback_url:
            secret = callback_secret(escalation.agent)
            rows.append(Delivery(url=escalation.callback_url, secret=secret, next_attempt_at=start, **common))
        if rows:
            self.bulk_create(rows)
            self._ring(rows, settings.UNDO_WINDOW if decision else timedelta())

    def _ring(self, rows: list[Delivery], wait: timedelta) -> None:
        """Ask for the first try as soon as it is due; if the bell is lost, the sweep comes within seconds."""
        ids = [row.pk for row in rows]
        transaction.on_commit(lambda: _send_later(ids, wait), robust=True)

    def take_back(self, decision: Decision) -> None:
        """Cancel what has not left the house; refused when the first try has begun."""
        waiting = Q(status=Delivery.Status.PENDING, attempts=0)
        mine = self.filter(decision=decision)
        mine.filter(waiting).update(status=Delivery.Status.CANCELLED)
        if mine.exclude(status=Delivery.Status.CANCELLED).exists():
            raise TransitionRefused(decision.escalation, "undone")


def _send_later(ids: list[int], wait: timedelta) -> None:
    # By name, since the task imports this module. A broker that is down must not hold the reviewer's answer.
    countdown = wait.total_seconds() + SETTLING_S
    for delivery_id in ids:
        current_app.send_task("delivery.send_delivery", [delivery_id], countdown=countdown, retry=False)


class Delivery(models.Model):
    """One message to one receiver: sent at least once, with the same id on every try."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"  # kept, shown, to be redelivered by hand
        CANCELLED = "cancelled"  # the decision was undone before the first try

    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, null=True, related_name="deliveries")
    url = models.URLField(max_length=2000)
    secret = models.CharField(max_length=100, default=new_secret)
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="deliveries")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="deliveries")
    event = models.CharField(max_length=50)
    payload = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = DatabaseMoment(db_default=Now())
    created_at = DatabaseMoment(db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    last_answer = models.TextField(blank=True)  # the receiver's status, or what went wrong

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "endpoint", "url", "event"], name="one_delivery_per_decision_and_receiver"
            )
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status="pending"), name="due_deliveries"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.url} ({self.status})"

    def begin(self) -> bool:
        """Take this delivery for one try; False when another worker has it or it is not due."""
        begun = Delivery.objects.due().filter(pk=self.pk)
        if not begun.update(attempts=F("attempts") + 1, next_attempt_at=Now() + TRY_LEASE):
            return False
        self.refresh_from_db(fields=["attempts"])
        return True

    def succeed(self, answer: str) -> None:
        """Note that the receiver has it."""
        self._end(status=self.Status.DELIVERED, delivered_at=Now(), last_answer=answer)

    def fail(self, answer: str, *, jitter: float, at_least: timedelta = timedelta()) -> None:
        """Plan the next try, or give up after the last; `jitter` is uniform in [0, 1).

        `at_least`: how long the receiver asked to be left alone.
        """
        if self.attempts > len(SCHEDULE_S):
            self._end(status=self.Status.DEAD, last_answer=answer)
            return
        pause = timedelta(seconds=SCHEDULE_S[self.attempts - 1] * (0.8 + 0.4 * jitter))
        self._end(next_attempt_at=Now() + max(pause, at_least), last_answer=answer)

    @transaction.atomic
    def stop(self, answer: str) -> None:
        """The receiver is gone for good: turn its endpoint off, and send it nothing more."""
        self._end(status=self.Status.DEAD, last_answer=answer)
        if self.endpoint:
            self.endpoint.enabled = False
            self.endpoint.save(update_fields=["enabled", "changed_at"])
            waiting = Delivery.objects.filter(endpoint=self.endpoint, status=self.Status.PENDING)
            waiting.update(status=self.Status.DEAD, last_answer="its endpoint was turned off")

    def redeliver(self) -> bool:
        """Start an ended delivery again, with the same id; False when it is under way or was cancelled.

        A cancelled one tells of a decision that no longer stands: it never leaves.
        """
        ended = Delivery.objects.filter(pk=self.pk, status__in=[self.Status.DEAD, self.Status.DELIVERED])
        again = {"status": self.Status.PENDING, "attempts": 0, "next_attempt_at": Now(), "delivered_at": None}
        restarted = ended.update(**again)
        self.refresh_from_db()
        return bool(restarted)

    def _end(self, **changes: Any) -> None:
        # A try that outlasted its lease must not undo what a later one achieved.
        Delivery.objects.filter(pk=self.pk, status=self.Status.PENDING).update(**changes)
        self.refresh_from_db()
