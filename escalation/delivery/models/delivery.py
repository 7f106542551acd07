from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from escalation.delivery import bells
from escalation.delivery.models.endpoint import Endpoint, callback_secrets
from escalation.delivery.models.outbox import DeliveryQuerySet
from escalation.delivery.models.receiver import Receiver
from escalation.delivery.schedule import MOST_TRIES, TRY_LEASE, pause_after
from escalation.queue.models import Decision, Escalation
from escalation.queue.models.moments import DatabaseMoment


class Delivery(models.Model):
    """One message to one receiver: sent at least once, with the same id on every try."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"  # kept, shown, to be redelivered by hand
        CANCELLED = "cancelled"  # the decision was undone before the first try

    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    receiver = models.ForeignKey(Receiver, on_delete=models.PROTECT, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, null=True, related_name="deliveries")
    url = models.URLField(max_length=2000)
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="deliveries")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="deliveries")
    event = models.CharField(max_length=50)
    payload = models.JSONField()  # what happened; the facts of the escalation, which never change, join it
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = DatabaseMoment(db_default=Now())
    held_until = models.DateTimeField(null=True)  # a worker is at it, until then at the latest
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
            models.Index(
                fields=["receiver", "next_attempt_at"], condition=Q(status="pending"), name="due_by_receiver"
            ),
            models.Index(
                fields=["receiver", "held_until"], condition=Q(held_until__isnull=False), name="under_way"
            ),
            models.Index(fields=["id"], condition=Q(status="dead"), name="dead_deliveries"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.url} ({self.status})"

    @property
    def webhook_id(self) -> str:
        """The header that every try carries, by which its receiver knows it again."""
        return f"msg_{self.message_id.hex}"

    def begin(self) -> bool:
        """Hold this delivery for one try; False when another worker was faster, or it had its last try.

        The try counts from now on, and the next one is planned: of a worker that dies nobody hears.
        """
        mine = Delivery.objects.due().filter(pk=self.pk, attempts=self.attempts)
        if self.attempts >= MOST_TRIES:
            mine.update(status=self.Status.DEAD, held_until=None, last_answer="the last try was never ended")
            return False
        pause = pause_after(self.attempts + 1, 0.5) or TRY_LEASE
        until = {"held_until": Now() + TRY_LEASE, "next_attempt_at": Now() + max(TRY_LEASE, pause)}
        if not mine.update(attempts=F("attempts") + 1, **until):
            return False
        self.attempts += 1
        return True

    def secrets(self) -> list[str]:
        """What signs it now."""
        if self.endpoint:
            return self.endpoint.secrets()
        assert self.escalation  # a callback URL comes with one
        return callback_secrets(self.escalation.agent)

    def succeed(self, answer: str) -> None:
        """Note that the receiver has it, even if that took longer than the try was meant to."""
        still_wanted = Delivery.objects.filter(pk=self.pk, status=self.Status.PENDING)
        self._end(still_wanted, status=self.Status.DELIVERED, delivered_at=Now(), last_answer=answer)

    def fail(self, answer: str, *, jitter: float, at_least: timedelta = timedelta()) -> None:
        """Plan the next try, or give up after the last; `jitter` is uniform in [0, 1).

        `at_least`: how long the receiver asked to be left alone.
        """
        pause = pause_after(self.attempts, jitter, at_least)
        if pause is None:
            self._end(self._this_try(), status=self.Status.DEAD, last_answer=answer)
        else:
            self._end(self._this_try(), next_attempt_at=Now() + pause, last_answer=answer)

    @transaction.atomic
    def stop(self, answer: str) -> None:
        """The receiver is gone for good: turn its endpoint off, and send it nothing more."""
        self._end(self._this_try(), status=self.Status.DEAD, last_answer=answer)
        if self.endpoint:
            self.endpoint.turn_off(f"it answered {answer}")
            waiting = Delivery.objects.filter(endpoint=self.endpoint, status=self.Status.PENDING)
            waiting.update(status=self.Status.DEAD, last_answer="its endpoint was turned off")

    def ring_for_the_next(self) -> None:
        """Let somebody go on with what is due for the same receiver."""
        due = Delivery.objects.due().filter(receiver=self.receiver_id).order_by("next_attempt_at")
        bells.ring(list(due.values_list("pk", flat=True)[:1]))

    def _this_try(self) -> DeliveryQuerySet:
        # A try that outlasted its hold must not change the plan of a later one.
        return Delivery.objects.filter(pk=self.pk, status=self.Status.PENDING, attempts=self.attempts)

    def _end(self, rows: DeliveryQuerySet, **changes: Any) -> None:
        rows.update(held_until=None, **changes)
