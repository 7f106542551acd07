from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.queue.models.reason_code import ReasonCode


class ReviewQueue(models.Model):
    """A named line of escalations with its members."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="review_queues"
    )
    reason_codes: RelatedManager[ReasonCode]

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def codes(self) -> list[dict[str, Any]]:
        """The reasons that ops have set here, as `reason_code.offered` takes them."""
        return [dict(row) for row in self.reason_codes.values("verdict", "code", "label", "needs_note")]

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

    # Whoever holds one of these may claim and decide.
    REVIEWING = (Role.REVIEWER, Role.LEAD)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "queue"], name="one_role_per_person_and_queue")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.queue}"
