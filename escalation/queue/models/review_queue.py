from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from escalation.queue.hours import Hours
from escalation.queue.opening import faults_of_closures, faults_of_week

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.queue.models.reason_code import ReasonCode


def check_time_zone(name: str) -> None:
    """Refuse a zone that the time zone database does not have."""
    if name not in available_timezones():
        raise ValidationError("Give a zone like Europe/Berlin.")


class ReviewQueue(models.Model):
    """A named line of escalations with its members."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="review_queues"
    )
    reason_codes: RelatedManager[ReasonCode]

    # When people work on it; deadlines count in these hours alone. No hours: day and night.
    hours = models.JSONField(default=dict, blank=True)  # {mon: [["09:00", "17:30"], …], …}
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    closed = models.JSONField(default=list, blank=True)  # [{from, until, note}]: days, both included
    # Of decisions on whole results, the share that somebody else looks at again without knowing it.
    second_review_share = models.FloatField(
        default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    # How many may wait before results of low stakes take their degraded exit; none: no limit.
    capacity = models.PositiveIntegerField(null=True, blank=True)
    load = models.JSONField(default=dict, editable=False)  # as it last was: escalation.queue.pressure.Load
    overloaded_at = models.DateTimeField(null=True, editable=False)  # since when it is; none: it is not

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def codes(self) -> list[dict[str, Any]]:
        """The reasons that ops have set here, as `reason_code.offered` takes them."""
        return [dict(row) for row in self.reason_codes.values("verdict", "code", "label", "needs_note")]

    def clean(self) -> None:
        found: dict[str, Any] = {
            "hours": faults_of_week(self.hours),
            "closed": faults_of_closures(self.closed),
        }
        if problems := {field: texts for field, texts in found.items() if texts}:
            raise ValidationError(problems)

    def clock(self) -> tuple[datetime, Hours]:
        """The database's moment, and the hours as they now are."""
        row = ReviewQueue.objects.filter(pk=self.pk).annotate(moment=Now())
        moment, *columns = row.values_list("moment", "hours", "time_zone", "closed").get()
        return moment, Hours.read(*columns)

    @classmethod
    def default(cls) -> ReviewQueue:
        """Where an escalation goes when nobody named a queue."""
        queue, _ = cls.objects.get_or_create(slug="default", defaults={"name": "Default"})
        return queue


class Membership(models.Model):
    """What one person may do in one review queue."""

    class Role(models.TextChoices):
        VIEWER = "viewer"  # may look
        REVIEWER = "reviewer"  # may claim and decide
        LEAD = "lead"  # may also release what others hold and see how reviewers agree
        OPS = "ops"  # may also change what feeds the queue

    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.REVIEWER)

    # Whoever holds one of these may claim and decide; and who of these answers for the line.
    REVIEWING = (Role.REVIEWER, Role.LEAD)
    LEADING = (Role.LEAD, Role.OPS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "queue"], name="one_role_per_person_and_queue")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.queue}"
