from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, validate_email
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from escalation.delivery.carriers import check_address
from escalation.delivery.models.endpoint import new_secret
from escalation.delivery.news import TOPICS, USUAL
from escalation.delivery.pacing import Pace, pause_after
from escalation.queue.models import Membership, ReviewQueue
from escalation.queue.models.review_queue import check_time_zone

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.delivery.models.notification import Notification

# How long one message may take to leave: longer than any carrier waits.
SENDING_LEASE = timedelta(seconds=60)


def usual_topics() -> list[str]:
    return list(USUAL)


class ChannelQuerySet(models.QuerySet["Channel"]):
    def of(self, queue: ReviewQueue | None, people: Any) -> ChannelQuerySet:
        """Those of a review queue, and those of some people."""
        return self.filter(Q(queue=queue) & ~Q(queue=None) | Q(user__in=people))

    def begin(self, pk: int) -> tuple[Channel, datetime] | None:
        """Hold a channel for one message; None while another process does, or when it is off."""
        free = self.filter(Q(held_until=None) | Q(held_until__lte=Now()), pk=pk, enabled=True)
        if not free.update(held_until=Now() + SENDING_LEASE):
            return None
        channel = self.annotate(moment=Now()).get(pk=pk)
        moment: datetime = channel.moment  # type: ignore[attr-defined]  # by the line above
        return channel, moment


class Channel(models.Model):
    """Where one person, or whoever looks after a review queue, hears of things, and how often."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack-compatible webhook"
        WEBHOOK = "webhook", "Webhook (signed JSON)"
        PAGERDUTY = "pagerduty", "PagerDuty events"
        SERVICE = "service", "Another service (Apprise address)"

    class Digest(models.IntegerChoices):
        AT_ONCE = 0, "at once"
        QUARTERLY = 15, "gathered for a quarter of an hour"
        HOURLY = 60, "gathered for an hour"
        DAILY = 1440, "gathered for a day"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="channels"
    )
    queue = models.ForeignKey(
        ReviewQueue, on_delete=models.CASCADE, null=True, blank=True, related_name="channels"
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.EMAIL)
    address = models.CharField(max_length=2000)
    topics = models.JSONField(default=usual_topics)
    digest_minutes = models.PositiveIntegerField(choices=Digest, default=Digest.AT_ONCE)
    most_per_hour = models.PositiveIntegerField(default=20, validators=[MinValueValidator(1)])
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    enabled = models.BooleanField(default=True)
    secret = models.CharField(max_length=100, default=new_secret, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # in a row
    last_answer = models.TextField(blank=True, editable=False)
    held_until = models.DateTimeField(null=True, editable=False)  # a worker is sending
    notifications: RelatedManager[Notification]

    objects = ChannelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True, queue__isnull=False)
                | Q(user__isnull=False, queue__isnull=True),
                name="a_channel_is_a_persons_or_a_queues",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user or self.queue}"

    @property
    def pace(self) -> Pace:
        digest = timedelta(minutes=self.digest_minutes)
        return Pace(digest, self.most_per_hour, self.quiet_from, self.quiet_until, ZoneInfo(self.time_zone))

    def clean(self) -> None:
        problems = {}
        if self.kind == self.Kind.EMAIL:
            try:
                validate_email(self.address)
            except ValidationError as invalid:
                problems["address"] = invalid.messages
        elif fault := check_address(self.kind, self.address):
            problems["address"] = [fault]
        if (self.quiet_from is None) != (self.quiet_until is None):
            problems["quiet_until"] = ["give both ends of the quiet hours, or neither"]
        if not set(self.topics) <= set(TOPICS):
            problems["topics"] = ["choose among what there is to hear of"]
        if problems:
            raise ValidationError(problems)

    def succeed(self) -> None:
        Channel.objects.filter(pk=self.pk).update(failures=0, held_until=None, last_answer="")

    def fail(self, answer: str) -> timedelta | None:
        """Note a failed try; returns how long to wait, or None when that was the last."""
        pause = pause_after(self.failures + 1)
        failures = self.failures + 1 if pause else 0
        Channel.objects.filter(pk=self.pk).update(
            failures=failures, held_until=None, last_answer=answer[:500]
        )
        return pause

    def let_go(self) -> None:
        Channel.objects.filter(pk=self.pk).update(held_until=None)


def members(queue: ReviewQueue, roles: Any) -> models.QuerySet[User]:
    return User.objects.filter(is_active=True, memberships__queue=queue, memberships__role__in=roles)


REVIEWERS = Membership.REVIEWING
LEADS = (Membership.Role.LEAD, Membership.Role.OPS)
